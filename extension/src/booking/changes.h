/*
 * changes.h
 *		Moving items to other seats or flights: a quote, then its confirmation.
 */
#ifndef BK_CHANGES_H
#define BK_CHANGES_H

#include "http/request.h"

/* Where one item is to go. */
typedef struct BkMove
{
	int16 item_no;
	int64 flight_id; /* 0: its own flight */
	char *seat_number;
} BkMove;

/* What a caller means to pay for a change; currency NULL: nothing. */
typedef struct BkTender
{
	Datum amount;
	const char *currency;
	const char *method;
} BkTender;

/* Reads {"items": [{"item_no": 1, "flight_id": 2, "seat": "12A"}]}: each item once. Raises SB010. */
extern BkMove *bk_change_read_moves(BkObject body, int *count);

/*
 * Quotes moving items: new prices less old ones, plus the fare's fee for another flight. Claims nothing. Returns its id.
 * Raises SB002 (the new flight is not on sale), SB003, SB005, SB010 (no such item or seat), SB011, SB017, SB019 (the fare
 * does not allow it, or the flight has left).
 */
extern int64 bk_change_quote(int64 booking_id, int32 if_version, const BkMove *moves,
							 int count);

/*
 * Carries a quote out: claims the new seats, then releases the old ones, and settles the difference, in one transaction.
 * Raises SB001 (a seat has gone meanwhile), SB006 (another amount than quoted), SB008, SB010 (no payment where one is due, or one
 * where none is), SB011, SB020 (done, expired, or the booking has changed or been quoted again since).
 */
extern void bk_change_confirm(int64 change_id, const BkTender *tender);

#endif
