/*
 * seats_any.h
 *		"Any n seats of a cabin": which, together where possible.
 */
#ifndef BK_SEATS_ANY_H
#define BK_SEATS_ANY_H

#include "inventory/claims.h"
#include "inventory/seat_choice.h"

/*
 * Sets seat_number of each claim to a claimable seat of its flight and cabin, locked for the caller, without waiting
 * for any lock. Claims of one flight and cabin get neighbouring seats where there are some, and of those the cheapest; no minor
 * gets one in an exit row. With an amount (hundredths, or BK_ANY_AMOUNT) seats that cost so much altogether go before, if
 * there are any. Raises SB001 where the cabin has too few.
 */
extern void bk_seats_choose(BkClaim **claims, int count, int64 amount);

#endif
