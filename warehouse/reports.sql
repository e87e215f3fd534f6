-- reports.sql: the reports. Loaded by ddl_warehouse_schema.sql; load it alone after a change:
--     psql -1 -d flight_booking_reports -f reports.sql
--
-- booking.report_…() and /v1/reports/{name} check their arguments and read from here. A ratio is always a sum divided by a
-- sum. Each function is one SELECT that the planner takes into the statement that calls it, with the arguments: date_from
-- and date_to are the first and the last date, null for no bound; group_by is one of the report's words; origin and
-- destination are IATA codes, null for all.

\set ON_ERROR_STOP on
SET ROLE booking_owner;

DROP FUNCTION IF EXISTS warehouse.load_factor(date, date, text, text, text), warehouse.revenue(date, date, text, text, text),
    warehouse.booking_curve(date, date, text, text, text), warehouse.group_key(text, text, date, text, text, text),
    warehouse.freshness();

CREATE FUNCTION warehouse.freshness() RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT freshness FROM warehouse.etl_runs
 WHERE status = 'succeeded' AND scope <> 'dimensions'
 ORDER BY run_id DESC LIMIT 1
$$;
COMMENT ON FUNCTION warehouse.freshness() IS
    'Changes committed in this database before this moment are in the facts; null before the first run.';

CREATE FUNCTION warehouse.group_key(group_by text, route text, full_date date, year_month text, cabin_class text, aircraft text)
    RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT CASE group_by WHEN 'route' THEN route
                     WHEN 'date' THEN coalesce(to_char(full_date, 'YYYY-MM-DD'), year_month)
                     WHEN 'month' THEN year_month
                     WHEN 'cabin' THEN cabin_class
                     WHEN 'aircraft' THEN aircraft
                     WHEN 'total' THEN 'total' END
$$;
COMMENT ON FUNCTION warehouse.group_key(text, text, date, text, text, text) IS
    'What a row is counted under, for the words that all reports group by.';

CREATE FUNCTION warehouse.load_factor(date_from date, date_to date, group_by text, origin text, destination text)
    RETURNS TABLE (group_key text, flights bigint, seats bigint, passengers bigint, ask bigint, rpk bigint,
                   load_factor float8)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT g.group_key, count(DISTINCT f.flight_id), sum(f.seats)::bigint, sum(f.passengers)::bigint, sum(f.ask)::bigint,
       sum(f.rpk)::bigint, sum(f.rpk)::float8 / nullif(sum(f.ask), 0)::float8
  FROM warehouse.fact_flight_cabin AS f
  JOIN warehouse.dim_flight AS flight ON flight.flight_key = f.flight_key
  JOIN warehouse.dim_date AS d ON d.date_key = f.departure_date_key
  JOIN warehouse.dim_route AS r ON r.route_key = f.route_key
  JOIN warehouse.dim_cabin AS c ON c.cabin_key = f.cabin_key
  JOIN warehouse.dim_aircraft AS a ON a.aircraft_key = f.aircraft_key
 CROSS JOIN LATERAL (SELECT CASE group_by
                            WHEN 'flight_number' THEN flight.flight_number
                            ELSE warehouse.group_key(group_by, r.route, d.full_date, d.year_month, c.cabin_class,
                                                     coalesce(a.aircraft_code, a.model)) END) AS g (group_key)
 WHERE f.is_operated = 1
   AND (date_from IS NULL OR d.full_date >= date_from) AND (date_to IS NULL OR d.full_date <= date_to)
   AND (load_factor.origin IS NULL OR r.origin = load_factor.origin)
   AND (load_factor.destination IS NULL OR r.destination = load_factor.destination)
 GROUP BY g.group_key
 ORDER BY g.group_key COLLATE "C"
$$;
COMMENT ON FUNCTION warehouse.load_factor(date, date, text, text, text) IS
    'What booking.report_load_factor() returns.';

CREATE FUNCTION warehouse.revenue(date_from date, date_to date, group_by text, origin text, destination text)
    RETURNS TABLE (group_key text, currency text, items_sold bigint, items_cancelled bigint, gross_revenue numeric,
                   refunds numeric, penalties_kept numeric, net_revenue numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT g.group_key, f.currency, count(*) FILTER (WHERE f.seat_delta = 1), count(*) FILTER (WHERE f.seat_delta = -1),
       sum(greatest(f.revenue_delta, 0.00)), sum(greatest(- f.revenue_delta, 0.00)), sum(f.penalty_amount),
       sum(f.revenue_delta)
  FROM warehouse.fact_booking_event AS f
  JOIN warehouse.dim_fare AS fare ON fare.fare_key = f.fare_key
  JOIN warehouse.dim_channel AS channel ON channel.channel_key = f.channel_key
  JOIN warehouse.dim_date AS d ON d.date_key = f.event_date_key
  JOIN warehouse.dim_route AS r ON r.route_key = f.route_key
  JOIN warehouse.dim_cabin AS c ON c.cabin_key = f.cabin_key
  JOIN warehouse.dim_aircraft AS a ON a.aircraft_key = f.aircraft_key
 CROSS JOIN LATERAL (SELECT CASE group_by
                            WHEN 'fare' THEN fare.fare_code
                            WHEN 'channel' THEN channel.channel
                            ELSE warehouse.group_key(group_by, r.route, d.full_date, d.year_month, c.cabin_class,
                                                     coalesce(a.aircraft_code, a.model)) END) AS g (group_key)
 WHERE (f.seat_delta <> 0 OR f.revenue_delta <> 0)
   AND (date_from IS NULL OR d.full_date >= date_from) AND (date_to IS NULL OR d.full_date <= date_to)
   AND (revenue.origin IS NULL OR r.origin = revenue.origin)
   AND (revenue.destination IS NULL OR r.destination = revenue.destination)
 GROUP BY g.group_key, f.currency
 ORDER BY g.group_key COLLATE "C", f.currency
$$;
COMMENT ON FUNCTION warehouse.revenue(date, date, text, text, text) IS 'What booking.report_revenue() returns.';

-- A flight counts at the points that it has reached (reached: the latest of them). It has reached D-x when x days before its
-- departure were today or earlier when the warehouse was last brought up to date. Pick-up is over the same flights.
CREATE FUNCTION warehouse.booking_curve(date_from date, date_to date, group_by text, origin text, destination text)
    RETURNS TABLE (group_key text, days_before integer, flights bigint, capacity bigint, bookings_on_hand bigint,
                   booked_load float8, pick_up bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
WITH cabin AS (
    SELECT g.group_key, f.flight_id, f.cabin_key, f.seats,
           (SELECT min(p.days_before) FROM warehouse.dim_collection_point AS p
             WHERE p.days_before
                   >= flight.departure_date - timezone(flight.time_zone, (SELECT warehouse.freshness()))::date) AS reached
      FROM warehouse.fact_flight_cabin AS f
      JOIN warehouse.dim_flight AS flight ON flight.flight_key = f.flight_key
      JOIN warehouse.dim_date AS d ON d.date_key = f.departure_date_key
      JOIN warehouse.dim_route AS r ON r.route_key = f.route_key
      JOIN warehouse.dim_cabin AS c ON c.cabin_key = f.cabin_key
      JOIN warehouse.dim_aircraft AS a ON a.aircraft_key = f.aircraft_key
     CROSS JOIN LATERAL (SELECT CASE group_by
                                WHEN 'flight_number' THEN flight.flight_number
                                ELSE warehouse.group_key(group_by, r.route, d.full_date, d.year_month, c.cabin_class,
                                                         coalesce(a.aircraft_code, a.model)) END) AS g (group_key)
     WHERE f.is_cancelled = 0
       AND (date_from IS NULL OR d.full_date >= date_from) AND (date_to IS NULL OR d.full_date <= date_to)
       AND (booking_curve.origin IS NULL OR r.origin = booking_curve.origin)
       AND (booking_curve.destination IS NULL OR r.destination = booking_curve.destination)),
offered AS (
    SELECT group_key, reached, count(DISTINCT flight_id) AS flights, sum(seats) AS seats
      FROM cabin
     WHERE reached IS NOT NULL
     GROUP BY group_key, reached),
sold AS (
    SELECT c.group_key, c.reached, p.days_before, sum(p.pick_up) AS seats
      FROM cabin AS c
      JOIN warehouse.fact_booking_curve AS p ON p.flight_id = c.flight_id AND p.cabin_key = c.cabin_key
     GROUP BY c.group_key, c.reached, p.days_before)
SELECT o.group_key, o.days_before, o.flights, o.capacity, coalesce(s.on_hand, 0),
       coalesce(s.on_hand, 0)::float8 / nullif(o.capacity, 0)::float8, coalesce(s.pick_up, 0)
  FROM (SELECT f.group_key, p.days_before, sum(f.flights)::bigint AS flights, sum(f.seats)::bigint AS capacity
          FROM warehouse.dim_collection_point AS p
          JOIN offered AS f ON f.reached <= p.days_before
         GROUP BY f.group_key, p.days_before) AS o
  LEFT JOIN (SELECT f.group_key, p.days_before, sum(f.seats)::bigint AS on_hand,
                    (sum(f.seats) FILTER (WHERE f.days_before = p.days_before))::bigint AS pick_up
               FROM warehouse.dim_collection_point AS p
               JOIN sold AS f ON f.reached <= p.days_before AND f.days_before >= p.days_before
              GROUP BY f.group_key, p.days_before) AS s
    ON s.group_key = o.group_key AND s.days_before = o.days_before
 ORDER BY o.group_key COLLATE "C", o.days_before DESC
$$;
COMMENT ON FUNCTION warehouse.booking_curve(date, date, text, text, text) IS
    'What booking.report_booking_curve() returns.';

\ir grants.sql
RESET ROLE;
