/*
 * etl_dimensions.c
 *		Loads the dimensions.
 *
 * What a dimension should hold is a function of warehouse/dimensions.sql. Small reference tables are compared whole in every
 * run; flights and customers by the keys that the queue names. The facts take local dates and routes from here, so a change
 * of an airport makes them look at everything.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/query.h"
#include "warehouse/etl_dimensions.h"

/* Flight and customer keys of the queue, marked as done here. The facts remove them. */
static BkQuery mark_changes = BK_SELECT(
	"WITH marked AS ("
	"    UPDATE warehouse.change_queue"
	"       SET dimensions_done = true"
	"     WHERE entity <> 'booking' AND NOT dimensions_done"
	" RETURNING entity, key)"
	" SELECT coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'flight'), '{}') AS flights,"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'customer'), '{}') AS customers,"
	"        coalesce(bool_or(entity = 'everything'), false) OR count(DISTINCT (entity, key)) > $1"
	"            AS is_everything"
	"   FROM marked",
	INT8OID);

static BkQuery enqueue_everything = BK_INSERT(
	"INSERT INTO warehouse.change_queue (entity, dimensions_done) VALUES ('everything', true)");

/* ---- members that flights speak of and that have not arrived ---- */

static BkQuery infer_airports = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_airport (iata, name, city, is_inferred, run_id)"
	"    SELECT iata, 'Inferred', 'Inferred', true, $2 FROM warehouse.missing_airports($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

static BkQuery infer_aircraft = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_aircraft (aircraft_code, model, is_inferred, run_id)"
	"    SELECT aircraft_code, 'Inferred', true, $2 FROM warehouse.missing_aircraft($1)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_inserted FROM written");

/* ---- flights: history of number, route, schedule, aircraft and status (SCD2) ---- */

/* When the source changed, by its own word or by the clock: see dim_flight.source_updated_at. */
#define VERSION_END                                                                \
	"CASE WHEN s.updated_at > d.source_updated_at AND s.updated_at > d.valid_from" \
	"     THEN s.updated_at"                                                       \
	"     ELSE greatest(clock_timestamp(), d.valid_from + interval '1 microsecond') END"

/* An inferred member becomes the flight that has arrived, in place. */
static BkQuery correct_flights = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET flight_number = s.flight_number, route_key = s.route_key,"
	"           aircraft_key = s.aircraft_key, scheduled_departure = s.scheduled_departure,"
	"           scheduled_arrival = s.scheduled_arrival, status = s.status, is_inferred = false,"
	"           source_updated_at = s.updated_at, run_id = $2"
	"      FROM warehouse.dim_flight_rows($1) AS s"
	"     WHERE d.flight_id = s.flight_id AND d.is_current AND d.is_inferred"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

/* Ends the current version of a flight that is not what it was. */
static BkQuery close_flights = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET is_current = false, run_id = $2, valid_to = " VERSION_END
	"      FROM warehouse.dim_flight_rows($1) AS s"
	"     WHERE d.flight_id = s.flight_id AND d.is_current"
	"       AND ROW (d.flight_number, d.route_key, d.aircraft_key, d.scheduled_departure,"
	"                d.scheduled_arrival, d.status)"
	"           IS DISTINCT FROM"
	"           ROW (s.flight_number, s.route_key, s.aircraft_key, s.scheduled_departure,"
	"                s.scheduled_arrival, s.status)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

/* Begins a version where none is current: of a new flight, or after the one that was closed. */
static BkQuery open_flights = BK_ETL_STATEMENT(
	"WITH source AS (SELECT * FROM warehouse.dim_flight_rows($1)),"
	" written AS ("
	"    INSERT INTO warehouse.dim_flight (flight_id, flight_number, route_key, aircraft_key,"
	"           scheduled_departure, scheduled_arrival, status, departure_date_key, departure_date,"
	"           departure_hour, time_zone, distance_km, currency, valid_from, valid_to, is_current,"
	"           source_updated_at, run_id)"
	"    SELECT s.flight_id, s.flight_number, s.route_key, s.aircraft_key, s.scheduled_departure,"
	"           s.scheduled_arrival, s.status, warehouse.date_key(l.departure::date),"
	"           l.departure::date, date_part('hour', l.departure), s.time_zone,"
	"           s.distance_km, s.currency,"
	"           coalesce((SELECT max(v.valid_to) FROM warehouse.dim_flight AS v"
	"                      WHERE v.flight_id = s.flight_id), '-infinity'),"
	"           'infinity', true, s.updated_at, $2"
	"      FROM source AS s"
	"     CROSS JOIN LATERAL (SELECT timezone(s.time_zone, s.scheduled_departure)) AS l (departure)"
	"     WHERE NOT EXISTS (SELECT FROM warehouse.dim_flight AS v"
	"                        WHERE v.flight_id = s.flight_id AND v.is_current)"
	" RETURNING 1)"
	" SELECT (SELECT count(*) FROM source) AS rows_in, count(*) AS rows_inserted FROM written");

/* What is not history follows the source in every version; local times follow the airport's zone. */
static BkQuery follow_flights = BK_ETL_STATEMENT(
	"WITH local AS ("
	"    SELECT d.flight_key, s.distance_km, s.currency, s.time_zone,"
	"           timezone(s.time_zone, d.scheduled_departure)::date AS departure_date,"
	"           date_part('hour', timezone(s.time_zone, d.scheduled_departure))"
	"               ::smallint AS departure_hour"
	"      FROM warehouse.dim_flight_rows($1) AS s"
	"      JOIN warehouse.dim_flight AS d ON d.flight_id = s.flight_id),"
	" written AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET distance_km = l.distance_km, currency = l.currency, time_zone = l.time_zone,"
	"           departure_date = l.departure_date, departure_hour = l.departure_hour,"
	"           departure_date_key = warehouse.date_key(l.departure_date),"
	"           is_deleted = false, run_id = $2"
	"      FROM local AS l"
	"     WHERE d.flight_key = l.flight_key"
	"       AND ROW (d.distance_km, d.currency, d.time_zone, d.departure_date, d.departure_hour,"
	"                d.is_deleted)"
	"           IS DISTINCT FROM"
	"           ROW (l.distance_km, l.currency, l.time_zone, l.departure_date, l.departure_hour,"
	"                false)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

/* Marks a flight that is deleted at the source; its versions stay. */
static BkQuery bury_flights = BK_ETL_STATEMENT(
	"WITH gone AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE d.flight_key > 0 AND d.is_current AND NOT d.is_inferred AND NOT d.is_deleted"
	"       AND ($1::bigint[] IS NULL OR d.flight_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM public.flights AS f WHERE f.flight_id = d.flight_id)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_deleted FROM gone");

/* ---- customers: history of tier and country (SCD2) ---- */

/* As for flights, from here on. */
static BkQuery correct_customers = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET tier = s.tier, country = s.country, is_inferred = false,"
	"           source_updated_at = s.updated_at, run_id = $2"
	"      FROM warehouse.dim_customer_rows($1) AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current AND d.is_inferred"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

static BkQuery close_customers = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_current = false, run_id = $2, valid_to = " VERSION_END
	"      FROM warehouse.dim_customer_rows($1) AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current"
	"       AND ROW (d.tier, d.country) IS DISTINCT FROM ROW (s.tier, s.country)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

static BkQuery open_customers = BK_ETL_STATEMENT(
	"WITH source AS (SELECT * FROM warehouse.dim_customer_rows($1)),"
	" written AS ("
	"    INSERT INTO warehouse.dim_customer (customer_id, tier, country, valid_from, valid_to,"
	"           is_current, source_updated_at, run_id)"
	"    SELECT s.customer_id, s.tier, s.country,"
	"           coalesce((SELECT max(v.valid_to) FROM warehouse.dim_customer AS v"
	"                      WHERE v.customer_id = s.customer_id), '-infinity'),"
	"           'infinity', true, s.updated_at, $2"
	"      FROM source AS s"
	"     WHERE NOT EXISTS (SELECT FROM warehouse.dim_customer AS v"
	"                        WHERE v.customer_id = s.customer_id AND v.is_current)"
	" RETURNING 1)"
	" SELECT (SELECT count(*) FROM source) AS rows_in, count(*) AS rows_inserted FROM written");

/* A customer that was deleted at the source and is there again. */
static BkQuery revive_customers = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_deleted = false, run_id = $2"
	"      FROM warehouse.dim_customer_rows($1) AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current AND d.is_deleted"
	" RETURNING 1)"
	" SELECT count(*) AS rows_updated FROM written");

static BkQuery bury_customers = BK_ETL_STATEMENT(
	"WITH gone AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE d.customer_key > 0 AND d.is_current AND NOT d.is_inferred AND NOT d.is_deleted"
	"       AND ($1::bigint[] IS NULL OR d.customer_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM public.customers AS c WHERE c.customer_id = d.customer_id)"
	" RETURNING 1)"
	" SELECT count(*) AS rows_deleted FROM gone");

static BkQuery *const inferred_step[] = {&infer_airports, &infer_aircraft, NULL};
static BkQuery *const flight_step[] = {&correct_flights, &close_flights, &open_flights,
									   &follow_flights,  &bury_flights,  NULL};
static BkQuery *const customer_step[] = {&correct_customers, &close_customers,
										 &open_customers,    &revive_customers,
										 &bury_customers,    NULL};

static void load_references(BkEtl *run);

void
bk_etl_dimensions(BkEtl *run)
{
	BkRows changes = bk_query_run(&mark_changes, bk_int64(BK_ETL_MAX_KEYS));
	NullableDatum flights = BK_ETL_ALL_KEYS;
	NullableDatum customers = BK_ETL_ALL_KEYS;

	run->everything = run->everything || bk_row_bool(changes, 0, "is_everything");
	load_references(run);

	if (!run->everything)
	{
		flights = bk_datum(bk_row_value(changes, 0, "flights"));
		customers = bk_datum(bk_row_value(changes, 0, "customers"));
	}
	bk_etl_step(run, "inferred airports and aircraft", inferred_step, flights);
	bk_etl_load(run, "dim_route", flights);
	bk_etl_step(run, "dim_flight", flight_step, flights);
	bk_etl_step(run, "dim_customer", customer_step, customers);
}

/* An airport that changed may have moved every local date: then everything is looked at, here and by the facts. */
static void
load_references(BkEtl *run)
{
	int64 updated;

	bk_etl_load(run, "dim_airport", BK_ETL_ALL_KEYS);
	updated = run->counts[BK_ROWS_UPDATED];
	bk_etl_load(run, "dim_aircraft", BK_ETL_ALL_KEYS);
	bk_etl_load(run, "dim_fare", BK_ETL_ALL_KEYS);
	if (updated > 0)
	{
		run->everything = true;
		(void) bk_query_run(&enqueue_everything);
	}
}
