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

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "http/handlers.h"
#include "inventory/flights.h"
#include "inventory/search.h"

#define MAX_FLIGHTS 100
#define DEFAULT_FLIGHTS 20

/*
 * $1 origin, $2 destination, $3 and $4 the day, $5 and $6 time zones, $7 and $8 departure and id of the flight before the page.
 * Day and zones are worked out before, so that the index finds the day and no airport is joined.
 */
static BkQuery search_flights = BK_SNAPSHOT_SELECT(
	"SELECT " BK_SQL_FLIGHT
	"  FROM public.flights AS f, (SELECT $5) AS o (time_zone), (SELECT $6) AS d (time_zone)"
	" WHERE f.origin = $1 AND f.destination = $2"
	"   AND f.scheduled_departure >= $3 AND f.scheduled_departure < $4"
	"   AND " BK_SQL_ON_SALE
	"   AND ($8 IS NULL OR (f.scheduled_departure, f.flight_id) > ($7, $8))"
	" ORDER BY f.scheduled_departure, f.flight_id",
	BPCHAROID, BPCHAROID, TIMESTAMPTZOID, TIMESTAMPTZOID, TEXTOID, TEXTOID,
	TIMESTAMPTZOID, INT8OID);

static BkQuery get_flight = BK_SNAPSHOT_SELECT(
	"SELECT " BK_SQL_FLIGHT "  FROM public.flights AS f" BK_SQL_FLIGHT_AIRPORTS
	" WHERE f.flight_id = $1",
	INT8OID);

static BkQuery find_airports = BK_SNAPSHOT_SELECT(
	"SELECT iata, name, city, country, time_zone"
	"  FROM public.airports"
	" WHERE $1 IS NULL OR iata = pg_catalog.upper($1)"
	"    OR pg_catalog.strpos(pg_catalog.lower(city || ' ' || name), pg_catalog.lower($1)) > 0"
	" ORDER BY iata = pg_catalog.upper($1) DESC, city, iata"
	" LIMIT 500",
	TEXTOID);

static BkQuery find_zone = BK_SNAPSHOT_SELECT(
	"SELECT time_zone FROM public.airports WHERE iata = $1", BPCHAROID);

static const char *zone_of(const char *field, const char *iata);
static TimestampTz midnight(DateADT date, const char *zone);
static void complete(BkSearch *search, DateADT date);
static bool read_cursor(BkObject query, TimestampTz *departure, int64 *flight_id);
static BkRows run_search(const BkSearch *search, BkObject query);
static void add_cabins(FunctionCallInfo fcinfo, BkRows rows, uint64 row,
					   const BkCabin *cabins);

PG_FUNCTION_INFO_V1(booking_search_flights);

/* booking.search_flights(origin, destination, departure_date, passengers, cabin_class): see its COMMENT. */
Datum
booking_search_flights(PG_FUNCTION_ARGS)
{
	BkObject no_query = {.container = NULL, .path = ""};
	BkSearch search;
	BkCabin cabins[BK_CABINS];
	BkRows rows;

	bk_result_begin(fcinfo);
	SPI_connect();
	search = bk_search_from_args(fcinfo);
	rows = run_search(&search, no_query);
	for (uint64 row = 0; row < rows.count; row++)
		if (bk_search_suits(&search, bk_row_int64_at(rows, row, 1), cabins))
			add_cabins(fcinfo, rows, row, cabins);
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_flights_search(const BkRequest *request, BkResponse *response)
{
	BkObject query = request->query;
	StringInfo out = response->body;
	BkSearch search = bk_search_read(query);
	int64 limit = bk_json_int64(query, "limit", 1, MAX_FLIGHTS, BK_OPTIONAL,
								DEFAULT_FLIGHTS);
	int64 connections = bk_json_int64(query, "max_connections", 0, 1, BK_OPTIONAL, 0);
	BkRows rows = run_search(&search, query);
	int64 found = 0;
	uint64 row = 0;
	BkCabin cabins[BK_CABINS];

	bk_json_open(out, '{');
	bk_json_key(out, "flights");
	appendStringInfoChar(out, '[');
	for (; row < rows.count && found < limit; row++)
		if (bk_search_suits(&search, bk_row_int64_at(rows, row, 1), cabins))
		{
			bk_flight_put(out, rows, row, cabins);
			found++;
		}
	bk_json_close(out, ']');
	bk_json_put_string(out, "next",
					   row == rows.count
						   ? NULL
						   : psprintf(INT64_FORMAT "." INT64_FORMAT,
									  bk_row_timestamptz_at(rows, row - 1, 6),
									  bk_row_int64_at(rows, row - 1, 1)));
	if (connections > 0)
		bk_connections_put(out, &search, query, limit);
	bk_json_close(out, '}');
}

void
bk_http_flights_get(const BkRequest *request, BkResponse *response)
{
	Datum values[] = {Int64GetDatum(request->ids[0])};
	BkRows rows = bk_query_run_old(&get_flight, values, NULL);
	BkCabin cabins[BK_CABINS];

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, request->ids[0]));
	bk_availability_count(request->ids[0], cabins);
	bk_flight_put(response->body, rows, 0, cabins);
}

void
bk_http_airports_find(const BkRequest *request, BkResponse *response)
{
	const char *text = bk_json_string(request->query, "query", 64, BK_OPTIONAL);
	Datum values[] = {text == NULL ? (Datum) 0 : CStringGetTextDatum(text)};

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "airports",
					 bk_query_run_old(&find_airports, values, text == NULL ? "n" : NULL));
	bk_json_close(response->body, '}');
}

BkSearch
bk_search_read(BkObject query)
{
	BkSearch search;
	DateADT date;

	search.origin = bk_json_string(query, "origin", 3, BK_REQUIRED);
	search.destination = bk_json_string(query, "destination", 3, BK_REQUIRED);
	(void) bk_json_date(query, "departure_date", BK_REQUIRED, &date);
	search.passengers = (int) bk_json_int64(query, "passengers", 1, BK_MAX_PASSENGERS,
											BK_OPTIONAL, 1);
	search.cabin_class = bk_json_word(query, "cabin_class", bk_cabin_classes, BK_OPTIONAL);
	complete(&search, date);
	return search;
}

BkSearch
bk_search_from_args(FunctionCallInfo fcinfo)
{
	BkSearch search;

	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg(
						"origin, destination, departure_date and passengers are required"));
	search.origin = text_to_cstring(PG_GETARG_TEXT_PP(0));
	search.destination = text_to_cstring(PG_GETARG_TEXT_PP(1));
	search.passengers = PG_GETARG_INT32(3);
	search.cabin_class = PG_ARGISNULL(4) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(4));
	complete(&search, PG_GETARG_DATEADT(2));
	return search;
}

bool
bk_search_suits(const BkSearch *search, int64 flight_id, BkCabin cabins[BK_CABINS])
{
	bool suits = false;

	bk_availability_count(flight_id, cabins);
	for (int i = 0; i < BK_CABINS; i++)
	{
		BkCabin *cabin = &cabins[i];

		if (cabin->seats_available < search->passengers ||
			(search->cabin_class != NULL &&
			 strcmp(search->cabin_class, cabin->cabin_class) != 0))
			cabin->seats = cabin->seats_available = 0;
		suits = suits || cabin->seats_available > 0;
	}
	return suits;
}

void
bk_flight_put(StringInfo out, BkRows rows, uint64 row, const BkCabin cabins[BK_CABINS])
{
	bk_json_open(out, '{');
	bk_json_put_columns(out, rows, row, "flight_id", "currency");
	bk_json_key(out, "cabins");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < BK_CABINS; i++)
	{
		if (cabins[i].seats == 0)
			continue;
		bk_json_open(out, '{');
		bk_json_put_string(out, "cabin_class", cabins[i].cabin_class);
		bk_json_put_int64(out, "seats_available", cabins[i].seats_available);
		bk_json_put_string(out, "price_from",
						   cabins[i].seats_available == 0
							   ? NULL
							   : DatumGetCString(
									 DirectFunctionCall1(numeric_out,
														 cabins[i].price_from)));
		bk_json_close(out, '}');
	}
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}

/* What follows from airports and date. */
static void
complete(BkSearch *search, DateADT date)
{
	search->origin_zone = zone_of("origin", search->origin);
	search->destination_zone = zone_of("destination", search->destination);
	search->day_start = midnight(date, search->origin_zone);
	search->day_end = midnight(date + 1, search->origin_zone);
}

/* The time zone of an airport that is served; so a typing error is not mistaken for a route without flights. */
static const char *
zone_of(const char *field, const char *iata)
{
	Datum values[] = {CStringGetTextDatum(iata)};
	BkRows zone = bk_query_run_old(&find_zone, values, NULL);

	if (zone.count == 0)
		ereport(
			ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg(
				"field \"%s\" must be the IATA code of an airport served, such as \"LHR\"",
				field));
	return bk_row_text_at(zone, 0, 1);
}

/* The beginning of a calendar date in a zone. */
static TimestampTz
midnight(DateADT date, const char *zone)
{
	Datum local = DirectFunctionCall1(date_timestamp, DateADTGetDatum(date));

	return DatumGetTimestampTz(
		DirectFunctionCall2(timestamp_zone, CStringGetTextDatum(zone), local));
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

static BkRows
run_search(const BkSearch *search, BkObject query)
{
	TimestampTz departure = 0;
	int64 flight_id = 0;
	bool later_page = read_cursor(query, &departure, &flight_id);
	Datum values[] = {CStringGetTextDatum(search->origin),
					  CStringGetTextDatum(search->destination),
					  TimestampTzGetDatum(search->day_start),
					  TimestampTzGetDatum(search->day_end),
					  CStringGetTextDatum(search->origin_zone),
					  CStringGetTextDatum(search->destination_zone),
					  TimestampTzGetDatum(departure),
					  Int64GetDatum(flight_id)};

	return bk_query_run_old(&search_flights, values, later_page ? NULL : "      nn");
}

/* A result row for each cabin: the flight's columns, then the cabin's three. */
static void
add_cabins(FunctionCallInfo fcinfo, BkRows rows, uint64 row, const BkCabin *cabins)
{
	Datum values[BK_FLIGHT_COLUMNS + 3];
	bool nulls[BK_FLIGHT_COLUMNS + 3] = {false};

	for (int i = 0; i < BK_FLIGHT_COLUMNS; i++)
		values[i] = bk_row_datum_at(rows, row, i + 1, &nulls[i]);
	for (int i = 0; i < BK_CABINS; i++)
	{
		if (cabins[i].seats_available == 0)
			continue;
		values[BK_FLIGHT_COLUMNS] = CStringGetTextDatum(cabins[i].cabin_class);
		values[BK_FLIGHT_COLUMNS + 1] = Int32GetDatum(cabins[i].seats_available);
		values[BK_FLIGHT_COLUMNS + 2] = cabins[i].price_from;
		bk_result_add(fcinfo, values, nulls);
	}
}
