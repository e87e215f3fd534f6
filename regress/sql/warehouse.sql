-- The warehouse on an airline of five flights long ago, small enough to work out every figure by hand. It has a database
-- of its own, so that no other test's bookings are in the sums.
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema_file :abs_srcdir '/../sql/flights_oltp_schema.sql'
\set roles_file :abs_srcdir '/../sql/roles.sql'
\set warehouse_file :abs_srcdir '/../warehouse/ddl_warehouse_schema.sql'
\set api_file :abs_srcdir '/fixture_api.sql'
SELECT current_database() AS first_database \gset
\set ECHO none
\o /dev/null
SET client_min_messages = warning;
DROP DATABASE IF EXISTS regress_warehouse;
CREATE DATABASE regress_warehouse TEMPLATE template0;
\c regress_warehouse
\i :schema_file
CREATE EXTENSION booking;
\i :api_file
\i :roles_file
\i :warehouse_file
\i :warehouse_file
\i :roles_file
SET search_path = "$user", public, booking;
SET TimeZone = 'UTC';
\o
\set ECHO all
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
RESET client_min_messages;
-- every table, view and function has a comment, and every table a key
SELECT relname FROM pg_class c WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'm') AND obj_description(c.oid, 'pg_class') IS NULL;
SELECT relname FROM pg_class c WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'm') AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique);
SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'warehouse'::regnamespace;
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'warehouse'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT DISTINCT pg_get_userbyid(proowner) FROM pg_proc WHERE pronamespace = 'warehouse'::regnamespace;
SELECT p.oid::regprocedure FROM pg_proc p WHERE pronamespace = 'warehouse'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE');
-- the planner takes every SELECT of the warehouse into the statement that reads it: none is a scan of a function
CREATE FUNCTION pg_temp.explain(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN ' || statement; END $$;
SELECT p.oid::regprocedure FROM pg_proc AS p
 WHERE pronamespace = 'warehouse'::regnamespace AND proretset
   AND EXISTS (SELECT FROM pg_temp.explain(format('SELECT * FROM %s(%s)', p.oid::regproc, (SELECT string_agg('NULL', ', ') FROM generate_series(1, pronargs)))) AS line WHERE line LIKE '%Function Scan%');
SELECT * FROM booking.check_schema();
BEGIN;
GRANT EXECUTE ON FUNCTION warehouse.load_statement(text) TO booking_ro;
REVOKE EXECUTE ON FUNCTION warehouse.date_key(date) FROM booking_analyst;
GRANT DELETE ON warehouse.fact_payment TO reports_etl;
ALTER FUNCTION warehouse.lead_bands() OWNER TO reports_etl;
ALTER TABLE bookings ENABLE TRIGGER capture_change;
DROP TRIGGER capture_change ON flights;
SELECT * FROM booking.check_schema();
ROLLBACK;

-- The airline. Flight 1: 2 business and 4 economy seats, one of them blocked. Flight 2 leaves on the 11th in UTC, on the
-- 10th in New York; flight 5 on the 9th in UTC, on the 10th in Auckland. Flight 3 is cancelled, flight 4 in the far future.
INSERT INTO airports (iata, name, city, country, latitude, longitude, time_zone, updated_at)
VALUES ('LHR', 'Heathrow', 'London', 'GB', 51.47060, -0.46194, 'Europe/London', '2020-01-01'),
       ('JFK', 'John F. Kennedy', 'New York', 'US', 40.63980, -73.77890, 'America/New_York', '2020-01-01'),
       ('AKL', 'Auckland', 'Auckland', 'NZ', -37.00806, 174.79167, 'Pacific/Auckland', '2020-01-01');
INSERT INTO aircraft (aircraft_code, model, range_km) VALUES ('TST', 'Test', 12000);
INSERT INTO fares (fare_code, name, refundable, changeable, price_factor)
VALUES ('standard', 'Standard', true, true, 1.00), ('flex', 'Flex', true, true, 1.30);
INSERT INTO flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, actual_departure,
                     actual_arrival, aircraft_code, status, base_price, currency, sales_open_at, sales_close_at, distance_km, updated_at)
VALUES (1, 'FB1', 'LHR', 'JFK', '2020-03-10 10:00Z', '2020-03-10 18:00Z', '2020-03-10 10:20Z', '2020-03-10 18:05Z', 'TST', 'arrived', 100, 'EUR', '2019-06-01', '2020-03-10', 5000, '2020-01-01'),
       (2, 'FB2', 'JFK', 'LHR', '2020-03-11 01:00Z', '2020-03-11 08:00Z', '2020-03-11 01:00Z', '2020-03-11 08:00Z', 'TST', 'arrived', 100, 'EUR', '2019-06-01', '2020-03-11', 5000, '2020-01-01'),
       (3, 'FB1', 'LHR', 'JFK', '2020-03-12 10:00Z', '2020-03-12 18:00Z', NULL, NULL, 'TST', 'cancelled', 100, 'EUR', '2019-06-01', '2020-03-12', 5000, '2020-01-01'),
       (4, 'FB1', 'LHR', 'JFK', '2090-03-10 10:00Z', '2090-03-10 18:00Z', NULL, NULL, 'TST', 'scheduled', 100, 'EUR', '2019-06-01', '2090-03-10', 5000, '2020-01-01'),
       (5, 'FB5', 'AKL', 'LHR', '2020-03-09 12:00Z', '2020-03-10 13:00Z', '2020-03-09 12:00Z', NULL, 'TST', 'departed', 100, 'NZD', '2019-06-01', '2020-03-09', 10000, '2020-01-01');
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price, status)
SELECT f, s, CASE WHEN s LIKE '1_' THEN 'business' ELSE 'economy' END, '', 100, CASE WHEN f = 1 AND s = '2D' THEN 'blocked' ELSE 'available' END
  FROM (VALUES (1, '{1A,1B,2A,2B,2C,2D}'::text[]), (2, '{2A,2B,2C,2D}'), (3, '{2A,2B,2C,2D}'), (4, '{2A,2B}'), (5, '{2A,2B}')) AS v (f, list), unnest(list) AS s;
INSERT INTO customers (customer_id, full_name, country, updated_at)
SELECT n, 'Customer ' || n, 'GB', '2020-01-01' FROM generate_series(1, 3) AS n;
INSERT INTO bookings (booking_id, booking_reference, customer_id, status, fare_code, channel, total_amount, currency, payment_required_by, confirmed_at, cancelled_at, expired_at)
VALUES (1, 'AAAAA2', 1, 'completed', 'standard', 'web', 510, 'EUR', NULL, '2020-01-05 12:00Z', NULL, NULL),
       (2, 'AAAAA3', 2, 'completed', 'flex', 'agent', 250, 'EUR', NULL, '2020-03-01 12:00Z', NULL, NULL),
       (3, 'AAAAA4', 2, 'cancelled', 'standard', 'api', 100, 'EUR', NULL, '2020-02-01 12:00Z', '2020-02-20 12:00Z', NULL),
       (4, 'AAAAA5', 1, 'expired', 'standard', 'web', 0, 'EUR', '2020-03-02 12:15Z', NULL, NULL, '2020-03-02 12:15Z'),
       (5, 'AAAAA6', 3, 'cancelled', 'standard', 'web', 0, 'EUR', NULL, '2020-03-05 12:00Z', '2020-03-11 12:00Z', NULL),
       (6, 'AAAAA7', 3, 'confirmed', 'standard', 'web', 70, 'EUR', NULL, '2020-03-05 12:00Z', NULL, NULL),
       (7, 'AAAAA8', 1, 'confirmed', 'standard', 'web', 900, 'NZD', NULL, '2020-03-01 12:00Z', NULL, NULL);
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, penalty_amount, status)
VALUES (1, 1, 1, '1A', 'Adult', 'adult', 500, 0, 'flown'), (1, 2, 1, '2A', 'Infant', 'infant', 10, 0, 'flown'),
       (2, 1, 1, '2B', 'Late', 'adult', 120, 0, 'no_show'), (2, 2, 2, '2A', 'Late', 'adult', 130, 0, 'flown'),
       (3, 1, 1, '1B', 'Gone', 'adult', 400, 100, 'cancelled'), (4, 1, 2, '2B', 'Slow', 'adult', 90, 0, 'expired'),
       (5, 1, 3, '2A', 'Stuck', 'adult', 100, 0, 'cancelled'), (6, 1, 4, '2A', 'Early', 'adult', 70, 0, 'confirmed'),
       (7, 1, 5, '2A', 'Far', 'adult', 900, 0, 'confirmed');
INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
VALUES (1, 1, 1, '1A', 'confirmed', 1, 500, '2020-01-05 12:00Z'), (1, 2, 1, '2A', 'confirmed', 1, 10, '2020-01-05 12:00Z'),
       (1, 1, 1, '1A', 'flown', 0, 0, '2020-03-10 10:00Z'), (1, 2, 1, '2A', 'flown', 0, 0, '2020-03-10 10:00Z'),
       (2, 1, 1, '2B', 'confirmed', 1, 120, '2020-03-01 12:00Z'), (2, 2, 2, '2A', 'confirmed', 1, 130, '2020-03-01 12:00Z'),
       (2, 1, 1, '2B', 'no_show', 0, 0, '2020-03-10 10:00Z'), (2, 2, 2, '2A', 'flown', 0, 0, '2020-03-11 01:00Z'),
       (3, 1, 1, '1B', 'confirmed', 1, 400, '2020-02-01 12:00Z'), (3, 1, 1, '1B', 'cancelled', -1, -300, '2020-02-20 12:00Z'),
       (4, 1, 2, '2B', 'held', 0, 0, '2020-03-02 12:00Z'), (4, 1, 2, '2B', 'expired', 0, 0, '2020-03-02 12:15Z'),
       (5, 1, 3, '2A', 'confirmed', 1, 100, '2020-03-05 12:00Z'), (5, 1, 3, '2A', 'cancelled', -1, -100, '2020-03-11 12:00Z'),
       (6, 1, 4, '2A', 'confirmed', 1, 70, '2020-03-05 12:00Z'),
       (7, 1, 5, '2A', 'confirmed', 1, 900, '2020-03-01 12:00Z');
INSERT INTO payments (booking_id, amount, currency, created_at)
VALUES (1, 510, 'EUR', '2020-01-05 12:00Z'), (2, 250, 'EUR', '2020-03-01 12:00Z'), (3, 400, 'EUR', '2020-02-01 12:00Z'),
       (3, -300, 'EUR', '2020-02-20 12:00Z'), (5, 100, 'EUR', '2020-03-05 12:00Z'), (5, -100, 'EUR', '2020-03-11 12:00Z'),
       (6, 70, 'EUR', '2020-03-05 12:00Z'), (7, 900, 'NZD', '2020-03-01 12:00Z');
-- nothing is in a report before the first run
SELECT * FROM report_revenue();
SELECT entity, count(*), min(key), max(key) FROM warehouse.change_queue GROUP BY entity ORDER BY entity;
SELECT scope, is_full, status, rows_in, rows_inserted, rows_updated, rows_deleted, rows_rejected FROM etl_run();
SELECT step, rows_in, rows_inserted FROM warehouse.etl_run_steps ORDER BY run_id, step_no;
-- a second run finds nothing to do
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run();
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run(NULL);

-- load factor: RPK / ASK; neither the blocked seat nor the infant nor the no-show counts
SELECT * FROM report_load_factor();
SELECT * FROM report_load_factor('2020-03-10', '2020-03-10', 'total');
SELECT * FROM report_load_factor(group_by => 'cabin', origin => 'LHR', destination => 'JFK');
SELECT * FROM report_load_factor(group_by => 'month');
SELECT group_key, ask, rpk FROM report_load_factor(group_by => 'date');
SELECT group_key, ask, rpk FROM report_load_factor(group_by => 'flight_number');
SELECT group_key, ask, rpk FROM report_load_factor(group_by => 'aircraft');
SELECT * FROM report_load_factor('2020-03-11');
-- revenue: currencies stay apart, and net is what was paid
SELECT * FROM report_revenue();
SELECT * FROM report_revenue(group_by => 'month');
SELECT * FROM report_revenue('2020-02-20', '2020-03-01', 'date');
SELECT group_key, currency, net_revenue FROM report_revenue(group_by => 'fare');
SELECT group_key, currency, net_revenue FROM report_revenue(group_by => 'channel');
SELECT group_key, currency, net_revenue FROM report_revenue(group_by => 'cabin');
SELECT currency, net_revenue, (SELECT sum(amount) FROM payments p WHERE p.currency = r.currency) AS paid FROM report_revenue(group_by => 'total') AS r;
-- booking curve: business 2 seats, sold at D-65 and D-38, given back at D-19; economy 3 seats, sold at D-65 and D-9
SELECT * FROM report_booking_curve('2020-03-10', '2020-03-10', 'cabin', 'LHR', 'JFK') WHERE pick_up <> 0 OR days_before IN (31, 10, 0);
SELECT count(*), min(days_before), max(days_before) FROM report_booking_curve('2020-03-10', '2020-03-10', 'total', 'LHR', 'JFK');
-- the cancelled flight and the flight of 2090, which has reached no point, are not in it
SELECT group_key, flights, capacity, bookings_on_hand FROM report_booking_curve(group_by => 'month') WHERE days_before = 0;
-- what a report refuses
SELECT * FROM report_load_factor(group_by => 'fare');
SELECT * FROM report_revenue(group_by => 'route; DROP TABLE flights');
SELECT * FROM report_booking_curve(origin => 'Heathrow');
SELECT * FROM report_revenue('2020-03-02', '2020-03-01');
SELECT * FROM report_load_factor('-infinity', '2020-03-01');
SELECT * FROM report_booking_curve(date_to => 'infinity');
SELECT * FROM report_revenue(group_by => '');
SELECT * FROM report_revenue(destination => '');
-- null is as good as nothing
SELECT count(*) FROM report_revenue(NULL, NULL, NULL, NULL, NULL);

-- facts
SELECT booking_id AS b, item_no AS i, cabin_class, fare_code, channel, lead_band, booked_date_key AS booked, confirmed_date_key AS confirmed,
       cancelled_date_key AS cancelled, departure_date_key AS departure, lead_days, gross_amount AS gross, refund_amount AS refund, penalty_amount AS penalty
  FROM warehouse.fact_booking_item JOIN warehouse.dim_cabin USING (cabin_key) JOIN warehouse.dim_fare USING (fare_key)
  JOIN warehouse.dim_channel USING (channel_key) JOIN warehouse.dim_lead_band USING (lead_band_key)
 ORDER BY 1, 2;
SELECT flight_id, cabin_class, capacity, blocked, seats, booked, flown, passengers, no_show, ask, rpk, flown_revenue, net_revenue, currency,
       departure_delay_minutes AS departure_delay, arrival_delay_minutes AS arrival_delay, is_operated, is_cancelled
  FROM warehouse.fact_flight_cabin JOIN warehouse.dim_cabin USING (cabin_key) ORDER BY 1, 2;
SELECT route, haul, is_domestic, distance_km FROM warehouse.dim_route ORDER BY 1;
SELECT route, year_month, currency, flights_operated, flights_cancelled, seats, passengers, load_factor, yield, prask FROM warehouse.mv_route_month ORDER BY 1, 2;

-- history: who was regular in January and gold from February on, and a flight that arrives
UPDATE customers SET tier = 'gold', updated_at = '2020-02-01' WHERE customer_id = 1;
UPDATE flights SET status = 'arrived', actual_arrival = '2020-03-10 13:30Z', updated_at = '2020-03-10 13:30Z' WHERE flight_id = 5;
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run();
SELECT tier, valid_from, valid_to, is_current FROM warehouse.dim_customer WHERE customer_id = 1 ORDER BY valid_from;
SELECT status, valid_from, valid_to, is_current FROM warehouse.dim_flight WHERE flight_id = 5 ORDER BY valid_from;
SELECT booking_id, item_no, tier, booked_at FROM warehouse.fact_booking_item JOIN warehouse.dim_customer USING (customer_key) WHERE customer_id = 1 ORDER BY 1, 2;
SELECT f.status, c.arrival_delay_minutes FROM warehouse.fact_flight_cabin AS c JOIN warehouse.dim_flight AS f USING (flight_key) WHERE c.flight_id = 5;
-- a writer that does not keep updated_at: the clock dates the version; what is no history is corrected in place
UPDATE customers SET tier = 'silver' WHERE customer_id = 2;
UPDATE flights SET distance_km = 5001 WHERE flight_id = 1;
SELECT is_full FROM etl_run();
SELECT tier, valid_to > now() - interval '1 hour' AS until_lately FROM warehouse.dim_customer WHERE customer_id = 2 AND NOT is_current;
SELECT count(*), min(distance_km) FROM warehouse.dim_flight WHERE flight_id = 1;
SELECT route, distance_km FROM warehouse.dim_route WHERE route = 'LHR-JFK';

-- the two steps, each in a transaction of its own
UPDATE flights SET status = 'delayed', estimated_departure = '2090-03-10 11:00Z' WHERE flight_id = 4;
SELECT scope, rows_inserted, rows_updated FROM etl_dimensions();
SELECT entity, key, dimensions_done FROM warehouse.change_queue;
SELECT scope, rows_inserted, rows_updated FROM etl_facts();
SELECT count(*) FROM warehouse.change_queue;

-- early facts: a booking of a flight and a customer that have not arrived, an event whose booking has not
SET session_replication_role = replica;
INSERT INTO bookings (booking_id, booking_reference, customer_id, status, channel, total_amount, currency, confirmed_at)
VALUES (8, 'AAAAA9', 9, 'confirmed', 'web', 60, 'EUR', '2020-03-05 12:00Z');
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status) VALUES (8, 1, 9, '2A', 'First', 60, 'confirmed');
INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
VALUES (8, 1, 9, '2A', 'confirmed', 1, 60, '2020-03-05 12:00Z'), (10, 1, 1, '2C', 'confirmed', 1, 80, '2020-03-05 12:00Z');
SELECT rows_inserted, rows_rejected FROM etl_run();
SELECT d.flight_number, d.is_inferred, c.tier, c.is_inferred FROM warehouse.fact_booking_item JOIN warehouse.dim_flight AS d USING (flight_key) JOIN warehouse.dim_customer AS c USING (customer_key) WHERE booking_id = 8;
SELECT group_key, net_revenue FROM report_revenue() WHERE group_key = 'Unknown';
INSERT INTO flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code, base_price, currency, sales_open_at, sales_close_at, distance_km, updated_at)
VALUES (9, 'FB9', 'JFK', 'AKL', '2020-04-01 10:00Z', '2020-04-02 05:00Z', 'NEW', 100, 'EUR', '2019-06-01', '2020-04-01', 14000, '2020-01-01');
INSERT INTO customers (customer_id, full_name, country, tier, updated_at) VALUES (9, 'Nine', 'US', 'gold', '2020-01-01');
INSERT INTO bookings (booking_id, booking_reference, customer_id, status, channel, total_amount, currency, confirmed_at)
VALUES (10, 'AAAAB2', 9, 'confirmed', 'web', 80, 'EUR', '2020-03-05 12:00Z');
SELECT rows_rejected FROM etl_run();
SELECT d.flight_number, d.is_inferred, d.departure_date, a.aircraft_code, a.is_inferred, c.tier, c.country FROM warehouse.fact_booking_item AS f JOIN warehouse.dim_flight AS d USING (flight_key)
  JOIN warehouse.dim_aircraft AS a ON a.aircraft_key = f.aircraft_key JOIN warehouse.dim_customer AS c USING (customer_key) WHERE booking_id = 8;
SELECT group_key, net_revenue FROM report_revenue() WHERE group_key IN ('JFK-AKL', 'Unknown');
-- its seats come last
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price) VALUES (9, '2A', 'economy', '', 60);
SELECT entity, key FROM warehouse.change_queue;
SELECT rows_inserted FROM etl_run();
SELECT capacity, booked FROM warehouse.fact_flight_cabin WHERE flight_id = 9;
-- a claim is no news; a blocked seat is
UPDATE seats SET status = 'booked' WHERE flight_id = 9;
SELECT count(*) FROM warehouse.change_queue;
UPDATE seats SET status = 'blocked' WHERE flight_id = 4 AND seat_number = '2B';
SELECT entity, key FROM warehouse.change_queue;

-- deleted rows leave the facts and stay in the dimensions
DELETE FROM booking_events WHERE booking_id = 8;
DELETE FROM booking_items WHERE booking_id = 8;
DELETE FROM bookings WHERE booking_id = 8;
DELETE FROM seats WHERE flight_id = 9;
DELETE FROM flights WHERE flight_id = 9;
DELETE FROM customers WHERE customer_id = 9;
SELECT rows_deleted FROM etl_run();
SELECT count(*) FROM warehouse.fact_booking_item WHERE booking_id = 8;
SELECT flight_number, is_deleted FROM warehouse.dim_flight WHERE flight_id = 9;
SELECT tier, is_deleted FROM warehouse.dim_customer WHERE customer_id = 9;
SELECT count(*) FROM warehouse.fact_flight_cabin WHERE flight_id = 9;

-- an airport that moves to another zone moves the local dates of its flights
UPDATE airports SET time_zone = 'Pacific/Honolulu' WHERE iata = 'AKL';
SELECT is_full FROM etl_run();
SELECT group_key, ask FROM report_load_factor(group_by => 'date', origin => 'AKL');
UPDATE airports SET time_zone = 'Pacific/Auckland' WHERE iata = 'AKL';
SELECT is_full FROM etl_dimensions();
SELECT is_full FROM etl_facts();
SELECT group_key, ask FROM report_load_factor(group_by => 'date', origin => 'AKL');
-- a table emptied for a new copy
CREATE TABLE kept AS SELECT * FROM payments;
TRUNCATE payments;
SELECT entity, key FROM warehouse.change_queue;
SELECT is_full, rows_deleted FROM etl_run();
INSERT INTO payments SELECT * FROM kept;
SELECT rows_inserted FROM etl_run();
RESET session_replication_role;
-- a subtransaction that is rolled back takes its queue rows with it, and no other's
BEGIN;
SAVEPOINT a;
UPDATE customers SET phone = '1' WHERE customer_id = 3;
ROLLBACK TO a;
UPDATE customers SET phone = '2' WHERE customer_id = 3;
UPDATE customers SET phone = '3' WHERE customer_id = 3;
SELECT entity, key FROM warehouse.change_queue;
SELECT count(*) FROM etl_run();
UPDATE customers SET phone = '4' WHERE customer_id = 3;
SELECT entity, key FROM warehouse.change_queue;
ROLLBACK;

-- rows are compared by column name: a column more in every dimension and fact is left alone, a column that moved is found
BEGIN;
SELECT format('ALTER TABLE warehouse.%I ADD COLUMN note text DEFAULT %L', relname, 'kept') FROM pg_class
 WHERE relnamespace = 'warehouse'::regnamespace AND relkind = 'r' AND relname ~ '^(dim|fact)_' ORDER BY relname \gexec
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run();
SET LOCAL session_replication_role = replica;
UPDATE aircraft SET model = 'Renamed';
UPDATE fares SET name = 'Renamed';
UPDATE flights SET distance_km = distance_km + 1;
UPDATE customers SET tier = 'silver';
UPDATE booking_events SET occurred_at = occurred_at + interval '1 day', revenue_delta = revenue_delta * 2;
UPDATE payments SET created_at = created_at + interval '1 day';
SELECT is_full, rows_deleted FROM etl_run();
SELECT string_agg(step, ', ' ORDER BY step_no) FROM warehouse.etl_run_steps WHERE rows_updated > 0 AND run_id = (SELECT max(run_id) FROM warehouse.etl_runs);
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run();
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run(true);
UPDATE airports SET name = 'Renamed' WHERE iata = 'LHR';
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run();
SELECT name, note FROM warehouse.dim_airport WHERE iata = 'LHR';
SELECT count(*) FROM warehouse.fact_payment WHERE note <> 'kept';
ALTER TABLE warehouse.fact_payment DROP COLUMN method, ADD COLUMN method text;
ALTER TABLE warehouse.dim_fare DROP COLUMN changeable, ADD COLUMN changeable boolean;
SELECT rows_inserted, rows_updated, rows_deleted FROM etl_run(true);
SELECT count(*) FROM warehouse.fact_payment WHERE method IS NULL;
SELECT count(*) FROM warehouse.dim_fare WHERE changeable IS NULL AND fare_key > 0;
SELECT rows_inserted, rows_updated, rows_deleted FROM etl_run(true);
ROLLBACK;

-- a full run finds nothing that the many small runs have missed
SELECT is_full, rows_inserted, rows_updated, rows_deleted FROM etl_run(full => true);
-- no fact leads to a missing member
SELECT count(*) FROM warehouse.fact_booking_event e
 WHERE NOT EXISTS (SELECT FROM warehouse.dim_flight d WHERE d.flight_key = e.flight_key) OR NOT EXISTS (SELECT FROM warehouse.dim_customer d WHERE d.customer_key = e.customer_key)
    OR NOT EXISTS (SELECT FROM warehouse.dim_date d WHERE d.date_key = e.event_date_key) OR NOT EXISTS (SELECT FROM warehouse.dim_date d WHERE d.date_key = e.departure_date_key);
SELECT count(*) FROM warehouse.fact_booking_item i
 WHERE NOT EXISTS (SELECT FROM warehouse.dim_lead_band d WHERE d.lead_band_key = i.lead_band_key) OR NOT EXISTS (SELECT FROM warehouse.dim_date d WHERE d.date_key = i.cancelled_date_key);
-- over HTTP
SELECT status, regexp_replace(body, '"freshness":"[^"]*Z"', '"freshness":"…"') AS body FROM fixture.api('GET', '/v1/reports/load-factor', '{"from":"2020-03-10","to":"2020-03-10","group_by":"date"}');
SELECT status, headers ->> 'Content-Type' AS type, replace(body, E'\r\n', ' | ') AS body FROM fixture.api('GET', '/v1/reports/revenue', '{"group_by":"cabin","format":"csv","from":"2020-01-01","to":"2020-02-29"}');
SELECT r ->> 'name' AS name, r #>> '{parameters,2,values,0}' AS default_group FROM fixture.api('GET', '/v1/reports'), json_array_elements(body::json -> 'reports') AS r;
SELECT * FROM fixture.api('GET', '/v1/reports/profit');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"group_by":"passenger"}');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"from":"yesterday"}');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"format":"xml"}');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"origin":"Heathrow"}');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"from":"2020-03-02","to":"2020-03-01"}');
SELECT * FROM fixture.api('GET', '/v1/reports/revenue', '{"to":"infinity"}');
SELECT status, body::json ->> 'status' AS state, body::json ->> 'is_full' AS is_full, body::json ->> 'rows_updated' AS updated FROM fixture.api('POST', '/v1/etl_runs');
SELECT status, body::json ->> 'is_full' AS is_full FROM fixture.api('POST', '/v1/etl_runs', body => '{"full":true}');
SELECT * FROM fixture.api('POST', '/v1/etl_runs', body => '{"full":"yes"}');
SELECT p.headers ->> 'Location' = '/v1/etl_runs/' || (p.body::json ->> 'run_id') AS located, g.body::jsonb = p.body::jsonb AS same_body, json_array_length(p.body::json -> 'steps') > 5 AS steps
  FROM fixture.api('POST', '/v1/etl_runs', body => '{"full":true}') AS p, LATERAL fixture.api('GET', p.headers ->> 'Location') AS g;
SELECT json_array_length(body::json -> 'etl_runs') AS runs, body::json #>> '{etl_runs,1,steps,0,step}' AS first_step FROM fixture.api('GET', '/v1/etl_runs', '{"limit":"2"}');
SELECT * FROM fixture.api('GET', '/v1/etl_runs', '{"limit":"0"}');
SELECT * FROM fixture.api('GET', '/v1/etl_runs', '{"limit":"201"}');
SELECT * FROM fixture.api('GET', '/v1/etl_runs/999999');
-- the ETL's role runs it and owns nothing, the analyst reads reports, the application calls the API; none writes a table
SET ROLE reports_etl;
SELECT status FROM etl_run();
UPDATE bookings SET total_amount = 0;
DELETE FROM warehouse.fact_payment;
CREATE TRIGGER spy BEFORE INSERT ON warehouse.etl_runs FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SET ROLE booking_analyst;
SELECT group_key, ask FROM report_load_factor(group_by => 'total');
SELECT count(*) > 0 AS reads FROM warehouse.fact_payment;
SELECT status FROM etl_run();
SELECT count(*) FROM customers;
SELECT rolname, has_database_privilege(oid, current_database(), 'CONNECT') AS connects FROM pg_roles WHERE rolname IN ('booking_app', 'reports_app') ORDER BY 1;
SET ROLE reports_app;
SELECT group_key, ask FROM report_load_factor(group_by => 'total');
SELECT status FROM fixture.api('POST', '/v1/etl_runs', body => '{"full":true}');
SELECT count(*) FROM warehouse.fact_payment;
SELECT status FROM etl_run();
RESET ROLE;
\set escalate_file :abs_srcdir '/escalate.sql'
\set ECHO none
\i :escalate_file
\set ECHO all
-- a view is refreshed by whatever plan the server finds best, not by index alone, from a session's first run
DROP MATERIALIZED VIEW warehouse.mv_booking_curve;
CREATE MATERIALIZED VIEW warehouse.mv_booking_curve AS SELECT name, current_setting(name) AS setting FROM unnest('{enable_hashjoin,enable_seqscan}'::text[]) AS name;
CREATE UNIQUE INDEX ON warehouse.mv_booking_curve (name);
ALTER MATERIALIZED VIEW warehouse.mv_booking_curve OWNER TO booking_owner;
UPDATE fares SET name = 'Renamed';
\c
SELECT rows_updated > 0 AS updated FROM booking.etl_run();
SELECT * FROM warehouse.mv_booking_curve ORDER BY name;
\c :first_database
DROP DATABASE regress_warehouse;
