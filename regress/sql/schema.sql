-- The schema loads on a stock server, its constraints hold without the C code, and the fixture of all other tests.
\getenv abs_srcdir PG_ABS_SRCDIR
\set schema_file :abs_srcdir '/../sql/flights_oltp_schema.sql'
\set fixture_file :abs_srcdir '/fixture.sql'
\set ECHO none
\o /dev/null
\i :schema_file
\i :fixture_file
\o
\set ECHO all
\set ON_ERROR_STOP off
\set VERBOSITY sqlstate
RESET client_min_messages;
-- every business table has a primary key, timestamps and a comment
SELECT c.relname
  FROM pg_class c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
   AND (obj_description(c.oid, 'pg_class') IS NULL
        OR NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)
        OR (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('created_at', 'updated_at')) <> 2);
-- the guide's own insert
BEGIN;
INSERT INTO customers (full_name, email) VALUES ('Test User', 'test@example.com');
INSERT INTO customers (full_name, email) VALUES ('Test User', 'TEST@example.com');
ROLLBACK;
-- one refusal a rule; each row would break just that one
INSERT INTO airports VALUES ('XXX', 'Nowhere', 'Nowhere', 'XX', 0, 0, 'Mars/Olympus');
INSERT INTO aircraft_seats VALUES ('TST', '1I', 'economy', 'W');
INSERT INTO aircraft_seats VALUES ('TST', '9A', 'cargo', 'W');
INSERT INTO aircraft_seats VALUES ('TST', '9A', 'economy', 'Z');
UPDATE flights SET destination = origin WHERE flight_id = 1;
UPDATE flights SET scheduled_arrival = scheduled_departure WHERE flight_id = 1;
UPDATE flights SET status = 'departed' WHERE flight_id = 1;
UPDATE flights SET base_price = 0 WHERE flight_id = 1;
INSERT INTO flights (flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code, base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code, base_price, currency, sales_open_at, sales_close_at, distance_km FROM flights WHERE flight_id = 1;
UPDATE seats SET status = 'held' WHERE flight_id = 1 AND seat_number = '3A';
UPDATE seats SET held_until = now() WHERE flight_id = 1 AND seat_number = '3A';
UPDATE seats SET status = 'gone' WHERE flight_id = 1 AND seat_number = '3A';
INSERT INTO customers (full_name) VALUES ('');
INSERT INTO customers (full_name, email) VALUES ('No Address', 'nobody');
INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency) VALUES ('ABCDE2', 1, 'held', 0, 'EUR');
INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency, payment_required_by) VALUES ('ABCDE0', 1, 'held', 0, 'EUR', now());
INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency) VALUES ('ABCDE2', 1, 'confirmed', 0, 'EUR');
INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency) VALUES ('ABCDE2', 1, 'cancelled', 0, 'EUR');
BEGIN;
INSERT INTO bookings (booking_id, booking_reference, customer_id, status, total_amount, currency, payment_required_by)
VALUES (1, 'ABCDE2', 1, 'held', 100, 'EUR', now()), (2, 'ABCDE3', 1, 'held', 100, 'EUR', now());
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
VALUES (1, 1, 1, '3A', 'One', 100, 'held');
SAVEPOINT s;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
VALUES (2, 1, 1, '3A', 'Two', 100, 'held');
ROLLBACK TO s;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
VALUES (1, 2, 1, '3B', 'ONE', 100, 'held');
ROLLBACK TO s;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
VALUES (2, 1, 1, '3A', 'Two', 100, 'expired');
ROLLBACK TO s;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
VALUES (2, 1, 1, '99K', 'Two', 100, 'held');
ROLLBACK TO s;
UPDATE booking_items SET penalty_amount = 10 WHERE booking_id = 1;
ROLLBACK TO s;
INSERT INTO payments (booking_id, amount, currency) VALUES (1, 0, 'EUR');
ROLLBACK TO s;
INSERT INTO payments (booking_id, amount, currency) VALUES (1, 10, 'EUR');
SAVEPOINT s;
UPDATE payments SET amount = 11 WHERE booking_id = 1;
ROLLBACK TO s;
DELETE FROM payments;
ROLLBACK TO s;
TRUNCATE booking_events;
ROLLBACK;
