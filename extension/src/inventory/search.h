/*
 * search.h
 *		What can be booked: airports, flights, connections, seats.
 */
#ifndef BK_SEARCH_H
#define BK_SEARCH_H

#include "fmgr.h"

#include "inventory/availability.h"
#include "http/request.h"

/* What is looked for. */
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

/* The members of a flight in SQL: f is the flight, o and d give the time zones of its airports. */
#define BK_FLIGHT_COLUMNS 20
#define BK_SQL_FLIGHT                                                                           \
	"f.flight_id, f.flight_number, f.status, f.origin::text, f.destination::text,"              \
	" f.scheduled_departure,"                                                                   \
	" pg_catalog.timezone(o.time_zone, f.scheduled_departure) AS scheduled_departure_local,"    \
	" o.time_zone AS origin_time_zone, f.scheduled_arrival,"                                    \
	" pg_catalog.timezone(d.time_zone, f.scheduled_arrival) AS scheduled_arrival_local,"        \
	" d.time_zone AS destination_time_zone,"                                                    \
	" pg_catalog.timezone(d.time_zone, f.scheduled_arrival)::date"                              \
	"   - pg_catalog.timezone(o.time_zone, f.scheduled_departure)::date AS arrival_day_offset," \
	" (EXTRACT(epoch FROM f.scheduled_arrival - f.scheduled_departure) / 60)::integer"          \
	"   AS duration_minutes,"                                                                   \
	" f.estimated_departure, f.estimated_arrival, f.actual_departure, f.actual_arrival,"        \
	" f.aircraft_code::text, f.distance_km, f.currency::text"
#define BK_SQL_FLIGHT_AIRPORTS                        \
	" JOIN public.airports AS o ON o.iata = f.origin" \
	" JOIN public.airports AS d ON d.iata = f.destination"

/* Reads a search from query parameters, or from arguments 0 to 4 of a SQL function. Raises SB010. */
extern BkSearch bk_search_read(BkObject query);
extern BkSearch bk_search_from_args(FunctionCallInfo fcinfo);

/* Counts a flight's seats and leaves the cabins that suit the search; false if there are none. */
extern bool bk_search_suits(const BkSearch *search, int64 flight_id,
							BkCabin cabins[BK_CABINS]);

/* Writes the flight of a row that begins with BK_SQL_FLIGHT, with its cabins; cabins of no seats are left out. */
extern void bk_flight_put(StringInfo out, BkRows rows, uint64 row,
						  const BkCabin cabins[BK_CABINS]);

/* Writes one-stop connections under "connections" and "next_connection" (connections.c). */
extern void bk_connections_put(StringInfo out, const BkSearch *search, BkObject query,
							   int64 limit);

#endif
