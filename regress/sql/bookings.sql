-- Bookings: all seats or none, named or any, held or instant
\set VERBOSITY sqlstate
SELECT fixture.flight(20, 50);
SELECT fixture.flight(21, 57);
CREATE VIEW fixture.items AS
SELECT i.item_no, i.flight_id, i.seat_number, i.passenger_name, i.price, i.status, s.status AS seat, s.held_until = b.payment_required_by AS held
  FROM booking_items i JOIN bookings b USING (booking_id) JOIN seats s USING (flight_id, seat_number);
-- a hold of two seats, given out of order
SELECT status, total_amount, currency, version, payment_required_by > now() AS in_future, booking_reference ~ '^[A-HJ-NP-Z2-9]{6}$' AS reference_ok
  FROM booking.create_booking(fixture.wish(20, '{4B,3A}'));
SELECT * FROM fixture.items WHERE flight_id = 20 ORDER BY 1;
-- all or none: 3A is gone, so 3B stays free
SELECT * FROM booking.create_booking(fixture.wish(20, '{3B,3A}', customer => 2));
SELECT seat_number, status FROM seats WHERE flight_id = 20 AND seat_number = '3B';
\set VERBOSITY default
SELECT * FROM booking.create_booking(fixture.wish(20, '{3B,3A,4B}', customer => 2));
SELECT * FROM booking.create_booking(fixture.wish(20, '{9A}'));
\set VERBOSITY sqlstate
-- instant: paid and confirmed at once, at the server's price alone
SELECT * FROM booking.create_booking(fixture.wish(20, '{1A}', 'instant', '499.99'));
SELECT status, total_amount FROM booking.create_booking(fixture.wish(20, '{1A}', 'instant', '500'));
SELECT status, total_amount FROM booking.create_booking(fixture.wish(20, '{1B}', 'instant', '650.00', 'flex'));
SELECT seat_number, i.status, s.status, held_until FROM booking_items i JOIN seats s USING (flight_id, seat_number) WHERE flight_id = 20 AND seat_number LIKE '1%' ORDER BY 1;
SELECT amount, currency, method FROM payments WHERE booking_id IN (SELECT booking_id FROM booking_items WHERE flight_id = 20) ORDER BY 1;
-- a round trip is one booking; a wrong second flight undoes the first
SELECT total_amount FROM booking.create_booking('{"type":"hold","customer_id":2,"slices":[
  {"flight_id":21,"passengers":[{"name":"Ada Lovelace","seat":"5A"},{"name":"Alan Turing","seat":"5B","type":"child"}]},
  {"flight_id":20,"passengers":[{"name":"Ada Lovelace","seat":"5C"},{"name":"Alan Turing","cabin_class":"business"}]}]}');
SELECT i.item_no, i.flight_id, i.passenger_name, i.passenger_type, i.price, s.cabin_class FROM booking_items i JOIN bookings b USING (booking_id) JOIN seats s USING (flight_id, seat_number) WHERE b.customer_id = 2 ORDER BY 1;
SELECT * FROM booking.create_booking('{"type":"hold","customer_id":2,"slices":[
  {"flight_id":21,"passengers":[{"name":"Ada Lovelace","seat":"4A"}]}, {"flight_id":999,"passengers":[{"name":"Ada Lovelace","seat":"5C"}]}]}');
SELECT status FROM seats WHERE flight_id = 21 AND seat_number = '4A';
-- any seats of a cabin: together where possible
UPDATE seats SET status = 'blocked' WHERE flight_id = 21 AND cabin_class = 'economy' AND status = 'available' AND seat_number NOT IN ('3D', '4A', '4B', '5D');
SELECT total_amount FROM booking.create_booking('{"type":"hold","customer_id":3,"slices":[
  {"flight_id":21,"passengers":[{"name":"A","cabin_class":"economy"},{"name":"B","cabin_class":"economy"}]}]}');
SELECT seat_number FROM booking_items JOIN bookings USING (booking_id) WHERE customer_id = 3 ORDER BY 1;
-- the rest, wherever they are; then too few
SELECT total_amount FROM booking.create_booking('{"type":"hold","customer_id":3,"slices":[
  {"flight_id":21,"passengers":[{"name":"C","cabin_class":"economy"},{"name":"D","cabin_class":"economy"}]}]}');
\set VERBOSITY default
SELECT * FROM booking.create_booking('{"type":"hold","customer_id":3,"slices":[{"flight_id":21,"passengers":[{"name":"E","cabin_class":"economy"}]}]}');
-- every field is checked, and named by its path
\set VERBOSITY terse
CREATE FUNCTION fixture.try(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM booking.create_booking(request);
    RETURN 'booked';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT fixture.try(request) FROM (VALUES
    ('[]'::jsonb), ('{}'), ('{"type":"steal"}'), ('{"type":"hold"}'), ('{"type":"hold","customer_id":"x"}'), ('{"type":"hold","customer_id":0}'),
    ('{"type":"hold","customer_id":1}'), ('{"type":"hold","customer_id":1,"slices":[]}'), ('{"type":"hold","customer_id":1,"slices":{}}'),
    ('{"type":"hold","customer_id":1,"slices":[7]}'), ('{"type":"hold","customer_id":1,"slices":[{}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"seat":"5D"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"  ","seat":"5D"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D","cabin_class":"economy"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"},{"name":"a","seat":"4D"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"},{"name":"B","seat":"5D"}]}]}'),
    ('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","cabin_class":"cargo"}]}]}'),
    ('{"type":"hold","customer_id":1,"fare_code":"free","slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"hold","customer_id":99,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"hold","customer_id":1,"payment":{},"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"instant","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"instant","customer_id":1,"payment":{"amount":"-1","currency":"EUR"},"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"instant","customer_id":1,"payment":{"amount":"100.001","currency":"EUR"},"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"instant","customer_id":1,"payment":{"amount":"100.00","currency":"USD"},"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}'),
    ('{"type":"instant","customer_id":1,"payment":{"amount":"100.00","currency":"EUR","method":"shells"},"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]}]}')
  ) AS v (request);
SELECT fixture.try(jsonb_build_object('type', 'hold', 'customer_id', 1, 'slices', jsonb_build_array(jsonb_build_object('flight_id', 20, 'passengers',
       (SELECT jsonb_agg(jsonb_build_object('name', 'P' || n, 'cabin_class', 'economy')) FROM generate_series(1, 10) n)))));
-- a flight must be on sale
SELECT fixture.flight(22, 3);
UPDATE flights SET sales_close_at = now() WHERE flight_id = 22;
SELECT fixture.try(fixture.wish(22, '{3A}'));
UPDATE flights SET sales_close_at = now() + interval '5 minutes' WHERE flight_id = 22;
SELECT payment_required_by = (SELECT sales_close_at FROM flights WHERE flight_id = 22) AS until_sales_close FROM booking.create_booking(fixture.wish(22, '{3A}'));
UPDATE flights SET status = 'cancelled' WHERE flight_id = 22;
SELECT fixture.try(fixture.wish(22, '{3B}'));
-- currencies do not mix
SELECT fixture.flight(23, 4);
UPDATE flights SET currency = 'USD' WHERE flight_id = 23;
SELECT fixture.try('{"type":"hold","customer_id":1,"slices":[{"flight_id":20,"passengers":[{"name":"A","seat":"5D"}]},{"flight_id":23,"passengers":[{"name":"A","seat":"5D"}]}]}');
-- a customer's live holds are counted: lapsed and paid ones are not
INSERT INTO customers (customer_id, full_name) VALUES (977, 'Hoarder');
SET booking.max_holds = 2;
SELECT status FROM booking.create_booking(fixture.wish(21, '{1A}', customer => 977));
SELECT status FROM booking.create_booking(fixture.wish(21, '{1B}', customer => 977));
SELECT fixture.try(fixture.wish(21, '{1C}', customer => 977));
SELECT fixture.try(fixture.wish(21, '{1C}', 'instant', '500.00', customer => 977));
SELECT fixture.lapse(min(booking_id)) FROM bookings WHERE customer_id = 977;
SELECT fixture.try(fixture.wish(21, '{1D}', customer => 977));
RESET booking.max_holds;
-- retrieval: reference and last name, either case; the same answer for either being wrong
SELECT f.total_amount, (SELECT count(*) FROM booking.booking_items(f.booking_id)) AS items
  FROM bookings b, booking.find_booking(lower(b.booking_reference), 'LOVELACE') f WHERE b.customer_id = 2;
\set VERBOSITY sqlstate
SELECT f.* FROM bookings b, booking.find_booking(b.booking_reference, 'ovelace') f WHERE b.customer_id = 2;
SELECT * FROM booking.find_booking('AAAAAA', 'Lovelace');
-- what is asked for is checked, by SQL and by HTTP alike; one query parameter and one argument have another name each
\set VERBOSITY terse
SELECT by_sql, by_http = by_sql AS alike
  FROM (VALUES ('{"booking_reference":"ABCDEF"}'::jsonb), ('{"last_name":"Lovelace"}'), ('{"booking_reference":"","last_name":"Lovelace"}'), ('{"booking_reference":"ABCDEF","last_name":" "}'),
               (jsonb_build_object('booking_reference', repeat('A', 65), 'last_name', 'L')), (jsonb_build_object('booking_reference', 'ABCDEF', 'last_name', repeat('L', 201))),
               (jsonb_build_object('booking_reference', repeat('A', 64), 'last_name', repeat('L', 200)))) AS v (given),
       LATERAL (SELECT fixture.answer(format('SELECT booking.find_booking(%L, %L)', given ->> 'booking_reference', given ->> 'last_name')),
                       fixture.answer(format('SELECT fixture.api(''GET'', ''/v1/bookings'', %L)', given))) AS a (by_sql, by_http);
SELECT given, by_sql, by_http = by_sql AS alike
  FROM (VALUES ('{"customer_id":"0"}'::jsonb), ('{"customer_id":"-1"}'), ('{"customer_id":"1","status":"nonsense"}'), ('{"customer_id":"1","status":""}'), ('{"customer_id":"1","status":"completed"}'),
               ('{"customer_id":"1","after":"0"}'), ('{"customer_id":"1","after":"1"}'), ('{"customer_id":"1","limit":"0"}'), ('{"customer_id":"1","limit":"-1"}'), ('{"customer_id":"1","limit":"101"}'),
               ('{"customer_id":"1","limit":"100"}'), ('{"customer_id":"1","limit":null,"after":null,"status":null}'), ('{"customer_id":"999999"}')) AS v (given),
       LATERAL (SELECT fixture.answer(format('SELECT booking.list_bookings(%L, %L, %L, %L)', given ->> 'customer_id', given ->> 'status', given ->> 'after', given ->> 'limit')),
                       fixture.answer(format('SELECT fixture.api(''GET'', ''/v1/bookings'', %L)', given))) AS a (by_sql, by_http);
SELECT fixture.answer('SELECT booking.list_bookings(NULL)'), fixture.answer('SELECT booking.find_booking(NULL, NULL)');
SELECT fixture.answer('SELECT booking.booking_items(NULL)'), fixture.answer('SELECT booking.booking_items(0)'), fixture.answer('SELECT booking.booking_items(999999)');
SELECT fixture.answer('SELECT booking.create_booking(NULL)') AS by_sql, fixture.answer('SELECT fixture.api(''POST'', ''/v1/bookings'')') AS by_http;
SELECT fixture.answer('SELECT booking.create_bookings(NULL)') AS by_sql, fixture.answer('SELECT fixture.api(''POST'', ''/v1/booking_batches'')') AS by_http;
SELECT fixture.try(fixture.wish(20, '{5D}') || contact) FROM (VALUES ('{"contact":{"email":"nobody"}}'::jsonb), ('{"contact":{"email":""}}'), ('{"contact":{"phone":" "}}'),
    (jsonb_build_object('contact', jsonb_build_object('phone', repeat('1', 33)))), ('{"contact":[]}')) AS v (contact);
\set VERBOSITY sqlstate
SELECT * FROM booking.check_invariants();
-- batches: all or nothing, or each on its own; results in the order of the call
SELECT fixture.flight(24, 58);
SELECT jsonb_build_object('mode', 'all', 'bookings', jsonb_build_array(fixture.wish(24, '{4A,3A}'), fixture.wish(24, '{3B}', 'instant', '100.00'), fixture.wish(24, '{3A}', customer => 2))) AS clash \gset
SELECT booking.create_bookings(:'clash');
SELECT count(*) FROM booking_items WHERE flight_id = 24;
SELECT o ->> 'error' IS NULL AS booked, o #>> '{booking,status}' AS status, o #>> '{error,sqlstate}' AS sqlstate, o #>> '{error,detail}' AS detail
  FROM jsonb_array_elements(booking.create_bookings(:'clash'::jsonb || '{"mode":"each"}')::jsonb) WITH ORDINALITY AS r (o, n) ORDER BY n;
SELECT seat_number, i.status, s.status FROM booking_items i JOIN seats s USING (flight_id, seat_number) WHERE flight_id = 24 ORDER BY 1;
SELECT status, body::jsonb #> '{results,0,booking,items,0,seat_number}' AS seat, body::jsonb #>> '{results,1,error,sqlstate}' AS second
  FROM fixture.api('POST', '/v1/booking_batches', body => jsonb_build_object('mode', 'each', 'bookings', jsonb_build_array(fixture.wish(24, '{5A}'), fixture.wish(24, '{5B}', 'instant', '1.00'))));
SELECT seat_number, status FROM seats WHERE flight_id = 24 AND seat_number LIKE '5%' ORDER BY 1;
SELECT booking.create_bookings('{"mode":"some","bookings":[]}');
SELECT booking.create_bookings('{"mode":"all","bookings":[]}');
SELECT * FROM booking.check_invariants();
-- the limits count what the same batch asks for: holds, and held seats; instant bookings are not held
INSERT INTO customers (customer_id, full_name) VALUES (978, 'Group Desk');
SELECT fixture.flight(26, 58), fixture.flight(27, 58);
CREATE FUNCTION fixture.batch(mode text, VARIADIC bookings jsonb[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('mode', mode, 'bookings', to_jsonb(bookings)) $$;
CREATE FUNCTION fixture.outcomes(batch jsonb) RETURNS TABLE (outcome text) LANGUAGE sql AS $$
    SELECT coalesce(o #>> '{booking,status}', concat_ws(': ', o #>> '{error,sqlstate}', o #>> '{error,detail}'))
      FROM jsonb_array_elements(booking.create_bookings(batch)::jsonb) WITH ORDINALITY AS r (o, n) ORDER BY n $$;
SET booking.max_holds = 2;
\set VERBOSITY terse
SELECT fixture.outcomes(fixture.batch('all', fixture.wish(26, '{1A}', customer => 978), fixture.wish(26, '{1B}', customer => 978), fixture.wish(26, '{1C}', customer => 978)));
SELECT fixture.outcomes(fixture.batch('each', fixture.wish(26, '{1A}', customer => 978), fixture.wish(26, '{1B}', customer => 978), fixture.wish(26, '{1C}', customer => 978), fixture.wish(26, '{1C}', 'instant', '500.00', customer => 978)));
SELECT fixture.outcomes(fixture.batch('all', fixture.wish(26, '{2A}', customer => 978), fixture.wish(26, '{2B}', customer => 1)));
RESET booking.max_holds;
SET booking.max_held_seats = 5;
SELECT fixture.outcomes(fixture.batch('all', fixture.wish(26, '{3A,3B}', customer => 978), fixture.wish(26, '{3C,3D}', customer => 978)));
SELECT fixture.outcomes(fixture.batch('all', fixture.wish(26, '{3A,3B}', customer => 978), fixture.wish(26, '{3C}', customer => 978)));
SELECT fixture.outcomes(fixture.batch('each', fixture.wish(26, '{4A}', customer => 978), fixture.wish(26, '{4B,4C}', 'instant', '200.00', customer => 978)));
RESET booking.max_held_seats;
-- what is wrong with one booking is its own with "each": an e-mail address, a cabin, too many flights, no object, an unknown field
SELECT fixture.batch('each', fixture.wish(27, '{1A}') || '{"contact":{"email":"nobody"}}', fixture.wish(27, '{1B}'),
    jsonb_set(fixture.wish(27, '{1C}'), '{slices,0,passengers,0}', '{"name":"C","cabin_class":"economie"}'),
    fixture.wish(27, '{1C}') || jsonb_build_object('slices', (SELECT jsonb_agg(fixture.wish(27, '{1C}') #> '{slices,0}') FROM generate_series(1, 17))),
    '[]', fixture.wish(27, '{1D}') || '{"fare":"flex"}', fixture.wish(27, '{2A,2A}'), fixture.wish(27, '{2B}')) AS faulty \gset
SELECT fixture.outcomes(:'faulty');
SELECT fixture.outcomes(:'faulty'::jsonb || '{"mode":"all"}');
-- no request asks for more than 54 seats, and a booking has up to 16 flights
SELECT fixture.outcomes(fixture.batch(mode, VARIADIC array_fill(fixture.wish(27, '{3A,3B,3C,3D,4A,4B,4C,4D,5A}'), ARRAY[7]))) FROM unnest('{each,all}'::text[]) AS mode;
SELECT fixture.try(jsonb_build_object('type', 'hold', 'customer_id', 1, 'slices', (SELECT jsonb_agg(fixture.wish(n, '{3A,3B,3C,3D,4A,4B,4C}') #> '{slices,0}') FROM generate_series(1, 8) AS n)));
BEGIN;
SELECT count(fixture.flight(n, n - 880, CASE n % 2 WHEN 0 THEN 'LHR' ELSE 'JFK' END, CASE n % 2 WHEN 0 THEN 'JFK' ELSE 'LHR' END)) FROM generate_series(900, 915) AS n;
SELECT booking_id FROM booking.create_booking(jsonb_build_object('type', 'hold', 'customer_id', 1, 'slices', (SELECT jsonb_agg(fixture.wish(n, '{3A,3B,3C}') #> '{slices,0}') FROM generate_series(900, 915) AS n))) \gset
SELECT count(*), count(DISTINCT flight_id) AS flights, count(DISTINCT journey_no) AS journeys FROM booking.booking_items(:booking_id);
ROLLBACK;
\set VERBOSITY sqlstate
SELECT * FROM booking.check_invariants();
-- an error that is not a refusal ends a batch, and leaves the session as it should be
ALTER TABLE booking_items ADD CONSTRAINT no_sixth CHECK (seat_number <> '5D') NOT VALID;
SELECT booking.create_bookings(jsonb_build_object('mode', 'each', 'bookings', jsonb_build_array(fixture.wish(24, '{5D}'))));
ALTER TABLE booking_items DROP CONSTRAINT no_sixth;
SELECT seat_number, status FROM seats WHERE flight_id = 24 AND seat_number = '5D';
-- a passenger is once on a flight, over all bookings of a customer; of another customer it is somebody else
INSERT INTO customers (customer_id, full_name) VALUES (979, 'Twice');
SELECT fixture.flight(28, 58), fixture.flight(29, 58, hours => 20), fixture.flight(31, 58, 'JFK', 'LAX', 6);
CREATE FUNCTION fixture.seat_for(name text, flight bigint, seat text, customer bigint DEFAULT 979, type text DEFAULT 'hold') RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_set(fixture.wish(flight, ARRAY[seat], type, CASE type WHEN 'instant' THEN '100.00' END, customer => customer), '{slices,0,passengers,0,name}', to_jsonb(name)) $$;
SELECT booking_id AS short FROM booking.create_booking(fixture.seat_for('Zoë Sinclair', 28, '3A')) \gset
\set VERBOSITY terse
SELECT fixture.try(fixture.seat_for(name, 28, '4A', type => type)) FROM (VALUES ('hold', U&'ZOE\0308  sinclair'), ('instant', 'Zoë Sinclair')) AS v (type, name);
SELECT fixture.try(fixture.seat_for('Zoë Sinclair', 28, '3B', 1)), fixture.try(fixture.seat_for('Zoë Sinclair', 29, '3A'));
-- each passenger is looked for, also after one whose name somebody else's has
SELECT fixture.try(fixture.seat_for('Common Name', 28, '5A', 1)), fixture.try(jsonb_insert(fixture.seat_for('Common Name', 28, '5B'), '{slices,0,passengers,1}', '{"name":"Zoë Sinclair","seat":"5C"}'));
-- those of one batch are told from one another, too
SELECT fixture.outcomes(fixture.batch('all', fixture.seat_for('Al', 28, '4B'), fixture.seat_for('al', 28, '4C', type => 'instant')));
SELECT fixture.outcomes(fixture.batch('each', fixture.seat_for('Al', 28, '4B'), fixture.seat_for('al', 28, '4C', type => 'instant'), fixture.seat_for('Zoë Sinclair', 28, '4D')));
-- a hold that has lapsed, swept or not, and what is cancelled are no hindrance
SELECT fixture.lapse(:short);
SELECT fixture.try(fixture.seat_for('Zoë Sinclair', 28, '4A'));
SELECT booking.expire_holds();
SELECT booking_id AS second FROM bookings JOIN booking_items USING (booking_id) WHERE customer_id = 979 AND flight_id = 28 AND seat_number = '4A' \gset
SELECT count(*) FROM booking.cancel(:second);
SELECT fixture.try(fixture.seat_for('Zoë Sinclair', 28, '4A', type => 'instant'));
-- flights that overlap are warned of, in both bookings and by both ways
SELECT w.item_no, w.code, w.detail
  FROM bookings AS b, booking.booking_warnings(b.booking_id) AS w, bookings AS o
 WHERE b.customer_id = 979 AND o.customer_id = 979 AND w.other_booking_id = o.booking_id ORDER BY b.booking_id;
SELECT body::json -> 'warnings' -> 0 ->> 'detail' AS warning, json_array_length(body::json -> 'warnings') FROM fixture.api('POST', '/v1/bookings', body => fixture.seat_for('Zoë Sinclair', 31, '5A')) AS a;
SELECT count(*) FROM booking.booking_warnings((SELECT min(booking_id) FROM bookings WHERE customer_id = 1));
SELECT * FROM booking.booking_warnings(NULL);
\set VERBOSITY sqlstate
SELECT * FROM booking.check_invariants();
