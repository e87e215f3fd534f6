/*
 * etl_dimensions.c
 *		Loads the dimensions.
 *
 * Small reference tables are compared whole in every run; flights and customers by the keys that the queue names. The
 * facts take local dates and routes from here, so a change of an airport makes them look at everything.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/query.h"
#include "warehouse/etl.h"

/* Flight and customer keys of the queue, marked as done here. The facts remove them. */
static BkQuery mark_changes = BK_SELECT(
	"WITH marked AS ("
	"    UPDATE warehouse.change_queue"
	"       SET dimensions_done = true"
	"     WHERE entity <> 'booking' AND NOT dimensions_done"
	" RETURNING entity, key)"
	" SELECT coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'flight'), '{}'),"
	"        coalesce(array_agg(DISTINCT key) FILTER (WHERE entity = 'customer'), '{}'),"
	"        coalesce(bool_or(entity = 'everything'), false),"
	"        count(DISTINCT (entity, key))"
	"   FROM marked");

static BkQuery enqueue_everything = BK_INSERT(
	"INSERT INTO warehouse.change_queue (entity, dimensions_done) VALUES ('everything', true)");

/* ---- airports, aircraft, fares: overwritten (SCD1), kept when they are deleted ---- */

#define COUNTS_OF_WRITTEN_AND_GONE                  \
	" SELECT (SELECT count(*) FROM source),"        \
	"        count(*) FILTER (WHERE inserted),"     \
	"        count(*) FILTER (WHERE NOT inserted)," \
	"        (SELECT count(*) FROM gone),"          \
	"        0::bigint"                             \
	"   FROM written"

static BkQuery load_airports = BK_ETL_STATEMENT(
	"WITH source AS ("
	"    SELECT iata::text, name, city, country::text, latitude, longitude, time_zone,"
	"           false AS is_inferred, false AS is_deleted"
	"      FROM public.airports),"
	" written AS ("
	"    INSERT INTO warehouse.dim_airport (iata, name, city, country, latitude, longitude,"
	"           time_zone, is_inferred, is_deleted, run_id)"
	"    SELECT s.*, $2"
	"      FROM source AS s"
	"      LEFT JOIN warehouse.dim_airport AS t USING (iata)"
	"     WHERE ROW (t.airport_key, s.*, t.run_id) IS DISTINCT FROM ROW (t.*)"
	"        ON CONFLICT (iata) DO UPDATE"
	"       SET name = excluded.name, city = excluded.city, country = excluded.country,"
	"           latitude = excluded.latitude, longitude = excluded.longitude,"
	"           time_zone = excluded.time_zone, is_inferred = false, is_deleted = false,"
	"           run_id = excluded.run_id"
	" RETURNING (xmax = 0) AS inserted),"
	" gone AS ("
	"    UPDATE warehouse.dim_airport AS t"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE t.airport_key > 0 AND NOT t.is_inferred AND NOT t.is_deleted"
	"       AND NOT EXISTS (SELECT FROM source AS s WHERE s.iata = t.iata)"
	" RETURNING 1)" COUNTS_OF_WRITTEN_AND_GONE);

static BkQuery load_aircraft = BK_ETL_STATEMENT(
	"WITH source AS ("
	"    SELECT a.aircraft_code::text, a.model, a.range_km,"
	"           (SELECT count(*)::integer FROM public.aircraft_seats AS s"
	"             WHERE s.aircraft_code = a.aircraft_code) AS seats,"
	"           false AS is_inferred, false AS is_deleted"
	"      FROM public.aircraft AS a),"
	" written AS ("
	"    INSERT INTO warehouse.dim_aircraft (aircraft_code, model, range_km, seats, is_inferred,"
	"           is_deleted, run_id)"
	"    SELECT s.*, $2"
	"      FROM source AS s"
	"      LEFT JOIN warehouse.dim_aircraft AS t USING (aircraft_code)"
	"     WHERE ROW (t.aircraft_key, s.*, t.run_id) IS DISTINCT FROM ROW (t.*)"
	"        ON CONFLICT (aircraft_code) DO UPDATE"
	"       SET model = excluded.model, range_km = excluded.range_km, seats = excluded.seats,"
	"           is_inferred = false, is_deleted = false, run_id = excluded.run_id"
	" RETURNING (xmax = 0) AS inserted),"
	" gone AS ("
	"    UPDATE warehouse.dim_aircraft AS t"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE t.aircraft_key > 0 AND NOT t.is_inferred AND NOT t.is_deleted"
	"       AND NOT EXISTS (SELECT FROM source AS s WHERE s.aircraft_code = t.aircraft_code)"
	" RETURNING 1)" COUNTS_OF_WRITTEN_AND_GONE);

static BkQuery load_fares = BK_ETL_STATEMENT(
	"WITH source AS ("
	"    SELECT fare_code, name, refundable, changeable, price_factor,"
	"           false AS is_inferred, false AS is_deleted"
	"      FROM public.fares),"
	" written AS ("
	"    INSERT INTO warehouse.dim_fare (fare_code, name, refundable, changeable, price_factor,"
	"           is_inferred, is_deleted, run_id)"
	"    SELECT s.*, $2"
	"      FROM source AS s"
	"      LEFT JOIN warehouse.dim_fare AS t USING (fare_code)"
	"     WHERE ROW (t.fare_key, s.*, t.run_id) IS DISTINCT FROM ROW (t.*)"
	"        ON CONFLICT (fare_code) DO UPDATE"
	"       SET name = excluded.name, refundable = excluded.refundable,"
	"           changeable = excluded.changeable, price_factor = excluded.price_factor,"
	"           is_inferred = false, is_deleted = false, run_id = excluded.run_id"
	" RETURNING (xmax = 0) AS inserted),"
	" gone AS ("
	"    UPDATE warehouse.dim_fare AS t"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE t.fare_key > 0 AND NOT t.is_inferred AND NOT t.is_deleted"
	"       AND NOT EXISTS (SELECT FROM source AS s WHERE s.fare_code = t.fare_code)"
	" RETURNING 1)" COUNTS_OF_WRITTEN_AND_GONE);

/* ---- members that flights speak of and that have not arrived ---- */

#define COUNTS_OF_INFERRED \
	" SELECT 0::bigint, count(*), 0::bigint, 0::bigint, 0::bigint FROM written"

static BkQuery infer_airports = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_airport (iata, name, city, is_inferred, run_id)"
	"    SELECT DISTINCT a.iata::text, 'Inferred', 'Inferred', true, $2"
	"      FROM public.flights AS f, LATERAL (VALUES (f.origin), (f.destination)) AS a (iata)"
	"     WHERE ($1::bigint[] IS NULL OR f.flight_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM warehouse.dim_airport AS t WHERE t.iata = a.iata::text)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

static BkQuery infer_aircraft = BK_ETL_STATEMENT(
	"WITH written AS ("
	"    INSERT INTO warehouse.dim_aircraft (aircraft_code, model, is_inferred, run_id)"
	"    SELECT DISTINCT f.aircraft_code::text, 'Inferred', true, $2"
	"      FROM public.flights AS f"
	"     WHERE ($1::bigint[] IS NULL OR f.flight_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM warehouse.dim_aircraft AS t"
	"                        WHERE t.aircraft_code = f.aircraft_code::text)"
	" RETURNING 1)" COUNTS_OF_INFERRED);

/* ---- routes of the chosen flights, with all flights of theirs ---- */

static BkQuery load_routes = BK_ETL_STATEMENT(
	"WITH source AS ("
	"    SELECT o.iata AS origin, d.iata AS destination, o.iata || '-' || d.iata AS route,"
	"           o.airport_key AS origin_airport_key, d.airport_key AS destination_airport_key,"
	"           r.distance_km,"
	"           CASE WHEN r.distance_km < 1500 THEN 'short'"
	"                WHEN r.distance_km < 4000 THEN 'medium' ELSE 'long' END AS haul,"
	"           o.country = d.country AS is_domestic"
	"      FROM (SELECT f.origin, f.destination, max(f.distance_km) AS distance_km"
	"              FROM public.flights AS f"
	"             WHERE $1::bigint[] IS NULL"
	"                OR (f.origin, f.destination) IN (SELECT c.origin, c.destination"
	"                                                   FROM public.flights AS c"
	"                                                  WHERE c.flight_id = ANY ($1))"
	"             GROUP BY f.origin, f.destination) AS r"
	"      JOIN warehouse.dim_airport AS o ON o.iata = r.origin::text"
	"      JOIN warehouse.dim_airport AS d ON d.iata = r.destination::text),"
	" written AS ("
	"    INSERT INTO warehouse.dim_route (origin, destination, route, origin_airport_key,"
	"           destination_airport_key, distance_km, haul, is_domestic, run_id)"
	"    SELECT s.*, $2"
	"      FROM source AS s"
	"      LEFT JOIN warehouse.dim_route AS t USING (origin, destination)"
	"     WHERE ROW (t.route_key, s.*, t.run_id) IS DISTINCT FROM ROW (t.*)"
	"        ON CONFLICT (origin, destination) DO UPDATE"
	"       SET distance_km = excluded.distance_km, haul = excluded.haul,"
	"           is_domestic = excluded.is_domestic, run_id = excluded.run_id"
	" RETURNING (xmax = 0) AS inserted),"
	" gone AS (SELECT WHERE false)" COUNTS_OF_WRITTEN_AND_GONE);

/* ---- flights: history of number, route, schedule, aircraft and status (SCD2) ---- */

#define FLIGHT_SOURCE                                                                              \
	"WITH source AS ("                                                                             \
	"    SELECT f.flight_id, f.flight_number, r.route_key, a.aircraft_key, f.scheduled_departure," \
	"           f.scheduled_arrival, f.status, f.distance_km, f.currency::text, f.updated_at,"     \
	"           o.time_zone,"                                                                      \
	"           timezone(o.time_zone, f.scheduled_departure) AS local_departure"                   \
	"      FROM public.flights AS f"                                                               \
	"      JOIN warehouse.dim_route AS r"                                                          \
	"        ON r.origin = f.origin::text AND r.destination = f.destination::text"                 \
	"      JOIN warehouse.dim_aircraft AS a ON a.aircraft_code = f.aircraft_code::text"            \
	"      JOIN warehouse.dim_airport AS o ON o.iata = f.origin::text"                             \
	"     WHERE ($1::bigint[] IS NULL OR f.flight_id = ANY ($1))),"

#define COUNTS_OF_UPDATED \
	" SELECT 0::bigint, 0::bigint, count(*), 0::bigint, 0::bigint FROM written"

/* When the source changed: see dim_flight.source_updated_at. */
#define VERSION_END                                                                \
	"CASE WHEN s.updated_at > d.source_updated_at AND s.updated_at > d.valid_from" \
	"     THEN s.updated_at"                                                       \
	"     ELSE greatest(clock_timestamp(), d.valid_from + interval '1 microsecond') END"

static BkQuery correct_flights = BK_ETL_STATEMENT(
	FLIGHT_SOURCE
	" written AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET flight_number = s.flight_number, route_key = s.route_key,"
	"           aircraft_key = s.aircraft_key, scheduled_departure = s.scheduled_departure,"
	"           scheduled_arrival = s.scheduled_arrival, status = s.status, is_inferred = false,"
	"           source_updated_at = s.updated_at, run_id = $2"
	"      FROM source AS s"
	"     WHERE d.flight_id = s.flight_id AND d.is_current AND d.is_inferred"
	" RETURNING 1)" COUNTS_OF_UPDATED);

static BkQuery close_flights = BK_ETL_STATEMENT(
	FLIGHT_SOURCE
	" written AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET is_current = false, run_id = $2, valid_to = " VERSION_END
	"      FROM source AS s"
	"     WHERE d.flight_id = s.flight_id AND d.is_current"
	"       AND ROW (d.flight_number, d.route_key, d.aircraft_key, d.scheduled_departure,"
	"                d.scheduled_arrival, d.status)"
	"           IS DISTINCT FROM"
	"           ROW (s.flight_number, s.route_key, s.aircraft_key, s.scheduled_departure,"
	"                s.scheduled_arrival, s.status)"
	" RETURNING 1)" COUNTS_OF_UPDATED);

static BkQuery open_flights = BK_ETL_STATEMENT(
	FLIGHT_SOURCE
	" written AS ("
	"    INSERT INTO warehouse.dim_flight (flight_id, flight_number, route_key, aircraft_key,"
	"           scheduled_departure, scheduled_arrival, status, departure_date_key, departure_date,"
	"           departure_hour, time_zone, distance_km, currency, valid_from, valid_to, is_current,"
	"           source_updated_at, run_id)"
	"    SELECT s.flight_id, s.flight_number, s.route_key, s.aircraft_key, s.scheduled_departure,"
	"           s.scheduled_arrival, s.status, warehouse.date_key(s.local_departure::date),"
	"           s.local_departure::date, date_part('hour', s.local_departure), s.time_zone,"
	"           s.distance_km, s.currency,"
	"           coalesce((SELECT max(v.valid_to) FROM warehouse.dim_flight AS v"
	"                      WHERE v.flight_id = s.flight_id), '-infinity'),"
	"           'infinity', true, s.updated_at, $2"
	"      FROM source AS s"
	"     WHERE NOT EXISTS (SELECT FROM warehouse.dim_flight AS v"
	"                        WHERE v.flight_id = s.flight_id AND v.is_current)"
	" RETURNING 1)"
	" SELECT (SELECT count(*) FROM source), count(*), 0::bigint, 0::bigint,"
	"        0::bigint"
	"   FROM written");

/* What is not history follows the source in every version; local times follow the airport's zone. */
static BkQuery follow_flights = BK_ETL_STATEMENT(
	FLIGHT_SOURCE
	" local AS ("
	"    SELECT d.flight_key, s.distance_km, s.currency, s.time_zone,"
	"           timezone(s.time_zone, d.scheduled_departure)::date AS departure_date,"
	"           date_part('hour', timezone(s.time_zone, d.scheduled_departure))"
	"               ::smallint AS departure_hour"
	"      FROM source AS s"
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
	" RETURNING 1)" COUNTS_OF_UPDATED);

#define COUNTS_OF_GONE \
	" SELECT 0::bigint, 0::bigint, 0::bigint, count(*), 0::bigint FROM gone"

static BkQuery bury_flights = BK_ETL_STATEMENT(
	"WITH gone AS ("
	"    UPDATE warehouse.dim_flight AS d"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE d.flight_key > 0 AND d.is_current AND NOT d.is_inferred AND NOT d.is_deleted"
	"       AND ($1::bigint[] IS NULL OR d.flight_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM public.flights AS f WHERE f.flight_id = d.flight_id)"
	" RETURNING 1)" COUNTS_OF_GONE);

/* ---- customers: history of tier and country (SCD2) ---- */

#define CUSTOMER_SOURCE                                               \
	"WITH source AS ("                                                \
	"    SELECT c.customer_id, c.tier, c.country::text, c.updated_at" \
	"      FROM public.customers AS c"                                \
	"     WHERE ($1::bigint[] IS NULL OR c.customer_id = ANY ($1))),"

static BkQuery correct_customers = BK_ETL_STATEMENT(
	CUSTOMER_SOURCE
	" written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET tier = s.tier, country = s.country, is_inferred = false,"
	"           source_updated_at = s.updated_at, run_id = $2"
	"      FROM source AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current AND d.is_inferred"
	" RETURNING 1)" COUNTS_OF_UPDATED);

static BkQuery close_customers = BK_ETL_STATEMENT(
	CUSTOMER_SOURCE
	" written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_current = false, run_id = $2, valid_to = " VERSION_END
	"      FROM source AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current"
	"       AND ROW (d.tier, d.country) IS DISTINCT FROM ROW (s.tier, s.country)"
	" RETURNING 1)" COUNTS_OF_UPDATED);

static BkQuery open_customers = BK_ETL_STATEMENT(
	CUSTOMER_SOURCE
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
	" SELECT (SELECT count(*) FROM source), count(*), 0::bigint, 0::bigint,"
	"        0::bigint"
	"   FROM written");

static BkQuery revive_customers = BK_ETL_STATEMENT(
	CUSTOMER_SOURCE
	" written AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_deleted = false, run_id = $2"
	"      FROM source AS s"
	"     WHERE d.customer_id = s.customer_id AND d.is_current AND d.is_deleted"
	" RETURNING 1)" COUNTS_OF_UPDATED);

static BkQuery bury_customers = BK_ETL_STATEMENT(
	"WITH gone AS ("
	"    UPDATE warehouse.dim_customer AS d"
	"       SET is_deleted = true, run_id = $2"
	"     WHERE d.customer_key > 0 AND d.is_current AND NOT d.is_inferred AND NOT d.is_deleted"
	"       AND ($1::bigint[] IS NULL OR d.customer_id = ANY ($1))"
	"       AND NOT EXISTS (SELECT FROM public.customers AS c WHERE c.customer_id = d.customer_id)"
	" RETURNING 1)" COUNTS_OF_GONE);

static BkQuery *const airport_step[] = {&load_airports, NULL};
static BkQuery *const aircraft_step[] = {&load_aircraft, NULL};
static BkQuery *const fare_step[] = {&load_fares, NULL};
static BkQuery *const inferred_step[] = {&infer_airports, &infer_aircraft, NULL};
static BkQuery *const route_step[] = {&load_routes, NULL};
static BkQuery *const flight_step[] = {&correct_flights, &close_flights, &open_flights,
									   &follow_flights,  &bury_flights,  NULL};
static BkQuery *const customer_step[] = {&correct_customers, &close_customers,
										 &open_customers,    &revive_customers,
										 &bury_customers,    NULL};

static void load_references(BkEtl *run);

void
bk_etl_dimensions(BkEtl *run)
{
	BkRows changes = bk_query_run_old(&mark_changes, NULL, NULL);
	Datum flights;
	Datum customers;
	bool isnull;

	if (bk_row_bool_at(changes, 0, 3) || bk_row_int64_at(changes, 0, 4) > BK_ETL_MAX_KEYS)
		run->everything = true;
	load_references(run);

	flights = run->everything ? BK_ETL_ALL_KEYS : bk_row_datum_at(changes, 0, 1, &isnull);
	customers = run->everything ? BK_ETL_ALL_KEYS
								: bk_row_datum_at(changes, 0, 2, &isnull);
	bk_etl_step(run, "inferred airports and aircraft", inferred_step, flights);
	bk_etl_step(run, "dim_route", route_step, flights);
	bk_etl_step(run, "dim_flight", flight_step, flights);
	bk_etl_step(run, "dim_customer", customer_step, customers);
}

/* An airport that changed may have moved every local date: then everything is looked at, here and by the facts. */
static void
load_references(BkEtl *run)
{
	int64 updated;

	bk_etl_step(run, "dim_airport", airport_step, BK_ETL_ALL_KEYS);
	updated = run->counts[BK_ROWS_UPDATED];
	bk_etl_step(run, "dim_aircraft", aircraft_step, BK_ETL_ALL_KEYS);
	bk_etl_step(run, "dim_fare", fare_step, BK_ETL_ALL_KEYS);
	if (updated > 0)
	{
		run->everything = true;
		(void) bk_query_run_old(&enqueue_everything, NULL, NULL);
	}
}
