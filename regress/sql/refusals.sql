-- One rule, two readers: the same bad value by a SQL function and by its HTTP route is refused by the same SQLSTATE. Every
-- argument of every function has a row here, or this file fails.
\set VERBOSITY sqlstate
SET client_min_messages = warning;
CREATE TEMPORARY TABLE refusal (
    function text, argument text, sqlstate text, -- what both ways must answer
    call text,                                   -- by SQL
    method text, path text, query jsonb, body jsonb, if_match text); -- by HTTP; method null: there is no such route
CREATE FUNCTION pg_temp.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

SELECT fixture.flight(9001, 60), fixture.flight(9002, 60);
SELECT booking_id AS booking, total_amount AS total FROM booking.create_booking(fixture.wish(9001, '{3A,3B}', customer => 3)) \gset
-- sold, and with a quote that asks for money
SELECT booking_id AS sold FROM booking.create_booking(fixture.wish(9001, '{3C}', 'instant', '100.00', customer => 3)) \gset
SELECT change_id AS change FROM booking.quote_change(:sold, fixture.move(1, 9002, '1A')) \gset

-- search
INSERT INTO refusal
SELECT f, argument, 'SB010',
       format('SELECT * FROM booking.%s(%s)', f, (SELECT string_agg(CASE WHEN n = argument THEN bad ELSE good END, ', ' ORDER BY o)
         FROM (VALUES (1, 'origin', '''LHR'''), (2, 'destination', '''JFK'''), (3, 'departure_date', 'current_date + 60'),
                      (4, 'passengers', '1'), (5, 'cabin_class', '''economy''')) AS g (o, n, good))),
       'GET', '/v1/flights',
       jsonb_build_object('origin', 'LHR', 'destination', 'JFK', 'departure_date', current_date + 60, 'max_connections',
                          CASE f WHEN 'search_connections' THEN 1 ELSE 0 END) || http
  FROM unnest('{search_flights,search_connections}'::text[]) AS f,
       (VALUES ('origin', 'NULL', '{"origin": null}'::jsonb), ('origin', '''XXX''', '{"origin": "XXX"}'),
               ('origin', '''''', '{"origin": ""}'),
               ('destination', 'NULL', '{"destination": null}'), ('destination', '''XXX''', '{"destination": "XXX"}'),
               ('departure_date', 'NULL', '{"departure_date": null}'),
               ('passengers', '0', '{"passengers": "0"}'), ('passengers', '-5', '{"passengers": "-5"}'),
               ('passengers', '10', '{"passengers": "10"}'),
               ('cabin_class', '''nonsense''', '{"cabin_class": "nonsense"}')) AS v (argument, bad, http);
INSERT INTO refusal VALUES
    ('seat_map', 'flight_id', 'SB011', 'SELECT * FROM booking.seat_map(999999)', 'GET', '/v1/flights/999999/seat_map');

-- customers
INSERT INTO refusal
SELECT f, argument, 'SB010',
       format('SELECT * FROM booking.%s(%s %s => %L%s)', f, CASE f WHEN 'update_customer' THEN '3,' END, argument, bad,
              CASE WHEN f = 'create_customer' AND argument <> 'full_name' THEN ', full_name => ''Ada''' END),
       CASE f WHEN 'create_customer' THEN 'POST' ELSE 'PATCH' END,
       CASE f WHEN 'create_customer' THEN '/v1/customers' ELSE '/v1/customers/3' END, NULL,
       CASE f WHEN 'create_customer' THEN '{"full_name": "Ada"}'::jsonb ELSE '{}' END || jsonb_build_object(argument, bad)
  FROM unnest('{create_customer,update_customer}'::text[]) AS f,
       (VALUES ('full_name', ''), ('full_name', '  '), ('full_name', repeat('x', 201)),
               ('email', 'nonsense'), ('email', ' '), ('email', repeat('x', 250) || '@example.com'),
               ('phone', ''), ('phone', repeat('1', 33)),
               ('country', ''), ('country', 'g'), ('country', '1A'), ('country', 'GBR')) AS v (argument, bad);
INSERT INTO refusal VALUES
    ('create_customer', 'full_name', 'SB010', 'SELECT * FROM booking.create_customer(NULL)', 'POST', '/v1/customers', NULL, '{}'),
    ('update_customer', 'customer_id', 'SB011', 'SELECT * FROM booking.update_customer(999999, ''Ada'')', 'PATCH', '/v1/customers/999999', NULL, '{"full_name": "Ada"}');

-- making bookings: the argument is the body
INSERT INTO refusal
SELECT 'create_booking', 'booking', sqlstate, format('SELECT * FROM booking.create_booking(%L)', body), 'POST', '/v1/bookings', NULL, body
  FROM (SELECT s, fixture.wish(9002, '{3A}', customer => 3) || patch
          FROM (VALUES ('SB010', '{"type": "nonsense"}'::jsonb), ('SB010', '{"type": null}'), ('SB010', '{"customer_id": 0}'),
                       ('SB011', '{"customer_id": 999999}'), ('SB011', '{"fare_code": "nonsense"}'), ('SB010', '{"fare_code": ""}'),
                       ('SB010', '{"channel": "nonsense"}'), ('SB010', '{"contact": 1}'), ('SB010', '{"slices": []}'),
                       ('SB010', '{"payment": {"amount": "1.00", "currency": "EUR"}}'), ('SB010', '{"type": "instant"}'),
                       ('SB010', '{"slices": [{"flight_id": 9002, "passengers": []}]}'),
                       ('SB010', '{"slices": [{"flight_id": 9002, "passengers": [{"name": " Ada", "seat": "3A"}]}]}'),
                       ('SB010', '{"slices": [{"flight_id": 9002, "passengers": [{"name": "Ada", "seat": "3A", "type": "nonsense"}]}]}'),
                       ('SB010', '{"slices": [{"flight_id": 9002, "passengers": [{"name": "Ada", "seat": "99Z"}]}]}'),
                       ('SB010', '{"slices": [{"flight_id": 9002, "passengers": [{"name": "Ada", "cabin_class": "nonsense"}]}]}'),
                       ('SB011', '{"slices": [{"flight_id": 999999, "passengers": [{"name": "Ada", "seat": "3A"}]}]}'),
                       ('SB001', '{"slices": [{"flight_id": 9001, "passengers": [{"name": "Ada", "seat": "3A"}]}]}'))
               AS v (s, patch)) AS b (sqlstate, body);
INSERT INTO refusal
SELECT 'create_bookings', 'batch', 'SB010', format('SELECT booking.create_bookings(%L)', body), 'POST', '/v1/booking_batches', NULL, body
  FROM unnest(ARRAY['{}', '[1]', '{"mode": "all"}', '{"mode": "all", "bookings": []}', '{"mode": "nonsense", "bookings": [{}]}',
                    '{"mode": "all", "bookings": [1]}', '{"mode": "all", "bookings": [{}]}']::jsonb[]) AS body;

-- paying
INSERT INTO refusal
SELECT 'pay', argument, sqlstate,
       format('SELECT * FROM booking.pay(%s, %s, %s, %s, %s)', COALESCE(id, ':booking'), COALESCE(amount, ':total'),
              COALESCE(currency, '''EUR'''), COALESCE(pay_method, '''card'''), COALESCE(version, 'NULL')),
       'POST', format('/v1/bookings/%s/payments', COALESCE(id, ':booking')), NULL,
       '{"amount": ":total", "currency": "EUR"}'::jsonb || COALESCE(http, '{}'), if_match
  FROM (VALUES ('booking_id', 'SB011', '999999', NULL, NULL, NULL, NULL, NULL::jsonb, NULL),
               ('amount', 'SB010', NULL, '-1', NULL, NULL, NULL, '{"amount": "-1"}', NULL),
               ('amount', 'SB010', NULL, '1.005', NULL, NULL, NULL, '{"amount": "1.005"}', NULL),
               ('amount', 'SB010', NULL, '''NaN''', NULL, NULL, NULL, '{"amount": "NaN"}', NULL),
               ('amount', 'SB010', NULL, '1e12', NULL, NULL, NULL, '{"amount": "1000000000000"}', NULL),
               ('amount', 'SB010', NULL, 'NULL', NULL, NULL, NULL, '{"amount": null}', NULL),
               ('amount', 'SB006', NULL, '1', NULL, NULL, NULL, '{"amount": "1"}', NULL),
               ('currency', 'SB010', NULL, NULL, 'NULL', NULL, NULL, '{"currency": null}', NULL),
               ('currency', 'SB010', NULL, NULL, '''''', NULL, NULL, '{"currency": ""}', NULL),
               ('currency', 'SB010', NULL, NULL, '''EURO''', NULL, NULL, '{"currency": "EURO"}', NULL),
               ('currency', 'SB006', NULL, NULL, '''USD''', NULL, NULL, '{"currency": "USD"}', NULL),
               ('method', 'SB010', NULL, NULL, NULL, '''nonsense''', NULL, '{"method": "nonsense"}', NULL),
               ('method', 'SB010', NULL, NULL, NULL, '''''', NULL, '{"method": ""}', NULL),
               ('if_version', 'SB010', NULL, NULL, NULL, NULL, '0', NULL, '"0"'),
               ('if_version', 'SB010', NULL, NULL, NULL, NULL, '-1', NULL, '"-1"'),
               ('if_version', 'SB017', NULL, NULL, NULL, NULL, '77', NULL, '"77"'))
       AS v (argument, sqlstate, id, amount, currency, pay_method, version, http, if_match);

-- reading bookings
INSERT INTO refusal
SELECT 'find_booking', argument, sqlstate, format('SELECT * FROM booking.find_booking(%L, %L)', reference, last_name), 'GET', '/v1/bookings',
       jsonb_build_object('booking_reference', reference, 'last_name', last_name)
  FROM (VALUES ('booking_reference', 'SB011', 'ZZZZZZ', '3A'), ('booking_reference', 'SB010', '', '3A'),
               ('booking_reference', 'SB010', repeat('A', 65), '3A'),
               ('last_name', 'SB010', 'ZZZZZZ', ' '), ('last_name', 'SB010', 'ZZZZZZ', repeat('x', 201))) AS v (argument, sqlstate, reference, last_name);
INSERT INTO refusal
SELECT 'list_bookings', argument, 'SB010', format('SELECT * FROM booking.list_bookings(%s)', call), 'GET', '/v1/bookings', '{"customer_id": "3"}'::jsonb || http
  FROM (VALUES ('customer_id', '0', '{"customer_id": "0"}'::jsonb), ('customer_id', '-1', '{"customer_id": "-1"}'),
               ('status', '3, status => ''nonsense''', '{"status": "nonsense"}'), ('status', '3, status => ''''', '{"status": ""}'),
               ('before', '3, before => 0', '{"after": "0"}'), ('before', '3, before => -1', '{"after": "-1"}'),
               ('max_bookings', '3, max_bookings => 0', '{"limit": "0"}'), ('max_bookings', '3, max_bookings => -1', '{"limit": "-1"}'),
               ('max_bookings', '3, max_bookings => 101', '{"limit": "101"}')) AS v (argument, call, http);
INSERT INTO refusal VALUES
    ('booking_items', 'booking_id', 'SB011', 'SELECT * FROM booking.booking_items(999999)', 'GET', '/v1/bookings/999999'),
    ('booking_warnings', 'booking_id', 'SB011', 'SELECT * FROM booking.booking_warnings(999999)', 'GET', '/v1/bookings/999999');

-- cancelling
INSERT INTO refusal
SELECT f, argument, sqlstate,
       format('SELECT * FROM booking.%s(%s, %s, %s)', f, COALESCE(id, ':booking'), COALESCE(items, 'NULL'), COALESCE(version, 'NULL')),
       'POST', format('/v1/bookings/%s/cancellations', COALESCE(id, ':booking')), NULL, http, if_match
  FROM unnest('{quote_cancellation,cancel}'::text[]) AS f,
       (VALUES ('booking_id', 'SB011', '999999', NULL, NULL, NULL::jsonb, NULL),
               ('item_nos', 'SB010', NULL, '''{}''', NULL, '{"items": []}', NULL), ('item_nos', 'SB010', NULL, '''{0}''', NULL, '{"items": [0]}', NULL),
               ('item_nos', 'SB010', NULL, '''{-1}''', NULL, '{"items": [-1]}', NULL), ('item_nos', 'SB010', NULL, '''{9}''', NULL, '{"items": [9]}', NULL),
               ('item_nos', 'SB010', NULL, '''{1,NULL}''', NULL, '{"items": [1, null]}', NULL),
               ('item_nos', 'SB010', NULL, 'array_fill(1::smallint, ARRAY[55])', NULL, jsonb_build_object('items', array_fill(1, ARRAY[55])), NULL),
               ('if_version', 'SB010', NULL, NULL, '0', NULL, '"0"'), ('if_version', 'SB017', NULL, NULL, '77', NULL, '"77"'))
       AS v (argument, sqlstate, id, items, version, http, if_match);
INSERT INTO refusal VALUES
    ('confirm_cancellation', 'cancellation_id', 'SB011', 'SELECT * FROM booking.confirm_cancellation(999999)', 'POST', '/v1/cancellations/999999/actions/confirm');

-- changing
INSERT INTO refusal
SELECT 'quote_change', argument, sqlstate, format('SELECT * FROM booking.quote_change(%s, %L, %s)', COALESCE(id, ':booking'), body, COALESCE(version, 'NULL')),
       'POST', format('/v1/bookings/%s/changes', COALESCE(id, ':booking')), NULL, body, if_match
  FROM (VALUES ('booking_id', 'SB011', '999999', fixture.move(1, 9002, '1B'), NULL, NULL),
               ('change', 'SB010', NULL, '{}', NULL, NULL), ('change', 'SB010', NULL, '[1]', NULL, NULL), ('change', 'SB010', NULL, '{"items": []}', NULL, NULL),
               ('change', 'SB010', NULL, fixture.move(0, 9002, '1B'), NULL, NULL), ('change', 'SB010', NULL, fixture.move(9, 9002, '1B'), NULL, NULL),
               ('change', 'SB011', NULL, fixture.move(1, 999999, '1B'), NULL, NULL), ('change', 'SB010', NULL, fixture.move(1, 0, '1B'), NULL, NULL),
               ('change', 'SB010', NULL, fixture.move(1, 9002, '99Z'), NULL, NULL), ('change', 'SB010', NULL, fixture.move(1, 9002, ''), NULL, NULL),
               ('if_version', 'SB010', NULL, fixture.move(1, 9002, '1B'), '0', '"0"'), ('if_version', 'SB017', NULL, fixture.move(1, 9002, '1B'), '77', '"77"'))
       AS v (argument, sqlstate, id, body, version, if_match);
CREATE TEMPORARY TABLE tender (argument text, sqlstate text, call text, http jsonb);
INSERT INTO tender VALUES
    ('amount', 'SB010', 'amount => -1, currency => ''EUR''', '{"amount": "-1", "currency": "EUR"}'),
    ('amount', 'SB010', 'amount => 1.005, currency => ''EUR''', '{"amount": "1.005", "currency": "EUR"}'),
    ('amount', 'SB010', 'currency => ''EUR''', '{"currency": "EUR"}'),
    ('currency', 'SB010', 'amount => 1', '{"amount": "1"}'),
    ('currency', 'SB010', 'amount => 1, currency => ''EURO''', '{"amount": "1", "currency": "EURO"}'),
    ('method', 'SB010', 'amount => 1, currency => ''EUR'', method => ''nonsense''', '{"amount": "1", "currency": "EUR", "method": "nonsense"}');
INSERT INTO refusal
SELECT 'confirm_change', argument, sqlstate, format('SELECT * FROM booking.confirm_change(:change, %s)', call),
       'POST', '/v1/changes/:change/actions/confirm', NULL, jsonb_build_object('payment', http)
  FROM tender;
INSERT INTO refusal VALUES
    ('confirm_change', 'change_id', 'SB011', 'SELECT * FROM booking.confirm_change(999999)', 'POST', '/v1/changes/999999/actions/confirm');
INSERT INTO refusal
SELECT 'change_seat', argument, sqlstate, format('SELECT * FROM booking.change_seat(:sold, 1::smallint, ''1A'', %s)', call),
       'PUT', '/v1/bookings/:sold/items/1/seat', NULL, jsonb_build_object('seat', '1A', 'payment', http)
  FROM tender;
INSERT INTO refusal VALUES
    ('change_seat', 'booking_id', 'SB011', 'SELECT * FROM booking.change_seat(999999, 1::smallint, ''4A'')', 'PUT', '/v1/bookings/999999/items/1/seat', NULL, '{"seat": "4A"}', NULL),
    ('change_seat', 'item_no', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 9::smallint, ''4A'')', 'PUT', '/v1/bookings/:booking/items/9/seat', NULL, '{"seat": "4A"}', NULL),
    ('change_seat', 'item_no', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 99::smallint, ''4A'')', 'PUT', '/v1/bookings/:booking/items/99/seat', NULL, '{"seat": "4A"}', NULL),
    ('change_seat', 'seat_number', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 1::smallint, NULL)', 'PUT', '/v1/bookings/:booking/items/1/seat', NULL, '{}', NULL),
    ('change_seat', 'seat_number', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 1::smallint, ''99Z'')', 'PUT', '/v1/bookings/:booking/items/1/seat', NULL, '{"seat": "99Z"}', NULL),
    ('change_seat', 'seat_number', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 1::smallint, '''')', 'PUT', '/v1/bookings/:booking/items/1/seat', NULL, '{"seat": ""}', NULL),
    ('change_seat', 'if_version', 'SB010', 'SELECT * FROM booking.change_seat(:booking, 1::smallint, ''4A'', if_version => 0)', 'PUT', '/v1/bookings/:booking/items/1/seat', NULL, '{"seat": "4A"}', '"0"'),
    ('change_seat', 'if_version', 'SB017', 'SELECT * FROM booking.change_seat(:booking, 1::smallint, ''4A'', if_version => 77)', 'PUT', '/v1/bookings/:booking/items/1/seat', NULL, '{"seat": "4A"}', '"77"');

-- reports
INSERT INTO refusal
SELECT 'report_' || replace(report, '-', '_'), argument, 'SB010', format('SELECT * FROM booking.report_%s(%s)', replace(report, '-', '_'), call),
       'GET', '/v1/reports/' || report, http
  FROM unnest('{load-factor,revenue,booking-curve}'::text[]) AS report,
       (VALUES ('date_from', 'date_from => ''2026-02-02'', date_to => ''2026-02-01''', '{"from": "2026-02-02", "to": "2026-02-01"}'::jsonb),
               ('date_to', 'date_from => ''2026-02-02'', date_to => ''2026-02-01''', '{"from": "2026-02-02", "to": "2026-02-01"}'),
               ('group_by', 'group_by => ''nonsense''', '{"group_by": "nonsense"}'), ('group_by', 'group_by => ''''', '{"group_by": ""}'),
               ('origin', 'origin => ''nonsense''', '{"origin": "nonsense"}'), ('origin', 'origin => ''''', '{"origin": ""}'),
               ('destination', 'destination => ''nonsense''', '{"destination": "nonsense"}'),
               ('date_from', 'date_from => ''-infinity''', '{"from": "-infinity"}'), ('date_to', 'date_to => ''infinity''', '{"to": "infinity"}')) AS v (argument, call, http);

-- what only SQL reaches
INSERT INTO refusal VALUES
    ('expire_holds', 'max_holds', 'SB010', 'SELECT booking.expire_holds(0)'),
    ('issue_api_key', 'client', 'SB010', 'SELECT * FROM booking.issue_api_key(NULL, ''{agent}'')'),
    ('issue_api_key', 'client', 'SB010', 'SELECT * FROM booking.issue_api_key('' '', ''{agent}'')'),
    ('issue_api_key', 'client', 'SB010', 'SELECT * FROM booking.issue_api_key(repeat(''x'', 201), ''{agent}'')'),
    ('issue_api_key', 'roles', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', NULL)'),
    ('issue_api_key', 'roles', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{}'')'),
    ('issue_api_key', 'roles', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{agent,NULL}'')'),
    ('issue_api_key', 'roles', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{agent,owner}'')'),
    ('issue_api_key', 'valid_for', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{agent}'', NULL)'),
    ('issue_api_key', 'valid_for', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{agent}'', ''0'')'),
    ('issue_api_key', 'valid_for', 'SB010', 'SELECT * FROM booking.issue_api_key(''x'', ''{agent}'', ''-1 day'')'),
    ('anonymise_customer', 'customer_id', 'SB010', 'SELECT booking.anonymise_customer(NULL)'),
    ('anonymise_customer', 'customer_id', 'SB011', 'SELECT booking.anonymise_customer(999999)'),
    ('revoke_booking_tokens', 'booking_id', 'SB010', 'SELECT booking.revoke_booking_tokens(NULL)'),
    ('list_events', 'after', 'SB010', 'SELECT booking.list_events(NULL)'),
    ('list_events', 'after', 'SB010', 'SELECT booking.list_events(-1)'),
    ('list_events', 'max_events', 'SB010', 'SELECT booking.list_events(0, NULL)'),
    ('list_events', 'max_events', 'SB010', 'SELECT booking.list_events(0, 0)'),
    ('list_events', 'max_events', 'SB010', 'SELECT booking.list_events(0, 1001)'),
    ('record_delivery', 'delivery_id', 'SB010', 'SELECT booking.record_delivery(NULL, 200, NULL)'),
    ('record_delivery', 'http_status', 'SB010', 'SELECT booking.record_delivery(1, NULL, NULL)'),
    ('record_delivery', 'error', 'SB010', 'SELECT booking.record_delivery(1, NULL, NULL)'),
    ('revoke_api_key', 'key_id', 'SB010', 'SELECT * FROM booking.revoke_api_key(NULL)'),
    ('revoke_api_key', 'key_id', 'SB011', 'SELECT * FROM booking.revoke_api_key(999999)'),
    ('booking_api', 'method', 'SB010', 'SELECT booking.booking_api(NULL, ''/v1/airports'')'),
    ('booking_api', 'path', 'SB010', 'SELECT booking.booking_api(''GET'', NULL)'),
    ('booking_api', 'query', 'SB010', 'SELECT booking.booking_api(''GET'', ''/v1/airports'', ''[1]'')'),
    ('booking_api', 'body', 'SB010', 'SELECT booking.booking_api(''POST'', ''/v1/customers'', ''{}'', ''[1]'')'),
    ('booking_api', 'context', 'SB010', 'SELECT booking.booking_api(''GET'', ''/v1/airports'', ''{}'', NULL, ''[1]'')');
-- arguments of which no value is bad
CREATE TEMPORARY TABLE anything_goes (function text, argument text);
INSERT INTO anything_goes VALUES ('etl_run', 'full'), ('wal_commit_age', 'after');

-- as many refusals as rows
UPDATE refusal SET call = replace(replace(replace(replace(call, ':booking', :'booking'), ':change', :'change'), ':sold', :'sold'), ':total', :'total'),
       path = replace(replace(replace(path, ':booking', :'booking'), ':change', :'change'), ':sold', :'sold'), body = replace(body::text, ':total', :'total')::jsonb;
SELECT count(*) > 150 AS many FROM refusal;
WITH outcome AS (
    SELECT r.*, pg_temp.outcome(call) AS by_sql,
           CASE WHEN method IS NOT NULL THEN
               pg_temp.outcome(format('SELECT fixture.api(%L, %L, %L, %L, %L)', method, path, COALESCE(query, '{}'), body,
                                      CASE WHEN if_match IS NULL THEN '{}' ELSE jsonb_build_object('if_match', if_match)::text END)) END AS by_http
      FROM refusal AS r)
SELECT function, argument, regexp_replace(left(call, 110), '\d{4}-\d\d-\d\d', 'date') AS call, sqlstate AS expected, by_sql, by_http
  FROM outcome
 WHERE by_sql <> sqlstate OR by_http <> sqlstate
 ORDER BY 1, 2, 3;

-- no argument without a row
SELECT p.proname, a.name
  FROM pg_proc AS p, LATERAL (SELECT n.name FROM unnest(p.proargnames, p.proargmodes) AS n (name, mode) WHERE COALESCE(n.mode, 'i') = 'i') AS a (name)
 WHERE p.pronamespace = 'booking'::regnamespace
EXCEPT SELECT function, argument FROM refusal
EXCEPT SELECT function, argument FROM anything_goes
 ORDER BY 1, 2;
SELECT * FROM booking.check_invariants();
SELECT count(*) AS cancelled FROM booking.cancel(:booking) AS a, booking.cancel(:sold) AS b;
