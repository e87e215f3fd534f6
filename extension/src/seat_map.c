/*
 * seat_map.c
 *		The seats of a flight, as rows and as the map that a passenger chooses from.
 *
 * A lapsed hold is shown as available: a claim would get the seat. The map is written from the rows in one pass; a row
 * of seats is split into sections where two aisle seats stand side by side.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "errcodes.h"
#include "result.h"
#include "search.h"
#include "seats.h"

enum seat_column
{
	SEAT_NUMBER = 1,
	SEAT_CABIN,
	SEAT_CHARACTERISTICS,
	SEAT_STATUS,
	SEAT_PRICE
};

static BkQuery read_seats = {
	.sql =
		"SELECT s.seat_number, s.cabin_class::text, s.characteristics::text,"
		"       CASE WHEN " BK_SQL_CLAIMABLE
		" THEN 'available' ELSE s.status END AS status, s.price"
		"  FROM public.seats AS s"
		" WHERE s.flight_id = $1"
		" ORDER BY pg_catalog.length(s.seat_number), s.seat_number COLLATE pg_catalog.\"C\"",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
	.read_only = true,
};

static BkQuery read_flight = {
	.sql =
		"SELECT flight_id, aircraft_code, currency FROM public.flights WHERE flight_id = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
	.read_only = true,
};

static BkRows require_flight(int64 flight_id);
static void put_cabins(StringInfo out, BkRows seats);
static void put_seat(StringInfo out, BkRows seats, uint64 row);

PG_FUNCTION_INFO_V1(booking_seat_map);

/* booking.seat_map(flight_id): see its COMMENT. */
Datum
booking_seat_map(PG_FUNCTION_ARGS)
{
	Datum values[] = {PG_GETARG_DATUM(0)};

	SPI_connect();
	(void) require_flight(PG_GETARG_INT64(0));
	bk_result_return(fcinfo, bk_query_run(&read_seats, values, NULL));
	SPI_finish();
	return (Datum) 0;
}

void
bk_flights_seat_map(const BkRequest *request, BkResponse *response)
{
	Datum values[] = {Int64GetDatum(request->ids[0])};
	StringInfo out = response->body;

	bk_json_open(out, '{');
	bk_json_put_row(out, require_flight(request->ids[0]), 0);
	put_cabins(out, bk_query_run(&read_seats, values, NULL));
	bk_json_close(out, '}');
}

static BkRows
require_flight(int64 flight_id)
{
	Datum values[] = {Int64GetDatum(flight_id)};
	BkRows flight = bk_query_run(&read_flight, values, NULL);

	if (flight.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	return flight;
}

/* Cabins of rows of sections of seats; a new one of each begins where the seat differs from the one before. */
static void
put_cabins(StringInfo out, BkRows seats)
{
	const char *cabin = "";
	int row_number = 0;
	bool aisle = false;

	bk_json_key(out, "cabins");
	appendStringInfoChar(out, '[');
	for (uint64 row = 0; row < seats.count; row++)
	{
		const char *seat_cabin = bk_row_text(seats, row, SEAT_CABIN);
		bool seat_aisle = strchr(bk_row_text(seats, row, SEAT_CHARACTERISTICS), 'A') !=
						  NULL;
		int seat_row = atoi(bk_row_text(seats, row, SEAT_NUMBER));
		bool new_cabin = strcmp(seat_cabin, cabin) != 0;

		if (new_cabin || seat_row != row_number)
		{
			if (row > 0)
				appendStringInfoString(out, new_cabin ? "]]}]}" : "]]}");
			if (new_cabin)
			{
				bk_json_open(out, '{');
				bk_json_put_string(out, "cabin_class", seat_cabin);
				bk_json_key(out, "rows");
				appendStringInfoChar(out, '[');
			}
			bk_json_open(out, '{');
			bk_json_put_int64(out, "row", seat_row);
			bk_json_key(out, "sections");
			appendStringInfoString(out, "[[");
		}
		else if (aisle && seat_aisle)
			appendStringInfoString(out, "],[");
		put_seat(out, seats, row);
		cabin = seat_cabin;
		row_number = seat_row;
		aisle = seat_aisle;
	}
	appendStringInfoString(out, seats.count > 0 ? "]]}]}]" : "]");
}

static void
put_seat(StringInfo out, BkRows seats, uint64 row)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "seat_number", bk_row_text(seats, row, SEAT_NUMBER));
	bk_json_put_string(out, "status", bk_row_text(seats, row, SEAT_STATUS));
	bk_json_key(out, "characteristics");
	appendStringInfoChar(out, '[');
	for (const char *c = bk_row_text(seats, row, SEAT_CHARACTERISTICS); *c != '\0'; c++)
		appendStringInfo(out, "%s\"%c\"", out->data[out->len - 1] == '[' ? "" : ",", *c);
	bk_json_close(out, ']');
	bk_json_put_string(out, "price", bk_row_text(seats, row, SEAT_PRICE));
	bk_json_close(out, '}');
}
