/*
 * seat_choice.h
 *		Which seats of a cabin to give to passengers who named none. Looks at a picture of the cabin, and locks nothing.
 */
#ifndef BK_SEAT_CHOICE_H
#define BK_SEAT_CHOICE_H

#include "base/settings.h"

/* No particular amount. */
#define BK_ANY_AMOUNT INT64CONST(-1)

/* Rounds an amount, a numeric, to hundredths. */
extern int64 bk_hundredths(Datum amount);

/* A seat of the picture: those of a cabin from front to back, and left to right. */
typedef struct BkCabinSeat
{
	char *seat_number;
	int row;
	int64 amount; /* at the fare of the claims, in hundredths */
	bool aisle;
	bool claimable; /* by these passengers */
} BkCabinSeat;

/* Passengers who want seats of one cabin of one flight, and the seats that are chosen for them. */
typedef struct BkSeatWish
{
	int count; /* at most BK_MAX_PASSENGERS */
	BkCabinSeat *seats;
	int seat_count;
	int picked[BK_MAX_PASSENGERS]; /* places in seats */
} BkSeatWish;

/*
 * Picks the seats that are closest together, of those the cheapest, and of those ones at random; only such that cost amount
 * together, unless that is BK_ANY_AMOUNT. False if there are none.
 */
extern bool bk_seat_choose_together(BkSeatWish *wish, int64 amount);

/* Picks seats for all wishes that cost amount together, wherever they are; false if none were found. */
extern bool bk_seat_choose_amount(BkSeatWish **wishes, int count, int64 amount);

#endif
