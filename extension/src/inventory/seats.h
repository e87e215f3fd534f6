/*
 * seats.h
 *		Seat inventory: claiming, confirming and releasing seats.
 *
 * Lock order, everywhere: own customer row, own booking row, then seats in (flight_id, seat_number) order, then items. Claims of named
 * seats wait at most for another claim's commit; claims of any seat skip what others have locked. Nothing here waits
 * for another booking's row.
 */
#ifndef BK_SEATS_H
#define BK_SEATS_H

#include "base/query.h"

/* A seat s that a claim may take now: free, or held by a hold that has lapsed. */
#define BK_SQL_CLAIMABLE      \
	"(s.status = 'available'" \
	" OR s.status = 'held' AND s.held_until <= pg_catalog.clock_timestamp())"

/* On what terms the seats of one booking are taken. */
typedef struct BkTerms
{
	const char *status; /* "held" or "booked" */
	TimestampTz held_until;
	Datum fare_factor; /* numeric: a claim's price is the seat's times this */
} BkTerms;

/* One passenger's seat on one flight: a wish before the claim, a seat and its price after it. */
typedef struct BkClaim
{
	int64 flight_id;
	char *seat_number;       /* NULL: any seat of cabin_class; set by the claim */
	const char *cabin_class; /* of the wish, where seat_number is NULL; set by the claim */
	const BkTerms *terms;
	Datum price; /* numeric, set by the claim */
} BkClaim;

/*
 * Claims a seat for each wish, all or none. A lapsed hold is taken over, its item expired. Raises SB001 naming seats that
 * are gone, SB010 for a seat that does not exist.
 */
extern void bk_seats_claim(BkClaim *claims, int count);

/* Locks the named seats of claims in lock order, whatever their state, for a caller who claims them later one by one. */
extern void bk_seats_lock_named(const BkClaim *claims, int count);

/* Locks the seats of the live items of bookings (bigint[]) in lock order. */
extern void bk_seats_lock(Datum booking_ids);

/* Locks the seats that a change leaves and those that it takes, together in lock order. */
extern void bk_seats_lock_change(int64 booking_id, int64 change_id);

/* Turns the seats of the held items of a booking into booked ones. The seats are locked. */
extern void bk_seats_book(int64 booking_id);

/* Makes seats available again (parallel arrays bigint[] and text[]). The seats are locked. */
extern void bk_seats_release(Datum flight_ids, Datum seat_numbers);

#endif
