-- bookings of guests, and the tokens that show whose a booking is
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT fixture.flight(1300, 75);
CREATE FUNCTION fixture.guest_wish(seats text[], name text, email text, type text DEFAULT 'hold', amount text DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
    SELECT fixture.wish(1300, seats, type, amount) - 'customer_id' || jsonb_build_object('customer', jsonb_build_object('full_name', name, 'email', email));
$$;
CREATE FUNCTION fixture.ask(method text, path text, credential text, body jsonb DEFAULT NULL, query jsonb DEFAULT '{}', context jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT COALESCE(a.status::text, a.body) FROM booking.booking_api(method, path, query, body, context || jsonb_strip_nulls(jsonb_build_object('authorization', 'Bearer ' || credential))) AS a);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'no booking \d+', 'no booking N');
END $$;
-- who books without a key gives a name and an address, and gets a token, once, beside what reading the booking shows
SELECT fixture.ask('POST', '/v1/bookings', NULL, fixture.wish(1300, '{3A}'));
SELECT fixture.ask('POST', '/v1/bookings', NULL, fixture.wish(1300, '{3A}') - 'customer_id');
SELECT what, fixture.ask('POST', '/v1/bookings', NULL, jsonb_set(fixture.guest_wish('{3A}', 'Ada', 'ada@x.example'), path, value))
  FROM (VALUES ('no name', '{customer,full_name}'::text[], 'null'::jsonb), ('a blank name', '{customer,full_name}', '" "'), ('no address', '{customer,email}', 'null'), ('no such address', '{customer,email}', '"ada"'),
               ('a country', '{customer,country}', '"GBR"'), ('a phone', '{customer,phone}', '""'), ('another member', '{customer,tier}', '"gold"'), ('no object', '{customer}', '1')) AS w (what, path, value);
SELECT fixture.ask('POST', '/v1/bookings', fixture.key(), fixture.wish(1300, '{3A}') || '{"customer":{"full_name":"Ada","email":"a@b"}}');
SELECT status, headers ->> 'Booking-Token' AS token, body::json ->> 'booking_id' AS id, body::json ->> 'booking_reference' AS reference, body AS document, headers ->> 'ETag' AS etag
  FROM booking.booking_api('POST', '/v1/bookings', body => fixture.guest_wish('{3A,3B}', 'Ada Guest', 'Ada.Guest@example.com')) \gset mine_
SELECT :mine_status AS status, :'mine_token' ~ ('^bt_' || :mine_id || '_[0-9a-f]{32}$') AS form;
SELECT body::jsonb = :'mine_document'::jsonb AS same, headers ->> 'ETag' = :'mine_etag' AS tag, headers ->> 'Booking-Token' AS token FROM booking.booking_api('GET', '/v1/bookings/' || :mine_id, context => jsonb_build_object('authorization', 'Bearer ' || :'mine_token'));
SELECT token_hash = sha256(decode(right(:'mine_token', 32), 'hex')) AS hashed, expires_at FROM booking_private.booking_tokens WHERE booking_id = :mine_id;
SELECT full_name, email, is_guest FROM customers JOIN bookings USING (customer_id) WHERE booking_id = :mine_id;
-- an agent's booking has none, and may have a guest
SELECT status, headers ->> 'Booking-Token' AS token, body::json ->> 'booking_id' AS id FROM fixture.api('POST', '/v1/bookings', body => fixture.guest_wish('{3C}', 'Bea', 'bea@example.com')) \gset bea_
SELECT :bea_status AS status, :{?bea_token} AS token, is_guest FROM customers JOIN bookings USING (customer_id) WHERE booking_id = :bea_id;
SELECT fixture.answer('SELECT booking.create_bookings(jsonb_build_object(''mode'', ''all'', ''bookings'', jsonb_build_array(fixture.guest_wish(''{3D}'', ''Bea'', ''bea@example.com''))))');
-- the token is good for its booking, from reading to the end, and for nothing else
SELECT booking_id AS other FROM booking.create_booking(fixture.wish(1300, '{4A}')) \gset
SELECT fixture.ask('GET', '/v1/bookings/' || :mine_id, :'mine_token') AS read, fixture.ask('PUT', '/v1/bookings/' || :mine_id || '/items/1/seat', :'mine_token', '{"seat":"4B"}') AS seat,
       fixture.ask('POST', '/v1/bookings/' || :mine_id || '/payment_intents', :'mine_token') AS intent, fixture.ask('POST', '/v1/bookings/' || :mine_id || '/payments', fixture.key(), '{"amount":"200","currency":"EUR"}') AS pay;
SELECT fixture.ask('GET', '/v1/bookings/' || :other, :'mine_token') AS other, fixture.ask('GET', '/v1/bookings/' || :mine_id, NULL) AS without,
       fixture.ask('GET', '/v1/bookings/' || :other, replace(:'mine_token', 'bt_' || :mine_id, 'bt_' || :other)) AS forged, fixture.ask('GET', '/v1/customers/1', :'mine_token') AS customer,
       fixture.ask('GET', '/v1/fares', :'mine_token') AS fares, fixture.ask('GET', '/v1/fares', :'mine_token' || '0') AS longer;
SELECT headers ->> 'Location' AS quote FROM booking.booking_api('POST', '/v1/bookings/' || :mine_id || '/cancellations', body => '{"items":[2]}', context => jsonb_build_object('authorization', 'Bearer ' || :'mine_token')) \gset
SELECT fixture.ask('GET', :'quote', NULL) ~ '^SB011' AS stranger, fixture.ask('GET', :'quote', :'mine_token') AS mine, fixture.ask('POST', :'quote' || '/actions/confirm', :'mine_token') AS confirm;
-- whether somebody has the address makes no difference, and what somebody has is as it was
SELECT customer_id AS known FROM booking.create_customer('Known Customer', 'known@example.com', '+44 1') \gset
SELECT booking_id FROM booking.create_booking(fixture.wish(1300, '{5A}', customer => :known)) \gset known_
SELECT a.status, a.body::json ->> 'customer_id' <> :'known' AS another, jsonb_array_length(a.body::jsonb -> 'warnings') AS warnings
  FROM booking.booking_api('POST', '/v1/bookings', body => jsonb_set(fixture.guest_wish('{5B}', 'Somebody Else', 'KNOWN@example.com'), '{slices,0,passengers,0,name}', '"Pax 5A"')) AS a;
SELECT full_name, email, phone FROM customers WHERE customer_id = :known;
SELECT body::json #>> '{customers,0,customer_id}' = :'known' AS found, json_array_length(body::json -> 'customers') AS customers FROM fixture.api('GET', '/v1/customers', '{"email":"known@example.com"}');
SELECT fixture.ask('POST', '/v1/customers', fixture.key(), '{"full_name":"Third","email":"ada.guest@example.com"}') AS a_guest_takes_no_address;
-- under a key the booking is made once, and its token is new each time: it is stored nowhere
SELECT headers ->> 'Booking-Token' AS one, headers ->> 'Location' AS location, headers::jsonb - 'Booking-Token' AS headers, body FROM booking.booking_api('POST', '/v1/bookings', body => fixture.guest_wish('{5C}', 'Cy', 'cy@example.com'), context => '{"idempotency_key":"cy"}') \gset cy_
SELECT headers ->> 'Booking-Token' AS two, headers::jsonb - 'Booking-Token' = :'cy_headers' AS same_headers, body = :'cy_body' AS same_body FROM booking.booking_api('POST', '/v1/bookings', body => fixture.guest_wish('{5C}', 'Cy', 'cy@example.com'), context => '{"idempotency_key":"cy"}') \gset cy_
SELECT :'cy_one' <> :'cy_two' AS two_tokens, :'cy_same_headers' AS same_headers, :'cy_same_body' AS same_body, fixture.ask('GET', :'cy_location', :'cy_one') AS one, fixture.ask('GET', :'cy_location', :'cy_two') AS two;
SELECT count(*) FROM booking_private.idempotency_keys AS k WHERE k::text ~ 'bt_|bk_';
-- until the tokens are ended
SELECT fixture.ask('DELETE', :'cy_location' || '/tokens', NULL) AS stranger, fixture.ask('DELETE', :'cy_location' || '/tokens', :'mine_token') AS another, fixture.ask('DELETE', :'cy_location' || '/tokens', :'cy_one') AS own;
SELECT fixture.ask('GET', :'cy_location', :'cy_one') AS one, fixture.ask('GET', :'cy_location', :'cy_two') AS two;
SELECT headers ->> 'Booking-Token' AS no_more FROM booking.booking_api('POST', '/v1/bookings', body => fixture.guest_wish('{5C}', 'Cy', 'cy@example.com'), context => '{"idempotency_key":"cy"}');
SELECT booking.revoke_booking_tokens(:mine_id), booking.revoke_booking_tokens(999999999);
SELECT fixture.ask('GET', '/v1/bookings/' || :mine_id, :'mine_token');
-- reference and last name make one that holds for half an hour
SELECT jsonb_build_object('booking_reference', :'mine_reference', 'last_name', 'Pax 3A') AS pair, jsonb_build_object('booking_reference', :'mine_reference', 'last_name', 'Byron') AS wrong \gset
SELECT status, body::json ->> 'booking_token' AS token, (body::json ->> 'expires_at')::timestamptz BETWEEN now() + interval '29 minutes' AND now() + interval '31 minutes' AS half_an_hour, body::json ->> 'booking_id' = :'mine_id' AS of_it
  FROM booking.booking_api('POST', '/v1/booking_tokens', body => :'pair', context => '{"idempotency_key":"not kept","address":"192.0.2.1"}') \gset minted_
SELECT :minted_status AS status, :'minted_half_an_hour' AS half_an_hour, :'minted_of_it' AS of_it, fixture.ask('GET', '/v1/bookings/' || :mine_id, :'minted_token') AS read;
SELECT count(*) FROM booking_private.idempotency_keys WHERE idempotency_key = 'not kept';
SELECT fixture.ask('POST', '/v1/booking_tokens', NULL, '{"booking_reference":"ABCDEF"}'), fixture.ask('POST', '/v1/booking_tokens', NULL, :'pair'::jsonb || '{"first_name":"Ada"}');
UPDATE booking_private.booking_tokens SET expires_at = clock_timestamp() WHERE booking_id = :mine_id;
SELECT fixture.ask('GET', '/v1/bookings/' || :mine_id, :'minted_token');
SELECT booking.forget_responses() >= 0 AS forgotten;
SELECT count(*) FROM booking_private.booking_tokens WHERE booking_id = :mine_id;
-- five failures an hour of a reference, right pairs do not count; then nobody is heard, but by token and key
SELECT replace(subject, :'mine_reference', 'mine') AS subject, failures FROM booking_private.failed_attempts ORDER BY subject;
CREATE FUNCTION fixture.find(pair jsonb, address text, method text DEFAULT 'GET') RETURNS text LANGUAGE sql AS $$
    SELECT CASE method WHEN 'GET' THEN fixture.ask('GET', '/v1/bookings', NULL, NULL, pair, jsonb_build_object('address', address))
                                      ELSE fixture.ask('POST', '/v1/booking_tokens', NULL, pair, '{}', jsonb_build_object('address', address)) END;
$$;
SELECT n, fixture.find(:'wrong', '192.0.2.' || n, CASE n % 2 WHEN 0 THEN 'GET' ELSE 'POST' END) AS wrong_pair FROM generate_series(1, 4) AS n;
SELECT fixture.find(:'pair', '192.0.2.9') AS right_pair, fixture.find(:'wrong', '192.0.2.9') AS fifth, fixture.find(:'wrong', '192.0.2.9') AS sixth, fixture.find(:'pair', '192.0.2.9') AS right_pair_then, fixture.find(lower(:'pair')::jsonb, '192.0.2.9') AS in_lower_case;
SELECT fixture.ask('GET', '/v1/bookings', fixture.key(), query => :'pair') AS agent;
CREATE FUNCTION fixture.retry_after(pair jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE hint text;
BEGIN
    PERFORM booking.booking_api('GET', '/v1/bookings', pair);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN hint;
END $$;
SELECT substring(fixture.retry_after(:'pair') FROM '^Retry-After: (\d+)$')::int BETWEEN 3500 AND 3600 AS within_the_hour;
-- another reference is heard, until the address has failed twenty times; of IPv6 a network is one address
SELECT DISTINCT fixture.find(jsonb_build_object('booking_reference', 'AAAA' || chr(64 + n), 'last_name', 'Byron'), '2001:db8:0:1::' || n) AS said FROM generate_series(1, 20) AS n;
SELECT fixture.find('{"booking_reference":"BBBBBB","last_name":"Byron"}', '2001:db8:0:1:ffff::1') AS same_network, fixture.find('{"booking_reference":"BBBBBB","last_name":"Byron"}', '2001:db8:0:2::1') AS next_network;
SELECT subject, failures FROM booking_private.failed_attempts WHERE subject ~ '^address' ORDER BY subject;
-- an hour after its first failure a count begins anew
UPDATE booking_private.failed_attempts SET ends_at = clock_timestamp();
SELECT fixture.find(:'pair', '192.0.2.9') AS right_pair, fixture.find(:'wrong', '2001:db8:0:1::7') AS wrong_pair;
SELECT booking.forget_responses() >= 0 AS forgotten;
SELECT replace(subject, :'mine_reference', 'mine') AS subject, failures FROM booking_private.failed_attempts ORDER BY 1;
-- keys over HTTP, for an admin
SELECT status, body::json ->> 'api_key' AS key, body::json ->> 'key_id' AS id FROM fixture.api('POST', '/v1/api_keys', body => '{"client":"Partner","roles":["agent","analyst"],"days":30}', context => '{"idempotency_key":"partner"}') \gset new_
SELECT :new_status AS status, :'new_key' ~ '^bk_\d+_[0-9a-f]{64}$' AS form, fixture.ask('GET', '/v1/customers/1', :'new_key') AS agent, fixture.ask('GET', '/v1/api_keys', :'new_key') AS admin;
SELECT count(*) FROM booking_private.idempotency_keys WHERE idempotency_key = 'partner' OR body ~ 'bk_';
SELECT k ->> 'client' AS client, k -> 'roles' AS roles, (k ->> 'expires_at')::timestamptz < now() + interval '30 days 1 minute' AS days, k::text ~ '[0-9a-f]{32}' AS secret FROM fixture.api('GET', '/v1/api_keys') AS a, json_array_elements(a.body::json -> 'api_keys') AS k WHERE k ->> 'key_id' = :'new_id';
SELECT fixture.ask('POST', '/v1/api_keys/' || :new_id || '/actions/revoke', fixture.key()) AS revoked, fixture.ask('GET', '/v1/customers/1', :'new_key') AS then, fixture.ask('POST', '/v1/api_keys/999999/actions/revoke', fixture.key()) AS none;
SELECT body, fixture.ask('POST', '/v1/api_keys', fixture.key(), body) FROM unnest(ARRAY['{}', '{"client":"X"}', '{"client":"X","roles":[]}', '{"client":"X","roles":["owner"]}', '{"client":"X","roles":[1]}', '{"client":"X","roles":"agent"}', '{"client":"X","roles":["agent"],"days":0}', '{"client":"X","roles":["agent"],"days":4000}', '{"client":"X","roles":["agent"],"valid_for":"1 year"}']::jsonb[]) AS body;
-- the person goes, the facts stay
SELECT fixture.flight(1310, 1), fixture.flight(1311, 75);
SELECT customer_id AS person, booking_id AS past FROM booking.create_customer('Vanessa Vanish', 'vanessa@example.com', '+44 7', 'GB') AS c,
       LATERAL booking.create_booking(fixture.wish(1310, '{3A,3B}', 'instant', '200', customer => c.customer_id) || '{"contact":{"email":"vanessa@example.com","phone":"+44 7"}}') \gset
SELECT status FROM fixture.api('POST', '/v1/bookings', body => jsonb_set(fixture.wish(1311, '{3A}', customer => :person), '{slices,0,passengers,0,name}', '"Vanessa Vanish"'), context => '{"idempotency_key":"vanessa"}');
SELECT fixture.answer(format('SELECT booking.anonymise_customer(%s)', :person)) ~ '^SB026 customer \d+ has a flight ahead$' AS refused;
SELECT booking_id AS ahead FROM bookings WHERE customer_id = :person AND booking_id <> :past \gset
SELECT status FROM booking.cancel(:ahead);
SELECT fixture.answer(format('SELECT booking.anonymise_customer(%s)', :person)) ~ '^SB026' AS refused_still;
UPDATE flights SET status = 'departed', scheduled_departure = now() - interval '9 hours', scheduled_arrival = now() - interval '1 hour', actual_departure = now() - interval '9 hours', sales_close_at = now() - interval '10 hours' WHERE flight_id = 1310;
SELECT status, count(*) AS items, sum(price) AS price FROM booking_items WHERE booking_id IN (:past, :ahead) GROUP BY 1 ORDER BY 1;
SELECT status, replace(body::json ->> 'full_name', :'person', 'N') AS name, body::json ->> 'email' AS email, body::json ->> 'phone' AS phone, body::json ->> 'country' AS country FROM fixture.api('POST', '/v1/customers/' || :person || '/actions/anonymise');
SELECT replace(replace(i.passenger_name, i.booking_id::text, 'N'), :'person', 'N') AS passenger, b.contact_email, b.contact_phone, i.status FROM booking_items AS i JOIN bookings AS b USING (booking_id) WHERE b.customer_id = :person ORDER BY i.booking_id, item_no;
SELECT status, count(*) AS items, sum(price) AS price FROM booking_items WHERE booking_id IN (:past, :ahead) GROUP BY 1 ORDER BY 1;
SELECT t.name, count(*) FROM (SELECT 'customers', c::text FROM customers AS c UNION ALL SELECT 'bookings', b::text FROM bookings AS b UNION ALL SELECT 'booking_items', i::text FROM booking_items AS i
  UNION ALL SELECT 'booking_events', e::text FROM booking_events AS e UNION ALL SELECT 'idempotency_keys', k::text FROM booking_private.idempotency_keys AS k) AS t (name, line) WHERE line ~* 'vanessa|vanish|\+44 7' GROUP BY 1;
SELECT fixture.answer(format('SELECT booking.anonymise_customer(%s)', :person)) AS again;
SELECT email FROM booking.create_customer('Vanessa Vanish', 'vanessa@example.com');
SELECT * FROM booking.check_invariants();
