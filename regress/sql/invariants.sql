-- check_invariants() has teeth: each invariant reports what breaks it, and nothing else is reported before and after
\set VERBOSITY sqlstate
SELECT fixture.flight(50, 70);
SELECT booking_id AS paid FROM booking.create_booking(fixture.wish(50, '{3A,3B}', 'instant', '200')) \gset
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(50, '{4A}')) \gset
SELECT cancellation_id AS quote FROM booking.quote_cancellation(:paid, '{2}') \gset
SELECT count(*) FROM booking.check_invariants();
CREATE FUNCTION fixture.broken() RETURNS SETOF text LANGUAGE sql AS $$ SELECT DISTINCT invariant FROM booking.check_invariants() ORDER BY 1 $$;
-- a seat without its item, an item without its seat
BEGIN; UPDATE seats SET status = 'booked' WHERE flight_id = 50 AND seat_number = '5A'; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE seats SET status = 'available' WHERE flight_id = 50 AND seat_number = '3A'; SELECT fixture.broken(); ROLLBACK;
-- sold twice, with the index out of the way
BEGIN;
DROP INDEX booking_items_live_seat_key;
UPDATE booking_items SET seat_number = '3A' WHERE booking_id = :paid AND item_no = 2;
SELECT fixture.broken();
SELECT * FROM booking.check_schema();
ROLLBACK;
-- two deadlines; more passengers than seats; the same passenger twice
BEGIN; UPDATE seats SET held_until = held_until + interval '1 hour' WHERE flight_id = 50 AND seat_number = '4A'; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE seats SET status = 'blocked', held_until = NULL WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
BEGIN;
DROP INDEX booking_items_live_passenger_key;
UPDATE booking_items SET passenger_name = 'pax 3a' WHERE booking_id = :paid AND item_no = 2;
SELECT fixture.broken();
ROLLBACK;
-- and twice in two bookings of a customer, written otherwise
BEGIN;
SELECT booking_id AS another FROM booking.create_booking(fixture.wish(50, '{5C}')) \gset
UPDATE booking_items SET passenger_name = 'PAX  3a' WHERE booking_id = :another;
SELECT fixture.broken();
ROLLBACK;
-- a child in an exit row
BEGIN; UPDATE booking_items SET passenger_type = 'child' WHERE booking_id = :paid AND item_no = 1; SELECT fixture.broken(); ROLLBACK;
-- states, totals, money
BEGIN; UPDATE bookings SET status = 'completed' WHERE booking_id = :paid; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE bookings SET total_amount = total_amount + 1 WHERE booking_id = :held; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE bookings SET total_amount = total_amount + 1 WHERE booking_id = :paid; SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO payments (booking_id, amount, currency) VALUES (:paid, 1, 'EUR'); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO payments (booking_id, amount, currency) VALUES (:paid, 1, 'USD'), (:paid, -1, 'USD'); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO payments (booking_id, amount, currency) VALUES (:held, -1, 'EUR'); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO payments (booking_id, amount, currency, method) VALUES (:paid, 1, 'EUR', 'cash'), (:paid, -1, 'EUR', 'voucher'); SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE cancellations SET status = 'confirmed', confirmed_at = now() WHERE cancellation_id = :quote; SELECT fixture.broken(); ROLLBACK;
-- events
BEGIN; INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at) VALUES (:paid, 1, 50, '3A', 'confirmed', 1, 0, now()); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at) VALUES (:paid, 1, 50, '3A', 'confirmed', 0, 5, now()); SELECT fixture.broken(); ROLLBACK;
-- another item's revenue; a seat and a flight that the item never had
BEGIN; INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at) VALUES (:paid, 1, 50, '3A', 'confirmed', 0, 5, now()), (:paid, 2, 50, '3B', 'confirmed', 0, -5, now()); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at) VALUES (:paid, 1, 50, '3C', 'checked_in', 0, 0, now()); SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at) VALUES (:paid, 1, 51, '3A', 'checked_in', 0, 0, now()), (:paid, 1, 50, '3A', 'checked_in', 0, 0, now()); SELECT fixture.broken(); ROLLBACK;
-- the states of an item and of its flight
BEGIN; UPDATE booking_items SET status = 'flown' WHERE booking_id = :paid AND item_no = 1; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE flights SET status = 'arrived', actual_departure = now() - interval '2 hours', actual_arrival = now() WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE flights SET status = 'departed', actual_departure = clock_timestamp() + interval '1 hour' WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE bookings SET created_at = confirmed_at + interval '1 second' WHERE booking_id = :paid; SELECT fixture.broken(); ROLLBACK;
-- flights without seats, with a seat less, in another cabin, of another aircraft, in another currency, too far away
BEGIN; SELECT fixture.flight(52, 70); DELETE FROM seats WHERE flight_id = 52; SELECT fixture.broken(); ROLLBACK;
BEGIN; DELETE FROM seats WHERE flight_id = 50 AND seat_number = '5D'; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE seats SET cabin_class = 'business' WHERE flight_id = 50 AND seat_number = '5D'; SELECT fixture.broken(); ROLLBACK;
BEGIN; INSERT INTO aircraft VALUES ('TS2', 'Test 0', 9000); UPDATE flights SET aircraft_code = 'TS2' WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE flights SET currency = 'USD' WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
BEGIN; UPDATE flights SET distance_km = 5830 WHERE flight_id = 50; SELECT fixture.broken(); ROLLBACK;
SELECT count(*) FROM booking.check_invariants();
-- a table altered behind the code's back
SET client_min_messages = warning;
BEGIN; ALTER TABLE seats DROP COLUMN held_until CASCADE; SELECT * FROM booking.check_schema(); ROLLBACK;
-- the scan of the seats, which is not SQL, looks at its table before it reads it
BEGIN; ALTER TABLE seats RENAME COLUMN price TO cost; SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; ALTER TABLE seats RENAME COLUMN held_until TO until; SELECT status FROM booking.booking_api('GET', '/v1/flights/50'); ROLLBACK;
BEGIN; ALTER TABLE seats DROP CONSTRAINT seats_pkey CASCADE; ALTER TABLE seats ADD CONSTRAINT seats_pkey PRIMARY KEY (seat_number, flight_id); SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; ALTER TABLE seats RENAME TO seats_kept; CREATE TABLE seats (LIKE seats_kept) PARTITION BY LIST (flight_id); SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; ALTER TABLE seats RENAME TO seats_kept; CREATE VIEW seats AS SELECT * FROM seats_kept; SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; ALTER TABLE seats RENAME TO seats_kept; SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; CREATE TABLE more_seats () INHERITS (seats); SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
BEGIN; ALTER TABLE seats ENABLE ROW LEVEL SECURITY; SELECT count(*) FROM booking.seat_map(50); ROLLBACK;
SELECT count(*) FROM booking.seat_map(50);
-- and so does the look for a passenger's name
BEGIN; DROP INDEX booking_items_live_passenger_key; CREATE INDEX booking_items_live_passenger_key ON booking_items (flight_id, folded_text(passenger_name)); SELECT FROM booking.create_booking(fixture.wish(50, '{4A}')); ROLLBACK;
BEGIN; DROP INDEX booking_items_live_passenger_key; CREATE INDEX booking_items_live_passenger_key ON booking_items (flight_id, passenger_name) WHERE status = 'held'; SELECT FROM booking.create_booking(fixture.wish(50, '{4A}')); ROLLBACK;
BEGIN; DROP INDEX booking_items_live_passenger_key; SELECT FROM booking.create_booking(fixture.wish(50, '{4A}')); ROLLBACK;
