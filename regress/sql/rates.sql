-- how much a caller may ask for: requests and bookings a minute, seats that guests hold
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT fixture.flight(1400, 76);
SELECT caller, requests, bookings, held_seats FROM booking_private.rate_limits ORDER BY caller;
CREATE FUNCTION fixture.from_address(address text, method text, path text, body jsonb DEFAULT NULL, credential text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    RETURN (SELECT COALESCE(a.status::text, a.body) FROM booking.booking_api(method, path, '{}', body, jsonb_strip_nulls(jsonb_build_object('address', from_address.address, 'authorization', 'Bearer ' || credential))) AS a);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, CASE WHEN hint ~ '^Retry-After: ([1-9]|[1-5][0-9]|60)$' THEN 'Retry-After' END);
END $$;
CREATE FUNCTION fixture.guest_seat(seat text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT fixture.wish(1400, ARRAY[seat]) - 'customer_id' || '{"customer":{"full_name":"A Guest","email":"guest@example.com"}}';
$$;
-- each in a new session, which reads the limits; all within a minute of the server's clock
CREATE FUNCTION fixture.early() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF date_part('second', clock_timestamp()) > 45 THEN
        PERFORM pg_sleep(60.2 - date_part('second', clock_timestamp()));
    END IF;
END $$;
UPDATE booking_private.rate_limits SET requests = 5, bookings = 2, held_seats = 3 WHERE caller = 'stranger';
UPDATE booking_private.rate_limits SET requests = 4 WHERE caller = 'analyst';
SELECT api_key AS analyst FROM booking.issue_api_key('rates', '{analyst}') \gset
SELECT api_key AS both FROM booking.issue_api_key('rates', '{analyst,agent}') \gset
\c -
\set VERBOSITY terse
SELECT fixture.early();
-- requests, of an address; of IPv6 a network is one; of another address, and of who does not say where they are, none
SELECT n, fixture.from_address('198.51.100.1', 'GET', '/v1/fares') AS said FROM generate_series(1, 6) AS n;
SELECT DISTINCT fixture.from_address('198.51.100.2', 'GET', '/v1/fares') AS another, fixture.from_address(NULL, 'GET', '/v1/fares') AS unknown;
SELECT string_agg(fixture.from_address('2001:db8:7:1::' || n, 'GET', '/v1/fares'), ', ') AS said FROM generate_series(1, 6) AS n;
SELECT fixture.from_address('2001:db8:7:2::1', 'GET', '/v1/fares') AS another_network, fixture.from_address('here', 'GET', '/v1/fares') AS no_address;
-- a refused request counts as one too, a key is counted for itself, wherever it is used, and the most that one of its roles may counts
SELECT string_agg(fixture.from_address('198.51.100.3', 'GET', '/v1/bookings/999999'), ', ') AS said FROM generate_series(1, 6) AS n;
SELECT string_agg(fixture.from_address('198.51.100.' || n, 'GET', '/v1/fares', NULL, :'analyst'), ', ') AS said FROM generate_series(1, 6) AS n;
SELECT DISTINCT fixture.from_address('198.51.100.1', 'GET', '/v1/fares', NULL, :'both') AS said FROM generate_series(1, 20) AS n;
SELECT string_agg(fixture.from_address('198.51.100.7', 'GET', '/v1/fares', NULL, 'bk_1_wrong'), ', ') AS a_wrong_key FROM generate_series(1, 6) AS n;
-- bookings, made or refused
SELECT fixture.from_address('198.51.100.4', 'POST', '/v1/bookings', fixture.guest_seat('9Z')) AS one, fixture.from_address('198.51.100.4', 'POST', '/v1/bookings', fixture.guest_seat('3A')) AS two,
       fixture.from_address('198.51.100.4', 'POST', '/v1/bookings', fixture.guest_seat('3B')) AS three;
SELECT fixture.from_address('198.51.100.4', 'POST', '/v1/bookings', fixture.wish(1400, '{3B}'), :'both') AS agent;
-- seats that guests hold, until they are paid or lapse
SELECT fixture.from_address('198.51.100.5', 'POST', '/v1/bookings', fixture.guest_seat('4A')) AS one;
SELECT fixture.from_address('198.51.100.5', 'POST', '/v1/bookings', jsonb_set(fixture.guest_seat('4B'), '{slices,0,passengers}', '[{"name":"B","seat":"4B"},{"name":"C","seat":"4C"},{"name":"D","seat":"4D"}]')) AS three_more;
SELECT address, count(*) FROM booking_private.booking_tokens WHERE address ~ '^198' GROUP BY 1 ORDER BY 1;
UPDATE booking_private.rate_limits SET requests = 0, bookings = 0 WHERE caller = 'stranger';
\c -
\set VERBOSITY terse
SELECT fixture.from_address('198.51.100.6', 'POST', '/v1/bookings', fixture.guest_seat(seat)) AS said FROM unnest('{4B,4C,4D,5A}'::text[]) AS seat;
SELECT booking.pay(booking_id, 100, 'EUR') IS NOT NULL AS paid FROM booking_private.booking_tokens WHERE address = '198.51.100.6' LIMIT 1;
SELECT fixture.from_address('198.51.100.6', 'POST', '/v1/bookings', fixture.guest_seat('5A')) AS one, fixture.from_address('198.51.100.6', 'POST', '/v1/bookings', fixture.guest_seat('5B')) AS another;
-- addresses are kept for a day
UPDATE booking_private.booking_tokens SET created_at = now() - interval '25 hours' WHERE address = '198.51.100.6';
SELECT booking.forget_responses() >= 0 AS forgotten;
SELECT address, count(*) FROM booking_private.booking_tokens WHERE address ~ '^198' GROUP BY 1 ORDER BY 1;
UPDATE booking_private.rate_limits SET requests = 0, bookings = 0, held_seats = 0;
SELECT * FROM booking.check_invariants();
