/*
 * seats_any.h
 *		"Any n seats of a cabin": which, together where possible.
 */
#ifndef BK_SEATS_ANY_H
#define BK_SEATS_ANY_H

#include "inventory/claims.h"

/*
 * Sets seat_number of each claim to a claimable seat of its flight and cabin, locked for the caller, without waiting
 * for any lock. Claims of one flight and cabin get neighbouring seats where there are some. Raises SB001 where the
 * cabin has too few.
 */
extern void bk_seats_choose(BkClaim **claims, int count);

#endif
