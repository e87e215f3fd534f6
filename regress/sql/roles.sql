-- who may what: every route with every role, as the route table has them, and another's object as one that is not there
\set VERBOSITY terse
SET client_min_messages = warning;
\getenv abs_srcdir PG_ABS_SRCDIR
\set router :abs_srcdir '/../extension/src/http/router.c'
CREATE TEMPORARY TABLE route AS
SELECT r.no, m[1] AS method, m[2] AS pattern, replace(replace(m[2], '{id}', '999999999'), '{name}', 'nothing') AS path
  FROM regexp_matches(pg_read_file(:'router'), '\{"([A-Z]+)",\s+"(/v1/[^"]+)"', 'g') WITH ORDINALITY AS r (m, no);
SELECT count(*) > 30 AS all_of_them, count(*) = count(DISTINCT (method, pattern)) AS once FROM route;
-- one of each role, and a booking's token
SELECT fixture.flight(1200, 70);
CREATE FUNCTION fixture.guest(name text, email text) RETURNS jsonb LANGUAGE sql RETURN jsonb_build_object('customer', jsonb_build_object('full_name', name, 'email', email));
CREATE TEMPORARY TABLE caller (no int, who text, authorization_ text);
INSERT INTO caller SELECT no, role, 'Bearer ' || (SELECT api_key FROM booking.issue_api_key(role, ARRAY[role])) FROM unnest('{agent,operator,analyst,admin}'::text[]) WITH ORDINALITY AS r (role, no);
INSERT INTO caller SELECT 0, 'token', 'Bearer ' || (headers ->> 'Booking-Token') FROM booking.booking_api('POST', '/v1/bookings', body => fixture.wish(1200, '{3A}') - 'customer_id' || fixture.guest('Token Holder', 'holder@example.com'));
INSERT INTO caller VALUES (-1, 'stranger', NULL);
-- what a request is answered, and not its effect
CREATE FUNCTION fixture.said(method text, path text, caller text, body jsonb DEFAULT NULL, query jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer record;
BEGIN
    SELECT a.* INTO answer FROM booking.booking_api(method, path, query, body, jsonb_strip_nulls(jsonb_build_object('authorization', caller))) AS a;
    RAISE EXCEPTION SQLSTATE 'ZZ000' USING MESSAGE = COALESCE(answer.status::text, answer.body);
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN '' ELSE SQLSTATE || ' ' END || SQLERRM;
END $$;
SELECT method, pattern, string_agg(CASE WHEN said ~ '^SB02[24] ' THEN '-' ELSE who END, ' ' ORDER BY c.no) AS who_may
  FROM route AS r, caller AS c, LATERAL fixture.said(r.method, r.path, c.authorization_) AS said
 GROUP BY r.no, method, pattern ORDER BY r.no;
-- a stranger is told to bring a key, a key that it is not good for this
SELECT who, said, count(*) FROM route AS r, caller AS c, LATERAL fixture.said(r.method, r.path, c.authorization_) AS said
 WHERE said ~ '^SB02' GROUP BY c.no, who, said ORDER BY c.no, said;
-- a list of a customer's bookings, on a path that others may ask too
SELECT who, fixture.said('GET', '/v1/bookings', authorization_, query => '{"customer_id":"1"}') FROM caller ORDER BY no;
-- the objects of another's booking answer as those that are not there, whatever is asked
SELECT booking_id AS theirs FROM booking.create_booking(fixture.wish(1200, '{4A}', 'instant', '100')) \gset
SELECT cancellation_id AS cancellation FROM booking.quote_cancellation(:theirs) \gset
SELECT change_id AS change FROM booking.quote_change(:theirs, fixture.move(1, 1200, '4B')) \gset
SELECT payment_id AS payment FROM payments WHERE booking_id = :theirs \gset
CREATE TEMPORARY TABLE object (pattern text, id bigint);
INSERT INTO booking_private.payment_intents (booking_id, amount, currency) VALUES (:theirs, 1, 'EUR') RETURNING intent_id AS intent \gset
INSERT INTO object VALUES ('/v1/payment_intents/{id}', :intent), ('/v1/bookings/{id}', :theirs), ('/v1/payments/{id}', :payment), ('/v1/cancellations/{id}', :cancellation), ('/v1/changes/{id}', :change);
CREATE TEMPORARY TABLE asked AS
SELECT r.method, r.pattern, o.id, replace(r.pattern, o.pattern, replace(o.pattern, '{id}', o.id::text)) AS path, replace(r.pattern, o.pattern, replace(o.pattern, '{id}', '999999999')) AS nowhere
  FROM route AS r JOIN object AS o ON starts_with(r.pattern, o.pattern);
SELECT count(DISTINCT pattern) AS patterns FROM asked;
CREATE TEMPORARY TABLE body (no int, body jsonb);
INSERT INTO body VALUES (1, NULL), (2, '{"amount":"1","currency":"EUR"}'), (3, '{"items":[1]}'), (4, '{"items":[{"item_no":1,"seat":"4C"}]}'), (5, '{"seat":"4D"}'), (6, '{"nonsense":1}');
SELECT method, pattern, who, here, there
  FROM asked AS a, body AS b, caller AS c, LATERAL (SELECT fixture.said(a.method, replace(a.path, '{id}', '1'), c.authorization_, b.body) AS here,
       replace(fixture.said(a.method, replace(a.nowhere, '{id}', '1'), c.authorization_, b.body), '999999999', a.id::text) AS there) AS s
 WHERE who <> 'agent' AND (here <> there OR here !~ '^SB0(1[01]|2[24]) ');
SELECT who, left(s, 5) AS said, count(*) FROM asked AS a, caller AS c, LATERAL fixture.said(a.method, replace(a.path, '{id}', '1'), c.authorization_) AS s GROUP BY c.no, who, left(s, 5) ORDER BY c.no, 2;
SELECT status, version FROM bookings WHERE booking_id = :theirs;
-- a SQL caller may what its database role may: no refusal above has left a caller behind
SELECT status FROM booking.booking_items(:theirs);
SELECT * FROM booking.check_invariants();
