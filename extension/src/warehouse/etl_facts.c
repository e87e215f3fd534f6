/*
 * etl_facts.c
 *		Loads the facts and refreshes the materialized views.
 *
 * One statement a fact: it computes the rows that the chosen keys should have, writes those that differ and removes those
 * that should not be. A full run chooses all keys and is the same statement, so both give the same rows. What belongs to
 * a booking is chosen by booking_id; what counts the bookings of a flight is chosen by flight_id, and comes after.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/query.h"
#include "warehouse/etl.h"

/* ---- what to look at ---- */

/* Removes what the dimensions have from the queue; empty lists, not nulls, where there is nothing. */
static BkQuery take_changes = BK_SELECT(
	"WITH taken AS ("
	"    DELETE FROM warehouse.change_queue"
	"     WHERE entity = 'booking' OR dimensions_done"
	" RETURNING entity, key)"
	" SELECT coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'booking'), '{}'),"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'flight'), '{}'),"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'customer'), '{}'),"
	"        coalesce(bool_or(entity = 'everything'), false)"
	"        OR count(DISTINCT (entity, key)) > $1"
	"   FROM taken",
	INT8OID);

/* A flight or a customer that changed changes the facts of its bookings: those loaded and those that are to be. */
static BkQuery choose_bookings = BK_LONG_SELECT(
	"SELECT coalesce(array_agg(booking_id), '{}'), count(*)"
	"  FROM (SELECT unnest($1)"
	"         UNION SELECT booking_id FROM warehouse.fact_booking_item"
	"                WHERE flight_id = ANY ($2)"
	"         UNION SELECT booking_id FROM warehouse.fact_booking_event"
	"                WHERE flight_id = ANY ($2)"
	"         UNION SELECT booking_id FROM public.bookings WHERE customer_id = ANY ($3)"
	"       ) AS chosen (booking_id)",
	INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID);

/* The flights of the chosen bookings, before and after, and those that changed themselves. */
static BkQuery choose_flights = BK_LONG_SELECT(
	"SELECT coalesce(array_agg(flight_id), '{}'), count(*)"
	"  FROM (SELECT unnest($2)"
	"         UNION SELECT flight_id FROM warehouse.fact_booking_item"
	"                WHERE booking_id = ANY ($1)"
	"         UNION SELECT flight_id FROM warehouse.fact_booking_event"
	"                WHERE booking_id = ANY ($1)"
	"         UNION SELECT flight_id FROM public.booking_items WHERE booking_id = ANY ($1)"
	"         UNION SELECT flight_id FROM public.booking_events WHERE booking_id = ANY ($1)"
	"       ) AS chosen (flight_id)",
	INT8ARRAYOID, INT8ARRAYOID);

/* ---- members that bookings speak of and that have not arrived ---- */

#define COUNTS_OF_INFERRED \
	" SELECT 0::bigint, count(*), 0::bigint, 0::bigint, 0::bigint FROM written"

static BkQuery infer_flights = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_flight (flight_id, flight_number, route_key, aircraft_key, status,"
	"           departure_date_key, time_zone, distance_km, valid_from, valid_to, is_current,"
	"           is_inferred, run_id)"
	"    SELECT f.flight_id, 'Inferred', -1, -1, 'unknown', -1, 'UTC', 0, '-infinity', 'infinity', true,"
	"           true, $2"
	"      FROM (SELECT flight_id FROM public.booking_items"
	"             WHERE $1::bigint[] IS NULL OR booking_id = ANY ($1)"
	"             UNION"
	"            SELECT flight_id FROM public.booking_events"
	"             WHERE $1::bigint[] IS NULL OR booking_id = ANY ($1)"
	"           ) AS f"
	"     WHERE NOT EXISTS (SELECT FROM warehouse.dim_flight AS d"
	"                        WHERE d.flight_id = f.flight_id AND d.is_current)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

static BkQuery infer_customers = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_customer (customer_id, tier, valid_from, valid_to, is_current,"
	"           is_inferred, run_id)"
	"    SELECT DISTINCT b.customer_id, 'unknown', timestamptz '-infinity', timestamptz 'infinity', true,"
	"           true, $2"
	"      FROM public.bookings AS b"
	"     WHERE ($1::bigint[] IS NULL OR b.booking_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM warehouse.dim_customer AS d"
	"                        WHERE d.customer_id = b.customer_id AND d.is_current)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

static BkQuery infer_fares = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_fare (fare_code, name, is_inferred, run_id)"
	"    SELECT DISTINCT b.fare_code, 'Inferred', true, $2"
	"      FROM public.bookings AS b"
	"     WHERE ($1::bigint[] IS NULL OR b.booking_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM warehouse.dim_fare AS d WHERE d.fare_code = b.fare_code)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

static BkQuery infer_channels = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_channel (channel, run_id)"
	"    SELECT DISTINCT b.channel, $2"
	"      FROM public.bookings AS b"
	"     WHERE ($1::bigint[] IS NULL OR b.booking_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM warehouse.dim_channel AS d WHERE d.channel = b.channel)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

/* ---- facts ---- */

/*
 * A fact's load. columns are those of the table in its order without run_id; the rows of source have them in that order,
 * so that whole rows can be compared. A row t of the table stays as long as present finds its source. rows_in and
 * rejected count source rows: those looked at, and those left out.
 */
#define LOAD_FACT(table, key, columns, chosen, source, present, rows_in, rejected)   \
	BK_ETL_STATEMENT(                                                                \
		"WITH written AS ("                                                          \
		"    INSERT INTO warehouse." table " (" columns ", run_id)"                  \
		"    SELECT s.*, $2"                                                         \
		"      FROM (" source ") AS s"                                               \
		"      LEFT JOIN warehouse." table " AS t USING (" key ")"                   \
		"     WHERE ROW (s.*, t.run_id) IS DISTINCT FROM ROW (t.*)"                  \
		"        ON CONFLICT (" key ") DO UPDATE"                                    \
		"       SET (" columns ", run_id) = (SELECT excluded.*)"                     \
		" RETURNING (xmax = 0) AS inserted),"                                        \
		" removed AS ("                                                              \
		"    DELETE FROM warehouse." table " AS t"                                   \
		"     WHERE ($1::bigint[] IS NULL OR t." chosen                              \
		" = ANY ($1)) AND NOT EXISTS (" present ")"                                  \
		" RETURNING 1)"                                                              \
		" SELECT (" rows_in                                                          \
		"), count(*) FILTER (WHERE inserted), count(*) FILTER (WHERE NOT inserted)," \
		"        (SELECT count(*) FROM removed), (" rejected ")"                     \
		"   FROM written")

/* The load of a fact that is chosen by booking_id and cannot be without its booking. */
#define LOAD_BOOKING_FACT(table, key, columns, source_table, source, is_its_source) \
	LOAD_FACT(                                                                      \
		table, key, columns, "booking_id", source,                                  \
		"SELECT FROM public." source_table                                          \
		" AS s JOIN public.bookings USING (booking_id)"                             \
		" WHERE " is_its_source,                                                    \
		"SELECT count(*) FROM public." source_table                                 \
		" WHERE $1::bigint[] IS NULL OR booking_id = ANY ($1)",                     \
		"SELECT count(*) FROM public." source_table " AS s"                         \
		" WHERE ($1::bigint[] IS NULL OR s.booking_id = ANY ($1))"                  \
		"   AND NOT EXISTS (SELECT FROM public.bookings AS b WHERE b.booking_id = s.booking_id)")

/* Lower bounds of the bands of dim_lead_band, whose keys count from 1; a number of days below them all is in band 0. */
#define LEAD_BANDS                                        \
	"(SELECT array_agg(days_from ORDER BY lead_band_key)" \
	"   FROM warehouse.dim_lead_band WHERE lead_band_key > 0)"

#define EVENT_COLUMNS                                                                                     \
	"event_id, booking_id, item_no, flight_id, flight_key, route_key, aircraft_key, cabin_key, fare_key," \
	" channel_key, customer_key, lead_band_key, event_date_key, departure_date_key, days_before,"         \
	" event_type, occurred_at, seat_delta, revenue_delta, penalty_amount, currency"

static BkQuery load_events = LOAD_BOOKING_FACT(
	"fact_booking_event", "event_id", EVENT_COLUMNS, "booking_events",
	"SELECT e.event_id, e.booking_id, e.item_no, e.flight_id, coalesce(then_flight.flight_key, -1),"
	"       coalesce(flight.route_key, -1), coalesce(flight.aircraft_key, -1),"
	"       coalesce(cabin.cabin_key, -1), coalesce(fare.fare_key, -1),"
	"       coalesce(channel.channel_key, -1), coalesce(customer.customer_key, -1),"
	"       coalesce(width_bucket(on_day.days_before, " LEAD_BANDS "), -1),"
	"       warehouse.date_key(on_day.utc),"
	"       coalesce(flight.departure_date_key, -1), on_day.days_before, e.event_type, e.occurred_at,"
	"       e.seat_delta, e.revenue_delta,"
	"       CASE WHEN e.event_type = 'cancelled' AND e.seat_delta = -1"
	"            THEN coalesce(i.penalty_amount, 0) ELSE 0 END,"
	"       b.currency::text"
	"  FROM public.booking_events AS e"
	"  JOIN public.bookings AS b ON b.booking_id = e.booking_id"
	"  LEFT JOIN public.booking_items AS i ON i.booking_id = e.booking_id AND i.item_no = e.item_no"
	"  LEFT JOIN public.seats AS seat"
	"    ON seat.flight_id = e.flight_id AND seat.seat_number = e.seat_number"
	"  LEFT JOIN warehouse.dim_cabin AS cabin ON cabin.cabin_class = seat.cabin_class"
	"  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code"
	"  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel"
	"  LEFT JOIN warehouse.dim_customer AS customer ON customer.customer_id = b.customer_id"
	"   AND e.occurred_at >= customer.valid_from AND e.occurred_at < customer.valid_to"
	"  LEFT JOIN warehouse.dim_flight AS then_flight ON then_flight.flight_id = e.flight_id"
	"   AND e.occurred_at >= then_flight.valid_from AND e.occurred_at < then_flight.valid_to"
	"  LEFT JOIN warehouse.dim_flight AS flight"
	"    ON flight.flight_id = e.flight_id AND flight.is_current"
	" CROSS JOIN LATERAL (SELECT timezone('UTC', e.occurred_at)::date,"
	"                            flight.departure_date - timezone(flight.time_zone, e.occurred_at)::date"
	"                     OFFSET 0) AS on_day (utc, days_before)"
	" WHERE ($1::bigint[] IS NULL OR e.booking_id = ANY ($1))",
	"s.event_id = t.event_id");

#define ITEM_COLUMNS                                                                               \
	"booking_id, item_no, flight_id, flight_key, route_key, aircraft_key, cabin_key, fare_key,"    \
	" channel_key, customer_key, lead_band_key, booked_date_key, confirmed_date_key,"              \
	" cancelled_date_key, departure_date_key, passenger_type, status, booked_at, held_at,"         \
	" confirmed_at, cancelled_at, expired_at, checked_in_at, closed_at, lead_days, price,"         \
	" gross_amount, refund_amount, penalty_amount, currency, is_held, is_confirmed, is_cancelled," \
	" is_expired, is_flown, is_no_show"

static BkQuery load_items = LOAD_BOOKING_FACT(
	"fact_booking_item", "booking_id, item_no", ITEM_COLUMNS, "booking_items",
	"SELECT i.booking_id, i.item_no, i.flight_id, coalesce(then_flight.flight_key, -1),"
	"       coalesce(flight.route_key, -1), coalesce(flight.aircraft_key, -1),"
	"       coalesce(cabin.cabin_key, -1), coalesce(fare.fare_key, -1),"
	"       coalesce(channel.channel_key, -1), coalesce(customer.customer_key, -1),"
	"       coalesce(width_bucket(on_day.lead, " LEAD_BANDS "),"
	"                CASE WHEN e.confirmed_at IS NULL THEN -2 ELSE -1 END),"
	"       warehouse.date_key(on_day.booked), warehouse.date_key(on_day.confirmed),"
	"       warehouse.date_key(on_day.cancelled),"
	"       coalesce(flight.departure_date_key, -1), i.passenger_type, i.status, booked.at, e.held_at,"
	"       e.confirmed_at, e.cancelled_at, e.expired_at, e.checked_in_at, e.closed_at, on_day.lead,"
	"       i.price, coalesce(e.gross_amount, 0), coalesce(e.refund_amount, 0), i.penalty_amount,"
	"       b.currency::text, (e.held_at IS NOT NULL)::integer::smallint,"
	"       (e.confirmed_at IS NOT NULL)::integer::smallint, (i.status = 'cancelled')::integer::smallint,"
	"       (i.status = 'expired')::integer::smallint, (i.status = 'flown')::integer::smallint,"
	"       (i.status = 'no_show')::integer::smallint"
	"  FROM public.booking_items AS i"
	"  JOIN public.bookings AS b ON b.booking_id = i.booking_id"
	"  LEFT JOIN (SELECT booking_id, item_no, min(occurred_at) AS first_at,"
	"                    min(occurred_at) FILTER (WHERE event_type = 'held') AS held_at,"
	"                    min(occurred_at) FILTER (WHERE event_type = 'confirmed') AS confirmed_at,"
	"                    max(occurred_at) FILTER (WHERE event_type = 'cancelled') AS cancelled_at,"
	"                    max(occurred_at) FILTER (WHERE event_type = 'expired') AS expired_at,"
	"                    max(occurred_at) FILTER (WHERE event_type = 'checked_in') AS checked_in_at,"
	"                    max(occurred_at) FILTER (WHERE event_type IN ('flown', 'no_show')) AS closed_at,"
	"                    sum(greatest(revenue_delta, 0)) AS gross_amount,"
	"                    sum(greatest(- revenue_delta, 0)) AS refund_amount"
	"               FROM public.booking_events"
	"              WHERE ($1::bigint[] IS NULL OR booking_id = ANY ($1))"
	"              GROUP BY booking_id, item_no) AS e"
	"    ON e.booking_id = i.booking_id AND e.item_no = i.item_no"
	" CROSS JOIN LATERAL (SELECT coalesce(e.first_at, i.created_at)) AS booked (at)"
	"  LEFT JOIN public.seats AS seat"
	"    ON seat.flight_id = i.flight_id AND seat.seat_number = i.seat_number"
	"  LEFT JOIN warehouse.dim_cabin AS cabin ON cabin.cabin_class = seat.cabin_class"
	"  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code"
	"  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel"
	"  LEFT JOIN warehouse.dim_customer AS customer ON customer.customer_id = b.customer_id"
	"   AND booked.at >= customer.valid_from AND booked.at < customer.valid_to"
	"  LEFT JOIN warehouse.dim_flight AS then_flight ON then_flight.flight_id = i.flight_id"
	"   AND booked.at >= then_flight.valid_from AND booked.at < then_flight.valid_to"
	"  LEFT JOIN warehouse.dim_flight AS flight"
	"    ON flight.flight_id = i.flight_id AND flight.is_current"
	" CROSS JOIN LATERAL (SELECT timezone('UTC', booked.at)::date,"
	"                            timezone('UTC', e.confirmed_at)::date,"
	"                            timezone('UTC', e.cancelled_at)::date,"
	"                            flight.departure_date - timezone(flight.time_zone, e.confirmed_at)::date"
	"                     OFFSET 0) AS on_day (booked, confirmed, cancelled, lead)"
	" WHERE ($1::bigint[] IS NULL OR i.booking_id = ANY ($1))",
	"s.booking_id = t.booking_id AND s.item_no = t.item_no");

#define PAYMENT_COLUMNS                                                                               \
	"payment_id, booking_id, customer_key, fare_key, channel_key, payment_date_key, method, paid_at," \
	" amount, currency, is_refund"

static BkQuery load_payments = LOAD_BOOKING_FACT(
	"fact_payment", "payment_id", PAYMENT_COLUMNS, "payments",
	"SELECT p.payment_id, p.booking_id, coalesce(customer.customer_key, -1),"
	"       coalesce(fare.fare_key, -1), coalesce(channel.channel_key, -1),"
	"       warehouse.date_key(paid.on_day), p.method, p.created_at, p.amount,"
	"       p.currency::text, (p.amount < 0)::integer::smallint"
	"  FROM public.payments AS p"
	"  JOIN public.bookings AS b ON b.booking_id = p.booking_id"
	"  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code"
	"  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel"
	"  LEFT JOIN warehouse.dim_customer AS customer ON customer.customer_id = b.customer_id"
	"   AND p.created_at >= customer.valid_from AND p.created_at < customer.valid_to"
	" CROSS JOIN LATERAL (SELECT timezone('UTC', p.created_at)::date OFFSET 0) AS paid (on_day)"
	" WHERE ($1::bigint[] IS NULL OR p.booking_id = ANY ($1))",
	"s.payment_id = t.payment_id");

#define FLIGHT_CABIN_COLUMNS                                                                            \
	"flight_id, cabin_key, flight_key, route_key, aircraft_key, departure_date_key, capacity, blocked," \
	" seats, booked, checked_in, flown, passengers, no_show, distance_km, ask, rpk, flown_revenue,"     \
	" net_revenue, currency, departure_delay_minutes, arrival_delay_minutes, is_operated, is_cancelled"

/* Chosen by flight_id. Sold items come from fact_booking_item, so that this is the last of the facts. */
static BkQuery load_flight_cabins = LOAD_FACT(
	"fact_flight_cabin", "flight_id, cabin_key", FLIGHT_CABIN_COLUMNS, "flight_id",
	"SELECT f.flight_id, seat.cabin_key, flight.flight_key, flight.route_key, flight.aircraft_key,"
	"       flight.departure_date_key, seat.capacity::integer, seat.blocked::integer,"
	"       (seat.capacity - seat.blocked)::integer, coalesce(sold.booked, 0)::integer,"
	"       coalesce(sold.checked_in, 0)::integer, coalesce(sold.flown, 0)::integer,"
	"       coalesce(sold.passengers, 0)::integer, coalesce(sold.no_show, 0)::integer, f.distance_km,"
	"       CASE WHEN operated.yes THEN (seat.capacity - seat.blocked) * f.distance_km ELSE 0 END,"
	"       CASE WHEN operated.yes THEN coalesce(sold.passengers, 0) * f.distance_km ELSE 0 END,"
	"       coalesce(sold.flown_revenue, 0), coalesce(sold.net_revenue, 0), f.currency::text,"
	"       (date_part('epoch', f.actual_departure - f.scheduled_departure) / 60)::integer,"
	"       (date_part('epoch', f.actual_arrival - f.scheduled_arrival) / 60)::integer,"
	"       operated.yes::integer::smallint, (f.status = 'cancelled')::integer::smallint"
	"  FROM public.flights AS f"
	"  JOIN warehouse.dim_flight AS flight ON flight.flight_id = f.flight_id AND flight.is_current"
	"  JOIN (SELECT s.flight_id, c.cabin_key, count(*) AS capacity,"
	"               count(*) FILTER (WHERE s.status = 'blocked') AS blocked"
	"          FROM public.seats AS s"
	"          JOIN warehouse.dim_cabin AS c ON c.cabin_class = s.cabin_class"
	"         WHERE ($1::bigint[] IS NULL OR s.flight_id = ANY ($1))"
	"         GROUP BY s.flight_id, c.cabin_key) AS seat ON seat.flight_id = f.flight_id"
	"  LEFT JOIN (SELECT flight_id, cabin_key,"
	"                    count(*) FILTER (WHERE status IN ('confirmed', 'checked_in', 'flown',"
	"                                                      'no_show')) AS booked,"
	"                    count(*) FILTER (WHERE status = 'checked_in') AS checked_in,"
	"                    sum(is_flown) AS flown,"
	"                    count(*) FILTER (WHERE is_flown = 1 AND passenger_type <> 'infant')"
	"                        AS passengers,"
	"                    sum(is_no_show) AS no_show,"
	"                    sum(gross_amount - refund_amount) FILTER (WHERE is_flown = 1) AS flown_revenue,"
	"                    sum(gross_amount - refund_amount) AS net_revenue"
	"               FROM warehouse.fact_booking_item"
	"              WHERE ($1::bigint[] IS NULL OR flight_id = ANY ($1))"
	"              GROUP BY flight_id, cabin_key) AS sold"
	"    ON sold.flight_id = f.flight_id AND sold.cabin_key = seat.cabin_key"
	" CROSS JOIN LATERAL (SELECT f.status IN ('departed', 'arrived')) AS operated (yes)"
	" WHERE ($1::bigint[] IS NULL OR f.flight_id = ANY ($1))",
	"SELECT FROM public.seats AS s"
	"  JOIN public.flights AS f ON f.flight_id = s.flight_id"
	"  JOIN warehouse.dim_cabin AS c ON c.cabin_class = s.cabin_class"
	" WHERE s.flight_id = t.flight_id AND c.cabin_key = t.cabin_key",
	"SELECT count(*) FROM public.flights WHERE $1::bigint[] IS NULL OR flight_id = ANY ($1)",
	"0::bigint");

#define CURVE_COLUMNS \
	"flight_id, cabin_key, days_before, currency, route_key, departure_date_key, pick_up, revenue_pick_up"

/* Chosen by flight_id. From fact_booking_event, so after it; a point without sales has no row. */
static BkQuery load_curve = LOAD_FACT(
	"fact_booking_curve", "flight_id, cabin_key, days_before, currency", CURVE_COLUMNS,
	"flight_id",
	"SELECT e.flight_id, e.cabin_key, p.days_before, e.currency, e.route_key, e.departure_date_key,"
	"       sum(e.seat_delta)::integer, sum(e.revenue_delta)"
	"  FROM warehouse.fact_booking_event AS e"
	"  JOIN warehouse.dim_collection_point AS p"
	"    ON e.days_before >= p.days_before AND e.days_before < p.next_days_before"
	" WHERE (e.seat_delta <> 0 OR e.revenue_delta <> 0)"
	"   AND ($1::bigint[] IS NULL OR e.flight_id = ANY ($1))"
	" GROUP BY e.flight_id, e.cabin_key, p.days_before, e.currency, e.route_key, e.departure_date_key",
	"SELECT FROM warehouse.fact_booking_event AS e"
	"  JOIN warehouse.dim_collection_point AS p"
	"    ON e.days_before >= p.days_before AND e.days_before < p.next_days_before"
	" WHERE e.flight_id = t.flight_id AND e.cabin_key = t.cabin_key AND p.days_before = t.days_before"
	"   AND e.currency = t.currency AND (e.seat_delta <> 0 OR e.revenue_delta <> 0)",
	"SELECT count(*) FROM warehouse.fact_booking_event"
	" WHERE $1::bigint[] IS NULL OR flight_id = ANY ($1)",
	"0::bigint");

/* ---- materialized views and statistics ---- */

static BkQuery refresh_route_month = BK_UTILITY(
	"REFRESH MATERIALIZED VIEW CONCURRENTLY warehouse.mv_route_month");

static BkQuery refresh_booking_curve = BK_UTILITY(
	"REFRESH MATERIALIZED VIEW CONCURRENTLY warehouse.mv_booking_curve");

/* After a load of everything, so that nobody plans with the sizes of before. */
static BkQuery analyze_warehouse = BK_UTILITY(
	"ANALYZE warehouse.dim_flight, warehouse.dim_customer, warehouse.dim_route,"
	" warehouse.fact_booking_event, warehouse.fact_booking_item,"
	" warehouse.fact_flight_cabin, warehouse.fact_booking_curve, warehouse.fact_payment");

static BkQuery *const inferred_step[] = {&infer_flights, &infer_customers, &infer_fares,
										 &infer_channels, NULL};
static BkQuery *const event_step[] = {&load_events, NULL};
static BkQuery *const item_step[] = {&load_items, NULL};
static BkQuery *const payment_step[] = {&load_payments, NULL};
static BkQuery *const flight_cabin_step[] = {&load_flight_cabins, NULL};
static BkQuery *const curve_step[] = {&load_curve, NULL};
static BkQuery *const route_month_step[] = {&refresh_route_month, NULL};
static BkQuery *const booking_curve_step[] = {&refresh_booking_curve, NULL};
static BkQuery *const analyze_step[] = {&analyze_warehouse, NULL};

static void choose(BkEtl *run, Datum *bookings, Datum *flights);

void
bk_etl_facts(BkEtl *run)
{
	Datum bookings;
	Datum flights;

	choose(run, &bookings, &flights);
	bk_etl_step(run, "inferred members", inferred_step, bookings);
	bk_etl_step(run, "fact_booking_event", event_step, bookings);
	bk_etl_step(run, "fact_booking_item", item_step, bookings);
	bk_etl_step(run, "fact_payment", payment_step, bookings);
	bk_etl_step(run, "fact_flight_cabin", flight_cabin_step, flights);
	bk_etl_step(run, "fact_booking_curve", curve_step, flights);

	if (run->counts[BK_ROWS_INSERTED] + run->counts[BK_ROWS_UPDATED] +
			run->counts[BK_ROWS_DELETED] ==
		0)
		return;
	if (run->everything)
		bk_etl_step(run, "analyze", analyze_step, BK_ETL_ALL_KEYS);
	bk_etl_step(run, "mv_route_month", route_month_step, BK_ETL_ALL_KEYS);
	bk_etl_step(run, "mv_booking_curve", booking_curve_step, BK_ETL_ALL_KEYS);
}

/* Takes the queue; sets the keys of the bookings and flights to look at. */
static void
choose(BkEtl *run, Datum *bookings, Datum *flights)
{
	Datum limit[] = {Int64GetDatum(BK_ETL_MAX_KEYS)};
	BkRows taken = bk_query_run_old(&take_changes, limit, NULL);
	Datum keys[3];
	BkRows chosen;
	bool isnull;

	*bookings = *flights = BK_ETL_ALL_KEYS;
	run->everything = run->everything || bk_row_bool_at(taken, 0, 4);
	if (run->everything)
		return;

	for (int i = 0; i < lengthof(keys); i++)
		keys[i] = bk_row_datum_at(taken, 0, i + 1, &isnull);
	chosen = bk_query_run_old(&choose_bookings, keys, NULL);
	if (bk_row_int64_at(chosen, 0, 2) > BK_ETL_MAX_KEYS)
	{
		run->everything = true;
		return;
	}
	*bookings = bk_row_datum_at(chosen, 0, 1, &isnull);

	keys[0] = *bookings;
	*flights = bk_row_datum_at(bk_query_run_old(&choose_flights, keys, NULL), 0, 1,
							   &isnull);
}
