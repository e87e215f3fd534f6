/*
 * events.h
 *		The events of bookings, for those who follow them by position.
 *
 * An event has its id before its transaction ends, so a higher one may be there first. Whoever follows goes on after the last id that
 * they have seen, and must not be shown one while a lower one can still appear.
 */
#ifndef BK_EVENTS_H
#define BK_EVENTS_H

#include "base/query.h"

#define BK_DEFAULT_EVENTS 100
#define BK_MAX_EVENTS 1000

/* The columns of an event e of a booking b, as they are shown. */
#define BK_SQL_EVENT                                                                       \
	"e.event_id, e.event_type, e.booking_id, b.booking_reference, e.item_no, e.flight_id," \
	" e.seat_number, e.occurred_at"

/*
 * The highest id below which, itself included, no event can appear any more. It waits for at most a tenth of a second, and what it
 * returns may then be of earlier. The caller reads the events in a statement of its own after it. Raises 0A000 where that would not see
 * more than this one, and 25006 on a standby.
 */
extern int64 bk_events_settled(void);

/* The last id that has been given out, or 0. */
extern int64 bk_events_last(void);

/* The settled events after one, at most so many. Raises SB010. */
extern BkRows bk_events_list(int64 after, int64 max_events);

/* The events of these ids (bigint[]), in their order. */
extern BkRows bk_events_of(Datum event_ids);

#endif
