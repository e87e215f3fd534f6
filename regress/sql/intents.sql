-- a guest's word is no payment: intents, and the provider's events that settle them
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT fixture.flight(1500, 77), fixture.flight(1501, 78);
INSERT INTO booking_private.payment_providers (provider, secret) VALUES ('acquirer', sha256('the secret of the acquirer'));
-- HMAC-SHA256 by its definition (RFC 2104)
CREATE FUNCTION fixture.hmac(key bytea, message text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    inner_key bytea := decode(repeat('36', 64), 'hex');
    outer_key bytea := decode(repeat('5c', 64), 'hex');
BEGIN
    FOR i IN 0 .. length(key) - 1 LOOP
        inner_key := set_byte(inner_key, i, get_byte(inner_key, i) # get_byte(key, i));
        outer_key := set_byte(outer_key, i, get_byte(outer_key, i) # get_byte(key, i));
    END LOOP;
    RETURN encode(sha256(outer_key || sha256(inner_key || convert_to(message, 'UTF8'))), 'hex');
END $$;
SELECT fixture.hmac('Jefe', 'what do ya want for nothing?') = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843' AS rfc_4231;
CREATE FUNCTION fixture.event(id text, type text, intent text, amount text, currency text DEFAULT 'EUR') RETURNS jsonb LANGUAGE sql
    RETURN jsonb_build_object('event_id', id, 'type', type, 'intent_id', intent::bigint, 'amount', amount, 'currency', currency);
CREATE FUNCTION fixture.signature(event jsonb, age integer DEFAULT 0, key bytea DEFAULT sha256('the secret of the acquirer')) RETURNS text LANGUAGE sql AS $$
    SELECT format('t=%s,v1=%s', t, fixture.hmac(key, concat_ws('.', t, COALESCE(event ->> 'event_id', ''), event ->> 'type', event ->> 'intent_id', event ->> 'amount', event ->> 'currency')))
      FROM (SELECT floor(extract(epoch FROM clock_timestamp()))::bigint - age) AS s (t);
$$;
-- what the API answers: the status of the intent and why, or the refusal
CREATE FUNCTION fixture.told(event jsonb, signature text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT concat_ws(': ', a.body::json ->> 'status', regexp_replace(a.body::json ->> 'reason', 'booking \d+', 'booking N')) FROM booking.booking_api('POST', '/v1/payment_events', body => event, context => jsonb_strip_nulls(jsonb_build_object('payment_signature', signature))) AS a);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, 'intent \d+', 'intent N');
END $$;
CREATE FUNCTION fixture.guest_call(token text, method text, path text, body jsonb DEFAULT NULL) RETURNS TABLE (status int, location text, token text, body json) LANGUAGE sql AS $$
    SELECT a.status, a.headers ->> 'Location', a.headers ->> 'Booking-Token', a.body::json FROM booking.booking_api(method, path, body => $4, context => jsonb_strip_nulls(jsonb_build_object('authorization', 'Bearer ' || $1))) AS a;
$$;
CREATE FUNCTION fixture.guest_hold(seat text) RETURNS TABLE (id text, token text, path text) LANGUAGE sql AS $$
    SELECT c.body ->> 'booking_id', c.token, c.location FROM fixture.guest_call(NULL, 'POST', '/v1/bookings', fixture.wish(1500, ARRAY[seat]) - 'customer_id' || '{"customer":{"full_name":"A Guest","email":"guest@example.com"}}') AS c;
$$;
CREATE FUNCTION fixture.refusal_of(token text, method text, path text, body jsonb DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT c.status FROM fixture.guest_call(token, method, path, body) AS c);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '(booking|intent) \d+', '\1 N');
END $$;
-- a guest does not pay by saying so, in none of the ways to pay
SELECT * FROM fixture.guest_hold('3A') \gset a_
SELECT fixture.refusal_of(:'a_token', 'POST', :'a_path' || '/payments', '{"amount":"100","currency":"EUR"}') AS pay, fixture.refusal_of(NULL, 'POST', '/v1/bookings', fixture.wish(1500, '{3B}', 'instant', '100') - 'customer_id' || '{"customer":{"full_name":"A Guest","email":"guest@example.com"}}') AS instant,
       fixture.refusal_of(:'a_token', 'PUT', :'a_path' || '/items/1/seat', '{"seat":"1A","payment":{"amount":"400","currency":"EUR"}}') AS seat;
-- an intent has the server's amount; its event, signed by the provider, confirms the booking once
SELECT status, location, body FROM fixture.guest_call(:'a_token', 'POST', :'a_path' || '/payment_intents') \gset i_
SELECT :i_status AS status, :'i_location' = '/v1/payment_intents/' || (:'i_body'::json ->> 'intent_id') AS located, :'i_body'::jsonb - 'intent_id' - 'booking_id' - 'created_at' AS intent, :'i_body'::json ->> 'intent_id' AS intent_id \gset i_
SELECT :i_status AS status, :'i_located' AS located, :'i_intent' AS intent;
SELECT fixture.event('evt-1', 'succeeded', :'i_intent_id', '100.00') AS event \gset
SELECT fixture.told(:'event', NULL) AS unsigned, fixture.told(:'event', 't=1,v1=') AS short, fixture.told(:'event', fixture.signature(:'event', 301)) AS old, fixture.told(:'event', fixture.signature(:'event', -302)) AS early,
       fixture.told(:'event', fixture.signature(:'event', 0, sha256('another'))) AS another_secret, fixture.told(:'event'::jsonb || '{"amount":"1.00"}', fixture.signature(:'event')) AS another_amount, fixture.told(:'event'::jsonb || '{"intent_id":1}', fixture.signature(:'event')) AS another_intent;
SELECT status FROM bookings WHERE booking_id = :a_id;
SELECT fixture.told(:'event', fixture.signature(:'event', 299)) AS said, status, total_amount FROM bookings WHERE booking_id = :a_id;
SELECT status, total_amount FROM bookings WHERE booking_id = :a_id;
SELECT fixture.told(:'event', fixture.signature(:'event')) AS again;
SELECT amount, method FROM payments WHERE booking_id = :a_id;
SELECT body ->> 'status' AS state FROM fixture.guest_call(:'a_token', 'GET', :'i_location');
SELECT fixture.refusal_of(NULL, 'GET', :'i_location') AS stranger, fixture.refusal_of(:'a_token', 'GET', '/v1/payment_intents/999999') AS none, fixture.refusal_of(:'a_token', 'POST', :'a_path' || '/payment_intents') AS paid;
-- money that has no use goes back: a second payment, another amount, another currency, too late, cancelled
SELECT fixture.event('evt-2', 'succeeded', :'i_intent_id', '100.00') AS event \gset
SELECT fixture.told(:'event', fixture.signature(:'event')) AS second;
SELECT amount FROM payments WHERE booking_id = :a_id ORDER BY payment_id;
SELECT * FROM fixture.guest_hold('4A') \gset b_
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'b_token', 'POST', :'b_path' || '/payment_intents') \gset bi_
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'b_token', 'POST', :'b_path' || '/payment_intents') \gset bj_
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'b_token', 'POST', :'b_path' || '/payment_intents') \gset bk_
SELECT fixture.event('evt-3', 'succeeded', :'bi_id', '99.00') AS less, fixture.event('evt-4', 'succeeded', :'bj_id', '100.00', 'USD') AS dollars, fixture.event('evt-5', 'failed', :'bk_id', '100.00') AS failed \gset
SELECT fixture.told(:'less', fixture.signature(:'less')) AS less, fixture.told(:'dollars', fixture.signature(:'dollars')) AS dollars, fixture.told(:'failed', fixture.signature(:'failed')) AS failed;
SELECT status FROM bookings WHERE booking_id = :b_id;
SELECT amount, currency FROM payments WHERE booking_id = :b_id ORDER BY payment_id;
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'b_token', 'POST', :'b_path' || '/payment_intents') \gset bl_
SELECT fixture.lapse(:b_id);
SELECT fixture.event('evt-7', 'succeeded', :'bl_id', '100.00') AS event \gset
SELECT fixture.told(:'event', fixture.signature(:'event')) AS too_late;
SELECT fixture.told(:'event', fixture.signature(:'event')) AS again;
SELECT sum(amount) AS kept, count(*) AS entries FROM payments WHERE booking_id = :b_id;
-- a change that costs something is paid in the same way
SELECT body ->> 'change_id' AS id FROM fixture.guest_call(:'a_token', 'POST', :'a_path' || '/changes', '{"items":[{"item_no":1,"seat":"1A"}]}') \gset c_
SELECT fixture.refusal_of(:'a_token', 'POST', '/v1/changes/' || :'c_id' || '/actions/confirm', '{"payment":{"amount":"400","currency":"EUR"}}') AS by_word;
SELECT body ->> 'intent_id' AS id, body ->> 'amount' AS amount FROM fixture.guest_call(:'a_token', 'POST', '/v1/changes/' || :'c_id' || '/payment_intents') \gset ci_
SELECT fixture.event('evt-8', 'succeeded', :'ci_id', :'ci_amount') AS event \gset
SELECT :'ci_amount' AS amount, fixture.told(:'event', fixture.signature(:'event')) AS said;
SELECT i.seat_number, b.total_amount, (SELECT sum(amount) FROM payments AS p WHERE p.booking_id = b.booking_id) AS paid FROM bookings AS b JOIN booking_items AS i USING (booking_id) WHERE booking_id = :a_id;
SELECT fixture.refusal_of(:'a_token', 'POST', '/v1/changes/' || :'c_id' || '/payment_intents') AS done;
-- what has failed may be tried again, with the same intent
SELECT * FROM fixture.guest_hold('4B') \gset f_
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'f_token', 'POST', :'f_path' || '/payment_intents') \gset fi_
SELECT fixture.event('evt-9', 'failed', :'fi_id', '100.00') AS failed, fixture.event('evt-10', 'succeeded', :'fi_id', '100.00') AS after_all \gset
SELECT fixture.told(:'failed', fixture.signature(:'failed')) AS failed;
SELECT fixture.told(:'after_all', fixture.signature(:'after_all')) AS after_all;
SELECT status FROM bookings WHERE booking_id = :f_id;
-- malformed events, of no intent
SELECT what, fixture.told(e, fixture.signature(e)) FROM (VALUES ('no id', fixture.event(NULL, 'succeeded', :'ci_id', '1')), ('a type', fixture.event('x', 'settled', :'ci_id', '1')), ('an amount', fixture.event('x', 'succeeded', :'ci_id', '-1')), ('a currency', fixture.event('x', 'succeeded', :'ci_id', '1', 'euro')),
  ('an intent', fixture.event('x', 'succeeded', '999999', '1'))) AS w (what, e);
-- where nobody simulates a provider there is none to play; where one does, who has the booking plays it
SELECT * FROM fixture.guest_hold('5A') \gset d_
SELECT body ->> 'intent_id' AS id FROM fixture.guest_call(:'d_token', 'POST', :'d_path' || '/payment_intents') \gset di_
SELECT fixture.refusal_of(:'d_token', 'POST', '/v1/simulated_payments', jsonb_build_object('intent_id', :di_id, 'type', 'succeeded')) AS none;
INSERT INTO booking_private.payment_providers (provider, secret) VALUES ('simulated', sha256('simulated'));
SELECT fixture.refusal_of(NULL, 'POST', '/v1/simulated_payments', jsonb_build_object('intent_id', :di_id, 'type', 'succeeded')) AS stranger;
SELECT body ->> 'status' AS said FROM fixture.guest_call(:'d_token', 'POST', '/v1/simulated_payments', jsonb_build_object('intent_id', :di_id, 'type', 'succeeded'));
SELECT status FROM bookings WHERE booking_id = :d_id;
-- a card number is taken nowhere: test numbers of the networks, however they are written; what only looks like one is
CREATE FUNCTION fixture.with_name(name text, contact jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
    SELECT fixture.refusal_of(NULL, 'POST', '/v1/bookings', jsonb_set(fixture.wish(1501, '{1A}') - 'customer_id' || '{"customer":{"full_name":"A Guest","email":"guest@example.com"}}', '{slices,0,passengers,0,name}', to_jsonb(name)) || jsonb_build_object('contact', contact));
$$;
SELECT name, fixture.with_name(name) FROM unnest('{Ann 4111111111111111,"4242 4242 4242 4242","Ann 3782-822463-10005",Ann 6011111111111117 x}'::text[]) AS name;
SELECT fixture.refusal_of(fixture.key(), 'POST', '/v1/customers', '{"full_name":"Ann","country":4111111111111111}') AS a_number, fixture.refusal_of(fixture.key(), 'POST', '/v1/customers', '{"full_name":"Ann","notes":{"deep":["5555 5555 5555 4444"]}}') AS deep;
SELECT fixture.with_name('Ann 4111111111111112', '{"phone":"+378282246310005"}') AS no_check_digit_and_a_phone, fixture.with_name('Ann', '{"phone":"4111111111111111"}') AS no_phone;
SELECT count(*) FROM booking_items WHERE passenger_name ~ '4111111111111111|4242|3782|6011';
SELECT * FROM booking.check_invariants();
