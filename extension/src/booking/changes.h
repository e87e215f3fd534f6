/*
 * changes.h
 *		Moving items to other seats or flights: the confirmation of a quote (change_quote.h).
 */
#ifndef BK_CHANGES_H
#define BK_CHANGES_H

#include "booking/change_quote.h"
#include "booking/tender.h"

/*
 * Carries a quote out: claims the new seats, then releases the old ones, and settles the difference, in one transaction.
 * Locks the booking, then all those seats. Raises SB001 (a seat has gone meanwhile), SB002 (the new flight
 * is no longer on sale), SB003, SB005, SB006 (another amount
 * than quoted), SB008, SB010 (the tender is wrong in form, is missing where something is due, or is there where nothing
 * is), SB011, SB019 (the old flight has left), SB020 (done, expired, the booking has changed or been quoted again since,
 * or the airline has cancelled a flight since and the quote still charges for it).
 */
extern void bk_change_confirm(int64 change_id, const BkTender *tender);

/* Quotes moving one item and carries it out. Raises what either does. */
extern void bk_change_seat(int64 booking_id, int64 if_version, const BkMove *move,
						   const BkTender *tender);

/* A change as callers see it: one row. Raises SB011. */
extern BkRows bk_change_row(int64 change_id);

#endif
