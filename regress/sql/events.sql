-- what has happened, for those who ask and for those who are told
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT fixture.flight(1600, 80);
SELECT COALESCE(max(event_id), 0) AS start FROM booking_events \gset
SELECT booking_id AS b1, booking_reference AS reference FROM booking.create_booking(fixture.wish(1600, '{3A,3B}')) \gset
SELECT booking_id AS b2 FROM booking.create_booking(fixture.wish(1600, '{4A}', 'instant', '100')) \gset
SELECT status FROM booking.pay(:b1, 200, 'EUR', 'cash');
-- in order, after one, and so many
SELECT event_id - :start AS event, event_type, booking_id = :b1 AS first, booking_reference = :'reference' AS reference, item_no, flight_id, seat_number, occurred_at <= clock_timestamp() AS past FROM booking.list_events(:start);
SELECT event_id - :start AS event, event_type FROM booking.list_events(:start + 2, 2);
SELECT count(*) FROM booking.list_events(:start + 5);
SELECT event_type, count(*) FROM booking.list_events(:start, 1000) GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM booking.list_events(-1);
SELECT count(*) FROM booking.list_events(0, 0);
SELECT count(*) FROM booking.list_events(0, 1001);
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM booking.list_events(:start); ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT count(*) FROM booking.list_events(:start); ROLLBACK;
BEGIN READ ONLY; SELECT count(*) FROM booking.list_events(:start); ROLLBACK;
-- by HTTP
SELECT json_array_length(body::json -> 'events') AS events, (body::json ->> 'next')::bigint - :start AS next, regexp_replace(headers ->> 'Link', '\d{2,}', 'N') AS link,
       body::json -> 'events' -> 0 ->> 'event_type' AS first, (SELECT string_agg(k, ' ') FROM json_object_keys(body::json -> 'events' -> 0) AS k) AS members
  FROM fixture.api('GET', '/v1/events', jsonb_build_object('after', :'start', 'limit', '2'));
SELECT json_array_length(body::json -> 'events') AS events, (body::json ->> 'next')::bigint - :start AS next FROM fixture.api('GET', '/v1/events', jsonb_build_object('after', (:start + 5)::text));
SELECT fixture.answer($$SELECT fixture.api('GET', '/v1/events', '{"after":"x"}')$$), fixture.answer($$SELECT fixture.api('GET', '/v1/events', '{"limit":"1001"}')$$);
-- who adds no event is not waited for; specs/event_order has those who do
BEGIN;
INSERT INTO customers (full_name) VALUES ('Not An Event');
SELECT count(*) FROM booking.list_events(:start);
ROLLBACK;
-- what the airline changes is an event as well
INSERT INTO schedule_changes (flight_id, booking_id, item_no, change_type, old_departure, new_departure)
SELECT flight_id, booking_id, item_no, 'time_changed', now(), now() FROM booking_items WHERE booking_id = :b1;
SELECT event_id - :start - 6 AS event, event_type, item_no, seat_number FROM booking.list_events(:start + 5);

-- a webhook is an address, and which events are wanted there
CREATE FUNCTION fixture.hook(body jsonb, credential text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT a.status::text FROM fixture.api('POST', '/v1/webhooks', body => body, context => jsonb_build_object('authorization', 'Bearer ' || credential)) AS a);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT key_id AS desk, api_key AS desk_key FROM booking.issue_api_key('Desk', '{agent}') \gset
SELECT api_key AS other_key FROM booking.issue_api_key('Other', '{agent}') \gset
SELECT body, fixture.hook(body, :'desk_key')
  FROM unnest(ARRAY['{}', '{"url":""}', '{"url":"ftp://x.example"}', '{"url":"http://x.example/"}', '{"url":"http://localhost.x.example/"}', '{"url":"http://127.0.0.1.x/"}', '{"url":"https://"}', '{"url":"https:///path"}', '{"url":"https://ada:secret@x.example/"}',
                    '{"url":"https://x.example/ y"}', '{"url":"https://x.example/é"}', '{"url":"https://x.example","event_types":[]}', '{"url":"https://x.example","event_types":["sold"]}',
                    '{"url":"https://x.example","event_types":[1]}', '{"url":"https://x.example","event_types":"held"}', '{"url":"https://x.example","after":-1}', '{"url":"https://x.example","secret":"mine"}']::jsonb[]) AS body;
SELECT fixture.hook(jsonb_build_object('url', 'https://x.example/' || repeat('x', 2000)), :'desk_key');
SELECT body::json ->> 'webhook_id' AS all, body::json ->> 'secret' ~ '^[0-9a-f]{64}$' AS secret, body::json ->> 'url' AS url, json_array_length(body::json -> 'event_types') AS types, (body::json ->> 'position')::bigint - :start AS position
  FROM fixture.api('POST', '/v1/webhooks', body => '{"url":"https://x.example/a"}', context => jsonb_build_object('authorization', 'Bearer ' || :'desk_key')) \gset hook_
SELECT :'hook_secret' AS secret, :'hook_url' AS url, :hook_types AS types, :hook_position AS position;
SELECT body::json ->> 'webhook_id' AS some FROM fixture.api('POST', '/v1/webhooks', body => jsonb_build_object('url', 'http://localhost:1/b', 'event_types', '{confirmed,cancelled}'::text[], 'after', :start), context => jsonb_build_object('authorization', 'Bearer ' || :'desk_key')) \gset hook_
SELECT string_agg(fixture.hook('{"url":"https://x.example/c"}', :'desk_key'), ' ') FROM generate_series(1, 9);
-- it is its key's; an admin sees all
CREATE FUNCTION fixture.hooks(method text, path text, credential text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT a.status || ' ' || COALESCE(json_array_length(a.body::json -> 'webhooks')::text, json_array_length(a.body::json -> 'deliveries')::text, a.body::json ->> 'status', '')
              FROM fixture.api(method, path, context => jsonb_build_object('authorization', 'Bearer ' || credential)) AS a);
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '\d+', 'N');
END $$;
SELECT fixture.hooks('GET', '/v1/webhooks', :'desk_key') AS desk, fixture.hooks('GET', '/v1/webhooks', :'other_key') AS other, fixture.hooks('GET', '/v1/webhooks', fixture.key()) AS admin;
SELECT strpos(body, 'secret') AS secrets FROM fixture.api('GET', '/v1/webhooks');
SELECT fixture.hooks('GET', '/v1/webhooks/' || :hook_all || '/deliveries', :'other_key') AS other, fixture.hooks('DELETE', '/v1/webhooks/' || :hook_all, :'other_key') AS other;
DELETE FROM booking_private.webhooks WHERE url = 'https://x.example/c';

-- what is due: the events of a booking together, and the next of that booking when they have arrived
SELECT booking_id AS b3 FROM booking.create_booking(fixture.wish(1600, '{5A,5B}', 'instant', '200')) \gset
CREATE TEMPORARY TABLE due AS SELECT * FROM booking.due_deliveries();
CREATE VIEW pg_temp.shown AS
SELECT delivery_id, url, substring(body FROM '"webhook_id":(\d+)')::bigint = :hook_all AS all, signature ~ '^t=\d+,v1=[0-9a-f]{64}$' AS signed, body::json ->> 'delivery_id' = delivery_id::text AS same,
       (SELECT string_agg(e ->> 'event_type' || ' ' || (e ->> 'seat_number'), ', ' ORDER BY n) FROM json_array_elements(body::json -> 'events') WITH ORDINALITY AS e (e, n)) AS events
  FROM due;
SELECT url, "all", signed, same, events FROM pg_temp.shown ORDER BY delivery_id;
SELECT count(*) AS again FROM booking.due_deliveries();
SELECT booking.cancel(:b3, '{1}'::smallint[]) IS NOT NULL AS cancelled;
SELECT count(*) AS waits FROM booking.due_deliveries();
SELECT booking.record_delivery(delivery_id, 204, NULL) FROM due ORDER BY delivery_id;
TRUNCATE due; INSERT INTO due SELECT * FROM booking.due_deliveries();
SELECT url, events FROM pg_temp.shown ORDER BY delivery_id;
-- tried again after 15 seconds, and twice as long after each attempt, up to an hour
SELECT min(delivery_id) AS one FROM due \gset
SELECT booking.record_delivery(:one, 500, NULL);
SELECT round(extract(epoch FROM next_attempt_at - clock_timestamp()) / 15) AS quarters, attempts, status, http_status, taken_until FROM booking_private.webhook_deliveries WHERE delivery_id = :one;
CREATE FUNCTION fixture.next_attempt(id bigint) RETURNS integer LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking_private.webhook_deliveries SET next_attempt_at = clock_timestamp() WHERE delivery_id = id;
    PERFORM FROM booking.due_deliveries() WHERE delivery_id = id;
    PERFORM booking.record_delivery(id, NULL, 'no route to host');
    RETURN (SELECT round(extract(epoch FROM next_attempt_at - updated_at)) FROM booking_private.webhook_deliveries WHERE delivery_id = id);
END $$;
SELECT string_agg(CASE WHEN seconds BETWEEN 0.89 * LEAST(15 * 2 ^ n, 3600) AND 1.11 * LEAST(15 * 2 ^ n, 3600) THEN 'ok' ELSE n || ': ' || seconds END, ' ' ORDER BY n)
  FROM (SELECT n, fixture.next_attempt(:one) AS seconds FROM generate_series(1, 10) AS n) AS a;
SELECT attempts, status, http_status, error FROM booking_private.webhook_deliveries WHERE delivery_id = :one;
-- for 72 hours, and then it is given up; what has arrived stays so
UPDATE booking_private.webhook_deliveries SET gives_up_at = clock_timestamp() WHERE delivery_id = :one;
SELECT fixture.next_attempt(:one) IS NOT NULL AS tried;
SELECT status, finished_at <= clock_timestamp() AS ended FROM booking_private.webhook_deliveries WHERE delivery_id = :one;
SELECT booking.record_delivery(max(delivery_id), 200, NULL) FROM due;
SELECT booking.record_delivery(max(delivery_id), 500, NULL) AS slower FROM due;
SELECT status, http_status FROM booking_private.webhook_deliveries WHERE delivery_id = (SELECT max(delivery_id) FROM due);
SELECT booking.record_delivery(NULL, 200, NULL);
SELECT booking.record_delivery(:one, NULL, NULL);
SELECT booking.record_delivery(-1, 200, NULL) AS no_more;
-- the client sees what was sent, and has it sent again
SELECT d ->> 'status' AS status, d ->> 'attempts' AS attempts, d ->> 'error' AS error, json_array_length(d -> 'event_ids') AS events
  FROM fixture.api('GET', '/v1/webhooks/' || :hook_all || '/deliveries', '{"limit":"2"}') AS a, json_array_elements(a.body::json -> 'deliveries') AS d;
SELECT webhook_id AS hook FROM booking_private.webhook_deliveries WHERE delivery_id = :one \gset
SELECT fixture.hooks('POST', '/v1/webhooks/' || :hook || '/deliveries/' || :one || '/actions/redeliver', :'desk_key');
SELECT fixture.hooks('POST', '/v1/webhooks/' || :hook || '/deliveries/999999999/actions/redeliver', :'desk_key') AS unknown, fixture.hooks('POST', '/v1/webhooks/' || :hook || '/deliveries/' || :one || '/actions/redeliver', :'other_key') AS other;
SELECT count(*) AS due FROM booking.due_deliveries() WHERE delivery_id = :one;
SELECT booking.record_delivery(:one, 200, NULL);
-- at most 8 at once to each, and what its sender does not say anything of is due again
SELECT count(*) FROM unnest('{1A,1B,1C,1D,2A,2B,2C,2D,3C,3D}'::text[]) AS seat, LATERAL booking.create_booking(fixture.wish(1600, ARRAY[seat]));
SELECT count(*) FROM booking.due_deliveries() WHERE url = 'https://x.example/a';
SELECT count(*) FROM booking.due_deliveries() WHERE url = 'https://x.example/a';
UPDATE booking_private.webhook_deliveries SET taken_until = clock_timestamp(), next_attempt_at = clock_timestamp() WHERE taken_until IS NOT NULL;
SELECT count(*) FROM booking.due_deliveries() WHERE url = 'https://x.example/a';
-- what ended 30 days ago is forgotten
UPDATE booking_private.webhook_deliveries SET finished_at = now() - interval '30 days' WHERE delivery_id = :one;
SELECT booking.forget_responses() >= 0 AS forgot;
SELECT EXISTS (SELECT FROM booking_private.webhook_deliveries WHERE delivery_id = :one) AS kept;
-- a key that has ended hears nothing more; a webhook that is deleted takes its deliveries along
UPDATE booking_private.webhook_deliveries SET taken_until = NULL, next_attempt_at = clock_timestamp() WHERE status = 'pending';
BEGIN;
SELECT client FROM booking.revoke_api_key(:desk);
SELECT count(*) FROM booking.due_deliveries();
ROLLBACK;
SELECT fixture.hooks('DELETE', '/v1/webhooks/' || :hook_all, :'desk_key') AS mine, fixture.hooks('DELETE', '/v1/webhooks/' || :hook_some, fixture.key()) AS by_admin;
SELECT count(*) FROM booking_private.webhook_deliveries;
-- and the roles: the sender's may do this alone
SELECT rolname, proname FROM pg_roles AS r, pg_proc AS p WHERE p.pronamespace = 'booking'::regnamespace AND NOT r.rolsuper AND r.rolname ~ '^(booking|reports|monitor|replicator)' AND r.rolname <> 'booking_owner'
   AND (r.rolname = 'booking_webhooks' OR p.proname ~ 'deliver|list_events') AND has_function_privilege(r.oid, p.oid, 'EXECUTE') ORDER BY 1, 2;
SELECT * FROM booking.check_invariants();
