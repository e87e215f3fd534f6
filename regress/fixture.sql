-- A small airline for the tests: two airports, one aircraft of two cabins and 20 seats, customers 1 to 3, and flights
-- that depart days from now. Loaded by the first regress test; specs run in the same database.
INSERT INTO public.airports (iata, name, city, country, latitude, longitude, time_zone)
VALUES ('LHR', 'Heathrow', 'London', 'GB', 51.47060, -0.46194, 'Europe/London'),
       ('JFK', 'John F. Kennedy', 'New York', 'US', 40.63980, -73.77890, 'America/New_York'),
       ('AKL', 'Auckland', 'Auckland', 'NZ', -37.00806, 174.79167, 'Pacific/Auckland'),
       ('LAX', 'Los Angeles', 'Los Angeles', 'US', 33.94250, -118.40806, 'America/Los_Angeles');
INSERT INTO public.aircraft (aircraft_code, model, range_km) VALUES ('TST', 'Test 20', 9000);
INSERT INTO public.aircraft_seats (aircraft_code, seat_number, cabin_class, characteristics)
SELECT 'TST', row || letter, CASE WHEN row <= 2 THEN 'business' ELSE 'economy' END,
       CASE letter WHEN 'A' THEN 'W' WHEN 'D' THEN 'W' ELSE 'A' END || CASE row WHEN 3 THEN 'E' ELSE '' END
  FROM generate_series(1, 5) AS row, unnest('{A,B,C,D}'::text[]) AS letter;
INSERT INTO public.fares (fare_code, name, refundable, changeable, price_factor)
VALUES ('basic', 'Basic', false, false, 0.85), ('standard', 'Standard', true, true, 1.00), ('flex', 'Flex', true, true, 1.30);
INSERT INTO public.fare_rules (fare_code, hours_before_departure, cancellation_fee_percent, change_fee_percent)
VALUES ('standard', 0, 75, 50), ('standard', 48, 30, 20), ('standard', 336, 10, 0), ('flex', 0, 0, 0);
INSERT INTO public.customers (full_name, email)
SELECT 'Customer ' || n, 'customer' || n || '@example.com' FROM generate_series(1, 3) AS n;

\ir fixture_api.sql

-- The date some days from today: London's for all airports, so that flights of two airports follow one another at any hour.
CREATE FUNCTION fixture.day(days integer) RETURNS date LANGUAGE sql STABLE AS $$ SELECT (now() AT TIME ZONE 'Europe/London')::date + days $$;

-- A flight of the test aircraft, at noon of the origin on that date; business costs 500, economy 100. The distances are the
-- great circles of the airports above.
CREATE FUNCTION fixture.flight(id bigint, days integer, origin text DEFAULT 'LHR', destination text DEFAULT 'JFK', hours integer DEFAULT 8)
RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival,
                                aircraft_code, base_price, currency, sales_open_at, sales_close_at, distance_km)
    SELECT id, 'FB' || id, origin, destination, d.departure, d.departure + make_interval(hours => hours), 'TST', 100, 'EUR',
           d.departure - interval '330 days', d.departure - interval '1 hour',
           CASE WHEN 'AKL' IN (origin, destination) THEN 10487 WHEN 'LAX' IN (origin, destination) THEN 3974 ELSE 5540 END
      FROM (SELECT (fixture.day(days) + time '12:00') AT TIME ZONE a.time_zone
              FROM public.airports AS a WHERE a.iata = origin) AS d (departure);
    INSERT INTO public.seats (flight_id, seat_number, cabin_class, characteristics, price)
    SELECT id, seat_number, cabin_class, characteristics, CASE cabin_class WHEN 'business' THEN 500 ELSE 100 END
      FROM public.aircraft_seats WHERE aircraft_code = 'TST';
$$;

-- The request of a booking: seats of one flight, one passenger each.
CREATE FUNCTION fixture.wish(flight bigint, seats text[], type text DEFAULT 'hold', amount text DEFAULT NULL, fare text DEFAULT 'standard', customer bigint DEFAULT 1)
RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object('type', type, 'customer_id', customer, 'fare_code', fare,
             'slices', jsonb_build_array(jsonb_build_object('flight_id', flight, 'passengers',
               (SELECT jsonb_agg(jsonb_build_object('name', 'Pax ' || s, 'seat', s)) FROM unnest(seats) AS s))),
             'payment', CASE WHEN amount IS NOT NULL THEN jsonb_build_object('amount', amount, 'currency', 'EUR') END));
$$;

-- The same over several flights: each leg names flight and seat ("1:3A") or flight and cabin ("1:economy").
CREATE FUNCTION fixture.trip(customer bigint, VARIADIC legs text[])
RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('type', 'hold', 'customer_id', customer, 'slices', jsonb_agg(jsonb_build_object(
             'flight_id', split_part(leg, ':', 1)::bigint, 'passengers', jsonb_build_array(jsonb_build_object(
               'name', 'Pax ' || n, CASE WHEN leg ~ '[0-9][A-Z]$' THEN 'seat' ELSE 'cabin_class' END, split_part(leg, ':', 2))))))
      FROM unnest(legs) WITH ORDINALITY AS l (leg, n);
$$;

-- The request of a change: one item to a seat of a flight.
CREATE FUNCTION fixture.move(item integer, flight bigint, seat text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('items', jsonb_build_array(jsonb_build_object('item_no', item, 'flight_id', flight, 'seat', seat)));
$$;

-- What a statement answers, and not its effect: accepted, or how it is refused.
CREATE FUNCTION fixture.answer(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RAISE EXCEPTION SQLSTATE 'ZZ000';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN 'accepted' ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;

-- What specs look at in the end: every item with its booking and the seat that it has or had.
CREATE VIEW fixture.bookings AS
SELECT b.booking_id AS booking, b.status, b.total_amount AS total, b.version AS v, i.flight_id AS flight, i.seat_number AS no,
       i.status AS item, s.status AS seat
  FROM public.bookings AS b JOIN public.booking_items AS i USING (booking_id) JOIN public.seats AS s USING (flight_id, seat_number)
 ORDER BY b.booking_id, i.item_no;

-- Moves the deadline of a hold into the past, on the booking and on its seats.
CREATE FUNCTION fixture.lapse(id bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE public.bookings SET payment_required_by = now() - interval '1 second' WHERE booking_id = id;
    UPDATE public.seats AS s SET held_until = now() - interval '1 second'
      FROM public.booking_items AS i
     WHERE i.booking_id = id AND i.status = 'held' AND s.flight_id = i.flight_id AND s.seat_number = i.seat_number;
$$;

-- Every seat free again and no booking ever made, for specs, whose steps run many times. Append-only tables let no
-- other role do this.
CREATE FUNCTION fixture.reset() RETURNS void LANGUAGE sql SET session_replication_role = replica AS $$
    DELETE FROM public.payments;
    DELETE FROM public.booking_events;
    DELETE FROM public.cancellations;
    DELETE FROM public.booking_change_items;
    DELETE FROM public.booking_changes;
    DELETE FROM public.booking_items;
    DELETE FROM public.bookings;
    UPDATE public.seats SET status = 'available', held_until = NULL WHERE status <> 'available';
    SELECT setval(pg_get_serial_sequence('public.bookings', 'booking_id'), 1, false);
    SELECT setval(pg_get_serial_sequence('public.cancellations', 'cancellation_id'), 1, false);
    SELECT setval(pg_get_serial_sequence('public.booking_changes', 'change_id'), 1, false);
    SELECT;
$$;

-- The tests hold more than a customer may; bookings.sql tests the limit.
SELECT format('ALTER DATABASE %I SET booking.%I = 0', current_database(), limit_name) FROM unnest('{max_holds,max_held_seats}'::text[]) AS limit_name \gexec

SELECT fixture.flight(1, 30);
SELECT fixture.flight(2, 31);
SELECT setval(pg_get_serial_sequence('public.flights', 'flight_id'), 1000);
