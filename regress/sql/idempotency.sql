-- Idempotency-Key: the effect once, the response stored with it
\set VERBOSITY sqlstate
SELECT fixture.flight(70, 90);
SELECT fixture.wish(70, '{3A}') AS wish, '{"idempotency_key":"key-1"}'::jsonb AS context \gset
SELECT status AS first_status, headers::text AS first_headers, body AS first_body FROM fixture.api('POST', '/v1/bookings', body => :'wish', context => :'context') \gset
-- the same request, in another layout, is answered byte for byte
SELECT status = :first_status AND headers::text = :'first_headers' AND body = :'first_body' AS same
  FROM fixture.api('POST', '/v1/bookings', body => (:'wish'::json #>> '{}')::jsonb, context => :'context');
SELECT count(*) FROM booking_items WHERE flight_id = 70;
-- another body, another path
SELECT * FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(70, '{3B}'), context => :'context');
SELECT * FROM fixture.api('POST', '/v1/customers', body => :'wish', context => :'context');
SELECT count(*) FROM booking_items WHERE flight_id = 70;
-- a failure is not stored: the key serves the mended attempt
SELECT * FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(70, '{3A}', customer => 2), context => '{"idempotency_key":"key-2"}');
SELECT status FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(70, '{3B}'), context => '{"idempotency_key":"key-2"}');
-- without a key, and for GET, nothing is stored
SELECT status FROM fixture.api('GET', '/v1/flights/70', context => '{"idempotency_key":"key-3"}');
SELECT idempotency_key FROM booking_private.idempotency_keys ORDER BY 1;
SELECT * FROM fixture.api('POST', '/v1/bookings', body => :'wish', context => '{"idempotency_key":""}');
SELECT * FROM fixture.api('POST', '/v1/bookings', body => :'wish', context => jsonb_build_object('idempotency_key', repeat('x', 256)));
-- a key is its caller's: another one may use the same, and so may a guest, by e-mail address, and who has a booking's token
SELECT api_key AS second FROM booking.issue_api_key('Second', '{agent}') \gset
CREATE FUNCTION fixture.as_caller(caller text, path text, body jsonb, context jsonb) RETURNS TABLE (status int, token text, location text, body json) LANGUAGE sql AS $$
    SELECT a.status, a.headers ->> 'Booking-Token', a.headers ->> 'Location', a.body::json FROM booking.booking_api('POST', path, body => $3, context => context || jsonb_strip_nulls(jsonb_build_object('authorization', 'Bearer ' || caller))) AS a;
$$;
CREATE FUNCTION fixture.guest_of(seat text, email text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT fixture.wish(70, ARRAY[seat]) - 'customer_id' || jsonb_build_object('customer', jsonb_build_object('full_name', 'A Guest', 'email', email));
$$;
SELECT status FROM fixture.as_caller(:'second', '/v1/bookings', fixture.wish(70, '{4A}'), '{"idempotency_key":"key-2"}');
SELECT status, token, location FROM fixture.as_caller(NULL, '/v1/bookings', fixture.guest_of('4B', 'one@example.com'), '{"idempotency_key":"key-2"}') \gset one_
SELECT status, token, location FROM fixture.as_caller(NULL, '/v1/bookings', fixture.guest_of('4C', 'two@example.com'), '{"idempotency_key":"key-2"}') \gset two_
SELECT :one_status AS one, :two_status AS two, location = :'one_location' AS the_same FROM fixture.as_caller(NULL, '/v1/bookings', fixture.guest_of('4B', 'one@example.com'), '{"idempotency_key":"key-2"}');
SELECT * FROM fixture.as_caller(NULL, '/v1/bookings', fixture.guest_of('4D', 'one@example.com'), '{"idempotency_key":"key-2"}');
SELECT body ->> 'cancellation_id' AS quote FROM fixture.as_caller(:'one_token', :'one_location' || '/cancellations', NULL, '{"idempotency_key":"key-2","if_match":"\"1\""}') \gset one_
SELECT status, body ->> 'cancellation_id' = :'one_quote' AS the_same FROM fixture.as_caller(:'one_token', :'one_location' || '/cancellations', NULL, '{"idempotency_key":"key-2","if_match":"\"1\""}');
SELECT status FROM fixture.as_caller(:'two_token', :'two_location' || '/cancellations', NULL, '{"idempotency_key":"key-2","if_match":"\"1\""}');
-- with another If-Match it is another request
SELECT * FROM fixture.as_caller(:'one_token', :'one_location' || '/cancellations', NULL, '{"idempotency_key":"key-2","if_match":"\"2\""}');
SELECT regexp_replace(scope, '\d+', 'N') AS scope, idempotency_key, count(*) FROM booking_private.idempotency_keys GROUP BY 1, 2 ORDER BY 1, 2;
DELETE FROM booking_private.api_keys WHERE client = 'Second';
-- after 24 hours a key is new again
UPDATE booking_private.idempotency_keys SET created_at = now() - interval '25 hours' WHERE idempotency_key = 'key-1';
SELECT status FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(70, '{3C}'), context => :'context');
UPDATE booking_private.idempotency_keys SET created_at = now() - interval '25 hours' WHERE idempotency_key = 'key-1';
SELECT booking.forget_responses();
SELECT idempotency_key FROM booking_private.idempotency_keys ORDER BY 1;
SELECT * FROM booking.check_invariants();
