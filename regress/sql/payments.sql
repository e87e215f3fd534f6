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
SELECT left(headers ->> 'ETag', 3) AS etag FROM fixture.api('GET', '/v1/bookings/' || :seen);
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :seen || '/payments', body => '{"amount":"100","currency":"EUR"}', context => '{"if_match":"\"2\""}');
SELECT status, left(headers ->> 'ETag', 3) AS etag FROM fixture.api('POST', '/v1/bookings/' || :seen || '/payments', body => '{"amount":"100","currency":"EUR"}', context => '{"if_match":"\"1\""}');
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"\"1\""}');
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"one"}');
SELECT status FROM fixture.api('POST', '/v1/bookings/' || :seen || '/cancellations', context => '{"if_match":"*"}');
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
SELECT status, body::json ->> 'status' AS shown, body::json -> 'available_actions' AS actions FROM fixture.api('GET', '/v1/bookings/' || :late);
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
-- a wrong argument is refused alike by SQL and by HTTP, and the booking is not even looked at
CREATE FUNCTION fixture.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'none';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE FUNCTION fixture.refusal(method text, path text, body jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT fixture.refusal(format('SELECT FROM fixture.api(%L, %L, body => %L)', method, path, body));
$$;
SELECT t.*, fixture.refusal(format('SELECT FROM booking.pay(999999, %L, %L, %L)', amount, currency, method)) AS by_sql,
       fixture.refusal('POST', '/v1/bookings/999999/payments', to_jsonb(t)) AS by_http
  FROM (VALUES ('100', 'EUR', 'card'), ('100.00', 'EUR', NULL), ('100.000', 'EUR', 'cash'), ('0', 'EUR', 'voucher'),
               ('9999999999.99', 'EUR', 'bank_transfer'),
               (NULL, 'EUR', 'card'), ('-0.01', 'EUR', 'card'), ('0.001', 'EUR', 'card'), ('10000000000', 'EUR', 'card'),
               ('NaN', 'EUR', 'card'), ('Infinity', 'EUR', 'card'),
               ('100', NULL, 'card'), ('100', '', 'card'), ('100', 'eur', 'card'), ('100', 'EU', 'card'), ('100', 'EURO', 'card'),
               ('100', 'E R', 'card'),
               ('100', 'EUR', 'nonsense'), ('100', 'EUR', ''), ('100', 'EUR', 'CARD')) AS t (amount, currency, method);
SELECT fixture.refusal('SELECT FROM booking.pay(NULL, 100, ''EUR'')');
SELECT v, fixture.refusal(format('SELECT FROM booking.pay(999999, 100, ''EUR'', if_version => %s)', v)) AS by_sql,
       fixture.refusal(format('SELECT FROM fixture.api(''POST'', ''/v1/bookings/999999/payments'', body => %L, context => %L)',
         '{"amount":"100","currency":"EUR"}', jsonb_build_object('if_match', '"' || v || '"'))) AS by_http
  FROM unnest('{-2147483648,-1,0,1}'::int[]) AS v;
SELECT n, fixture.refusal(format('SELECT booking.expire_holds(%L)', n)) FROM unnest('{-1,0,NULL,1}'::int[]) AS n;
