-- booking_api: routes, statuses, headers, and the same rules as SQL
\set VERBOSITY sqlstate
SELECT fixture.flight(60, 80);
SELECT fixture.flight(61, 80);
UPDATE flights SET scheduled_departure = scheduled_departure + interval '3 hours', scheduled_arrival = scheduled_arrival + interval '3 hours' WHERE flight_id = 61;
SELECT * FROM fixture.api('GET', '/v1/nothing');
SELECT * FROM fixture.api('GET', '/v1/flights/');
SELECT * FROM fixture.api('GET', '/v1/flights/0');
SELECT * FROM fixture.api('GET', '/v1/flights/-1');
SELECT * FROM fixture.api('GET', '/v1/flights/99999999999999999999');
SELECT * FROM fixture.api('DELETE', '/v1/flights/60');
SELECT * FROM fixture.api(NULL, '/v1/flights/60');
SELECT * FROM fixture.api('GET', '/v1/flights/60', '[]');
SELECT status, body::json ->> 'role' AS role, body::json ->> 'version' AS version FROM fixture.api('GET', '/v1/health');
SELECT status, body FROM fixture.api('GET', '/v1/airports', '{"query":"lond"}');
SELECT json_array_length(body::json -> 'airports') FROM fixture.api('GET', '/v1/airports');
-- one flight, and a search in pages
SELECT body::json ->> 'flight_number' AS number, body::json ->> 'scheduled_departure' ~ '^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$' AS utc,
       body::json ->> 'scheduled_departure_local' ~ 'T12:00:00$' AS local, body::json -> 'cabins' AS cabins
  FROM fixture.api('GET', '/v1/flights/60');
SELECT jsonb_build_object('origin', 'LHR', 'destination', 'JFK', 'departure_date', to_char(fixture.day(80), 'YYYY-MM-DD'), 'limit', '1') AS query \gset
SELECT body::json #>> '{flights,0,flight_id}' AS flight, json_array_length(body::json #> '{flights,0,cabins}') AS cabins, body::json ->> 'next' AS next
  FROM fixture.api('GET', '/v1/flights', :'query') \gset page1_
SELECT :page1_flight AS flight, :page1_cabins AS cabins;
SELECT body::json #>> '{flights,0,flight_id}' AS flight, body::json ->> 'next' AS next FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || jsonb_build_object('after', :'page1_next'));
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"after":"soon"}');
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"origin":"XXX"}');
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"departure_date":"2026-02-29"}');
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"passengers":"10"}');
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"passengers":"two"}');
SELECT * FROM fixture.api('GET', '/v1/flights', '{}');
-- customers
SELECT body::json ->> 'customer_id' AS ada, status, headers ->> 'Location' = '/v1/customers/' || (body::json ->> 'customer_id') AS located
  FROM fixture.api('POST', '/v1/customers', body => '{"full_name":"Ada Lovelace","email":"Ada@Example.com","country":"GB"}') \gset
SELECT :status AS status, :'located' AS located;
SELECT * FROM fixture.api('POST', '/v1/customers', body => '{"full_name":"Another","email":"ada@example.COM"}');
SELECT * FROM fixture.api('POST', '/v1/customers', body => '{"full_name":"Another","email":"nobody"}');
SELECT * FROM fixture.api('POST', '/v1/customers', body => '{"email":"ada2@example.com"}');
SELECT * FROM fixture.api('POST', '/v1/customers');
SELECT body::json #>> '{customers,0,full_name}' AS name, body::json #>> '{customers,0,tier}' AS tier FROM fixture.api('GET', '/v1/customers', '{"email":"ADA@example.com"}');
SELECT body FROM fixture.api('GET', '/v1/customers', '{"email":"nobody@example.com"}');
SELECT body::json ->> 'email' AS email FROM fixture.api('GET', '/v1/customers/' || :ada);
SELECT * FROM fixture.api('GET', '/v1/customers/999999');
SELECT full_name, email, tier FROM booking.create_customer('Grace Hopper', 'grace@example.com');
SELECT * FROM booking.create_customer(NULL);
SELECT status, body::json ->> 'phone' AS phone, body::json ->> 'full_name' AS name FROM fixture.api('PATCH', '/v1/customers/' || :ada, body => '{"phone":"+44 1","email":"ADA@example.com"}');
SELECT * FROM fixture.api('PATCH', '/v1/customers/' || :ada, body => '{"email":"grace@example.com"}');
SELECT * FROM fixture.api('PATCH', '/v1/customers/999999', body => '{"phone":"1"}');
SELECT * FROM fixture.api('PATCH', '/v1/customers/' || :ada, body => '{"full_name":""}');
SELECT full_name, country FROM booking.update_customer(:ada, country => 'IE');
-- the answer to a new booking, which is not read back, is what reading it would answer
BEGIN;
SELECT p.status, p.headers ->> 'ETag' = g.headers ->> 'ETag' AS same_tag, p.body::jsonb = g.body::jsonb AS same_body, p.body::json ->> 'confirmed_at' IS NOT NULL AS confirmed
  FROM (VALUES ('{"type":"hold","contact":{"phone":"+44 1"},"slices":[{"flight_id":60,"passengers":[{"name":"Ada Lovelace","seat":"4A"},{"name":"Bee \"Bee\" Lovelace","type":"child","seat":"4B"}]},{"flight_id":61,"passengers":[{"name":"Cy Lovelace","seat":"4C"}]}]}'::jsonb),
               ('{"type":"instant","channel":"web","fare_code":"flex","slices":[{"flight_id":60,"passengers":[{"name":"Dee Lovelace","cabin_class":"economy"}]}],"payment":{"amount":"130.00","currency":"EUR","method":"cash"}}')) AS w (wish),
       LATERAL fixture.api('POST', '/v1/bookings', body => w.wish || jsonb_build_object('customer_id', :ada::bigint)) AS p,
       LATERAL fixture.api('GET', '/v1/bookings/' || (p.body::json ->> 'booking_id')) AS g;
ROLLBACK;
-- a booking's life: hold, pay, retrieve, cancel
SELECT body::json ->> 'booking_id' AS id, body::json ->> 'booking_reference' AS reference, status, headers ->> 'Location' = '/v1/bookings/' || (body::json ->> 'booking_id') AS located,
       body::json ->> 'status' AS state, body::json ->> 'total_amount' AS total, body::json ->> 'available_actions' AS actions
  FROM fixture.api('POST', '/v1/bookings', body => jsonb_build_object('type', 'hold', 'customer_id', :ada::bigint, 'channel', 'web', 'contact', '{"email":"ada@example.com"}'::jsonb,
       'slices', '[{"flight_id":60,"passengers":[{"name":"Ada Lovelace","seat":"3A"}]}]'::jsonb)) \gset booking_
SELECT :booking_status AS status, :'booking_located' AS located, :'booking_state' AS state, :'booking_total' AS total, :'booking_actions' AS actions;
SELECT status, body::json ->> 'status' AS state, body::json ->> 'paid_amount' AS paid, body::json #>> '{payments,0,method}' AS method
  FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/payments', body => '{"amount":"100.00","currency":"EUR"}');
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/payments', body => '{"amount":"100.00","currency":"EUR"}');
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/payments', body => '{"amount":"lots","currency":"EUR"}');
SELECT body::json ->> 'status' AS state, body::json #>> '{items,0,passenger_name}' AS passenger, body::json #>> '{items,0,scheduled_departure_local}' ~ 'T12:00:00$' AS local, body::json -> 'contact' AS contact
  FROM fixture.api('GET', '/v1/bookings', jsonb_build_object('booking_reference', :'booking_reference', 'last_name', 'lovelace'));
SELECT * FROM fixture.api('GET', '/v1/bookings', jsonb_build_object('booking_reference', :'booking_reference', 'last_name', 'byron'));
SELECT * FROM fixture.api('GET', '/v1/bookings', jsonb_build_object('booking_reference', :'booking_reference'));
SELECT * FROM fixture.api('GET', '/v1/bookings/999999');
-- a customer's bookings, newest first, in pages
SELECT json_array_length(body::json -> 'bookings') AS bookings, body::json #>> '{bookings,0,status}' AS status, body::json ->> 'next' AS next
  FROM fixture.api('GET', '/v1/bookings', jsonb_build_object('customer_id', :'ada'));
SELECT body::json ->> 'next' AS next, body::json #>> '{bookings,0,booking_id}' AS first FROM fixture.api('GET', '/v1/bookings', '{"customer_id":"1","limit":"2"}') \gset page_
SELECT :page_next < :page_first AS newest_first;
SELECT max((b ->> 'booking_id')::bigint) < :page_next AS goes_on FROM fixture.api('GET', '/v1/bookings', jsonb_build_object('customer_id', '1', 'after', :'page_next')), json_array_elements(body::json -> 'bookings') AS b;
SELECT DISTINCT b ->> 'status' AS status FROM fixture.api('GET', '/v1/bookings', '{"customer_id":"1","status":"cancelled"}'), json_array_elements(body::json -> 'bookings') AS b;
SELECT * FROM fixture.api('GET', '/v1/bookings', '{"customer_id":"1","status":"gone"}');
SELECT count(*) FROM booking.list_bookings(1, max_bookings => 3);
SELECT * FROM booking.list_bookings(NULL);
SELECT status, body::json ->> 'cancellation_id' AS id, body::json ->> 'refund_amount' AS refund, body::json ->> 'status' AS state, body::json -> 'items' AS items
  FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/cancellations', body => '{"items":[1]}') \gset quote_
SELECT :quote_status AS status, :'quote_refund' AS refund, :'quote_state' AS state, :'quote_items' AS items;
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/cancellations', body => '{"items":[0]}');
SELECT * FROM fixture.api('POST', '/v1/bookings/' || :booking_id || '/cancellations', body => '{"items":"all"}');
SELECT status, body::json ->> 'status' AS state FROM fixture.api('POST', '/v1/cancellations/' || :quote_id || '/actions/confirm');
SELECT * FROM fixture.api('POST', '/v1/cancellations/' || :quote_id || '/actions/confirm');
SELECT body::json ->> 'status' AS state, body::json ->> 'paid_amount' AS paid, json_array_length(body::json -> 'payments') AS entries FROM fixture.api('GET', '/v1/bookings/' || :booking_id);
SELECT * FROM booking.check_invariants();
-- what nobody asked for is refused, in every object and in the query, and the name that may have been meant is said
\set VERBOSITY terse
CREATE FUNCTION fixture.refusal(method text, path text, query jsonb, body jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM fixture.api(method, path, query, body);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT booking_id AS mine FROM booking.create_booking(fixture.wish(60, '{5A}')) \gset
SELECT r.what, fixture.refusal(r.method, r.path, r.query, r.body)
  FROM (VALUES
    ('query of a search', 'GET', '/v1/flights', '{"origin":"LHR","destination":"JFK","departure_date":"2030-01-01","passenger":"3"}'::jsonb, NULL::jsonb),
    ('query of a report', 'GET', '/v1/bookings', '{"customer_id":"1","size":"3"}', NULL),
    ('query without any', 'GET', '/v1/flights/60', '{"cabin":"economy"}', NULL),
    ('query of a POST', 'POST', '/v1/bookings/' || :mine || '/cancellations', '{"items":"1"}', NULL),
    ('a quote', 'POST', '/v1/bookings/' || :mine || '/cancellations', '{}', '{"item_nos":[1]}'),
    ('a booking', 'POST', '/v1/bookings', '{}', fixture.wish(60, '{5B}') || '{"fare":"flex"}'),
    ('null', 'POST', '/v1/bookings', '{}', fixture.wish(60, '{5B}') || '{"fare":null}'),
    ('a contact', 'POST', '/v1/bookings', '{}', fixture.wish(60, '{5B}') || '{"contact":{"e-mail":"a@b.c"}}'),
    ('a slice', 'POST', '/v1/bookings', '{}', jsonb_set(fixture.wish(60, '{5B}'), '{slices,0,cabin}', '"economy"')),
    ('a passenger', 'POST', '/v1/bookings', '{}', jsonb_set(fixture.wish(60, '{5B}'), '{slices,0,passengers,0,seat_number}', '"5C"')),
    ('a payment', 'POST', '/v1/bookings/' || :mine || '/payments', '{}', '{"amount":"100","currency":"EUR","card":"4111"}'),
    ('a change', 'POST', '/v1/bookings/' || :mine || '/changes', '{}', '{"items":[{"item_no":1,"seat":"5B","flight":61}]}'),
    ('a batch', 'POST', '/v1/booking_batches', '{}', jsonb_build_object('mode', 'each', 'bookings', jsonb_build_array(fixture.wish(60, '{5B}')), 'Mode', 'all')),
    ('of a batch', 'POST', '/v1/booking_batches', '{}', jsonb_build_object('mode', 'all', 'bookings', jsonb_build_array(fixture.wish(60, '{5B}') || '{"note":1}'))),
    ('a customer', 'POST', '/v1/customers', '{}', '{"full_name":"Ada","mail":"ada@example.net"}'),
    ('no body wanted', 'POST', '/v1/cancellations/' || (SELECT cancellation_id FROM booking.quote_cancellation(:mine)) || '/actions/confirm', '{}', '{"amount":"1"}'),
    ('a long name', 'POST', '/v1/customers', '{}', jsonb_build_object('full_name', 'Ada', repeat('é', 100), 1)),
    ('a number too large', 'POST', '/v1/bookings', '{}', fixture.wish(60, '{5B}') || '{"customer_id":1e30}')) AS r (what, method, path, query, body);
SELECT fixture.answer('SELECT booking.create_booking(fixture.wish(60, ''{5B}'') || ''{"fare":"flex"}'')'), fixture.answer(format('SELECT booking.quote_change(%s, ''{"items":[{"item_no":1,"seat":"5B"}],"all":true}'')', :mine));
SELECT count(*) FROM booking_items WHERE flight_id = 60 AND seat_number IN ('5B', '5C');
-- OPTIONS says what a path takes, and so does a refusal
\set VERBOSITY sqlstate
SELECT status, headers, body FROM fixture.api('OPTIONS', '/v1/customers/1');
SELECT status, headers ->> 'Allow' AS allow FROM fixture.api('OPTIONS', '/v1/bookings', context => '{"idempotency_key":"options"}');
SELECT * FROM fixture.api('OPTIONS', '/v1/nothing');
CREATE FUNCTION fixture.hint(method text, path text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    PERFORM fixture.api(method, path);
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || hint;
END $$;
SELECT fixture.hint('DELETE', '/v1/etl_runs'), fixture.hint('TRACE', '/v1/changes/1');
-- what is read has an ETag, which changes with what it shows
CREATE FUNCTION fixture.etag(path text, query jsonb DEFAULT '{}') RETURNS text LANGUAGE sql
    RETURN (SELECT a.headers ->> 'ETag' FROM fixture.api('GET', path, query) AS a);
SELECT path, fixture.etag(path) ~ '^"[0-9a-f]{16}"$' AS digest, fixture.etag(path) = fixture.etag(path) AS same
  FROM unnest(ARRAY['/v1/flights/60', '/v1/flights/60/seat_map', '/v1/fares', '/v1/airports', '/v1/customers/1']) AS path;
SELECT fixture.etag('/v1/flights/60') AS flight, fixture.etag('/v1/flights/60/seat_map') AS map, '/v1/bookings/' || :mine AS path, fixture.etag('/v1/bookings/' || :mine) AS booking \gset before_
SELECT :'before_booking' ~ '^"1-[0-9a-f]{16}"$' AS version_and_digest;
SELECT headers ->> 'ETag' = fixture.etag(:'before_path') AS write_and_read_agree, headers ->> 'ETag' ~ '^"2-' AS version
  FROM fixture.api('PUT', '/v1/bookings/' || :mine || '/items/1/seat', body => '{"seat":"5C"}', context => jsonb_build_object('if_match', :'before_booking'));
SELECT fixture.etag('/v1/flights/60') = :'before_flight' AS as_many_are_free, fixture.etag('/v1/flights/60/seat_map') <> :'before_map' AS others_are;
SELECT * FROM fixture.api('PUT', '/v1/bookings/' || :mine || '/items/1/seat', body => '{"seat":"5D"}', context => jsonb_build_object('if_match', :'before_booking'));
SELECT tag, regexp_replace(fixture.answer(format('SELECT fixture.api(%L, %L, body => %L, context => %L)', 'PUT', '/v1/bookings/' || :mine || '/items/1/seat', '{"seat":"99Z"}',
                                  jsonb_build_object('if_match', tag))), 'booking \d+', 'booking N') AS answer
  FROM unnest('{*,"\"2\"","\"2-\"","\"2-0123456789abcdef\"","\"1\"","\"2-x\"","\"2","2","\"2\" ","\"-2\"","\"\"","W/\"2\""}'::text[]) AS tag;
-- what its flight does is shown, and the version is still the same
SELECT fixture.etag('/v1/bookings/' || :mine) AS tag \gset
BEGIN;
UPDATE flights SET scheduled_departure = scheduled_departure + interval '1 hour', scheduled_arrival = scheduled_arrival + interval '1 hour' WHERE flight_id = 60;
SELECT left(:'tag', 3) AS version, left(fixture.etag('/v1/bookings/' || :mine), 3) AS version_then, fixture.etag('/v1/bookings/' || :mine) = :'tag' AS same_tag;
ROLLBACK;
SELECT fixture.etag('/v1/bookings/' || :mine) = :'tag' AS same_tag;
-- a list leads to its next page
SELECT headers ->> 'Link' AS link FROM fixture.api('GET', '/v1/airports', '{"limit":"1","query":"é &o"}');
SELECT headers ->> 'Link' AS link FROM fixture.api('GET', '/v1/airports', '{"limit":"2","after":"AKL"}');
SELECT count(*) FROM fixture.api('GET', '/v1/airports') WHERE headers ->> 'Link' IS NULL AND body::json ->> 'next' IS NULL;
CREATE FUNCTION fixture.pages(path text, query jsonb, member text, id text) RETURNS TABLE (page int, ids text) LANGUAGE plpgsql AS $$
DECLARE
    answer record;
    link text;
BEGIN
    FOR n IN 1 .. 9 LOOP
        page := n;
        SELECT a.headers, a.body::jsonb AS body INTO answer FROM fixture.api('GET', pages.path, pages.query) AS a;
        SELECT string_agg(e #>> string_to_array(id, ','), ' ') INTO ids FROM jsonb_array_elements(answer.body -> member) AS e;
        RETURN NEXT;
        link := substring(answer.headers ->> 'Link' FROM '^<[^?]*[?](.*)>; rel="next"$');
        EXIT WHEN link IS NULL;
        SELECT jsonb_object_agg(split_part(p, '=', 1), split_part(p, '=', 2)) INTO pages.query FROM string_to_table(link, '&') AS p;
    END LOOP;
END $$;
SELECT * FROM fixture.pages('/v1/flights', :'query', 'flights', 'flight_id');
SELECT page, ids FROM fixture.pages('/v1/airports', '{"limit":"3"}', 'airports', 'iata');
SELECT count(*) > 1 AS pages, bool_and(array_length(string_to_array(ids, ' '), 1) <= 2) AS of_two FROM fixture.pages('/v1/bookings', jsonb_build_object('customer_id', '1', 'limit', '2'), 'bookings', 'booking_id');
-- what was posted is there to be read
SELECT booking_id AS other FROM booking.create_booking(fixture.wish(60, '{5D}')) \gset
CREATE FUNCTION fixture.reads_back(method text, path text, body jsonb) RETURNS TABLE (status int, location text, same_body boolean) LANGUAGE sql AS $$
    SELECT p.status, regexp_replace(p.headers ->> 'Location', '\d+$', 'N'), g.body::jsonb = p.body::jsonb
      FROM fixture.api(method, path, body => body) AS p, LATERAL fixture.api('GET', p.headers ->> 'Location') AS g
$$;
SELECT * FROM fixture.reads_back('POST', '/v1/bookings/' || :other || '/changes', '{"items":[{"item_no":1,"seat":"5A"}]}');
SELECT * FROM fixture.reads_back('POST', '/v1/bookings/' || :other || '/cancellations', '{}');
SELECT p.status, g.body::jsonb - 'payment_id' - 'booking_id' - 'created_at' AS payment, (g.body::jsonb ->> 'booking_id')::bigint = :other AS of_the_booking
  FROM fixture.api('POST', '/v1/bookings/' || :other || '/payments', body => '{"amount":"100.00","currency":"EUR"}') AS p,
       LATERAL fixture.api('GET', p.headers ->> 'Location') AS g;
SELECT p.status, g.body::json ->> 'status' AS state
  FROM fixture.api('POST', '/v1/bookings/' || :other || '/cancellations') AS q,
       LATERAL fixture.api('POST', (q.headers ->> 'Location') || '/actions/confirm') AS p, LATERAL fixture.api('GET', q.headers ->> 'Location') AS g;
SELECT * FROM fixture.api('GET', '/v1/changes/999999');
SELECT * FROM fixture.api('GET', '/v1/cancellations/999999');
SELECT * FROM fixture.api('GET', '/v1/payments/999999');
-- the fares are one thing, by SQL and by HTTP
SELECT f ->> 'fare_code' AS fare, f ->> 'name' AS name, f ->> 'refundable' AS refundable, f ->> 'changeable' AS changeable, f ->> 'price_factor' AS factor, f -> 'fees' AS fees
  FROM fixture.api('GET', '/v1/fares') AS a, json_array_elements(a.body::json -> 'fares') AS f;
SELECT count(*) FILTER (WHERE f.name = a.name AND f.refundable = a.refundable AND f.changeable = a.changeable AND f.price_factor = a.price_factor
                          AND json_array_length(f.fees) = (SELECT count(*) FROM fare_rules AS r WHERE r.fare_code = a.fare_code)) = count(*) AS all_as_in_the_tables
  FROM fares AS a LEFT JOIN booking.list_fares() AS f USING (fare_code);
SELECT * FROM booking.check_invariants();
