/*
 * availability.h
 *		What a flight has left to sell.
 */
#ifndef BK_AVAILABILITY_H
#define BK_AVAILABILITY_H

#include "postgres.h"

#define BK_CABINS 4

/* One cabin of a flight. */
typedef struct BkCabin
{
	const char *cabin_class;
	int seats;           /* all there are; 0: the flight has no such cabin */
	int seats_available; /* those that a claim may take now */
	Datum price_from; /* numeric, unless none is available: the lowest price of those, at the standard fare */
} BkCabin;

/* The words of cabin_class, front to back, NULL-terminated. */
extern const char *const bk_cabin_classes[];

/*
 * Counts a flight's seats, front to back: exact, on the active snapshot, by the clock at this moment. A flight that does
 * not exist has none. Prices are palloc'd in the current context.
 */
extern void bk_availability_count(int64 flight_id, BkCabin cabins[BK_CABINS]);

#endif
