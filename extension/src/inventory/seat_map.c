/*
 * seat_map.c
 *		The seats of a flight, as a passenger chooses from them.
 *
 * A lapsed hold is shown as available: a claim would get the seat.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "base/result.h"
#include "base/words.h"
#include "inventory/seat_map.h"

static BkQuery read_flight = BK_SNAPSHOT_SELECT(
	"SELECT flight_id, aircraft_code, currency FROM public.flights WHERE flight_id = $1",
	INT8OID);

static Datum keep_value(Datum value, Datum before);
static int compare_seats(const void *a, const void *b);

PG_FUNCTION_INFO_V1(booking_seat_map);

/* booking.seat_map(flight_id bigint): a row for each seat of a flight, in the order of the map. Raises SB010, SB011. */
Datum
booking_seat_map(PG_FUNCTION_ARGS)
{
	BkSeatMap map;

	bk_check_given("flight_id", !PG_ARGISNULL(0));
	SPI_connect();
	map = bk_seat_map_read(PG_GETARG_INT64(0));
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

BkSeatMap
bk_seat_map_read(int64 flight_id)
{
	BkSeatScan *scan = bk_seat_scan_begin(flight_id);
	Datum available = CStringGetTextDatum(BK_AVAILABLE);
	BkSeatMap map = {0};
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
		before.cabin_class = keep_value(seat.cabin_class, before.cabin_class);
		before.characteristics = keep_value(seat.characteristics, before.characteristics);
		before.price = keep_value(seat.price, before.price);
		before.status = seat.claimable ? available
									   : keep_value(seat.status, before.status);
		map.seats[map.count++] = before;
	}
	bk_seat_scan_end(scan);
	if (map.count == 0)
		(void) bk_seat_map_flight(flight_id);
	qsort(map.seats, map.count, sizeof(BkSeat), compare_seats);
	return map;
}

BkRows
bk_seat_map_flight(int64 flight_id)
{
	BkRows flight = bk_query_run(&read_flight, bk_int64(flight_id));

	if (flight.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	return flight;
}

/* A copy of the value, which passes with the scan; the same copy for neighbours that have the same. */
static Datum
keep_value(Datum value, Datum before)
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
