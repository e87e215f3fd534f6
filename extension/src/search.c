/*
 * search.c
 *		Airports and flights on sale.
 *
 * A departure date is the calendar date in the origin airport's zone. Moments are given in UTC and in both local times;
 * durations are taken from the moments, so neither a zone nor a date line bends them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "booking.h"
#include "errcodes.h"
#include "flights.h"
#include "result.h"
#include "search.h"
#include "seats.h"

#define MAX_FLIGHTS 100
#define DEFAULT_FLIGHTS 20

static const char *const cabin_classes[] = {"first", "business", "premium_economy",
											"economy", NULL};

/* The members of a flight; f is the flight, o and d its airports. FLIGHT_COLUMNS counts them. */
#define SQL_FLIGHT                                                                              \
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

#define SQL_FLIGHT_AIRPORTS                           \
	" JOIN public.airports AS o ON o.iata = f.origin" \
	" JOIN public.airports AS d ON d.iata = f.destination"

#define SQL_CABIN_ORDER                                                                   \
	"pg_catalog.array_position(ARRAY['first', 'business', 'premium_economy', 'economy']," \
	"                          s.cabin_class::text)"

/* $1 origin, $2 destination, $3 date, $4 passengers, $5 cabin or null, $6 and $7 the flight before the page. */
static BkQuery search_flights = {
	.sql =
		"SELECT " SQL_FLIGHT ","
		"       c.cabin_class, c.seats_available, c.price_from"
		"  FROM public.flights AS f" SQL_FLIGHT_AIRPORTS " CROSS JOIN LATERAL"
		"       (SELECT s.cabin_class::text, pg_catalog.count(*)::integer AS seats_available,"
		"               pg_catalog.min(s.price) AS price_from, " SQL_CABIN_ORDER
		" AS position"
		"          FROM public.seats AS s"
		"         WHERE s.flight_id = f.flight_id AND " BK_SQL_CLAIMABLE
		"           AND ($5 IS NULL OR s.cabin_class = $5)"
		"         GROUP BY s.cabin_class"
		"        HAVING pg_catalog.count(*) >= $4) AS c"
		" WHERE f.origin = $1 AND f.destination = $2"
		"   AND f.scheduled_departure >= pg_catalog.timezone(o.time_zone, $3::timestamp)"
		"   AND f.scheduled_departure < pg_catalog.timezone(o.time_zone, ($3 + 1)::timestamp)"
		"   AND " BK_SQL_ON_SALE
		"   AND ($7 IS NULL OR (f.scheduled_departure, f.flight_id) > ($6, $7))"
		" ORDER BY f.scheduled_departure, f.flight_id, c.position",
	.expect = SPI_OK_SELECT,
	.nargs = 7,
	.argtypes = {BPCHAROID, BPCHAROID, DATEOID, INT4OID, TEXTOID, TIMESTAMPTZOID, INT8OID},
	.read_only = true,
};

/* As many leading columns of search_flights as make a flight; then come the three of a cabin. */
#define FLIGHT_COLUMNS 20

static BkQuery get_flight = {
	.sql = "SELECT " SQL_FLIGHT ","
		   "       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object("
		   "                   'cabin_class', c.cabin_class, 'seats_available', c.seats_available,"
		   "                   'price_from', c.price_from::text) ORDER BY c.position)"
		   "          FROM (SELECT s.cabin_class, " SQL_CABIN_ORDER " AS position,"
		   "                       pg_catalog.count(*) FILTER (WHERE " BK_SQL_CLAIMABLE
		   ") AS seats_available,"
		   "                       pg_catalog.min(s.price) FILTER (WHERE " BK_SQL_CLAIMABLE
		   ") AS price_from"
		   "                  FROM public.seats AS s"
		   "                 WHERE s.flight_id = f.flight_id"
		   "                 GROUP BY s.cabin_class) AS c) AS cabins"
		   "  FROM public.flights AS f" SQL_FLIGHT_AIRPORTS " WHERE f.flight_id = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
	.read_only = true,
};

static BkQuery find_airports = {
	.sql = "SELECT iata, name, city, country, time_zone"
		   "  FROM public.airports"
		   " WHERE $1 IS NULL OR iata = pg_catalog.upper($1)"
		   "    OR pg_catalog.strpos(pg_catalog.lower(city || ' ' || name), pg_catalog.lower($1)) > 0"
		   " ORDER BY iata = pg_catalog.upper($1) DESC, city, iata"
		   " LIMIT 500",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {TEXTOID},
	.read_only = true,
};

static BkQuery known_airport = {
	.sql = "SELECT 1 FROM public.airports WHERE iata = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {BPCHAROID},
	.read_only = true,
};

static const char *read_airport(BkObject query, const char *field);
static bool read_cursor(BkObject query, TimestampTz *departure, int64 *flight_id);
static uint64 put_flight(StringInfo out, BkRows rows, uint64 row);

PG_FUNCTION_INFO_V1(booking_search_flights);

/* booking.search_flights(origin, destination, departure_date, passengers, cabin_class): see its COMMENT. */
Datum
booking_search_flights(PG_FUNCTION_ARGS)
{
	Datum values[7] = {0};
	char nulls[] = "     nn";

	for (int i = 0; i < 4; i++)
	{
		if (PG_ARGISNULL(i))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg(
						"origin, destination, departure_date and passengers are required"));
		values[i] = PG_GETARG_DATUM(i);
	}
	values[4] = PG_GETARG_DATUM(4);
	nulls[4] = PG_ARGISNULL(4) ? 'n' : ' ';

	SPI_connect();
	bk_result_return(fcinfo, bk_query_run(&search_flights, values, nulls));
	SPI_finish();
	return (Datum) 0;
}

void
bk_flights_search(const BkRequest *request, BkResponse *response)
{
	BkObject query = request->query;
	StringInfo out = response->body;
	const char *origin = read_airport(query, "origin");
	const char *destination = read_airport(query, "destination");
	const char *cabin = bk_json_word(query, "cabin_class", cabin_classes, BK_OPTIONAL);
	int64 limit = bk_json_int64(query, "limit", 1, MAX_FLIGHTS, BK_OPTIONAL,
								DEFAULT_FLIGHTS);
	int64 passengers = bk_json_int64(query, "passengers", 1, BK_MAX_PASSENGERS,
									 BK_OPTIONAL, 1);
	DateADT date;
	TimestampTz after_departure = 0;
	int64 after_flight = 0;
	Datum values[7];
	char nulls[] = "       ";
	BkRows rows;
	uint64 row = 0;

	(void) bk_json_date(query, "departure_date", BK_REQUIRED, &date);
	if (!read_cursor(query, &after_departure, &after_flight))
		nulls[5] = nulls[6] = 'n';
	nulls[4] = cabin == NULL ? 'n' : ' ';
	values[0] = CStringGetTextDatum(origin);
	values[1] = CStringGetTextDatum(destination);
	values[2] = DateADTGetDatum(date);
	values[3] = Int32GetDatum((int32) passengers);
	values[4] = cabin == NULL ? (Datum) 0 : CStringGetTextDatum(cabin);
	values[5] = TimestampTzGetDatum(after_departure);
	values[6] = Int64GetDatum(after_flight);
	rows = bk_query_run(&search_flights, values, nulls);

	bk_json_open(out, '{');
	bk_json_key(out, "flights");
	appendStringInfoChar(out, '[');
	for (; row < rows.count && limit > 0; limit--)
		row = put_flight(out, rows, row);
	bk_json_close(out, ']');
	bk_json_put_string(out, "next",
					   row == rows.count ? NULL
										 : psprintf(INT64_FORMAT "." INT64_FORMAT,
													bk_row_timestamptz(rows, row - 1, 6),
													bk_row_int64(rows, row - 1, 1)));
	bk_json_close(out, '}');
}

void
bk_flights_get(const BkRequest *request, BkResponse *response)
{
	Datum values[] = {Int64GetDatum(request->ids[0])};
	BkRows rows = bk_query_run(&get_flight, values, NULL);

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, request->ids[0]));
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, rows, 0);
	bk_json_close(response->body, '}');
}

void
bk_airports_find(const BkRequest *request, BkResponse *response)
{
	const char *text = bk_json_string(request->query, "query", 64, BK_OPTIONAL);
	Datum values[] = {text == NULL ? (Datum) 0 : CStringGetTextDatum(text)};

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "airports",
					 bk_query_run(&find_airports, values, text == NULL ? "n" : NULL));
	bk_json_close(response->body, '}');
}

/* An airport that is served; so a typing error is not mistaken for a route without flights. */
static const char *
read_airport(BkObject query, const char *field)
{
	const char *iata = bk_json_string(query, field, 3, BK_REQUIRED);
	Datum values[] = {CStringGetTextDatum(iata)};

	if (bk_query_run(&known_airport, values, NULL).count == 0)
		bk_json_reject(query, field,
					   "must be the IATA code of an airport served, such as \"LHR\"");
	return iata;
}

/* The "next" of an earlier page: the last flight's departure and id. */
static bool
read_cursor(BkObject query, TimestampTz *departure, int64 *flight_id)
{
	const char *cursor = bk_json_string(query, "after", 40, BK_OPTIONAL);
	long long moment;
	long long id;
	int length = 0;

	if (cursor == NULL)
		return false;
	if (sscanf(cursor, "%18lld.%18lld%n", &moment, &id, &length) != 2 ||
		cursor[length] != '\0')
		bk_json_reject(query, "after", "must be the \"next\" of an earlier page");
	*departure = (TimestampTz) moment;
	*flight_id = (int64) id;
	return true;
}

/* Writes the flight that begins in this row, with its cabins; returns the row after it. */
static uint64
put_flight(StringInfo out, BkRows rows, uint64 row)
{
	int64 flight_id = bk_row_int64(rows, row, 1);

	bk_json_open(out, '{');
	bk_json_put_columns(out, rows, row, 1, FLIGHT_COLUMNS);
	bk_json_key(out, "cabins");
	appendStringInfoChar(out, '[');
	for (; row < rows.count && bk_row_int64(rows, row, 1) == flight_id; row++)
	{
		bk_json_open(out, '{');
		bk_json_put_columns(out, rows, row, FLIGHT_COLUMNS + 1, FLIGHT_COLUMNS + 3);
		bk_json_close(out, '}');
	}
	bk_json_close(out, ']');
	bk_json_close(out, '}');
	return row;
}
