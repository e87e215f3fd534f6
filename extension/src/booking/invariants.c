/*
 * invariants.c
 *		What must hold at every moment, whatever path the rows came by.
 *
 * Each invariant is a statement that returns its violations, one text a row, and nothing when all is well. All of them
 * run on one snapshot. The items of a hold that has lapsed may be expired one by one before the sweep settles their
 * booking; the statements say so where it matters.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#include "base/query.h"
#include "base/result.h"

#define SQL_LIVE "i.status NOT IN ('cancelled', 'expired')"
#define SQL_LAPSED \
	"b.status = 'held' AND b.payment_required_by <= pg_catalog.clock_timestamp()"

typedef struct Invariant
{
	const char *name;
	BkQuery query;
} Invariant;

/* clang-format off */
#define INVARIANT(name_, sql_) \
	{.name = (name_), .query = {.sql = (sql_), .expect = SPI_OK_SELECT, .read_only = true, .custom_plan = true}}

static Invariant invariants[] = {
	INVARIANT("seat_sold_once",
		"SELECT pg_catalog.format('seat %s of flight %s has %s live items', i.seat_number, i.flight_id, pg_catalog.count(*))"
		"  FROM public.booking_items AS i WHERE " SQL_LIVE
		" GROUP BY i.flight_id, i.seat_number HAVING pg_catalog.count(*) > 1"),
	INVARIANT("item_has_its_seat",
		"SELECT pg_catalog.format('item %s of booking %s is %s, its seat %s of flight %s is %s',"
		"                         i.item_no, i.booking_id, i.status, i.seat_number, i.flight_id, s.status)"
		"  FROM public.booking_items AS i LEFT JOIN public.seats AS s USING (flight_id, seat_number)"
		" WHERE " SQL_LIVE
		"   AND s.status IS DISTINCT FROM CASE i.status WHEN 'held' THEN 'held' ELSE 'booked' END"),
	INVARIANT("seat_has_its_item",
		"SELECT pg_catalog.format('seat %s of flight %s is %s without a live item', s.seat_number, s.flight_id, s.status)"
		"  FROM public.seats AS s"
		" WHERE s.status IN ('held', 'booked')"
		"   AND NOT EXISTS (SELECT FROM public.booking_items AS i"
		"                    WHERE i.flight_id = s.flight_id AND i.seat_number = s.seat_number AND " SQL_LIVE ")"),
	INVARIANT("hold_has_one_deadline",
		"SELECT pg_catalog.format('seat %s of flight %s is held until %s, booking %s until %s',"
		"                         s.seat_number, s.flight_id, s.held_until, b.booking_id, b.payment_required_by)"
		"  FROM public.booking_items AS i JOIN public.bookings AS b USING (booking_id)"
		"  JOIN public.seats AS s USING (flight_id, seat_number)"
		" WHERE i.status = 'held' AND s.held_until IS DISTINCT FROM b.payment_required_by"),
	INVARIANT("sold_within_capacity",
		"SELECT pg_catalog.format('flight %s has %s live items and %s seats', f.flight_id, i.sold, s.capacity)"
		"  FROM public.flights AS f"
		"  JOIN (SELECT i.flight_id, pg_catalog.count(*) AS sold FROM public.booking_items AS i"
		"         WHERE " SQL_LIVE " GROUP BY 1) AS i USING (flight_id)"
		"  LEFT JOIN (SELECT flight_id, pg_catalog.count(*) AS capacity FROM public.seats"
		"              WHERE status <> 'blocked' GROUP BY 1) AS s USING (flight_id)"
		" WHERE i.sold > COALESCE(s.capacity, 0)"),
	INVARIANT("passenger_once_per_flight",
		"SELECT pg_catalog.format('a passenger of booking %s is %s times on flight %s', i.booking_id, pg_catalog.count(*), i.flight_id)"
		"  FROM public.booking_items AS i WHERE " SQL_LIVE
		" GROUP BY i.booking_id, i.flight_id, pg_catalog.lower(i.passenger_name) HAVING pg_catalog.count(*) > 1"),
	INVARIANT("booking_status_fits_items",
		"SELECT pg_catalog.format('booking %s is %s with items %s', b.booking_id, b.status, i.statuses)"
		"  FROM public.bookings AS b"
		"  LEFT JOIN (SELECT i.booking_id, pg_catalog.array_agg(DISTINCT i.status::text) AS statuses"
		"               FROM public.booking_items AS i GROUP BY 1) AS i USING (booking_id)"
		" WHERE i.statuses IS NULL"
		"    OR NOT CASE b.status"
		"             WHEN 'held' THEN i.statuses <@ ARRAY['held', 'cancelled']"
		"                                AND 'held' = ANY (i.statuses)"
		"                           OR " SQL_LAPSED " AND i.statuses <@ ARRAY['held', 'cancelled', 'expired']"
		"             WHEN 'expired' THEN i.statuses <@ ARRAY['expired', 'cancelled']"
		"             WHEN 'cancelled' THEN i.statuses = ARRAY['cancelled']"
		"             WHEN 'confirmed' THEN i.statuses <@ ARRAY['confirmed', 'checked_in', 'flown', 'no_show']"
		"             WHEN 'partially_cancelled' THEN 'cancelled' = ANY (i.statuses) AND i.statuses <> ARRAY['cancelled']"
		"                                             AND NOT i.statuses && ARRAY['held', 'expired']"
		"             WHEN 'completed' THEN i.statuses <@ ARRAY['flown', 'no_show', 'cancelled']"
		"                                   AND i.statuses && ARRAY['flown', 'no_show']"
		"           END"),
	INVARIANT("total_is_sum_of_items",
		"SELECT pg_catalog.format('booking %s totals %s, its items %s', b.booking_id, b.total_amount, i.total)"
		"  FROM public.bookings AS b"
		"  JOIN (SELECT i.booking_id,"
		"               pg_catalog.sum(CASE i.status WHEN 'cancelled' THEN i.penalty_amount + i.fee_amount"
		"                                            WHEN 'expired' THEN 0 ELSE i.price + i.fee_amount END) AS total"
		"          FROM public.booking_items AS i GROUP BY 1) AS i USING (booking_id)"
		" WHERE b.total_amount <> i.total AND NOT (" SQL_LAPSED ")"),
	INVARIANT("paid_is_total",
		"SELECT pg_catalog.format('booking %s owes %s and has paid %s', b.booking_id, b.total_amount, COALESCE(p.paid, 0))"
		"  FROM public.bookings AS b"
		"  LEFT JOIN (SELECT booking_id, pg_catalog.sum(amount) AS paid FROM public.payments GROUP BY 1) AS p USING (booking_id)"
		" WHERE COALESCE(p.paid, 0) <> CASE b.status WHEN 'held' THEN 0 ELSE b.total_amount END"),
	INVARIANT("payment_in_booking_currency",
		"SELECT pg_catalog.format('payment %s is in %s, booking %s in %s', p.payment_id, p.currency, b.booking_id, b.currency)"
		"  FROM public.payments AS p JOIN public.bookings AS b USING (booking_id) WHERE p.currency <> b.currency"),
	INVARIANT("refund_within_payments",
		"SELECT pg_catalog.format('booking %s was refunded %s more than it paid', p.booking_id, -pg_catalog.sum(p.amount))"
		"  FROM public.payments AS p GROUP BY p.booking_id HAVING pg_catalog.sum(p.amount) < 0"),
	INVARIANT("cancellation_matches_refund",
		"SELECT pg_catalog.format('cancellation %s refunds %s, the ledger %s', c.cancellation_id, c.refund_amount, COALESCE(p.refunded, 0))"
		"  FROM public.cancellations AS c"
		"  LEFT JOIN (SELECT cancellation_id, -pg_catalog.sum(amount) AS refunded FROM public.payments GROUP BY 1) AS p"
		"         USING (cancellation_id)"
		" WHERE COALESCE(p.refunded, 0) <> CASE c.status WHEN 'confirmed' THEN c.refund_amount ELSE 0 END"),
	INVARIANT("change_matches_payment",
		"SELECT pg_catalog.format('change %s amounts to %s, the ledger has %s', c.change_id, c.change_amount, p.paid)"
		"  FROM public.booking_changes AS c"
		"  JOIN (SELECT change_id, pg_catalog.sum(amount) AS paid FROM public.payments GROUP BY 1) AS p USING (change_id)"
		" WHERE c.status <> 'confirmed' OR p.paid <> c.change_amount"),
	INVARIANT("events_tell_the_revenue",
		"SELECT pg_catalog.format('events of booking %s sum to %s, its payments to %s', booking_id, COALESCE(e.revenue, 0), COALESCE(p.paid, 0))"
		"  FROM (SELECT booking_id, pg_catalog.sum(revenue_delta) AS revenue FROM public.booking_events GROUP BY 1) AS e"
		"  FULL JOIN (SELECT booking_id, pg_catalog.sum(amount) AS paid FROM public.payments GROUP BY 1) AS p USING (booking_id)"
		" WHERE COALESCE(e.revenue, 0) <> COALESCE(p.paid, 0)"),
	INVARIANT("events_tell_the_seats",
		"SELECT pg_catalog.format('events of item %s of booking %s count %s seats, the item is %s', item_no, booking_id, COALESCE(e.seats, 0), i.status)"
		"  FROM public.booking_items AS i"
		"  FULL JOIN (SELECT booking_id, item_no, pg_catalog.sum(seat_delta) AS seats FROM public.booking_events GROUP BY 1, 2) AS e"
		"         USING (booking_id, item_no)"
		" WHERE COALESCE(e.seats, 0) <> CASE WHEN i.status IN ('held', 'cancelled', 'expired') THEN 0 WHEN i.status IS NULL THEN -1 ELSE 1 END"),
};
/* clang-format on */

PG_FUNCTION_INFO_V1(booking_check_invariants);

/* booking.check_invariants(): see its COMMENT. */
Datum
booking_check_invariants(PG_FUNCTION_ARGS)
{
	bk_result_begin(fcinfo);
	SPI_connect();
	for (int i = 0; i < lengthof(invariants); i++)
	{
		BkRows rows = bk_query_run_old(&invariants[i].query, NULL, NULL);

		for (uint64 row = 0; row < rows.count; row++)
		{
			Datum values[] = {CStringGetTextDatum(invariants[i].name),
							  CStringGetTextDatum(bk_row_text_at(rows, row, 1))};
			bool nulls[] = {false, false};

			CHECK_FOR_INTERRUPTS();
			bk_result_add(fcinfo, values, nulls);
		}
		bk_rows_free(rows);
	}
	SPI_finish();
	return (Datum) 0;
}
