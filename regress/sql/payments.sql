-- Paying a hold: once, in time, with the right amount
\set VERBOSITY sqlstate
SELECT fixture.flight(30, 60);
SELECT booking_id AS paid FROM booking.create_booking(fixture.wish(30, '{3A,3B}')) \gset
SELECT booking_id AS late FROM booking.create_booking(fixture.wish(30, '{4A,4B}')) \gset
SELECT * FROM booking.pay(:paid, 199.99, 'EUR');
SELECT * FROM booking.pay(:paid, 200.00, 'USD');
SELECT * FROM booking.pay(987654321, 200.00, 'EUR');
SELECT status, total_amount, version FROM booking.pay(:paid, 200.0, 'EUR');
SELECT * FROM booking.pay(:paid, 200.00, 'EUR');
SELECT i.item_no, i.status, s.status, s.held_until FROM booking_items i JOIN seats s USING (flight_id, seat_number) WHERE booking_id = :paid ORDER BY 1;
SELECT amount, currency, method FROM payments WHERE booking_id = :paid;
SELECT item_no, event_type, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :paid ORDER BY event_id;
-- If-Match: a decision holds for the version it was made on
SELECT booking_id AS seen FROM booking.create_booking(fixture.wish(30, '{3C}')) \gset
SELECT headers FROM booking.booking_api('GET', '/v1/bookings/' || :seen);
SELECT * FROM booking.booking_api('POST', '/v1/bookings/' || :seen || '/payments', body => '{"amount":"100","currency":"EUR"}', context => '{"if_match":"\"2\""}');
SELECT status, headers FROM booking.booking_api('POST', '/v1/bookings/' || :seen || '/payments', body => '{"amount":"100","currency":"EUR"}', context => '{"if_match":"\"1\""}');
SELECT * FROM booking.booking_api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"\"1\""}');
SELECT * FROM booking.booking_api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"one"}');
SELECT status FROM booking.booking_api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"*"}');
-- the same by SQL: if_version
SELECT booking_id AS seen FROM booking.create_booking(fixture.wish(30, '{3D,4C}')) \gset
SELECT * FROM booking.pay(:seen, 200, 'EUR', if_version => 2);
SELECT * FROM booking.pay(:seen, 200, 'EUR', if_version => 0);
SELECT * FROM booking.pay(:seen, NULL, 'EUR');
SELECT status, version FROM booking.pay(:seen, 200, 'EUR', if_version => 1);
SELECT * FROM booking.change_seat(:seen, 1::smallint, '4D', if_version => 1);
SELECT status, version FROM booking.change_seat(:seen, 1::smallint, '4D', if_version => 2);
SELECT * FROM booking.quote_change(:seen, fixture.move(2, 30, '3D'), 2);
SELECT * FROM booking.quote_change(:seen, NULL);
SELECT change_id AS quote FROM booking.quote_change(:seen, fixture.move(2, 30, '3D'), 3) \gset
SELECT * FROM booking.quote_cancellation(:seen, if_version => 2);
SELECT status FROM booking.quote_cancellation(:seen, if_version => 3);
SELECT * FROM booking.cancel(:seen, '{1}', 4);
SELECT status FROM booking.cancel(:seen, '{1}', 3);
SELECT * FROM booking.confirm_change(:quote);
SELECT status FROM booking.cancel(:seen, if_version => NULL);
-- after the deadline, sweep or no sweep
SELECT fixture.lapse(:late);
SELECT * FROM booking.pay(:late, 200.00, 'EUR');
SELECT status, body::json ->> 'status' AS shown, body::json -> 'available_actions' AS actions FROM booking.booking_api('GET', '/v1/bookings/' || :late);
-- a claim takes over one lapsed seat of the two; the sweep settles the rest
SELECT booking_id AS taker FROM booking.create_booking(fixture.wish(30, '{4A}', customer => 2)) \gset
SELECT item_no, status FROM booking_items WHERE booking_id = :late ORDER BY 1;
SELECT * FROM booking.check_invariants();
SELECT * FROM booking.pay(:late, 200.00, 'EUR');
SELECT booking.expire_holds();
SELECT booking.expire_holds();
SELECT status, total_amount, expired_at IS NOT NULL AS expired FROM bookings WHERE booking_id = :late;
SELECT item_no, event_type, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :late ORDER BY event_id;
SELECT seat_number, status FROM seats WHERE flight_id = 30 AND seat_number IN ('4A', '4B') ORDER BY 1;
SELECT status FROM booking.pay(:taker, 100, 'EUR', 'voucher');
SELECT booking.expire_holds(0);
-- any-seat claims take over lapsed seats as well
UPDATE seats SET status = 'blocked' WHERE flight_id = 30 AND status = 'available';
SELECT count(*) FROM seats WHERE flight_id = 30 AND status = 'available';
UPDATE seats SET status = 'available' WHERE flight_id = 30 AND seat_number = '5A';
SELECT booking_id AS late FROM booking.create_booking(fixture.wish(30, '{5A}')) \gset
SELECT fixture.lapse(:late);
SELECT status FROM booking.create_booking('{"type":"hold","customer_id":2,"slices":[{"flight_id":30,"passengers":[{"name":"Any","cabin_class":"economy"}]}]}');
SELECT status FROM booking_items WHERE booking_id = :late;
SELECT booking.expire_holds();
SELECT * FROM booking.check_invariants();
-- with booking.hold_durability off a hold does not wait for its WAL; money does, before or after a hold
UPDATE seats SET status = 'available' WHERE flight_id = 30 AND seat_number LIKE '5%' AND status = 'blocked';
SET booking.hold_durability = off;
BEGIN;
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(30, '{5B}')) \gset
SHOW synchronous_commit;
SELECT status FROM booking.pay(:held, 100, 'EUR');
SHOW synchronous_commit;
ROLLBACK;
BEGIN;
SELECT status FROM booking.create_booking(fixture.wish(30, '{5B}', 'instant', '100'));
SELECT status FROM booking.create_booking(fixture.wish(30, '{5C}'));
SHOW synchronous_commit;
ROLLBACK;
SET synchronous_commit = off;
BEGIN;
SELECT status FROM booking.create_booking(fixture.wish(30, '{5B}', 'instant', '100'));
SHOW synchronous_commit;
ROLLBACK;
