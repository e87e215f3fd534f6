-- The airline of the bench: 10,000 flights of 180 seats, 25 routes and 50 days with 8 flights each; 10,000 customers; 50,000
-- bookings of two seats each that were there before, in columns C and D. The ways to book take columns A and B of rows 5 to
-- 30; flight 9999 has no seat to sell. Searches and seat maps ask for the first 49 days, flights 1 to 9800.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
-- Loaded without the checks of foreign keys; check_invariants() looks at the outcome.
SET session_replication_role = replica;

INSERT INTO public.airports (iata, name, city, country, latitude, longitude, time_zone)
SELECT 'X' || side || chr(64 + route), 'Airport ' || side || route, 'City ' || side || route, 'GB', CASE side WHEN 'A' THEN 51 ELSE 1.18 END, route,
       CASE side WHEN 'A' THEN 'Europe/London' ELSE 'America/New_York' END
  FROM generate_series(1, 25) AS route, unnest('{A,B}'::text[]) AS side;
INSERT INTO public.aircraft (aircraft_code, model, range_km) VALUES ('R80', 'Single aisle 180', 6000);
INSERT INTO public.aircraft_seats (aircraft_code, seat_number, cabin_class, characteristics)
SELECT 'R80', row || letter, CASE WHEN row <= 4 THEN 'business' ELSE 'economy' END,
       CASE WHEN letter IN ('A', 'F') THEN 'W' WHEN letter IN ('C', 'D') THEN 'A' ELSE '' END || CASE row WHEN 12 THEN 'E' ELSE '' END
  FROM generate_series(1, 30) AS row, unnest('{A,B,C,D,E,F}'::text[]) AS letter;
INSERT INTO public.fares (fare_code, name, refundable, changeable, price_factor)
VALUES ('basic', 'Basic', false, false, 0.85), ('standard', 'Standard', true, true, 1.00), ('flex', 'Flex', true, true, 1.30);
INSERT INTO public.customers (full_name, email)
SELECT 'Customer ' || n, 'customer' || n || '@example.com' FROM generate_series(1, 10000) AS n;

INSERT INTO public.flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code,
                            base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT 1 + n, 'FB' || 1 + n % 200, 'XA' || chr(65 + n % 200 / 8), 'XB' || chr(65 + n % 200 / 8), d.departure,
       d.departure + interval '8 hours', 'R80', 100, 'EUR', d.departure - interval '330 days', d.departure - interval '1 hour', 5540
  FROM generate_series(0, 9999) AS n,
       LATERAL (SELECT (current_date + 2 + n / 200 + make_time(6 + 2 * (n % 8), 0, 0)) AT TIME ZONE 'Europe/London') AS d (departure);
INSERT INTO public.seats (flight_id, seat_number, cabin_class, characteristics, price, status)
SELECT f.flight_id, s.seat_number, s.cabin_class, s.characteristics, CASE s.cabin_class WHEN 'business' THEN 400 ELSE 100 END,
       CASE WHEN s.seat_number ~ '^[56789][CD]$' THEN 'booked' ELSE 'available' END
  FROM public.flights AS f JOIN public.aircraft_seats AS s USING (aircraft_code)
 ORDER BY f.flight_id, length(s.seat_number), s.seat_number;

-- Booking n is of flight 1 + n % 10000, row 5 + n / 10000. The references of the variants do not begin with Z.
INSERT INTO public.bookings (booking_reference, customer_id, status, total_amount, currency, confirmed_at)
SELECT 'Z' || translate(lpad(to_hex(n * 40503 % 1048576), 5, '0'), '01abcdef', 'XYABCDEF'), 1 + n % 10000, 'confirmed', 200, 'EUR', now()
  FROM generate_series(0, 49999) AS n
 ORDER BY n;
INSERT INTO public.booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
SELECT b.booking_id, i.no, 1 + (b.booking_id - 1) % 10000, 5 + (b.booking_id - 1) / 10000 || i.letter, i.name || ' ' || 5 + (b.booking_id - 1) / 10000, 100, 'confirmed'
  FROM public.bookings AS b, (VALUES (1, 'C', 'Grace Hopper'), (2, 'D', 'Edsger Dijkstra')) AS i (no, letter, name)
 ORDER BY b.booking_id, i.no;
INSERT INTO public.booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
SELECT booking_id, item_no, flight_id, seat_number, 'confirmed', 1, price, now() FROM public.booking_items ORDER BY booking_id, item_no;
INSERT INTO public.payments (booking_id, amount, currency)
SELECT booking_id, total_amount, currency FROM public.bookings ORDER BY booking_id;

-- The key of who books by booking_api
INSERT INTO booking_private.api_keys (key_id, secret_hash, hint, client, roles, expires_at)
VALUES (1, sha256(decode(repeat('ab', 32), 'hex')), 'abab', 'bench', '{agent}', 'infinity');

SELECT setval(pg_get_serial_sequence('public.flights', 'flight_id'), 10000);
UPDATE public.seats SET status = 'blocked' WHERE flight_id = 9999 AND status = 'available';
