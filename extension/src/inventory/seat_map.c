/*
 * seat_map.c
 *		The seats of a flight, as rows and as the map that a passenger chooses from.
 *
 * A lapsed hold is shown as available: a claim would get the seat. The map is written in one pass over the seats in their
 * order; a row of seats is split into sections where two aisle seats stand side by side.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "http/handlers.h"
#include "inventory/search.h"
#include "inventory/seat_scan.h"

/* The seats of a flight, front to back and left to right. */
typedef struct SeatMap
{
	BkSeat *seats;
	int count;
} SeatMap;

static BkQuery read_flight = BK_SNAPSHOT_SELECT(
	"SELECT flight_id, aircraft_code, currency FROM public.flights WHERE flight_id = $1",
	INT8OID);

static BkRows require_flight(int64 flight_id);
static SeatMap read_seats(int64 flight_id);
static Datum keep(Datum value, Datum before);
static int compare_seats(const void *a, const void *b);
static void put_cabins(StringInfo out, SeatMap map);
static bool is_aisle(const BkSeat *seat);
static void put_seat(StringInfo out, const BkSeat *seat, const char *price);
static void append_text(StringInfo out, Datum text);

PG_FUNCTION_INFO_V1(booking_seat_map);

/* booking.seat_map(flight_id): see its COMMENT. */
Datum
booking_seat_map(PG_FUNCTION_ARGS)
{
	SeatMap map;

	SPI_connect();
	map = read_seats(PG_GETARG_INT64(0));
	if (map.count == 0)
		(void) require_flight(PG_GETARG_INT64(0));
	bk_result_begin(fcinfo);
	for (int i = 0; i < map.count; i++)
	{
		const BkSeat *seat = &map.seats[i];
		Datum values[] = {seat->seat_number, seat->cabin_class, seat->characteristics,
						  seat->status, seat->price};
		bool nulls[lengthof(values)] = {false};

		bk_result_add(fcinfo, values, nulls);
	}
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_seat_map_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;

	bk_json_open(out, '{');
	bk_json_put_row(out, require_flight(request->ids[0]), 0);
	put_cabins(out, read_seats(request->ids[0]));
	bk_json_close(out, '}');
}

static BkRows
require_flight(int64 flight_id)
{
	Datum values[] = {Int64GetDatum(flight_id)};
	BkRows flight = bk_query_run_old(&read_flight, values, NULL);

	if (flight.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	return flight;
}

/* Status is as it is shown. */
static SeatMap
read_seats(int64 flight_id)
{
	BkSeatScan *scan = bk_seat_scan_begin(flight_id);
	Datum available = CStringGetTextDatum("available");
	SeatMap map = {0};
	BkSeat before = {0};
	BkSeat seat;
	int room = 0;

	while (bk_seat_scan_next(scan, &seat))
	{
		if (map.count == room)
		{
			room = Max(2 * room, 256);
			map.seats = map.seats == NULL ? palloc_array(BkSeat, room)
										  : repalloc_array(map.seats, BkSeat, room);
		}
		before.seat_number = datumCopy(seat.seat_number, false, -1);
		before.cabin_class = keep(seat.cabin_class, before.cabin_class);
		before.characteristics = keep(seat.characteristics, before.characteristics);
		before.price = keep(seat.price, before.price);
		before.status = seat.claimable ? available : keep(seat.status, before.status);
		map.seats[map.count++] = before;
	}
	bk_seat_scan_end(scan);
	qsort(map.seats, map.count, sizeof(BkSeat), compare_seats);
	return map;
}

/* A copy of the value; of neighbours that have the same, one copy. */
static Datum
keep(Datum value, Datum before)
{
	if (before != (Datum) 0 && datum_image_eq(value, before, false, -1))
		return before;
	return datumCopy(value, false, -1);
}

/* By row, then by letter: a shorter number is of a row further ahead. */
static int
compare_seats(const void *a, const void *b)
{
	struct varlena *left = (struct varlena *) DatumGetPointer(
		((const BkSeat *) a)->seat_number);
	struct varlena *right = (struct varlena *) DatumGetPointer(
		((const BkSeat *) b)->seat_number);

	if (VARSIZE_ANY_EXHDR(left) != VARSIZE_ANY_EXHDR(right))
		return VARSIZE_ANY_EXHDR(left) < VARSIZE_ANY_EXHDR(right) ? -1 : 1;
	return memcmp(VARDATA_ANY(left), VARDATA_ANY(right), VARSIZE_ANY_EXHDR(left));
}

/* Cabins of rows of sections of seats; a new one of each begins where the seat differs from the one before. */
static void
put_cabins(StringInfo out, SeatMap map)
{
	const BkSeat *before = NULL;
	const char *price = NULL;
	int row_number = 0;

	bk_json_key(out, "cabins");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < map.count; i++)
	{
		const BkSeat *seat = &map.seats[i];
		/* Its letter ends the number. */
		int seat_row = atoi(VARDATA_ANY(DatumGetPointer(seat->seat_number)));
		bool new_cabin = before == NULL ||
						 !datum_image_eq(seat->cabin_class, before->cabin_class, false,
										 -1);

		if (new_cabin || seat_row != row_number)
		{
			if (before != NULL)
				appendStringInfoString(out, new_cabin ? "]]}]}" : "]]}");
			if (new_cabin)
			{
				bk_json_open(out, '{');
				bk_json_put_string(out, "cabin_class",
								   TextDatumGetCString(seat->cabin_class));
				bk_json_key(out, "rows");
				appendStringInfoChar(out, '[');
			}
			bk_json_open(out, '{');
			bk_json_put_int64(out, "row", seat_row);
			bk_json_key(out, "sections");
			appendStringInfoString(out, "[[");
		}
		else if (is_aisle(before) && is_aisle(seat))
			appendStringInfoString(out, "],[");
		if (before == NULL || seat->price != before->price)
			price = DatumGetCString(DirectFunctionCall1(numeric_out, seat->price));
		put_seat(out, seat, price);
		row_number = seat_row;
		before = seat;
	}
	appendStringInfoString(out, map.count > 0 ? "]]}]}]" : "]");
}

static bool
is_aisle(const BkSeat *seat)
{
	struct varlena *letters = (struct varlena *) DatumGetPointer(seat->characteristics);

	return memchr(VARDATA_ANY(letters), 'A', VARSIZE_ANY_EXHDR(letters)) != NULL;
}

/* There are many seats, and their domains admit no character that JSON would have escaped. */
static void
put_seat(StringInfo out, const BkSeat *seat, const char *price)
{
	struct varlena *letters = (struct varlena *) DatumGetPointer(seat->characteristics);

	bk_json_open(out, '{');
	appendStringInfoString(out, "\"seat_number\":\"");
	append_text(out, seat->seat_number);
	appendStringInfoString(out, "\",\"status\":\"");
	append_text(out, seat->status);
	appendStringInfoString(out, "\",\"characteristics\":[");
	for (int i = 0; i < VARSIZE_ANY_EXHDR(letters); i++)
	{
		appendStringInfoString(out, i == 0 ? "\"" : ",\"");
		appendStringInfoChar(out, VARDATA_ANY(letters)[i]);
		appendStringInfoChar(out, '"');
	}
	appendStringInfoString(out, "],\"price\":\"");
	appendStringInfoString(out, price);
	appendStringInfoString(out, "\"}");
}

static void
append_text(StringInfo out, Datum text)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(text);

	appendBinaryStringInfo(out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
