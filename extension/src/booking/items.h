/*
 * items.h
 *		booking_items and the events that their changes of state leave.
 *
 * Every function here writes the items and their events in one statement. The caller holds the locks: the booking's
 * row, and the seats of the items (seats.h).
 */
#ifndef BK_ITEMS_H
#define BK_ITEMS_H

#include "inventory/seats.h"

/* Begins every statement that adds events. */
#define BK_SQL_INSERT_EVENT             \
	"INSERT INTO public.booking_events" \
	" (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)"

/* Confirms the held items of a booking; returns how many. */
extern uint64 bk_items_confirm(int64 booking_id);

/*
 * Expires the items whose lapsed holds these claims have taken over (bk_seats_claim). Whoever claims calls it before
 * writing items, since a seat has one live item.
 */
extern void bk_items_expire_claimed(const BkClaim *claims, int count);

/*
 * Expires the held items of bookings (bigint[]). One row: flight_ids bigint[] and seat_numbers text[] of the seats they had,
 * null where nothing was held.
 */
extern BkRows bk_items_expire(Datum booking_ids);

/*
 * Moves the live items of a change to its seats, at its prices and fees. One row: the seats that they leave and no other of them
 * takes, as bk_items_expire, and all_moved: false where a claim has taken over a lapsed seat meanwhile.
 */
extern BkRows bk_items_move(int64 booking_id, int64 change_id);

/* Cancels live items (smallint[]) with their penalties (numeric[]). One row, as of bk_items_move. */
extern BkRows bk_items_cancel(int64 booking_id, Datum item_nos, Datum penalties);

#endif
