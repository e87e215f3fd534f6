/*
 * flights.c
 *		/v1/flights: a search of flights and connections, and one flight.
 *
 * A page ends at the limit or at the last flight. Its cursor is the place of the last flight whose seats were counted, so
 * that the next page does not count them again.
 */
#include "postgres.h"

#include "utils/date.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "http/links.h"
#include "inventory/connections.h"
#include "inventory/flights.h"

#define MAX_FLIGHTS 100
#define DEFAULT_FLIGHTS 20

static BkSearchWish read_wish(BkObject query);
static bool read_place(BkObject query, BkFlightPlace *place);
static bool read_connection_place(BkObject query, BkConnectionPlace *place);
static bool put_flights(StringInfo out, BkFlightsFound *found, int64 limit,
						const char **place);
static bool put_connections(StringInfo out, BkConnectionsFound *found, int64 limit,
							const char **place);
static void put_connection(StringInfo out, const BkConnectionsFound *found);
static void put_flight(StringInfo out, BkRows rows, uint64 row, const BkCabin *cabins);
static void put_cabin(StringInfo out, const BkCabin *cabin);

/* GET /v1/flights?origin=…: {"flights": […], "next": …}, and connections with max_connections=1 */
void
bk_http_flights_search(const BkRequest *request, BkResponse *response)
{
	BkObject query = request->query;
	StringInfo out = response->body;
	BkSearchWish wish = read_wish(query);
	int64 limit = bk_json_int64(query, "limit", 1, MAX_FLIGHTS, BK_OPTIONAL,
								DEFAULT_FLIGHTS);
	int64 max_connections = bk_json_int64(query, "max_connections", 0, 1, BK_OPTIONAL, 0);
	BkSearch search = bk_search_check(&wish);
	BkFlightPlace place;
	BkConnectionPlace connection_place;
	BkFlightsFound flights;
	BkConnectionsFound connections;
	BkCursor cursors[] = {{"after", NULL}, {"after_connection", NULL}};
	bool more;

	flights = bk_search_find(&search, read_place(query, &place) ? &place : NULL);
	bk_json_open(out, '{');
	more = put_flights(out, &flights, limit, &cursors[0].value);
	if (max_connections > 0)
	{
		bool later = read_connection_place(query, &connection_place);

		connections = bk_connections_find(&search, later ? &connection_place : NULL);
		more = put_connections(out, &connections, limit, &cursors[1].value) || more;
	}
	bk_json_close(out, '}');
	if (more)
		bk_http_put_next_link(request, response, cursors, lengthof(cursors));
}

/* GET /v1/flights/{id}: the flight, with every cabin that it has */
void
bk_http_flights_get(const BkRequest *request, BkResponse *response)
{
	BkRows flight = bk_flight_get(request->ids[0]);
	BkCabin cabins[BK_CABINS];

	bk_availability_count(request->ids[0], cabins);
	put_flight(response->body, flight, 0, cabins);
}

/* The search as the query states it; bk_search_check judges it. */
static BkSearchWish
read_wish(BkObject query)
{
	BkSearchWish wish = {
		.origin = bk_json_text(query, "origin"),
		.destination = bk_json_text(query, "destination"),
		.departure_date = bk_null(),
		.passengers = bk_json_number(query, "passengers", BK_DEFAULT_PASSENGERS),
		.cabin_class = bk_json_text(query, "cabin_class"),
	};
	DateADT date;

	if (bk_json_date(query, "departure_date", BK_OPTIONAL, &date))
		wish.departure_date = bk_datum(DateADTGetDatum(date));
	return wish;
}

/* The "next" of an earlier page; false where there is none. */
static bool
read_place(BkObject query, BkFlightPlace *place)
{
	const char *cursor = bk_json_string(query, "after", 40, BK_OPTIONAL);
	long long departure;
	long long flight_id;
	int length = 0;

	if (cursor == NULL)
		return false;
	if (sscanf(cursor, "%18lld.%18lld%n", &departure, &flight_id, &length) != 2 ||
		cursor[length] != '\0')
		bk_json_reject(query, "after", "must be the \"next\" of an earlier page");
	*place = (BkFlightPlace){.departure = departure, .flight_id = flight_id};
	return true;
}

/* The "next_connection" of an earlier page; false where there is none. */
static bool
read_connection_place(BkObject query, BkConnectionPlace *place)
{
	const char *cursor = bk_json_string(query, "after_connection", 60, BK_OPTIONAL);
	long long arrival;
	long long first;
	long long second;
	int length = 0;

	if (cursor == NULL)
		return false;
	if (sscanf(cursor, "%18lld.%18lld.%18lld%n", &arrival, &first, &second, &length) !=
			3 ||
		cursor[length] != '\0')
		bk_json_reject(query, "after_connection",
					   "must be the \"next_connection\" of an earlier page");
	*place = (BkConnectionPlace){.arrival = arrival,
								 .first_flight_id = first,
								 .second_flight_id = second};
	return true;
}

/*
 * A page of flights under "flights", and its cursor under "next": null at the end. place becomes that of the last flight, if
 * there is one; returns whether there are more after it.
 */
static bool
put_flights(StringInfo out, BkFlightsFound *found, int64 limit, const char **place)
{
	bool more;

	bk_json_open_member(out, "flights", '[');
	for (int64 i = 0; i < limit && bk_search_next(found); i++)
		put_flight(out, found->rows, found->seen - 1, found->cabins);
	bk_json_close(out, ']');
	if (found->seen > 0)
		*place = psprintf(INT64_FORMAT "." INT64_FORMAT,
						  bk_row_timestamptz(found->rows, found->seen - 1,
											 "scheduled_departure"),
						  bk_row_int64(found->rows, found->seen - 1, "flight_id"));
	more = found->seen < found->rows.count;
	bk_json_put_string(out, "next", more ? *place : NULL);
	return more;
}

/* A page of connections under "connections", and its cursor under "next_connection"; the same. */
static bool
put_connections(StringInfo out, BkConnectionsFound *found, int64 limit, const char **place)
{
	bool more;

	bk_json_open_member(out, "connections", '[');
	for (int64 i = 0; i < limit && bk_connections_next(found); i++)
		put_connection(out, found);
	bk_json_close(out, ']');
	if (found->seen > 0)
		*place = psprintf(INT64_FORMAT "." INT64_FORMAT "." INT64_FORMAT,
						  bk_row_timestamptz(found->rows, found->seen - 1,
											 "scheduled_arrival"),
						  bk_row_int64(found->rows, found->seen - 1, "first_flight_id"),
						  bk_row_int64(found->rows, found->seen - 1, "second_flight_id"));
	more = found->seen < found->rows.count;
	bk_json_put_string(out, "next_connection", more ? *place : NULL);
	return more;
}

/* The current connection with both flights; these are read only now, for connections that are shown. */
static void
put_connection(StringInfo out, const BkConnectionsFound *found)
{
	uint64 row = found->seen - 1;
	BkRows flights = bk_connection_flights(found);

	bk_json_open(out, '{');
	bk_json_put_columns(out, found->rows, row, "via", "via");
	bk_json_put_columns(out, found->rows, row, "connection_minutes", "duration_minutes");
	bk_json_put_money(out, "price_from", found->price_from);
	bk_json_put_columns(out, found->rows, row, "currency", "currency");
	bk_json_open_member(out, "flights", '[');
	for (uint64 leg = 0; leg < flights.count; leg++)
		put_flight(out, flights, leg, found->cabins[leg]);
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}

/* The flight of a row of BK_SQL_FLIGHT with its cabins; cabins of no seats are left out. */
static void
put_flight(StringInfo out, BkRows rows, uint64 row, const BkCabin *cabins)
{
	bk_json_open(out, '{');
	bk_json_put_row(out, rows, row);
	bk_json_open_member(out, "cabins", '[');
	for (int i = 0; i < BK_CABINS; i++)
		if (cabins[i].seats > 0)
			put_cabin(out, &cabins[i]);
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}

/* A cabin that is sold out has no price. */
static void
put_cabin(StringInfo out, const BkCabin *cabin)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "cabin_class", cabin->cabin_class);
	bk_json_put_int64(out, "seats_available", cabin->seats_available);
	if (cabin->seats_available == 0)
		bk_json_put_string(out, "price_from", NULL);
	else
		bk_json_put_money(out, "price_from", cabin->price_from);
	bk_json_close(out, '}');
}
