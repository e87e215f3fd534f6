-- The same rows in one statement, without a check but those of the tables: what no way to book can go below.
WITH seat AS (
    UPDATE seats SET status = 'booked', held_until = NULL, updated_at = clock_timestamp()
     WHERE flight_id = :flight AND seat_number IN (:row || 'A', :row || 'B')
    RETURNING flight_id, seat_number, price),
booking AS (
    INSERT INTO bookings (booking_reference, customer_id, status, fare_code, channel, total_amount, currency, confirmed_at)
    VALUES (bench.reference(:number), :customer, 'confirmed', 'standard', 'api', 200, 'EUR', clock_timestamp())
    RETURNING booking_id),
item AS (
    INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, status)
    SELECT booking_id, CASE seat_number WHEN :row || 'A' THEN 1 ELSE 2 END, flight_id, seat_number,
           CASE seat_number WHEN :row || 'A' THEN 'Ada Lovelace' ELSE 'Charles Babbage' END, 'adult', price, 'confirmed'
      FROM booking, seat
    RETURNING booking_id, item_no, flight_id, seat_number, price),
event AS (
    INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
    SELECT booking_id, item_no, flight_id, seat_number, 'confirmed', 1, price, clock_timestamp() FROM item)
INSERT INTO payments (booking_id, amount, currency, method) SELECT booking_id, 200, 'EUR', 'card' FROM booking;
