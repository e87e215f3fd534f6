/*
 * change_quote.h
 *		What moving items to other seats or flights would cost.
 */
#ifndef BK_CHANGE_QUOTE_H
#define BK_CHANGE_QUOTE_H

#include "base/json_read.h"

/* Where one item is to go, as it was read; bk_change_quote checks it. */
typedef struct BkMove
{
	const char *path; /* what errors put before the names of the fields: "" or "items[0]." */
	int64 item_no;
	int64 flight_id;         /* 0: its own flight */
	const char *seat_number; /* or NULL */
	const char *cabin_class; /* any seat of it; or NULL */
} BkMove;

/*
 * Reads {"items": [{"item_no": 1, "flight_id": 2, "seat": "12A"}]}, flight_id left out for the item's own flight, cabin_class
 * instead of seat for any seat of it. Raises SB010 for a list that is empty or too long and for values of another JSON type.
 */
extern BkMove *bk_change_read_moves(BkObject body, int *count);

/*
 * Quotes moving 1 to BK_MAX_ITEMS items: new prices less old ones, plus the fees: the fare's for another flight, and what
 * a cancellation would keep of a difference in the passenger's favour. Locks the booking, claims nothing. Returns the quote's id. Raises SB002 (the new flight is not on sale, or the airline has cancelled the item's own), SB003, SB005, SB010 (a
 * wrong number or seat, an item that is named twice or not live, a flight in another currency), SB011, SB017, SB019 (the
 * fare does not allow it, or the flight has left).
 */
extern int64 bk_change_quote(int64 booking_id, int64 if_version, const BkMove *moves,
							 int count);

/*
 * Looks at the flights of a quote again, before it is carried out. The booking is locked. Raises SB002, SB010 and SB019 as
 * quoting would, and SB020 where the airline has cancelled a flight since and the quote still charges for it.
 */
extern void bk_change_require_still_allowed(int64 booking_id, int64 change_id);

#endif
