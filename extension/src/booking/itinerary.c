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

/* The flight of an item, unless the airline has cancelled it. */
#define SQL_FLIGHT_OF(i)                                                                             \
	"SELECT g.flight_id, g.flight_number, g.scheduled_departure, g.scheduled_arrival, " BK_SQL_LEFT( \
		"g") " AS has_left"                                                                          \
			 "  FROM public.flights AS g"                                                            \
			 " WHERE g.flight_id = " i ".flight_id AND g.status <> 'cancelled' OFFSET 0"

/*
 * Read-only, so that it sees what bk_itinerary_require_single lets it see. By flight and name, and not by the customer, who may have any
 * number of bookings: OFFSET 0 leaves no other way.
 */
static BkQuery find_doubles = BK_SNAPSHOT_SELECT(
	"SELECT b.booking_id, b.lapsed"
	"  FROM (SELECT i.booking_id"
	"          FROM public.booking_items AS i"
	"         WHERE i.flight_id = $3 AND public.folded_text(i.passenger_name) = $4"
	"           AND " BK_SQL_LIVE(
		"i") " OFFSET 0) AS i"
			 " CROSS JOIN LATERAL (SELECT b.booking_id, b.customer_id, " BK_SQL_LAPSED(
				 "b") " AS lapsed"
					  "                       FROM public.bookings AS b"
					  "                      WHERE b.booking_id = i.booking_id OFFSET 0) AS b"
					  " WHERE b.customer_id = $1 AND b.booking_id <> $2",
	INT8OID, INT8OID, INT8OID, TEXTOID);

/* Waits for whoever is paying it or letting it lapse. No row: it has been paid. */
static BkQuery lock_lapsed =
	BK_SELECT("SELECT 1"
			  "  FROM public.bookings"
			  " WHERE booking_id = $1 AND status IN ('held', 'expired')"
			  "   FOR NO KEY UPDATE",
			  INT8OID);

/*
 * The names of the columns are those of the SQL function and of the JSON. There is one way to find the rows of other: a range, which
 * is one customer all the same, leaves the order of customer and booking to the index of both, and OFFSET 0 keeps the planner
 * from beginning with the flights.
 */
static BkQuery find_overlaps = BK_SELECT(
	"WITH own AS MATERIALIZED ("
	"  SELECT i.item_no, i.passenger_name, f.*"
	"    FROM public.bookings AS b"
	"    JOIN public.booking_items AS i USING (booking_id)"
	"   CROSS JOIN LATERAL (" SQL_FLIGHT_OF(
		"i") ") AS f"
			 "   WHERE b.booking_id = $1 AND NOT " BK_SQL_LAPSED("b") " AND " BK_SQL_LIVE(
				 "i") " AND NOT f.has_left),"
					  " other AS MATERIALIZED ("
					  "  SELECT n.booking_id, i.item_no, i.passenger_name, f.*"
					  "    FROM public.bookings AS b"
					  "   CROSS JOIN LATERAL (SELECT n.booking_id, n.status, n.payment_required_by"
					  "                         FROM public.bookings AS n"
					  "                        WHERE n.customer_id BETWEEN b.customer_id AND b.customer_id"
					  "                        ORDER BY n.customer_id DESC, n.booking_id DESC LIMIT " MAX_BOOKINGS
					  ") AS n"
					  "   CROSS JOIN LATERAL (SELECT j.item_no, j.passenger_name, j.flight_id"
					  "                         FROM public.booking_items AS j"
					  "                        WHERE j.booking_id = n.booking_id AND " BK_SQL_LIVE(
						  "j") " OFFSET 0) AS i"
							   "   CROSS JOIN LATERAL (" SQL_FLIGHT_OF(
								   "i") ") AS f"
										"   WHERE b.booking_id = $1 AND n.booking_id <> $1 AND NOT " BK_SQL_LAPSED(
											"n") ")"
												 " SELECT w.item_no, '" OVERLAPPING_FLIGHTS
												 "' AS code, o.booking_id AS other_booking_id,"
												 "        pg_catalog.format('Flight %s overlaps flight %s, which passenger \"%s\" has in another booking.',"
												 "                          w.flight_number, o.flight_number, w.passenger_name) AS detail"
												 "   FROM own AS w"
												 "   JOIN other AS o ON o.flight_id <> w.flight_id"
												 "    AND o.scheduled_departure < w.scheduled_arrival AND w.scheduled_departure < o.scheduled_arrival"
												 "    AND public.folded_text(o.passenger_name) = public.folded_text(w.passenger_name)"
												 "  ORDER BY w.item_no, o.booking_id, o.item_no",
	INT8OID);

/* Of a customer ($1), besides a booking ($2), between two moments. It finds what find_overlaps does, and lapsed holds and other passengers. */
static BkQuery find_rivals = BK_SELECT(
	"SELECT 1"
	"  FROM (SELECT n.booking_id"
	"          FROM public.bookings AS n"
	"         WHERE n.customer_id BETWEEN $1 AND $1"
	"         ORDER BY n.customer_id DESC, n.booking_id DESC LIMIT " MAX_BOOKINGS ") AS n"
	" CROSS JOIN LATERAL (SELECT j.flight_id"
	"                       FROM public.booking_items AS j"
	"                      WHERE j.booking_id = n.booking_id AND " BK_SQL_LIVE(
		"j") " OFFSET 0) AS i"
			 " CROSS JOIN LATERAL (SELECT g.scheduled_departure, g.scheduled_arrival"
			 "                       FROM public.flights AS g"
			 "                      WHERE g.flight_id = i.flight_id OFFSET 0) AS g"
			 " WHERE n.booking_id <> $2 AND g.scheduled_departure < $4 AND g.scheduled_arrival > $3 LIMIT 1",
	INT8OID, INT8OID, TIMESTAMPTZOID, TIMESTAMPTZOID);

static BkQuery find_booking =
	BK_SELECT("SELECT 1 FROM public.bookings WHERE booking_id = $1", INT8OID);

static void refuse_double(int64 customer_id, int64 booking_id,
						  const BkTraveller *traveller);

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
 * them.
 */
void
bk_itinerary_require_single(int64 customer_id, int64 booking_id,
							const BkTraveller *travellers, int count)
{
	PushActiveSnapshot(GetLatestSnapshot());
	for (int i = 0; (i = bk_namesakes_next(travellers, i, count)) < count; i++)
		refuse_double(customer_id, booking_id, &travellers[i]);
	PopActiveSnapshot();
}

/* Raises SB008 where it is the customer's. A lapsed hold may still be paid by one who had its row before the deadline. */
static void
refuse_double(int64 customer_id, int64 booking_id, const BkTraveller *traveller)
{
	BkRows doubles = bk_query_run(&find_doubles, bk_int64(customer_id),
								  bk_int64(booking_id), bk_int64(traveller->flight_id),
								  bk_text(traveller->folded_name));

	for (uint64 row = 0; row < doubles.count; row++)
		if (!bk_row_bool(doubles, row, "lapsed") ||
			bk_query_run(&lock_lapsed, bk_int64(bk_row_int64(doubles, row, "booking_id")))
					.count == 0)
			ereport(ERROR, errcode(SB_DUPLICATE_PASSENGER),
					errmsg("passenger \"%s\" is on flight " INT64_FORMAT
						   " already, in another booking of the customer",
						   traveller->name, traveller->flight_id),
					errhint(
						"Tell passengers of the same name apart, by a middle name say."));
}

bool
bk_itinerary_may_overlap(int64 customer_id, int64 booking_id, TimestampTz from,
						 TimestampTz until)
{
	return bk_query_run(&find_rivals, bk_int64(customer_id), bk_int64(booking_id),
						bk_timestamptz(from), bk_timestamptz(until))
			   .count > 0;
}

BkRows
bk_itinerary_warnings(int64 booking_id)
{
	return bk_query_run(&find_overlaps, bk_int64(booking_id));
}
