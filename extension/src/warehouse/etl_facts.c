/*
 * etl_facts.c
 *		Loads the facts and refreshes the materialized views.
 *
 * What a fact should hold is a function of warehouse/facts.sql, and how it gets there is warehouse/loads.sql. What belongs to
 * a booking is chosen by booking_id. What counts the bookings of a flight is chosen by flight_id and read from other facts,
 * so it comes after them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/query.h"
#include "warehouse/etl_facts.h"

/* ---- what to look at ---- */

/* Removes what the dimensions have from the queue; empty lists, not nulls, where there is nothing. */
static BkQuery take_changes = BK_SELECT(
	"WITH taken AS ("
	"    DELETE FROM warehouse.change_queue"
	"     WHERE entity = 'booking' OR dimensions_done"
	" RETURNING entity, key)"
	" SELECT coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'booking'), '{}') AS bookings,"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'flight'), '{}') AS flights,"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'customer'), '{}') AS customers,"
	"        coalesce(bool_or(entity = 'everything'), false) OR count(DISTINCT (entity, key)) > $1"
	"            AS is_everything"
	"   FROM taken",
	INT8OID);

/* A flight or a customer that changed changes the facts of its bookings: those loaded and those that are to be. */
static BkQuery choose_bookings = BK_LONG_SELECT(
	"SELECT coalesce(array_agg(booking_id), '{}') AS bookings, count(*) > $4 AS is_everything"
	"  FROM (SELECT unnest($1)"
	"         UNION SELECT booking_id FROM warehouse.fact_booking_item"
	"                WHERE flight_id = ANY ($2)"
	"         UNION SELECT booking_id FROM warehouse.fact_booking_event"
	"                WHERE flight_id = ANY ($2)"
	"         UNION SELECT booking_id FROM public.bookings WHERE customer_id = ANY ($3)"
	"       ) AS chosen (booking_id)",
	INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID, INT8OID);

/* The flights of the chosen bookings, before and after, and those that changed themselves. */
static BkQuery choose_flights = BK_LONG_SELECT(
	"SELECT coalesce(array_agg(flight_id), '{}') AS flights"
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

static BkQuery infer_flights = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_flight (flight_id, flight_number, route_key, aircraft_key, status,"
	"           departure_date_key, time_zone, distance_km, valid_from, valid_to, is_current,"
	"           is_inferred, run_id)"
	"    SELECT flight_id, 'Inferred', -1, -1, 'unknown', -1, 'UTC', 0, '-infinity', 'infinity', true,"
	"           true, $2"
	"      FROM warehouse.missing_flights($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

static BkQuery infer_customers = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_customer (customer_id, tier, valid_from, valid_to, is_current,"
	"           is_inferred, run_id)"
	"    SELECT customer_id, 'unknown', '-infinity', 'infinity', true, true, $2"
	"      FROM warehouse.missing_customers($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

static BkQuery infer_fares = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_fare (fare_code, name, is_inferred, run_id)"
	"    SELECT fare_code, 'Inferred', true, $2 FROM warehouse.missing_fares($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

static BkQuery infer_channels = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_channel (channel, run_id)"
	"    SELECT channel, $2 FROM warehouse.missing_channels($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

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
static BkQuery *const route_month_step[] = {&refresh_route_month, NULL};
static BkQuery *const booking_curve_step[] = {&refresh_booking_curve, NULL};
static BkQuery *const analyze_step[] = {&analyze_warehouse, NULL};

static void choose(BkEtl *run, NullableDatum *bookings, NullableDatum *flights);

void
bk_etl_facts(BkEtl *run)
{
	NullableDatum bookings;
	NullableDatum flights;

	choose(run, &bookings, &flights);
	bk_etl_step(run, "inferred members", inferred_step, bookings);
	bk_etl_load(run, "fact_booking_event", bookings);
	bk_etl_load(run, "fact_booking_item", bookings);
	bk_etl_load(run, "fact_payment", bookings);
	bk_etl_load(run, "fact_flight_cabin", flights);
	bk_etl_load(run, "fact_booking_curve", flights);

	if (run->counts[BK_ROWS_INSERTED] + run->counts[BK_ROWS_UPDATED] +
			run->counts[BK_ROWS_DELETED] ==
		0)
		return;
	if (run->everything)
		bk_etl_step(run, "analyze", analyze_step, BK_ETL_ALL_KEYS);
	bk_etl_step(run, "mv_route_month", route_month_step, BK_ETL_ALL_KEYS);
	bk_etl_step(run, "mv_booking_curve", booking_curve_step, BK_ETL_ALL_KEYS);
}

/* Takes the queue; sets the keys of the bookings and of the flights to look at, and run->everything where those are all. */
static void
choose(BkEtl *run, NullableDatum *bookings, NullableDatum *flights)
{
	BkRows taken = bk_query_run(&take_changes, bk_int64(BK_ETL_MAX_KEYS));
	NullableDatum changed;
	BkRows chosen;

	*bookings = *flights = BK_ETL_ALL_KEYS;
	run->everything = run->everything || bk_row_bool(taken, 0, "is_everything");
	if (run->everything)
		return;

	changed = bk_datum(bk_row_value(taken, 0, "flights"));
	chosen = bk_query_run(&choose_bookings, bk_datum(bk_row_value(taken, 0, "bookings")),
						  changed, bk_datum(bk_row_value(taken, 0, "customers")),
						  bk_int64(BK_ETL_MAX_KEYS));
	run->everything = bk_row_bool(chosen, 0, "is_everything");
	if (run->everything)
		return;

	*bookings = bk_datum(bk_row_value(chosen, 0, "bookings"));
	chosen = bk_query_run(&choose_flights, *bookings, changed);
	*flights = bk_datum(bk_row_value(chosen, 0, "flights"));
}
