/*
 * itinerary.c
 *		A passenger's flights over all bookings of a customer: who would be twice on a flight, and whose flights overlap.
 *
 * Passengers are known by customer and name. To be twice on a flight is a mistake, and refused; two flights at one time may be
 * meant, one of them to be given up later, and are warned of.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/snapmgr.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/words.h"
#include "booking/booking_summary.h"
#include "booking/itinerary.h"
#include "inventory/flights.h"

#define OVERLAPPING_FLIGHTS "overlapping_flights"
#define MAX_BOOKINGS "20" /* of a customer, the newest, that are looked at */

/* Read-only, so that it sees what bk_itinerary_require_single lets it see. */
static BkQuery find_doubles = BK_SNAPSHOT_SELECT(
	"SELECT n.name, n.flight_id, b.booking_id,"
	"       b.status = 'held' AND b.payment_required_by <= pg_catalog.clock_timestamp() AS lapsed"
	"  FROM unnest($3, $4) AS n (flight_id, name)"
	"  JOIN public.booking_items AS i ON i.flight_id = n.flight_id"
	"   AND public.folded_text(i.passenger_name) = public.folded_text(n.name)"
	"   AND " BK_SQL_LIVE("i") "  JOIN public.bookings AS b USING (booking_id)"
							   " WHERE b.customer_id = $1 AND b.booking_id <> $2",
	INT8OID, INT8OID, INT8ARRAYOID, TEXTARRAYOID);

/* Waits for whoever is paying it or letting it lapse. No row: it has been paid. */
static BkQuery lock_lapsed =
	BK_SELECT("SELECT 1"
			  "  FROM public.bookings"
			  " WHERE booking_id = $1 AND status IN ('held', 'expired')"
			  "   FOR NO KEY UPDATE",
			  INT8OID);

/* The names of the columns are those of the SQL function and of the JSON. */
static BkQuery find_overlaps = BK_SELECT(
	"SELECT i.item_no, '" OVERLAPPING_FLIGHTS
	"' AS code, o.booking_id AS other_booking_id,"
	"       pg_catalog.format('Flight %s overlaps flight %s, which passenger \"%s\" has in another booking.',"
	"                         f.flight_number, g.flight_number, i.passenger_name) AS detail"
	"  FROM public.bookings AS b"
	" CROSS JOIN LATERAL (SELECT n.booking_id, n.status, n.payment_required_by"
	"                       FROM public.bookings AS n"
	"                      WHERE n.customer_id = b.customer_id"
	"                      ORDER BY n.booking_id DESC LIMIT " MAX_BOOKINGS ") AS o"
	"  JOIN public.booking_items AS j ON j.booking_id = o.booking_id"
	"  JOIN public.flights AS g ON g.flight_id = j.flight_id"
	"  JOIN public.booking_items AS i ON i.booking_id = b.booking_id"
	"  JOIN public.flights AS f ON f.flight_id = i.flight_id"
	" WHERE b.booking_id = $1 AND o.booking_id <> b.booking_id"
	"   AND (o.status <> 'held' OR o.payment_required_by > pg_catalog.clock_timestamp())"
	"   AND (b.status <> 'held' OR b.payment_required_by > pg_catalog.clock_timestamp())"
	"   AND " BK_SQL_LIVE("j") " AND " BK_SQL_LIVE("i") "   AND NOT " BK_SQL_LEFT(
		"f") " AND f.status <> 'cancelled' AND g.status <> 'cancelled'"
			 "   AND g.scheduled_departure < f.scheduled_arrival AND f.scheduled_departure < g.scheduled_arrival"
			 "   AND g.flight_id <> f.flight_id"
			 "   AND public.folded_text(j.passenger_name) = public.folded_text(i.passenger_name)"
			 " ORDER BY i.item_no, o.booking_id, j.item_no",
	INT8OID);

static BkQuery find_booking =
	BK_SELECT("SELECT 1 FROM public.bookings WHERE booking_id = $1", INT8OID);

PG_FUNCTION_INFO_V1(booking_booking_warnings);

/* booking.booking_warnings(booking_id): what the customer of a booking should look at. Raises SB010, SB011. */
Datum
booking_booking_warnings(PG_FUNCTION_ARGS)
{
	int64 booking_id = PG_GETARG_INT64(0);
	BkRows warnings;

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	SPI_connect();
	warnings = bk_itinerary_warnings(booking_id);
	if (warnings.count == 0 &&
		bk_query_run(&find_booking, bk_int64(booking_id)).count == 0)
		bk_booking_refuse_unknown(booking_id);
	bk_result_return(fcinfo, warnings);
	SPI_finish();
	return (Datum) 0;
}

/*
 * Looks at what is there now, also where the transaction's snapshot is older: the bookings of the lock's last owner are among
 * them. A lapsed hold may still be paid by one who had its row before the deadline.
 */
void
bk_itinerary_require_single(int64 customer_id, int64 booking_id, Datum flight_ids,
							Datum names)
{
	BkRows doubles;

	PushActiveSnapshot(GetLatestSnapshot());
	doubles = bk_query_run(&find_doubles, bk_int64(customer_id), bk_int64(booking_id),
						   bk_datum(flight_ids), bk_datum(names));
	PopActiveSnapshot();
	for (uint64 row = 0; row < doubles.count; row++)
	{
		int64 other_id = bk_row_int64(doubles, row, "booking_id");

		if (bk_row_bool(doubles, row, "lapsed") &&
			bk_query_run(&lock_lapsed, bk_int64(other_id)).count == 1)
			continue;
		ereport(
			ERROR, errcode(SB_DUPLICATE_PASSENGER),
			errmsg(
				"passenger \"%s\" is on flight %s already, in another booking of the customer",
				bk_row_text(doubles, row, "name"), bk_row_text(doubles, row, "flight_id")),
			errhint("Tell passengers of the same name apart, by a middle name say."));
	}
}

BkRows
bk_itinerary_warnings(int64 booking_id)
{
	return bk_query_run(&find_overlaps, bk_int64(booking_id));
}
