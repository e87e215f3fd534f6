-- Idempotency-Key: the effect once, the response stored with it
\set VERBOSITY sqlstate
SELECT fixture.flight(70, 90);
SELECT fixture.wish(70, '{3A}') AS wish, '{"idempotency_key":"key-1"}'::jsonb AS context \gset
SELECT status AS first_status, headers::text AS first_headers, body AS first_body FROM booking.booking_api('POST', '/v1/bookings', body => :'wish', context => :'context') \gset
-- the same request, in another layout, is answered byte for byte
SELECT status = :first_status AND headers::text = :'first_headers' AND body = :'first_body' AS same
  FROM booking.booking_api('POST', '/v1/bookings', body => (:'wish'::json #>> '{}')::jsonb, context => :'context');
SELECT count(*) FROM booking_items WHERE flight_id = 70;
-- another body, another path
SELECT * FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(70, '{3B}'), context => :'context');
SELECT * FROM booking.booking_api('POST', '/v1/customers', body => :'wish', context => :'context');
SELECT count(*) FROM booking_items WHERE flight_id = 70;
-- a failure is not stored: the key serves the mended attempt
SELECT * FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(70, '{3A}', customer => 2), context => '{"idempotency_key":"key-2"}');
SELECT status FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(70, '{3B}'), context => '{"idempotency_key":"key-2"}');
-- without a key, and for GET, nothing is stored
SELECT status FROM booking.booking_api('GET', '/v1/flights/70', context => '{"idempotency_key":"key-3"}');
SELECT idempotency_key FROM booking_private.idempotency_keys ORDER BY 1;
SELECT * FROM booking.booking_api('POST', '/v1/bookings', body => :'wish', context => '{"idempotency_key":""}');
SELECT * FROM booking.booking_api('POST', '/v1/bookings', body => :'wish', context => jsonb_build_object('idempotency_key', repeat('x', 256)));
-- a key is its customer's, or its booking's: another one may use the same
SELECT status, body::json ->> 'customer_id' AS customer FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(70, '{4A}', customer => 2), context => '{"idempotency_key":"key-2"}');
SELECT status FROM booking.booking_api('POST', '/v1/booking_batches', body => jsonb_build_object('mode', 'all', 'bookings', jsonb_build_array(fixture.wish(70, '{4B}', customer => 3))), context => '{"idempotency_key":"key-2"}');
SELECT min(b.booking_id) AS one, max(b.booking_id) AS other FROM bookings AS b JOIN booking_items USING (booking_id) WHERE flight_id = 70 AND seat_number IN ('4A', '4B') \gset
SELECT status, body::json -> 'items' AS items, body::json ->> 'booking_id' IN (:'one', :'other') AS ours FROM (VALUES (:one), (:other)) AS b (id), LATERAL booking.booking_api('POST', '/v1/bookings/' || id || '/cancellations', context => '{"idempotency_key":"key-4","if_match":"\"1\""}');
-- with another If-Match it is another request
SELECT * FROM booking.booking_api('POST', '/v1/bookings/' || :one || '/cancellations', context => '{"idempotency_key":"key-4","if_match":"\"2\""}');
SELECT scope LIKE '/v1/bookings/%' AS of_booking, idempotency_key, count(*) FROM booking_private.idempotency_keys GROUP BY 1, 2 ORDER BY 1, 2;
-- so it is for a customer that is not one yet: another e-mail address, another caller
SELECT email, status, body::json ->> 'email' = email AS theirs
  FROM (VALUES ('one@example.com'), ('two@example.com'), ('one@example.com')) AS e (email),
       LATERAL booking.booking_api('POST', '/v1/customers', body => jsonb_build_object('full_name', 'A Traveller', 'email', email), context => '{"idempotency_key":"key-5"}');
SELECT * FROM booking.booking_api('POST', '/v1/customers', body => '{"full_name":"Another Traveller","email":"one@example.com"}', context => '{"idempotency_key":"key-5"}');
DELETE FROM customers WHERE email IN ('one@example.com', 'two@example.com');
DELETE FROM booking_private.idempotency_keys WHERE idempotency_key = 'key-5';
-- after 24 hours a key is new again
UPDATE booking_private.idempotency_keys SET created_at = now() - interval '25 hours' WHERE idempotency_key = 'key-1';
SELECT status FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(70, '{3C}'), context => :'context');
UPDATE booking_private.idempotency_keys SET created_at = now() - interval '25 hours' WHERE idempotency_key = 'key-1';
SELECT booking.forget_responses();
SELECT idempotency_key FROM booking_private.idempotency_keys ORDER BY 1;
SELECT * FROM booking.check_invariants();
