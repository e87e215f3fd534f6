-- Search: local dates, availability, seat map
CREATE EXTENSION booking;
\set VERBOSITY sqlstate
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles_file :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\o /dev/null
\i :roles_file
\o
\set ECHO all
\set ON_ERROR_STOP off
RESET client_min_messages;
SELECT * FROM booking.check_schema();
SELECT fixture.flight(10, 40, 'LAX', 'AKL', 13);
SELECT fixture.flight(11, 40, 'AKL', 'LAX', 12);
SELECT fixture.flight(12, 40, 'AKL', 'LAX', 12);
UPDATE flights SET scheduled_departure = scheduled_departure + interval '2 hours', scheduled_arrival = scheduled_arrival + interval '2 hours' WHERE flight_id = 12;
-- a day at the antimeridian: noon of the origin's calendar is found under that date, whatever UTC says
SELECT flight_number, to_char(scheduled_departure_local, 'HH24:MI') AS departs, arrival_day_offset, duration_minutes, cabin_class, seats_available, price_from, currency
  FROM booking.search_flights('AKL', 'LAX', fixture.day(40));
SELECT flight_number, arrival_day_offset > 0 AS lands_later, duration_minutes
  FROM booking.search_flights('LAX', 'AKL', fixture.day(40), cabin_class => 'economy');
-- as many seats as passengers, in the cabin asked for
SELECT count(*) FROM booking.search_flights('AKL', 'LAX', fixture.day(40), 9);
UPDATE seats SET status = 'blocked' WHERE flight_id = 11 AND cabin_class = 'economy' AND seat_number <> '5D';
SELECT flight_number, cabin_class, seats_available FROM booking.search_flights('AKL', 'LAX', fixture.day(40), 2);
-- neither cancelled flights nor ones outside their sales window
UPDATE flights SET status = 'cancelled' WHERE flight_id = 11;
UPDATE flights SET sales_open_at = now() + interval '1 day' WHERE flight_id = 12;
SELECT * FROM booking.search_flights('AKL', 'LAX', fixture.day(40));
SELECT * FROM booking.search_flights('AKL', NULL, current_date);
-- seat map: rows for SQL, a nested map for the page; a lapsed hold is free
SELECT * FROM booking.seat_map(1) LIMIT 5;
UPDATE seats SET status = 'held', held_until = now() + interval '1 hour' WHERE flight_id = 1 AND seat_number = '3A';
UPDATE seats SET status = 'held', held_until = now() - interval '1 second' WHERE flight_id = 1 AND seat_number = '3B';
SELECT seat_number, status FROM booking.seat_map(1) WHERE seat_number LIKE '3%';
SELECT status, body::json -> 'aircraft_code' AS aircraft, jsonb_pretty(body::jsonb #> '{cabins,1,rows,0}')
  FROM fixture.api('GET', '/v1/flights/1/seat_map');
SELECT json_array_length(body::json -> 'cabins') AS cabins, json_array_length(body::json #> '{cabins,1,rows}') AS economy_rows
  FROM fixture.api('GET', '/v1/flights/1/seat_map');
UPDATE seats SET status = 'available', held_until = NULL WHERE flight_id = 1;
SELECT * FROM booking.seat_map(999);
-- connections: two flights, seats on both, two hours to change and less than a day
SELECT fixture.flight(13, 40, 'LHR', 'JFK', 8);
SELECT fixture.flight(14, 40, 'JFK', 'LAX', 6);
SELECT fixture.flight(15, 41, 'JFK', 'LAX', 6);
UPDATE flights AS f SET scheduled_departure = first.scheduled_arrival + later, scheduled_arrival = first.scheduled_arrival + later + interval '6 hours'
  FROM flights AS first, (VALUES (14, interval '119 minutes'), (15, interval '20 hours')) AS second (flight_id, later)
 WHERE first.flight_id = 13 AND f.flight_id = second.flight_id;
SELECT first_flight_id, second_flight_id FROM booking.search_connections('LHR', 'LAX', fixture.day(40));
UPDATE flights SET scheduled_departure = scheduled_departure + interval '1 minute' WHERE flight_id = 14;
SELECT first_flight_id, second_flight_id, via, CASE second_flight_id WHEN 14 THEN connection_minutes END AS minutes, currency, price_from FROM booking.search_connections('LHR', 'LAX', fixture.day(40)) ORDER BY 2;
SELECT jsonb_build_object('origin', 'LHR', 'destination', 'LAX', 'departure_date', to_char(fixture.day(40), 'YYYY-MM-DD'), 'max_connections', '1', 'limit', '1') AS query \gset
SELECT body::json -> 'flights' AS direct, body::json #>> '{connections,0,via}' AS via, body::json #>> '{connections,0,flights,1,flight_id}' AS second, body::json ->> 'next_connection' AS next
  FROM fixture.api('GET', '/v1/flights', :'query') \gset page1_
SELECT :'page1_direct' AS direct, :'page1_via' AS via, :page1_second AS second;
SELECT body::json #>> '{connections,0,flights,1,flight_id}' AS second, body::json ->> 'next_connection' AS next
  FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || jsonb_build_object('after_connection', :'page1_next'));
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"after_connection":"soon"}');
SELECT * FROM fixture.api('GET', '/v1/flights', :'query'::jsonb || '{"max_connections":"2"}');
UPDATE seats SET status = 'blocked' WHERE flight_id = 14 AND cabin_class = 'economy';
SELECT second_flight_id FROM booking.search_connections('LHR', 'LAX', fixture.day(40), 1, 'economy') ORDER BY 1;
UPDATE seats SET status = 'available' WHERE flight_id = 14;
-- what is refused, by SQL and by HTTP in the same words; a null is as an absent member
CREATE FUNCTION pg_temp.refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
WITH bad (field, value) AS (
    VALUES ('origin', NULL), ('origin', ''), ('origin', ' '), ('origin', 'LHR '), ('origin', 'lhr'), ('destination', NULL), ('destination', 'ZZZ'),
           ('departure_date', NULL), ('departure_date', '1899-12-31'), ('departure_date', '10000-01-01'), ('departure_date', 'infinity'),
           ('passengers', NULL), ('passengers', '0'), ('passengers', '-5'), ('passengers', '10'),
           ('cabin_class', ''), ('cabin_class', 'nonsense'), ('cabin_class', 'Economy')),
 wish AS (
    SELECT bad.*, '{"origin":"LHR","destination":"JFK","departure_date":"2026-11-25","passengers":"1","cabin_class":"economy"}'::jsonb || jsonb_build_object(field, value) AS wish FROM bad),
 answer AS (
    SELECT field, value, pg_temp.refusal(format('SELECT * FROM fixture.api(%L, %L, %L)', 'GET', '/v1/flights', wish)) AS http,
           (SELECT array_agg(pg_temp.refusal(format('SELECT * FROM booking.%s(%L, %L, %L, %s, %L)', search, wish ->> 'origin', wish ->> 'destination',
                                                    wish ->> 'departure_date', COALESCE(wish ->> 'passengers', 'NULL'), wish ->> 'cabin_class')) ORDER BY search)
              FROM unnest('{search_flights,search_connections}'::text[]) AS search) AS sql
      FROM wish)
SELECT field, value, http, CASE WHEN http = ALL (sql) THEN 'the same' ELSE sql::text END AS sql FROM answer;
SELECT pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/flights'', ''{"origin":"LHR","destination":"JFK","departure_date":"2026-11-25","passengers":"4294967297"}'')') AS more_than_an_integer;
SELECT pg_temp.refusal('SELECT * FROM booking.seat_map(NULL)') AS missing, pg_temp.refusal('SELECT * FROM booking.seat_map(999)') AS sql,
       pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/flights/999/seat_map'')') AS http;
SELECT pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/airports'', ''{"query":" "}'')') AS blank,
       pg_temp.refusal(format('SELECT * FROM fixture.api(%L, %L, %L)', 'GET', '/v1/airports', jsonb_build_object('query', repeat('x', 65)))) AS long;
-- the cabins that the code knows are those of the schema
SELECT 'field "cabin_class" must be one of ' || string_agg('"' || word[1] || '"', ', ') = right(pg_temp.refusal('SELECT * FROM booking.search_flights(''LHR'', ''JFK'', current_date, 1, ''x'')'), -6) AS same
  FROM pg_constraint, regexp_matches(pg_get_constraintdef(oid), '''(\w+)''', 'g') AS word WHERE conname = 'cabin_class_known';
-- codes in either case; nobody flies from an airport to itself
SELECT count(*) FROM booking.search_flights('lhr', 'jfk', fixture.day(40));
SELECT pg_temp.refusal('SELECT * FROM booking.search_flights(''LHR'', ''lhr'', current_date)') AS by_sql, pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/flights'', ''{"origin":"LHR","destination":"LHR","departure_date":"2026-11-25"}'')') AS by_http;
-- in Havana midnight comes twice where the clocks go back: both are of that day
BEGIN;
INSERT INTO airports (iata, name, city, country, latitude, longitude, time_zone) VALUES ('HAV', 'José Martí', 'Havana', 'CU', 22.98920, -82.40910, 'America/Havana');
SELECT d::date AS day FROM generate_series(make_date(extract(year FROM now())::int + 1, 11, 1), make_date(extract(year FROM now())::int + 1, 11, 7), '1 day') AS d WHERE extract(dow FROM d) = 0 \gset
SELECT fixture.flight(16, 40, 'HAV', 'JFK', 3), fixture.flight(17, 40, 'HAV', 'JFK', 3);
UPDATE flights SET scheduled_departure = :'day'::timestamp AT TIME ZONE 'UTC' + CASE flight_id WHEN 16 THEN interval '4 hours 30 minutes' ELSE '5 hours 30 minutes' END, scheduled_arrival = :'day'::timestamp AT TIME ZONE 'UTC' + interval '9 hours',
       sales_open_at = now() - interval '1 day', sales_close_at = now() + interval '1 day' WHERE flight_id IN (16, 17);
SELECT n AS days_later, (SELECT string_agg(flight_id || ' at ' || scheduled_departure_local::time, ', ' ORDER BY scheduled_departure) FROM booking.search_flights('HAV', 'JFK', :'day'::date + n, 1, 'economy')) AS flights FROM generate_series(-1, 1) AS n;
-- airports by words of code, city and name, without accents; the whole words first, then codes that begin so; in pages
INSERT INTO airports (iata, name, city, country, latitude, longitude, time_zone)
VALUES ('GRU', 'Guarulhos', 'São Paulo', 'BR', -23.43556, -46.47306, 'America/Sao_Paulo'), ('BOG', 'El Dorado', 'Bogotá', 'CO', 4.70159, -74.14690, 'America/Bogota'), ('LHE', 'Allama Iqbal', 'Lahore', 'PK', 31.52160, 74.40360, 'Asia/Karachi'),
       ('DEL', 'Indira Gandhi', 'Delhi', 'IN', 28.56650, 77.10310, 'Asia/Kolkata'), ('LON', 'Long Beach', 'Longville', 'US', 33.81770, -118.15160, 'America/Los_Angeles'), ('TOS', 'Langnes', 'Tromsø', 'NO', 69.68330, 18.91890, 'Europe/Oslo');
CREATE FUNCTION fixture.airports(query jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' ', (SELECT string_agg(a ->> 'iata', ' ') FROM jsonb_array_elements(r.body::jsonb -> 'airports') AS a), '-> ' || (r.body::jsonb ->> 'next')) FROM fixture.api('GET', '/v1/airports', query) AS r $$;
SELECT query, fixture.airports(jsonb_build_object('query', query))
  FROM unnest('{lhr,LH,london,London,"LONDON heathrow","new york jfk",bogota,Bogotá,"sao paulo","são  paulo",tromso,"josé-martí",lon,throw,el,"no such place",-,%}'::text[]) WITH ORDINALITY AS q (query, no) ORDER BY no;
SELECT fixture.airports('{"limit":"4"}'), fixture.airports('{"limit":"4","after":"hav"}'), fixture.airports('{"limit":"4","after":"LON"}'), fixture.airports('{"query":"lon","limit":"1","after":"LON"}');
SELECT pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/airports'', ''{"limit":"0"}'')'), pg_temp.refusal('SELECT * FROM fixture.api(''GET'', ''/v1/airports'', ''{"after":"LONDON"}'')');
ROLLBACK;
