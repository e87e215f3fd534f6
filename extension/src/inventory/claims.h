/*
 * claims.h
 *		A claim: one passenger's seat on one flight, and on what terms it is taken.
 */
#ifndef BK_CLAIMS_H
#define BK_CLAIMS_H

#include "base/query.h"

/* A seat s that a claim may take now: free, or held by a hold that has lapsed. */
#define BK_SQL_CLAIMABLE      \
	"(s.status = 'available'" \
	" OR s.status = 'held' AND s.held_until <= pg_catalog.clock_timestamp())"

/* Seat s is in an exit row: E in IATA's PADIS code set 9882. Nobody under 15 years sits there (14 CFR 121.585). */
#define BK_SQL_EXIT_ROW "pg_catalog.strpos(s.characteristics, 'E') > 0"

/* On what terms the seats of one booking are taken. */
typedef struct BkTerms
{
	const char *status; /* BK_HELD or BK_BOOKED */
	TimestampTz held_until;
	Datum fare_factor; /* numeric: a claim's price is the seat's times this */
	int decimals;      /* which that is rounded to: public.currency_decimals() */
	NullableDatum
		amount; /* numeric: what all claims on these terms should cost together; null: what they cost */
} BkTerms;

/* One passenger's seat on one flight: a wish before the claim, a seat and its price after it. */
typedef struct BkClaim
{
	int64 flight_id;
	char *seat_number;       /* NULL: any seat of cabin_class; set by the claim */
	const char *cabin_class; /* of the wish, where seat_number is NULL; set by the claim */
	bool is_minor;           /* a child or an infant: not in an exit row */
	const BkTerms *terms;
	Datum price; /* numeric, set by the claim */
	bool lapsed; /* set by the claim: the seat was taken over from a hold that had lapsed */
} BkClaim;

#endif
