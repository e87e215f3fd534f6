-- A careful application: the same checks and the same rows, in 11 prepared statements. \gset fails without a row.
BEGIN;
SELECT currency FROM flights
 WHERE flight_id = :flight AND status IN ('scheduled', 'on_time', 'delayed')
   AND clock_timestamp() >= sales_open_at AND clock_timestamp() < sales_close_at \gset
SELECT 1 AS known FROM customers WHERE customer_id = :customer \gset
SELECT price_factor FROM fares WHERE fare_code = 'standard' \gset
UPDATE seats SET status = 'booked', held_until = NULL, updated_at = clock_timestamp()
 WHERE flight_id = :flight AND seat_number = :row || 'A' AND status = 'available'
RETURNING round(price * :price_factor, 2) AS price \gset a_
UPDATE seats SET status = 'booked', held_until = NULL, updated_at = clock_timestamp()
 WHERE flight_id = :flight AND seat_number = :row || 'B' AND status = 'available'
RETURNING round(price * :price_factor, 2) AS price \gset b_
\set total :a_price + :b_price
INSERT INTO bookings (booking_reference, customer_id, status, fare_code, channel, total_amount, currency, confirmed_at)
VALUES (bench.reference(:number), :customer, 'confirmed', 'standard', 'api', :total, :currency, clock_timestamp())
RETURNING booking_id \gset
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, status)
VALUES (:booking_id, 1, :flight, :row || 'A', 'Ada Lovelace', 'adult', :a_price, 'confirmed'),
       (:booking_id, 2, :flight, :row || 'B', 'Charles Babbage', 'adult', :b_price, 'confirmed');
INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
VALUES (:booking_id, 1, :flight, :row || 'A', 'confirmed', 1, :a_price, clock_timestamp()),
       (:booking_id, 2, :flight, :row || 'B', 'confirmed', 1, :b_price, clock_timestamp());
INSERT INTO payments (booking_id, amount, currency, method) VALUES (:booking_id, :total, :currency, 'card');
COMMIT;
