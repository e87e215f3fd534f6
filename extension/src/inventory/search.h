/*
 * search.h
 *		What can be booked between two airports on a day.
 *
 * A departure date is the calendar date in the origin airport's zone.
 */
#ifndef BK_SEARCH_H
#define BK_SEARCH_H

#include "fmgr.h"

#include "base/query.h"
#include "inventory/availability.h"

#define BK_DEFAULT_PASSENGERS 1

/* What is looked for, as a caller states it. */
typedef struct BkSearchWish
{
	const char *origin; /* IATA codes of airports */
	const char *destination;
	NullableDatum departure_date; /* a date */
	int64 passengers;
	const char *cabin_class; /* NULL: any */
} BkSearchWish;

/* A wish that has been checked, and what follows from it. */
typedef struct BkSearch
{
	const char *origin;
	const char *destination;
	const char *origin_zone; /* IANA time zones of both */
	const char *destination_zone;
	TimestampTz day_start; /* the departure date in the origin's zone: from here */
	TimestampTz day_end;   /* to before here */
	int passengers;
	const char *cabin_class; /* NULL: any */
} BkSearch;

/* A flight's place in the order of search results: by departure. */
typedef struct BkFlightPlace
{
	TimestampTz departure;
	int64 flight_id;
} BkFlightPlace;

/* The flights of a search, whose seats are counted one flight at a time. */
typedef struct BkFlightsFound
{
	const BkSearch *search;
	BkRows rows; /* BK_SQL_FLIGHT */
	uint64 seen; /* rows looked at; the last of them is the current flight */
	BkCabin cabins[BK_CABINS]; /* of the current flight, those that suit */
} BkFlightsFound;

/* The wish in arguments 0 to 4 of search_flights and search_connections. */
extern BkSearchWish bk_search_wish(FunctionCallInfo fcinfo);

/* Checks a wish. Raises SB010. The search refers to the wish's texts. */
extern BkSearch bk_search_check(const BkSearchWish *wish);

/* Counts a flight's seats and leaves the cabins that suit the search; false if there are none. */
extern bool bk_search_suits(const BkSearch *search, int64 flight_id,
							BkCabin cabins[BK_CABINS]);

/* Direct flights on sale, from the one after a place on, or from the first where after is NULL. */
extern BkFlightsFound bk_search_find(const BkSearch *search, const BkFlightPlace *after);

/* Goes on to the next flight that suits, counting the seats of those before it too; false after the last. */
extern bool bk_search_next(BkFlightsFound *found);

#endif
