-- dimensions.sql: the rows that the dimensions should have, and the members that are missing. Loaded by
-- ddl_warehouse_schema.sql; load it alone after a change:
--     psql -1 -d flight_booking_reports -f dimensions.sql
--
-- A parameter holds the keys to look at; null stands for all. Each function is one SELECT that the planner takes into the
-- statement that calls it. So none is STRICT or SECURITY DEFINER, and none has settings of its own.

\set ON_ERROR_STOP on
SET ROLE booking_owner;

DROP FUNCTION IF EXISTS warehouse.dim_airport_rows(), warehouse.dim_aircraft_rows(), warehouse.dim_fare_rows(),
    warehouse.dim_route_rows(bigint[]), warehouse.dim_flight_rows(bigint[]), warehouse.dim_customer_rows(bigint[]),
    warehouse.missing_airports(bigint[]), warehouse.missing_aircraft(bigint[]), warehouse.missing_flights(bigint[]),
    warehouse.missing_customers(bigint[]), warehouse.missing_fares(bigint[]), warehouse.missing_channels(bigint[]);

---------------------------------------------------------------------------------------------------------------------
-- Overwritten by changes (SCD1)
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION warehouse.dim_airport_rows()
    RETURNS TABLE (iata text, name text, city text, country text, latitude numeric, longitude numeric, time_zone text,
                   is_inferred boolean, is_deleted boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT iata::text, name, city, country::text, latitude, longitude, time_zone, false, false
  FROM public.airports
$$;
COMMENT ON FUNCTION warehouse.dim_airport_rows() IS 'The airports as dim_airport should have them.';

CREATE FUNCTION warehouse.dim_aircraft_rows()
    RETURNS TABLE (aircraft_code text, model text, range_km integer, seats integer, is_inferred boolean, is_deleted boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT a.aircraft_code::text, a.model, a.range_km,
       (SELECT count(*)::integer FROM public.aircraft_seats AS s WHERE s.aircraft_code = a.aircraft_code), false, false
  FROM public.aircraft AS a
$$;
COMMENT ON FUNCTION warehouse.dim_aircraft_rows() IS 'The aircraft types as dim_aircraft should have them.';

CREATE FUNCTION warehouse.dim_fare_rows()
    RETURNS TABLE (fare_code text, name text, refundable boolean, changeable boolean, price_factor numeric,
                   is_inferred boolean, is_deleted boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT fare_code, name, refundable, changeable, price_factor, false, false
  FROM public.fares
$$;
COMMENT ON FUNCTION warehouse.dim_fare_rows() IS 'The fares as dim_fare should have them.';

CREATE FUNCTION warehouse.dim_route_rows(flight_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (origin text, destination text, route text, origin_airport_key integer, destination_airport_key integer,
                   distance_km integer, haul text, is_domestic boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT o.iata, d.iata, o.iata || '-' || d.iata, o.airport_key, d.airport_key, r.distance_km,
       CASE WHEN r.distance_km < 1500 THEN 'short' WHEN r.distance_km < 4000 THEN 'medium' ELSE 'long' END,
       o.country = d.country
  FROM (SELECT f.origin, f.destination, max(f.distance_km) AS distance_km
          FROM public.flights AS f
         WHERE flight_ids IS NULL
            OR (f.origin, f.destination) IN (SELECT c.origin, c.destination FROM public.flights AS c
                                              WHERE c.flight_id = ANY (flight_ids))
         GROUP BY f.origin, f.destination) AS r
  JOIN warehouse.dim_airport AS o ON o.iata = r.origin::text
  JOIN warehouse.dim_airport AS d ON d.iata = r.destination::text
$$;
COMMENT ON FUNCTION warehouse.dim_route_rows(bigint[]) IS
    'The routes of the chosen flights as dim_route should have them, with the distance of all flights on them.';

---------------------------------------------------------------------------------------------------------------------
-- With history (SCD2): the rows are the source as it is now; the ETL compares them with the current version
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION warehouse.dim_flight_rows(flight_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (flight_id bigint, flight_number text, route_key integer, aircraft_key integer,
                   scheduled_departure timestamptz, scheduled_arrival timestamptz, status text, distance_km integer,
                   currency text, time_zone text, updated_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT f.flight_id, f.flight_number, r.route_key, a.aircraft_key, f.scheduled_departure, f.scheduled_arrival, f.status,
       f.distance_km, f.currency::text, o.time_zone, f.updated_at
  FROM public.flights AS f
  JOIN warehouse.dim_route AS r ON r.origin = f.origin::text AND r.destination = f.destination::text
  JOIN warehouse.dim_aircraft AS a ON a.aircraft_code = f.aircraft_code::text
  JOIN warehouse.dim_airport AS o ON o.iata = f.origin::text
 WHERE flight_ids IS NULL OR f.flight_id = ANY (flight_ids)
$$;
COMMENT ON FUNCTION warehouse.dim_flight_rows(bigint[]) IS
    'The chosen flights as they are now, with the time zone of the origin. Routes, aircraft and airports must be loaded.';

CREATE FUNCTION warehouse.dim_customer_rows(customer_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (customer_id bigint, tier text, country text, updated_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT c.customer_id, c.tier, c.country::text, c.updated_at
  FROM public.customers AS c
 WHERE customer_ids IS NULL OR c.customer_id = ANY (customer_ids)
$$;
COMMENT ON FUNCTION warehouse.dim_customer_rows(bigint[]) IS 'The chosen customers as they are now.';

---------------------------------------------------------------------------------------------------------------------
-- Members that other rows speak of and that have not arrived
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION warehouse.missing_airports(flight_ids bigint[] DEFAULT NULL) RETURNS TABLE (iata text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT DISTINCT a.iata::text
  FROM public.flights AS f, LATERAL (VALUES (f.origin), (f.destination)) AS a (iata)
 WHERE (flight_ids IS NULL OR f.flight_id = ANY (flight_ids))
   AND NOT EXISTS (SELECT FROM warehouse.dim_airport AS t WHERE t.iata = a.iata::text)
$$;
COMMENT ON FUNCTION warehouse.missing_airports(bigint[]) IS 'Airports of the chosen flights that dim_airport lacks.';

CREATE FUNCTION warehouse.missing_aircraft(flight_ids bigint[] DEFAULT NULL) RETURNS TABLE (aircraft_code text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT DISTINCT f.aircraft_code::text
  FROM public.flights AS f
 WHERE (flight_ids IS NULL OR f.flight_id = ANY (flight_ids))
   AND NOT EXISTS (SELECT FROM warehouse.dim_aircraft AS t WHERE t.aircraft_code = f.aircraft_code::text)
$$;
COMMENT ON FUNCTION warehouse.missing_aircraft(bigint[]) IS 'Aircraft types of the chosen flights that dim_aircraft lacks.';

CREATE FUNCTION warehouse.missing_flights(booking_ids bigint[] DEFAULT NULL) RETURNS TABLE (flight_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT f.flight_id
  FROM (SELECT flight_id FROM public.booking_items WHERE booking_ids IS NULL OR booking_id = ANY (booking_ids)
         UNION
        SELECT flight_id FROM public.booking_events WHERE booking_ids IS NULL OR booking_id = ANY (booking_ids)) AS f
 WHERE NOT EXISTS (SELECT FROM warehouse.dim_flight AS d WHERE d.flight_id = f.flight_id AND d.is_current)
$$;
COMMENT ON FUNCTION warehouse.missing_flights(bigint[]) IS 'Flights of the chosen bookings that dim_flight lacks.';

CREATE FUNCTION warehouse.missing_customers(booking_ids bigint[] DEFAULT NULL) RETURNS TABLE (customer_id bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT DISTINCT b.customer_id
  FROM public.bookings AS b
 WHERE (booking_ids IS NULL OR b.booking_id = ANY (booking_ids))
   AND NOT EXISTS (SELECT FROM warehouse.dim_customer AS d WHERE d.customer_id = b.customer_id AND d.is_current)
$$;
COMMENT ON FUNCTION warehouse.missing_customers(bigint[]) IS 'Customers of the chosen bookings that dim_customer lacks.';

CREATE FUNCTION warehouse.missing_fares(booking_ids bigint[] DEFAULT NULL) RETURNS TABLE (fare_code text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT DISTINCT b.fare_code
  FROM public.bookings AS b
 WHERE (booking_ids IS NULL OR b.booking_id = ANY (booking_ids))
   AND NOT EXISTS (SELECT FROM warehouse.dim_fare AS d WHERE d.fare_code = b.fare_code)
$$;
COMMENT ON FUNCTION warehouse.missing_fares(bigint[]) IS 'Fares of the chosen bookings that dim_fare lacks.';

CREATE FUNCTION warehouse.missing_channels(booking_ids bigint[] DEFAULT NULL) RETURNS TABLE (channel text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT DISTINCT b.channel
  FROM public.bookings AS b
 WHERE (booking_ids IS NULL OR b.booking_id = ANY (booking_ids))
   AND NOT EXISTS (SELECT FROM warehouse.dim_channel AS d WHERE d.channel = b.channel)
$$;
COMMENT ON FUNCTION warehouse.missing_channels(bigint[]) IS 'Channels of the chosen bookings that dim_channel lacks.';

\ir grants.sql
RESET ROLE;
