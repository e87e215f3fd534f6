/*
 * connections.c
 *		One-stop connections.
 *
 * A connection is two flights on sale, the first departing on the date asked for, the second from where and after the
 * first arrives: at least the minimum connection time, and less than a day, from which on it would be a stopover. Both
 * have seats. Connections come by arrival.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "base/result.h"
#include "inventory/connections.h"
#include "inventory/flights.h"

#define SQL_MIN_CONNECTION "interval '" CppAsString2(BK_MIN_CONNECTION_HOURS) " hours'"
#define SQL_MAX_CONNECTION "interval '" CppAsString2(BK_MAX_CONNECTION_HOURS) " hours'"

/*
 * $1 origin, $2 destination, $3 and $4 the day, $5 to $7 arrival and flights of the connection before the page. Either
 * flight is f in its own subselect, which the shared conditions speak of.
 */
static BkQuery search_connections = BK_SNAPSHOT_SELECT(
	"SELECT first.flight_id AS first_flight_id, second.flight_id AS second_flight_id,"
	"       first.destination::text AS via, first.scheduled_departure, second.scheduled_arrival,"
	"       (EXTRACT(epoch FROM second.scheduled_departure - first.scheduled_arrival) / 60)::integer"
	"         AS connection_minutes,"
	"       (EXTRACT(epoch FROM second.scheduled_arrival - first.scheduled_departure) / 60)::integer"
	"         AS duration_minutes,"
	"       first.currency::text"
	"  FROM (SELECT f.*"
	"          FROM public.flights AS f"
	"         WHERE f.origin = $1 AND f.destination <> $2"
	"           AND f.scheduled_departure >= $3 AND f.scheduled_departure < $4"
	"           AND " BK_SQL_ON_SALE ") AS first"
	" CROSS JOIN LATERAL"
	"       (SELECT f.*"
	"          FROM public.flights AS f"
	"         WHERE f.origin = first.destination AND f.destination = $2 AND f.currency = first.currency"
	"           AND f.scheduled_departure >= first.scheduled_arrival + " SQL_MIN_CONNECTION
	"           AND f.scheduled_departure < first.scheduled_arrival + " SQL_MAX_CONNECTION
	"           AND " BK_SQL_ON_SALE ") AS second"
	" WHERE $6 IS NULL"
	"    OR (second.scheduled_arrival, first.flight_id, second.flight_id) > ($5, $6, $7)"
	" ORDER BY second.scheduled_arrival, first.flight_id, second.flight_id",
	BPCHAROID, BPCHAROID, TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, INT8OID,
	INT8OID);

static BkQuery read_flights = BK_SNAPSHOT_SELECT(
	"SELECT " BK_SQL_FLIGHT "  FROM public.flights AS f" BK_SQL_FLIGHT_AIRPORTS
	" WHERE f.flight_id IN ($1, $2)"
	" ORDER BY f.scheduled_departure",
	INT8OID, INT8OID);

static bool count_seats(BkConnectionsFound *found, uint64 row);
static Datum find_lowest(const BkCabin *cabins);

PG_FUNCTION_INFO_V1(booking_search_connections);

/*
 * booking.search_connections(origin text, destination text, departure_date date, passengers integer, cabin_class text):
 * a row for each connection with enough seats on both flights, by arrival. Raises SB010.
 */
Datum
booking_search_connections(PG_FUNCTION_ARGS)
{
	BkSearchWish wish = bk_search_wish(fcinfo);
	BkSearch search;
	BkConnectionsFound found;
	BkResult result;

	SPI_connect();
	search = bk_search_check(&wish);
	found = bk_connections_find(&search, NULL);
	result = bk_result_open(fcinfo, found.rows);
	while (bk_connections_next(&found))
	{
		bk_result_take(&result, found.seen - 1);
		bk_result_set(&result, "price_from", found.price_from);
		bk_result_put(&result);
	}
	SPI_finish();
	return (Datum) 0;
}

BkConnectionsFound
bk_connections_find(const BkSearch *search, const BkConnectionPlace *after)
{
	bool later = after != NULL;
	BkRows rows = bk_query_run(&search_connections, bk_text(search->origin),
							   bk_text(search->destination),
							   bk_timestamptz(search->day_start),
							   bk_timestamptz(search->day_end),
							   later ? bk_timestamptz(after->arrival) : bk_null(),
							   later ? bk_int64(after->first_flight_id) : bk_null(),
							   later ? bk_int64(after->second_flight_id) : bk_null());

	return (BkConnectionsFound){.search = search, .rows = rows};
}

bool
bk_connections_next(BkConnectionsFound *found)
{
	while (found->seen < found->rows.count)
		if (count_seats(found, found->seen++))
			return true;
	return false;
}

BkRows
bk_connection_flights(const BkConnectionsFound *found)
{
	uint64 row = found->seen - 1;

	return bk_query_run(&read_flights,
						bk_int64(bk_row_int64(found->rows, row, "first_flight_id")),
						bk_int64(bk_row_int64(found->rows, row, "second_flight_id")));
}

/* Whether both flights of a row have seats that suit; sets cabins and price if so. */
static bool
count_seats(BkConnectionsFound *found, uint64 row)
{
	if (!bk_search_suits(found->search, bk_row_int64(found->rows, row, "first_flight_id"),
						 found->cabins[0]) ||
		!bk_search_suits(found->search, bk_row_int64(found->rows, row, "second_flight_id"),
						 found->cabins[1]))
		return false;
	found->price_from = DirectFunctionCall2(numeric_add, find_lowest(found->cabins[0]),
											find_lowest(found->cabins[1]));
	return true;
}

/* The lowest price of the cabins that have seats; one of them has. */
static Datum
find_lowest(const BkCabin *cabins)
{
	const BkCabin *lowest = NULL;

	for (int i = 0; i < BK_CABINS; i++)
		if (cabins[i].seats_available > 0 &&
			(lowest == NULL ||
			 DatumGetBool(DirectFunctionCall2(numeric_lt, cabins[i].price_from,
											  lowest->price_from))))
			lowest = &cabins[i];
	return lowest->price_from;
}
