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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "inventory/flights.h"
#include "inventory/search.h"

#define SQL_MIN_CONNECTION "interval '2 hours'"
#define SQL_MAX_CONNECTION "interval '24 hours'"

/*
 * $1 origin, $2 destination, $3 and $4 the day, $5 to $7 arrival and flights of the connection before the page. Either flight is f
 * in its own subselect, which the shared conditions speak of.
 */
static BkQuery search_connections = BK_SNAPSHOT_SELECT(
	"SELECT first.flight_id, second.flight_id, first.destination::text, first.scheduled_departure,"
	"       second.scheduled_arrival,"
	"       (EXTRACT(epoch FROM second.scheduled_departure - first.scheduled_arrival) / 60)::integer,"
	"       (EXTRACT(epoch FROM second.scheduled_arrival - first.scheduled_departure) / 60)::integer,"
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

enum connection_column
{
	FIRST_FLIGHT = 1,
	SECOND_FLIGHT,
	VIA,
	DEPARTURE,
	ARRIVAL,
	CONNECTION_MINUTES,
	DURATION_MINUTES,
	CURRENCY
};

static BkQuery read_flights = BK_SNAPSHOT_SELECT(
	"SELECT " BK_SQL_FLIGHT "  FROM public.flights AS f" BK_SQL_FLIGHT_AIRPORTS
	" WHERE f.flight_id IN ($1, $2)"
	" ORDER BY f.scheduled_departure",
	INT8OID, INT8OID);

typedef struct Cursor
{
	TimestampTz arrival;
	int64 first;
	int64 second;
} Cursor;

/* The cabins of a connection's two flights, and the sum of their lowest prices. */
typedef struct Legs
{
	BkCabin cabins[2][BK_CABINS];
	Datum price_from;
} Legs;

static bool read_cursor(BkObject query, Cursor *cursor);
static BkRows run_search(const BkSearch *search, const Cursor *after);
static bool suits(const BkSearch *search, BkRows rows, uint64 row, Legs *legs);
static Datum lowest_price(const BkCabin *cabins);
static void put_connection(StringInfo out, BkRows rows, uint64 row, const Legs *legs);

PG_FUNCTION_INFO_V1(booking_search_connections);

/* booking.search_connections(origin, destination, departure_date, passengers, cabin_class): see its COMMENT. */
Datum
booking_search_connections(PG_FUNCTION_ARGS)
{
	BkSearch search;
	Datum values[CURRENCY + 1];
	bool nulls[CURRENCY + 1] = {false};
	BkRows rows;
	Legs legs;

	bk_result_begin(fcinfo);
	SPI_connect();
	search = bk_search_from_args(fcinfo);
	rows = run_search(&search, NULL);
	for (uint64 row = 0; row < rows.count; row++)
	{
		if (!suits(&search, rows, row, &legs))
			continue;
		for (int i = 0; i < CURRENCY; i++)
			values[i] = bk_row_datum_at(rows, row, i + 1, &nulls[i]);
		values[CURRENCY] = legs.price_from;
		bk_result_add(fcinfo, values, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

void
bk_connections_put(StringInfo out, const BkSearch *search, BkObject query, int64 limit)
{
	Cursor after;
	BkRows rows = run_search(search, read_cursor(query, &after) ? &after : NULL);
	int64 found = 0;
	uint64 row = 0;
	Legs legs;

	bk_json_key(out, "connections");
	appendStringInfoChar(out, '[');
	for (; row < rows.count && found < limit; row++)
		if (suits(search, rows, row, &legs))
		{
			put_connection(out, rows, row, &legs);
			found++;
		}
	bk_json_close(out, ']');
	bk_json_put_string(out, "next_connection",
					   row == rows.count
						   ? NULL
						   : psprintf(INT64_FORMAT "." INT64_FORMAT "." INT64_FORMAT,
									  bk_row_timestamptz_at(rows, row - 1, ARRIVAL),
									  bk_row_int64_at(rows, row - 1, FIRST_FLIGHT),
									  bk_row_int64_at(rows, row - 1, SECOND_FLIGHT)));
}

/* The "next_connection" of an earlier page. */
static bool
read_cursor(BkObject query, Cursor *cursor)
{
	const char *text = bk_json_string(query, "after_connection", 60, BK_OPTIONAL);
	long long arrival;
	long long first;
	long long second;
	int length = 0;

	if (text == NULL)
		return false;
	if (sscanf(text, "%18lld.%18lld.%18lld%n", &arrival, &first, &second, &length) != 3 ||
		text[length] != '\0')
		bk_json_reject(query, "after_connection",
					   "must be the \"next_connection\" of an earlier page");
	*cursor = (Cursor){.arrival = arrival, .first = first, .second = second};
	return true;
}

/* after NULL: from the beginning. */
static BkRows
run_search(const BkSearch *search, const Cursor *after)
{
	Datum values[7] = {CStringGetTextDatum(search->origin),
					   CStringGetTextDatum(search->destination),
					   TimestampTzGetDatum(search->day_start),
					   TimestampTzGetDatum(search->day_end)};

	if (after != NULL)
	{
		values[4] = TimestampTzGetDatum(after->arrival);
		values[5] = Int64GetDatum(after->first);
		values[6] = Int64GetDatum(after->second);
	}
	return bk_query_run_old(&search_connections, values, after != NULL ? NULL : "    nnn");
}

static bool
suits(const BkSearch *search, BkRows rows, uint64 row, Legs *legs)
{
	if (!bk_search_suits(search, bk_row_int64_at(rows, row, FIRST_FLIGHT),
						 legs->cabins[0]) ||
		!bk_search_suits(search, bk_row_int64_at(rows, row, SECOND_FLIGHT),
						 legs->cabins[1]))
		return false;
	legs->price_from = DirectFunctionCall2(numeric_add, lowest_price(legs->cabins[0]),
										   lowest_price(legs->cabins[1]));
	return true;
}

/* The lowest price of the cabins that have seats; one of them has. */
static Datum
lowest_price(const BkCabin *cabins)
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

static void
put_connection(StringInfo out, BkRows rows, uint64 row, const Legs *legs)
{
	Datum values[] = {Int64GetDatum(bk_row_int64_at(rows, row, FIRST_FLIGHT)),
					  Int64GetDatum(bk_row_int64_at(rows, row, SECOND_FLIGHT))};
	BkRows flights = bk_query_run_old(&read_flights, values, NULL);

	bk_json_open(out, '{');
	bk_json_put_string(out, "via", bk_row_text_at(rows, row, VIA));
	bk_json_put_int64(out, "connection_minutes",
					  bk_row_int32_at(rows, row, CONNECTION_MINUTES));
	bk_json_put_int64(out, "duration_minutes",
					  bk_row_int32_at(rows, row, DURATION_MINUTES));
	bk_json_put_string(out, "price_from",
					   DatumGetCString(
						   DirectFunctionCall1(numeric_out, legs->price_from)));
	bk_json_put_string(out, "currency", bk_row_text_at(rows, row, CURRENCY));
	bk_json_key(out, "flights");
	appendStringInfoChar(out, '[');
	for (uint64 leg = 0; leg < flights.count; leg++)
		bk_flight_put(out, flights, leg, legs->cabins[leg]);
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}
