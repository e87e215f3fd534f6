-- What the runs are measured and checked by. The tables' own rows are as airline.sql left them up to booking 50,000.
\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- One run: what was measured in its window, per call; latency is the median. Times in microseconds.
CREATE TABLE bench.runs (
    round    integer NOT NULL,
    setting  text NOT NULL,
    variant  text NOT NULL,
    calls    bigint NOT NULL,
    per_second float8 NOT NULL,
    latency  float8 NOT NULL,
    cpu      float8 NOT NULL,
    wal      float8 NOT NULL,
    PRIMARY KEY (setting, variant, round)
);

-- Clients on one flight, on flights of their own, on a full flight. Latencies are medians, null where there was no such outcome.
CREATE TABLE bench.hot_runs (
    round     integer NOT NULL,
    clients   integer NOT NULL,
    variant   text NOT NULL,
    seconds   float8 NOT NULL,
    booked    bigint NOT NULL,
    refused   bigint NOT NULL,
    deadlocks bigint NOT NULL,
    timeouts  bigint NOT NULL,
    booked_latency  float8,
    refused_latency float8,
    cpu       float8 NOT NULL,
    PRIMARY KEY (clients, variant, round)
);

CREATE TABLE bench.notes (note_no integer GENERATED ALWAYS AS IDENTITY, note text NOT NULL);

-- The next two functions are one expression each, so that the planner puts them in place and a call costs nothing.
CREATE FUNCTION bench.request(customer text, flight text, seat_row text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT ('{"type":"instant","customer_id":' || customer || ',"slices":[{"flight_id":' || flight ||
            ',"passengers":[{"name":"Ada ' || seat_row || '","seat":"' || seat_row || 'A"},{"name":"Charles ' || seat_row || '","seat":"' || seat_row ||
            'B"}]}],"payment":{"amount":"200.00","currency":"EUR","method":"card"}}')::jsonb
$$;

-- A booking reference for each number, spread as random ones are, none twice below 2^24.
CREATE FUNCTION bench.reference(number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT translate(substr(to_hex(16777216 + number * 10368889 % 16777216), 2), '01abcdef', 'XYABCDEF')
$$;

CREATE FUNCTION bench.wait_for_clients(clients integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    FOR attempt IN 1 .. 1000 LOOP
        IF clients <= (SELECT count(*) FROM pg_stat_activity WHERE usename = 'booking_app') THEN
            RETURN;
        END IF;
        PERFORM pg_sleep(0.01), pg_stat_clear_snapshot();
    END LOOP;
    RAISE EXCEPTION 'the % clients did not come', clients;
END
$$;

-- The moment, the CPU time that the clients' backends have used so far, and the WAL written so far. schedstat begins with the
-- nanoseconds a process has run.
CREATE FUNCTION bench.sample(OUT at float8, OUT cpu numeric, OUT wal numeric) LANGUAGE sql VOLATILE AS $$
    SELECT extract(epoch FROM clock_timestamp()), sum(split_part(pg_read_file('/proc/' || pid || '/schedstat'), ' ', 1)::numeric) / 1000,
           pg_current_wal_insert_lsn() - '0/0'
      FROM pg_stat_activity WHERE usename = 'booking_app'
$$;

-- Raises an exception unless so many bookings of two seats have been made since the last reset, whole and in order.
CREATE FUNCTION bench.require_booked(calls bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made text;
BEGIN
    SELECT format('%s bookings, %s items on seats that are booked, %s events, %s payments',
                  (SELECT count(*) FROM public.bookings WHERE booking_id > 50000 AND status = 'confirmed' AND total_amount = 200),
                  (SELECT count(*) FROM public.booking_items AS i JOIN public.seats AS s USING (flight_id, seat_number)
                    WHERE i.booking_id > 50000 AND i.status = 'confirmed' AND s.status = 'booked'),
                  (SELECT count(*) FROM public.booking_events WHERE booking_id > 50000 AND event_type = 'confirmed'),
                  (SELECT count(*) FROM public.payments WHERE booking_id > 50000 AND amount = 200))
      INTO made;
    IF made <> format('%s bookings, %s items on seats that are booked, %s events, %s payments', calls, 2 * calls, 2 * calls, calls) THEN
        RAISE EXCEPTION '% calls made %', calls, made;
    END IF;
END
$$;

CREATE FUNCTION bench.require_invariants() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    broken record;
BEGIN
    FOR broken IN SELECT * FROM booking.check_invariants() LIMIT 1 LOOP
        RAISE EXCEPTION 'invariant % is broken: %', broken.invariant, broken.violation;
    END LOOP;
END
$$;

CREATE FUNCTION bench.require_reads() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    query constant jsonb := jsonb_build_object('origin', 'XAC', 'destination', 'XBC', 'departure_date', current_date + 9);
BEGIN
    ASSERT 180 = (SELECT count(*) FROM booking.seat_map(7));
    ASSERT 180 = (SELECT count(*) FROM booking.booking_api('GET', '/v1/flights/7/seat_map') AS a,
                         jsonb_path_query(a.body::jsonb, '$.cabins[*].rows[*].sections[*][*]'));
    ASSERT 8 = (SELECT count(DISTINCT flight_id) FROM booking.search_flights('XAC', 'XBC', current_date + 9));
    ASSERT 8 = (SELECT jsonb_array_length(body::jsonb -> 'flights') FROM booking.booking_api('GET', '/v1/flights', query));
END
$$;

-- All as it was before the run; VACUUM then leaves no trace of it in the pages.
CREATE FUNCTION bench.reset() RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
    UPDATE public.seats AS s SET status = 'available', held_until = NULL
      FROM public.booking_items AS i
     WHERE i.booking_id > 50000 AND s.flight_id = i.flight_id AND s.seat_number = i.seat_number;
    DELETE FROM public.payments WHERE booking_id > 50000;
    DELETE FROM public.booking_events WHERE booking_id > 50000;
    DELETE FROM public.booking_items WHERE booking_id > 50000;
    DELETE FROM public.bookings WHERE booking_id > 50000;
    SELECT setval(pg_get_serial_sequence('public.bookings', 'booking_id'), 50000);
    SELECT;
$$;

-- All ways to book log in as the gateway does, with its time limits; here it may also call the functions and touch the tables.
GRANT booking_agent TO booking_app;
GRANT USAGE ON SCHEMA bench TO booking_app, booking_owner;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO booking_app;
ALTER FUNCTION bench.create_booking(jsonb) OWNER TO booking_owner;
SELECT format('ALTER DATABASE %I SET booking.max_holds = 0', current_database()) \gexec
SELECT format('ALTER DATABASE %I SET booking.max_held_seats = 0', current_database()) \gexec
