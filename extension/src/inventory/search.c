/*
 * search.c
 *		Direct flights on sale.
 *
 * The statement finds the flights of the day; seats are counted in C (availability.c), flight by flight, and only as far as
 * the caller reads.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/result.h"
#include "base/settings.h"
#include "inventory/airports.h"
#include "inventory/flights.h"
#include "inventory/search.h"

/*
 * $1 origin, $2 destination, $3 and $4 the day, $5 and $6 time zones, $7 and $8 departure and id of the flight before the
 * page. Day and zones are worked out before, so that the index finds the day and no airport is joined.
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

#define HOURS_BEFORE 6 /* more than any clock is put back */

static DateADT check_date(NullableDatum departure_date);
static TimestampTz find_midnight(DateADT date, const char *zone);
static Datum local_time(Datum zone_name, TimestampTz moment);
static void put_cabins(BkResult *result, const BkFlightsFound *found);

PG_FUNCTION_INFO_V1(booking_search_flights);

/*
 * booking.search_flights(origin text, destination text, departure_date date, passengers integer, cabin_class text):
 * a row for each cabin with enough seats of each direct flight on sale, by departure. Raises SB010.
 */
Datum
booking_search_flights(PG_FUNCTION_ARGS)
{
	BkSearchWish wish = bk_search_wish(fcinfo);
	BkSearch search;
	BkFlightsFound found;
	BkResult result;

	SPI_connect();
	search = bk_search_check(&wish);
	found = bk_search_find(&search, NULL);
	result = bk_result_open(fcinfo, found.rows);
	while (bk_search_next(&found))
		put_cabins(&result, &found);
	SPI_finish();
	return (Datum) 0;
}

BkSearchWish
bk_search_wish(FunctionCallInfo fcinfo)
{
	return (BkSearchWish){
		.origin = bk_argument_text(fcinfo, 0),
		.destination = bk_argument_text(fcinfo, 1),
		.departure_date = bk_argument(fcinfo, 2),
		.passengers = PG_ARGISNULL(3) ? BK_DEFAULT_PASSENGERS : PG_GETARG_INT32(3),
		.cabin_class = bk_argument_text(fcinfo, 4),
	};
}

BkSearch
bk_search_check(const BkSearchWish *wish)
{
	BkSearch search = {.origin = bk_code(wish->origin),
					   .destination = bk_code(wish->destination),
					   .cabin_class = wish->cabin_class};
	DateADT date = check_date(wish->departure_date);

	bk_check_range("passengers", wish->passengers, 1, BK_MAX_PASSENGERS);
	search.passengers = (int) wish->passengers;
	bk_check_word("cabin_class", wish->cabin_class, bk_cabin_classes);
	search.origin_zone = bk_airport_zone("origin", search.origin);
	search.destination_zone = bk_airport_zone("destination", search.destination);
	if (strcmp(search.origin, search.destination) == 0)
		bk_check_refuse("destination", "must be another airport than the origin");
	search.day_start = find_midnight(date, search.origin_zone);
	search.day_end = find_midnight(date + 1, search.origin_zone);
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

BkFlightsFound
bk_search_find(const BkSearch *search, const BkFlightPlace *after)
{
	bool later = after != NULL;
	BkRows rows = bk_query_run(&search_flights, bk_text(search->origin),
							   bk_text(search->destination),
							   bk_timestamptz(search->day_start),
							   bk_timestamptz(search->day_end),
							   bk_text(search->origin_zone),
							   bk_text(search->destination_zone),
							   later ? bk_timestamptz(after->departure) : bk_null(),
							   later ? bk_int64(after->flight_id) : bk_null());

	return (BkFlightsFound){.search = search, .rows = rows};
}

bool
bk_search_next(BkFlightsFound *found)
{
	while (found->seen < found->rows.count)
	{
		int64 flight_id = bk_row_int64(found->rows, found->seen, "flight_id");

		found->seen++;
		if (bk_search_suits(found->search, flight_id, found->cabins))
			return true;
	}
	return false;
}

/* A date of the years that the calendar of a request has, 1900 to 9999. */
static DateADT
check_date(NullableDatum departure_date)
{
	DateADT date = DatumGetDateADT(departure_date.value);

	bk_check_given("departure_date", !departure_date.isnull);
	if (date < date2j(1900, 1, 1) - POSTGRES_EPOCH_JDATE ||
		date > date2j(9999, 12, 31) - POSTGRES_EPOCH_JDATE)
		bk_check_refuse("departure_date", "must be a date such as 2026-11-25");
	return date;
}

/*
 * The beginning of a calendar date in a zone. Where clocks go back over midnight it comes twice, and the conversion takes the second;
 * the first is by the time that was kept some hours before.
 */
static TimestampTz
find_midnight(DateADT date, const char *zone)
{
	Datum zone_name = CStringGetTextDatum(zone);
	Datum local = DirectFunctionCall1(date_timestamp, DateADTGetDatum(date));
	TimestampTz midnight = DatumGetTimestampTz(
		DirectFunctionCall2(timestamp_zone, zone_name, local));
	TimestampTz before = midnight - HOURS_BEFORE * USECS_PER_HOUR;
	TimestampTz first = before + DatumGetTimestamp(local) -
						DatumGetTimestamp(local_time(zone_name, before));

	return first < midnight && DatumGetTimestamp(local_time(zone_name, first)) ==
								   DatumGetTimestamp(local)
			   ? first
			   : midnight;
}

/* The wall clock of a moment. */
static Datum
local_time(Datum zone_name, TimestampTz moment)
{
	return DirectFunctionCall2(timestamptz_zone, zone_name, TimestampTzGetDatum(moment));
}

/* A result row for each cabin that the current flight has left: the flight's columns and the cabin's. */
static void
put_cabins(BkResult *result, const BkFlightsFound *found)
{
	bk_result_take(result, found->seen - 1);
	for (int i = 0; i < BK_CABINS; i++)
	{
		const BkCabin *cabin = &found->cabins[i];

		if (cabin->seats_available == 0)
			continue;
		bk_result_set(result, "cabin_class", CStringGetTextDatum(cabin->cabin_class));
		bk_result_set(result, "seats_available", Int32GetDatum(cabin->seats_available));
		bk_result_set(result, "price_from", cabin->price_from);
		bk_result_put(result);
	}
}
