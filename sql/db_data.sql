-- db_data.sql: sample data for the tables of flights_oltp_schema.sql: real airports and aircraft, a weekly timetable,
-- its dated flights from 30 days back to 60 days ahead, and the customers, bookings, payments and events up to now.
--
-- "Now" is 00:00 UTC on the load date: psql variable as_of (psql -v as_of=2026-03-20 -f db_data.sql), by default today.
-- Nothing here happens after that moment: a flight has arrived if its arrival lies before it, a booking that would be
-- made later does not exist yet, a hold that would be paid later is still a hold.
--
-- The data is a function of as_of alone. Chance comes from MD5 digests of stable keys, never from random(), so that a
-- flight of one date has the same delays and nearly the same buyers whatever the day of loading; how much of its story
-- has happened is what differs.
--
-- The plan, seat first, so that no seat can be sold twice: the seats of each aircraft type are cut into neighbouring
-- groups of one to four (party_plan); each group on each flight is a party that buys at some moment before departure or
-- not at all (party); parties out and back pair up to round trips (trip); trips times seats are the items (item), and
-- the rows of the tables follow from these. Everything runs in one transaction.

\set ON_ERROR_STOP on
\set db_data_quiet :QUIET
\set QUIET on

BEGIN;
SET LOCAL client_encoding = 'UTF8';
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SET LOCAL DateStyle = 'ISO, YMD';
SET LOCAL work_mem = '64MB';
SET LOCAL temp_buffers = '64MB';
SET LOCAL jit = off;

\if :{?as_of}
\else
SELECT current_date AS as_of \gset
\endif
-- Now, and the day the airline opened its books, stand as constants in the statements below.
SELECT :'as_of'::date AS as_of, :'as_of'::date::timestamptz AS moment,
       :'as_of'::date::timestamptz - interval '2 years' AS founded \gset

DO $$
BEGIN
    IF EXISTS (SELECT FROM public.airports) THEN
        RAISE EXCEPTION 'the sample data is for empty tables, and "airports" has rows'
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Load it right after flights_oltp_schema.sql.';
    END IF;
END
$$;

-- The n-th of the eight numbers, uniform on [0, 1), that an MD5 digest holds.
CREATE FUNCTION pg_temp.draw(digest text, n integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    RETURN ('x' || substr(digest, 4 * n - 3, 4))::bit(16)::integer / 65536::double precision;

-- The element of a list that a draw points at.
CREATE FUNCTION pg_temp.pick(list text[], draw double precision) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN list[1 + floor(draw * cardinality(list))::integer];

-- The n-th digit of a number in base 32, in the alphabet of booking references.
CREATE FUNCTION pg_temp.digit(number bigint, n integer) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN substr('ABCDEFGHJKLMNPQRSTUVWXYZ23456789', ((number >> 5 * n) & 31)::integer + 1, 1);

-- A seat's price at the standard fare, in whole euros.
CREATE FUNCTION pg_temp.seat_price(base_price numeric, factor numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    RETURN round(base_price * factor);

---------------------------------------------------------------------------------------------------------------------
-- Reference data
---------------------------------------------------------------------------------------------------------------------

INSERT INTO public.airports
SELECT v.*, :'founded'::timestamptz, :'founded'::timestamptz
  FROM (VALUES
    ('ADD', 'Bole International', 'Addis Ababa', 'ET', 8.97790, 38.79930, 'Africa/Addis_Ababa'),
    ('ADL', 'Adelaide', 'Adelaide', 'AU', -34.94500, 138.53060, 'Australia/Adelaide'),
    ('AKL', 'Auckland', 'Auckland', 'NZ', -37.00810, 174.79170, 'Pacific/Auckland'),
    ('AMS', 'Schiphol', 'Amsterdam', 'NL', 52.30860, 4.76390, 'Europe/Amsterdam'),
    ('ARN', 'Arlanda', 'Stockholm', 'SE', 59.65190, 17.91860, 'Europe/Stockholm'),
    ('ATH', 'Eleftherios Venizelos', 'Athens', 'GR', 37.93640, 23.94450, 'Europe/Athens'),
    ('BCN', 'Josep Tarradellas El Prat', 'Barcelona', 'ES', 41.29710, 2.07850, 'Europe/Madrid'),
    ('BER', 'Brandenburg Willy Brandt', 'Berlin', 'DE', 52.36670, 13.50330, 'Europe/Berlin'),
    ('BKK', 'Suvarnabhumi', 'Bangkok', 'TH', 13.68110, 100.74730, 'Asia/Bangkok'),
    ('BOG', 'El Dorado', 'Bogotá', 'CO', 4.70160, -74.14690, 'America/Bogota'),
    ('BOM', 'Chhatrapati Shivaji Maharaj', 'Mumbai', 'IN', 19.08870, 72.86790, 'Asia/Kolkata'),
    ('BOS', 'Logan', 'Boston', 'US', 42.36430, -71.00520, 'America/New_York'),
    ('BRU', 'Brussels', 'Brussels', 'BE', 50.90140, 4.48440, 'Europe/Brussels'),
    ('BUD', 'Ferenc Liszt', 'Budapest', 'HU', 47.43690, 19.25560, 'Europe/Budapest'),
    ('CAI', 'Cairo', 'Cairo', 'EG', 30.12190, 31.40560, 'Africa/Cairo'),
    ('CDG', 'Charles de Gaulle', 'Paris', 'FR', 49.00970, 2.54790, 'Europe/Paris'),
    ('CHC', 'Christchurch', 'Christchurch', 'NZ', -43.48940, 172.53200, 'Pacific/Auckland'),
    ('CMN', 'Mohammed V', 'Casablanca', 'MA', 33.36750, -7.59000, 'Africa/Casablanca'),
    ('CPH', 'Kastrup', 'Copenhagen', 'DK', 55.61790, 12.65600, 'Europe/Copenhagen'),
    ('CPT', 'Cape Town', 'Cape Town', 'ZA', -33.96480, 18.60170, 'Africa/Johannesburg'),
    ('DEL', 'Indira Gandhi', 'Delhi', 'IN', 28.56650, 77.10310, 'Asia/Kolkata'),
    ('DEN', 'Denver', 'Denver', 'US', 39.86170, -104.67310, 'America/Denver'),
    ('DOH', 'Hamad', 'Doha', 'QA', 25.27310, 51.60810, 'Asia/Qatar'),
    ('DUB', 'Dublin', 'Dublin', 'IE', 53.42130, -6.27010, 'Europe/Dublin'),
    ('DXB', 'Dubai', 'Dubai', 'AE', 25.25280, 55.36440, 'Asia/Dubai'),
    ('EDI', 'Edinburgh', 'Edinburgh', 'GB', 55.95000, -3.37250, 'Europe/London'),
    ('EZE', 'Ministro Pistarini', 'Buenos Aires', 'AR', -34.82220, -58.53580, 'America/Argentina/Buenos_Aires'),
    ('FCO', 'Leonardo da Vinci', 'Rome', 'IT', 41.80030, 12.23890, 'Europe/Rome'),
    ('FRA', 'Frankfurt', 'Frankfurt am Main', 'DE', 50.03790, 8.56220, 'Europe/Berlin'),
    ('GIG', 'Galeão', 'Rio de Janeiro', 'BR', -22.81000, -43.25060, 'America/Sao_Paulo'),
    ('GRU', 'Guarulhos', 'São Paulo', 'BR', -23.43560, -46.47310, 'America/Sao_Paulo'),
    ('GVA', 'Geneva', 'Geneva', 'CH', 46.23810, 6.10890, 'Europe/Zurich'),
    ('HEL', 'Vantaa', 'Helsinki', 'FI', 60.31720, 24.96330, 'Europe/Helsinki'),
    ('HKG', 'Hong Kong', 'Hong Kong', 'HK', 22.30890, 113.91460, 'Asia/Hong_Kong'),
    ('HND', 'Haneda', 'Tokyo', 'JP', 35.55230, 139.77980, 'Asia/Tokyo'),
    ('HNL', 'Daniel K. Inouye', 'Honolulu', 'US', 21.31870, -157.92240, 'Pacific/Honolulu'),
    ('ICN', 'Incheon', 'Seoul', 'KR', 37.46910, 126.45050, 'Asia/Seoul'),
    ('IST', 'Istanbul', 'Istanbul', 'TR', 41.27530, 28.75190, 'Europe/Istanbul'),
    ('JFK', 'John F. Kennedy', 'New York', 'US', 40.63980, -73.77890, 'America/New_York'),
    ('JNB', 'O. R. Tambo', 'Johannesburg', 'ZA', -26.13920, 28.24600, 'Africa/Johannesburg'),
    ('KEF', 'Keflavík', 'Reykjavík', 'IS', 63.98500, -22.60560, 'Atlantic/Reykjavik'),
    ('KTM', 'Tribhuvan', 'Kathmandu', 'NP', 27.69660, 85.35910, 'Asia/Kathmandu'),
    ('KUL', 'Kuala Lumpur', 'Kuala Lumpur', 'MY', 2.74560, 101.70990, 'Asia/Kuala_Lumpur'),
    ('LAX', 'Los Angeles', 'Los Angeles', 'US', 33.94250, -118.40810, 'America/Los_Angeles'),
    ('LHR', 'Heathrow', 'London', 'GB', 51.47000, -0.45430, 'Europe/London'),
    ('LIM', 'Jorge Chávez', 'Lima', 'PE', -12.02190, -77.11430, 'America/Lima'),
    ('LIS', 'Humberto Delgado', 'Lisbon', 'PT', 38.77420, -9.13420, 'Europe/Lisbon'),
    ('MAD', 'Adolfo Suárez Barajas', 'Madrid', 'ES', 40.47190, -3.56260, 'Europe/Madrid'),
    ('MAN', 'Manchester', 'Manchester', 'GB', 53.35370, -2.27500, 'Europe/London'),
    ('MEL', 'Tullamarine', 'Melbourne', 'AU', -37.67330, 144.84330, 'Australia/Melbourne'),
    ('MEX', 'Benito Juárez', 'Mexico City', 'MX', 19.43630, -99.07210, 'America/Mexico_City'),
    ('MIA', 'Miami', 'Miami', 'US', 25.79320, -80.29060, 'America/New_York'),
    ('MUC', 'Franz Josef Strauss', 'Munich', 'DE', 48.35380, 11.78610, 'Europe/Berlin'),
    ('MXP', 'Malpensa', 'Milan', 'IT', 45.63060, 8.72810, 'Europe/Rome'),
    ('NAN', 'Nadi', 'Nadi', 'FJ', -17.75540, 177.44340, 'Pacific/Fiji'),
    ('NBO', 'Jomo Kenyatta', 'Nairobi', 'KE', -1.31920, 36.92780, 'Africa/Nairobi'),
    ('NCE', 'Côte d''Azur', 'Nice', 'FR', 43.65840, 7.21590, 'Europe/Paris'),
    ('NRT', 'Narita', 'Tokyo', 'JP', 35.76470, 140.38640, 'Asia/Tokyo'),
    ('ORD', 'O''Hare', 'Chicago', 'US', 41.97860, -87.90480, 'America/Chicago'),
    ('OSL', 'Gardermoen', 'Oslo', 'NO', 60.19390, 11.10040, 'Europe/Oslo'),
    ('PHX', 'Sky Harbor', 'Phoenix', 'US', 33.43430, -112.01160, 'America/Phoenix'),
    ('PRG', 'Václav Havel', 'Prague', 'CZ', 50.10080, 14.26000, 'Europe/Prague'),
    ('PVG', 'Pudong', 'Shanghai', 'CN', 31.14340, 121.80520, 'Asia/Shanghai'),
    ('SCL', 'Arturo Merino Benítez', 'Santiago', 'CL', -33.39300, -70.78580, 'America/Santiago'),
    ('SEA', 'Seattle-Tacoma', 'Seattle', 'US', 47.44900, -122.30930, 'America/Los_Angeles'),
    ('SFO', 'San Francisco', 'San Francisco', 'US', 37.61900, -122.37490, 'America/Los_Angeles'),
    ('SIN', 'Changi', 'Singapore', 'SG', 1.35020, 103.99440, 'Asia/Singapore'),
    ('SYD', 'Kingsford Smith', 'Sydney', 'AU', -33.94610, 151.17720, 'Australia/Sydney'),
    ('TPE', 'Taoyuan', 'Taipei', 'TW', 25.07770, 121.23280, 'Asia/Taipei'),
    ('VIE', 'Schwechat', 'Vienna', 'AT', 48.11030, 16.56970, 'Europe/Vienna'),
    ('WAW', 'Chopin', 'Warsaw', 'PL', 52.16570, 20.96710, 'Europe/Warsaw'),
    ('YVR', 'Vancouver', 'Vancouver', 'CA', 49.19390, -123.18440, 'America/Vancouver'),
    ('YYZ', 'Toronto Pearson', 'Toronto', 'CA', 43.67720, -79.63060, 'America/Toronto'),
    ('ZRH', 'Zurich', 'Zurich', 'CH', 47.46470, 8.54920, 'Europe/Zurich')
  ) AS v;

INSERT INTO public.aircraft
SELECT v.*, :'founded'::timestamptz, :'founded'::timestamptz
  FROM (VALUES
    ('AT7', 'ATR 72', 1500),
    ('E90', 'Embraer 190', 4500),
    ('223', 'Airbus A220-300', 6200),
    ('320', 'Airbus A320', 6100),
    ('321', 'Airbus A321', 5900),
    ('738', 'Boeing 737-800', 5400),
    ('789', 'Boeing 787-9', 14100),
    ('359', 'Airbus A350-900', 15000),
    ('77W', 'Boeing 777-300ER', 13600)
  ) AS v;

-- Cabin layouts, one line per cabin: a blank in the letters is an aisle. Every middle block is three or four seats
-- wide, because a seat map ends a section where two aisle seats meet.
CREATE TEMP TABLE layout (
    aircraft_code char(3), cabin_class text, price_factor numeric, first_row integer, last_row integer, letters text,
    bulkheads integer[], exits integer[], roomy integer[]
) ON COMMIT DROP;
INSERT INTO layout VALUES
    ('AT7', 'economy', 1.0, 1, 18, 'AC DF', '{1}', '{1}', '{1}'),
    ('E90', 'business', 2.4, 1, 3, 'A DF', '{1}', '{}', '{}'),
    ('E90', 'economy', 1.0, 4, 25, 'AC DF', '{4}', '{11}', '{4,11}'),
    ('223', 'business', 2.4, 1, 3, 'AC DF', '{1}', '{}', '{}'),
    ('223', 'economy', 1.0, 4, 28, 'AC DEF', '{4}', '{13}', '{4,5,13}'),
    ('320', 'business', 2.6, 1, 3, 'AC DF', '{1}', '{}', '{}'),
    ('320', 'economy', 1.0, 4, 26, 'ABC DEF', '{4}', '{11,12}', '{4,5,11,12}'),
    ('321', 'business', 2.6, 1, 5, 'AC DF', '{1}', '{}', '{}'),
    ('321', 'economy', 1.0, 6, 34, 'ABC DEF', '{6}', '{12,24}', '{6,7,12,24}'),
    ('738', 'business', 2.6, 1, 4, 'AB EF', '{1}', '{}', '{}'),
    ('738', 'economy', 1.0, 5, 29, 'ABC DEF', '{5}', '{14,15}', '{5,6,14,15}'),
    ('789', 'business', 3.5, 1, 5, 'AB DEF JK', '{1}', '{}', '{}'),
    ('789', 'premium_economy', 1.7, 10, 12, 'AB DEF JK', '{10}', '{}', '{}'),
    ('789', 'economy', 1.0, 20, 36, 'ABC DEF HJK', '{20,29}', '{29}', '{20,29}'),
    ('359', 'business', 3.5, 1, 5, 'AC DEG HK', '{1}', '{}', '{}'),
    ('359', 'premium_economy', 1.7, 10, 12, 'AC DEG HK', '{10}', '{}', '{}'),
    ('359', 'economy', 1.0, 20, 38, 'ABC DEG HJK', '{20,30}', '{30}', '{20,30}'),
    ('77W', 'business', 3.6, 1, 6, 'AB DEF JK', '{1}', '{}', '{}'),
    ('77W', 'premium_economy', 1.7, 10, 12, 'AB DEFG JK', '{10}', '{}', '{}'),
    ('77W', 'economy', 1.0, 20, 38, 'ABC DEFG HJK', '{20,30}', '{30}', '{20,30}');

CREATE TEMP TABLE layout_seat ON COMMIT DROP AS
WITH seat AS (
    SELECT l.*, r AS seat_row, p AS position, substr(l.letters, p, 1) AS letter,
           p IN (1, length(l.letters)) AS at_window,
           ' ' IN (substr(l.letters, p - 1, 1), substr(l.letters, p + 1, 1)) AS at_aisle
      FROM layout AS l, generate_series(l.first_row, l.last_row) AS r, generate_series(1, length(l.letters)) AS p
     WHERE substr(l.letters, p, 1) <> ' '
), priced AS (
    -- In economy a window is worth more than an aisle, an aisle more than the middle, and the front third and leg room
    -- more than the rest.
    SELECT s.*, s.price_factor + CASE WHEN s.cabin_class <> 'economy' THEN 0
                ELSE CASE WHEN s.at_window THEN 0.06 WHEN s.at_aisle THEN 0.04 ELSE 0 END
                   + CASE WHEN s.seat_row < s.first_row + (s.last_row - s.first_row) / 3 THEN 0.08 ELSE 0 END
                   + CASE WHEN s.seat_row = ANY (s.roomy) THEN 0.25 ELSE 0 END END AS worth
      FROM seat AS s
)
SELECT aircraft_code, seat_row || letter AS seat_number, cabin_class, seat_row,
       row_number() OVER (PARTITION BY aircraft_code, seat_row ORDER BY position)::integer AS column_no,
       row_number() OVER (PARTITION BY aircraft_code ORDER BY seat_row, position)::integer AS seat_no,
       CASE WHEN at_window THEN 'W' ELSE '' END || CASE WHEN at_aisle THEN 'A' ELSE '' END
       || CASE WHEN seat_row = ANY (exits) THEN 'E' ELSE '' END
       || CASE WHEN seat_row = ANY (bulkheads) THEN 'K' ELSE '' END
       || CASE WHEN seat_row = ANY (roomy) THEN 'L' ELSE '' END AS characteristics,
       -- The cheapest economy seat costs exactly the flight's base price.
       worth - min(worth) OVER (PARTITION BY aircraft_code) + 1 AS price_factor
  FROM priced;
ANALYZE layout_seat;

INSERT INTO public.aircraft_seats
SELECT aircraft_code, seat_number, cabin_class, characteristics, :'founded'::timestamptz, :'founded'::timestamptz
  FROM layout_seat
 ORDER BY aircraft_code, seat_no;

INSERT INTO public.fares
SELECT v.*, :'founded'::timestamptz, :'founded'::timestamptz
  FROM (VALUES
    ('basic', 'Basic', false, false, 0.85),
    ('standard', 'Standard', true, true, 1.00),
    ('flex', 'Flex', true, true, 1.30)
  ) AS v;

INSERT INTO public.fare_rules
SELECT v.*, :'founded'::timestamptz, :'founded'::timestamptz
  FROM (VALUES
    ('basic', 0, 100, 100),
    ('standard', 0, 90, 60), ('standard', 24, 50, 30), ('standard', 168, 25, 15), ('standard', 720, 10, 5),
    ('flex', 0, 0, 0)
  ) AS v;

---------------------------------------------------------------------------------------------------------------------
-- Timetable and dated flights
---------------------------------------------------------------------------------------------------------------------

-- The great circle is by the haversine formula on a sphere of 6371 km; the block time is half an hour on the ground and
-- in the climb, then 830 km/h, in steps of five minutes. The odd number flies out, the even one back, in local times.
-- Spokes leave for LHR, FRA and AMS in the morning and come back in the evening, long hauls leave the hubs in between.
-- No departure lies between 00:00 and 05:00, where a local time may be missing or doubled when the clocks change.
INSERT INTO public.timetable
WITH line (number, origin, destination, aircraft_code, days, departs, returns) AS (VALUES
    -- long haul
    (101, 'LHR', 'JFK', '789', '1234567', time '11:00', time '18:30'),
    (103, 'LHR', 'SIN', '359', '2', '20:50', '23:20'),
    (105, 'LHR', 'DXB', '789', '4', '13:45', '08:30'),
    (107, 'LHR', 'DEL', '789', '3', '20:15', '10:40'),
    (109, 'LHR', 'JNB', '789', '7', '19:10', '20:35'),
    (111, 'LHR', 'HKG', '789', '1', '12:20', '22:55'),
    (121, 'FRA', 'ORD', '789', '5', '10:50', '15:40'),
    (123, 'FRA', 'SFO', '359', '3', '13:20', '14:55'),
    (125, 'FRA', 'HND', '359', '6', '14:10', '11:25'),
    (127, 'FRA', 'BOM', '789', '2', '13:05', '12:30'),
    (129, 'FRA', 'GRU', '77W', '5', '22:05', '18:45'),
    (141, 'AMS', 'BOS', '789', '4', '11:35', '18:05'),
    (143, 'AMS', 'ICN', '359', '1', '21:15', '12:40'),
    (145, 'AMS', 'NBO', '789', '6', '10:55', '23:15'),
    (147, 'AMS', 'MEX', '789', '3', '14:25', '19:20'),
    (149, 'AMS', 'YYZ', '789', '2', '12:50', '18:10'),
    (161, 'LAX', 'SYD', '789', '15', '22:20', '11:15'),
    (163, 'LAX', 'AKL', '789', '5', '21:40', '19:50'),
    (165, 'SFO', 'HND', '77W', '4', '12:30', '16:10'),
    (167, 'HNL', 'NRT', '789', '2', '11:45', '20:25'),
    (169, 'SIN', 'SYD', '359', '4', '20:10', '10:05'),
    (171, 'SCL', 'AKL', '789', '7', '23:30', '18:15'),
    -- Heathrow
    (301, 'LHR', 'FRA', 'E90', '1234567', '18:20', '07:00'),
    (303, 'LHR', 'AMS', 'AT7', '1234567', '18:45', '07:15'),
    (305, 'LHR', 'EDI', 'AT7', '15', '19:30', '07:05'),
    (307, 'LHR', 'DUB', 'AT7', '6', '19:05', '07:20'),
    (309, 'LHR', 'CDG', 'AT7', '15', '17:50', '08:10'),
    (311, 'LHR', 'ZRH', 'E90', '6', '17:15', '07:30'),
    (313, 'LHR', 'MAD', '223', '5', '16:50', '07:40'),
    (315, 'LHR', 'LIS', '223', '4', '17:35', '07:25'),
    (317, 'LHR', 'ARN', '223', '3', '16:25', '07:10'),
    (319, 'LHR', 'ATH', '320', '6', '12:05', '17:30'),
    (321, 'LHR', 'KEF', '223', '7', '20:40', '08:00'),
    (323, 'LHR', 'FCO', '223', '1', '15:55', '07:35'),
    -- Frankfurt
    (331, 'FRA', 'AMS', 'AT7', '12345', '07:10', '17:40'),
    (333, 'FRA', 'MUC', 'AT7', '15', '20:30', '06:40'),
    (335, 'FRA', 'BER', 'AT7', '5', '20:15', '06:45'),
    (337, 'FRA', 'VIE', 'E90', '3', '17:25', '07:20'),
    (339, 'FRA', 'PRG', 'AT7', '4', '17:55', '07:35'),
    (341, 'FRA', 'BUD', 'E90', '5', '18:10', '07:05'),
    (343, 'FRA', 'WAW', 'E90', '1', '18:35', '06:50'),
    (345, 'FRA', 'CPH', '223', '6', '17:05', '07:45'),
    (347, 'FRA', 'HEL', '223', '3', '16:40', '06:55'),
    (349, 'FRA', 'MXP', 'AT7', '1', '19:20', '07:50'),
    (351, 'FRA', 'BCN', '223', '6', '16:15', '07:30'),
    (353, 'FRA', 'IST', '320', '2', '15:10', '07:05'),
    (355, 'FRA', 'CAI', '320', '5', '14:35', '05:50'),
    -- Amsterdam
    (361, 'AMS', 'OSL', 'E90', '4', '17:20', '06:50'),
    (363, 'AMS', 'MAN', 'E90', '6', '17:45', '07:00'),
    (365, 'AMS', 'GVA', 'E90', '2', '18:05', '07:25'),
    (367, 'AMS', 'NCE', 'E90', '6', '16:35', '07:10'),
    (369, 'AMS', 'BRU', 'AT7', '13', '20:05', '08:20'),
    (371, 'AMS', 'CMN', '223', '4', '15:25', '06:35'),
    -- the Americas
    (401, 'JFK', 'LAX', '321', '5', '08:10', '13:20'),
    (403, 'JFK', 'ORD', 'E90', '7', '07:25', '19:15'),
    (405, 'JFK', 'MIA', '223', '6', '09:40', '15:05'),
    (407, 'JFK', 'YYZ', 'E90', '4', '10:15', '14:30'),
    (409, 'LAX', 'SFO', 'E90', '15', '07:00', '18:25'),
    (411, 'LAX', 'SEA', 'E90', '2', '08:35', '14:40'),
    (413, 'LAX', 'DEN', '320', '5', '09:05', '16:55'),
    (415, 'LAX', 'PHX', 'E90', '56', '10:30', '17:15'),
    (417, 'LAX', 'HNL', '321', '3', '09:20', '21:45'),
    (419, 'SEA', 'YVR', 'AT7', '4', '11:50', '15:35'),
    (421, 'MIA', 'BOG', '738', '5', '11:25', '17:10'),
    (423, 'MIA', 'LIM', '738', '2', '10:45', '23:05'),
    (431, 'GRU', 'GIG', 'AT7', '5', '08:00', '19:40'),
    (433, 'GRU', 'EZE', '738', '6', '09:35', '15:20'),
    (435, 'EZE', 'SCL', '320', '4', '10:20', '14:50'),
    -- Asia, Africa and the Pacific
    (501, 'DEL', 'BOM', '320', '15', '07:30', '19:00'),
    (503, 'DEL', 'KTM', '223', '3', '11:40', '15:10'),
    (505, 'DXB', 'DEL', '738', '2', '09:55', '16:20'),
    (507, 'DXB', 'DOH', 'E90', '4', '08:25', '12:35'),
    (511, 'SIN', 'BKK', '320', '6', '09:30', '13:45'),
    (513, 'SIN', 'KUL', 'AT7', '5', '08:40', '18:30'),
    (515, 'HKG', 'TPE', 'E90', '2', '10:05', '14:15'),
    (517, 'NRT', 'ICN', '738', '4', '09:50', '14:20'),
    (519, 'PVG', 'HND', '738', '1', '12:10', '18:35'),
    (531, 'SYD', 'MEL', '223', '15', '07:15', '18:50'),
    (533, 'SYD', 'AKL', '320', '6', '09:10', '15:30'),
    (535, 'SYD', 'ADL', 'E90', '2', '10:35', '16:45'),
    (537, 'AKL', 'CHC', 'AT7', '4', '08:05', '17:25'),
    (539, 'AKL', 'NAN', '320', '3', '09:45', '15:40'),
    (551, 'JNB', 'CPT', '738', '6', '07:55', '17:35'),
    (553, 'NBO', 'ADD', '738', '5', '10:50', '15:55')
), leg AS (
    SELECT number, origin, destination, departs AS departure_time, aircraft_code, days FROM line
    UNION ALL
    SELECT number + 1, destination, origin, returns, aircraft_code, days FROM line
), measured AS (
    SELECT leg.*, 2 * 6371 * asin(sqrt(sin(radians(b.latitude - a.latitude) / 2) ^ 2
                                       + cos(radians(a.latitude)) * cos(radians(b.latitude))
                                       * sin(radians(b.longitude - a.longitude) / 2) ^ 2)) AS km
      FROM leg
      JOIN public.airports AS a ON a.iata = leg.origin
      JOIN public.airports AS b ON b.iata = leg.destination
)
SELECT 'FB' || number, :'as_of'::date - 60, :'as_of'::date + 330, origin, destination,
       string_to_array(days, NULL)::smallint[], departure_time, 5 * round((30 + km / 830 * 60) / 5), round(km),
       aircraft_code, round((40 + 0.038 * km)::numeric), 'EUR', :'founded'::timestamptz, :'founded'::timestamptz
  FROM measured
 ORDER BY number;

-- Dated flights with what chance has in store for them. Number and date make the digest; a pair is a line out and back,
-- direction 1 out and 2 back.
CREATE TEMP TABLE dated_flight ON COMMIT DROP AS
WITH dated AS MATERIALIZED (
    SELECT t.*, (substr(t.flight_number, 3)::integer + 1) / 2 AS pair,
           2 - substr(t.flight_number, 3)::integer % 2 AS direction,
           day AS local_date, extract(isodow FROM day)::integer AS weekday, o.time_zone, o.country AS origin_country,
           d.country AS destination_country, (day + t.departure_time) AT TIME ZONE o.time_zone AS scheduled_departure,
           md5('flight ' || t.flight_number || ' ' || day) AS digest,
           md5('demand ' || t.flight_number || ' ' || day) AS demand_digest,
           md5('route ' || least(t.origin, t.destination) || greatest(t.origin, t.destination)) AS route_digest
      FROM public.timetable AS t
      JOIN public.airports AS o ON o.iata = t.origin
      JOIN public.airports AS d ON d.iata = t.destination,
           LATERAL (SELECT :'as_of'::date + n AS day FROM generate_series(-30, 60) AS n) AS days
     WHERE extract(isodow FROM day) = ANY (t.days_of_week)
), announced AS MATERIALIZED (
    SELECT dated.*, scheduled_departure + make_interval(mins => duration_minutes) AS scheduled_arrival,
           -- 1.5 percent are called off: most in the last two days, some up to three weeks ahead.
           CASE WHEN pg_temp.draw(digest, 1) < 0.0105
                THEN date_trunc('minute', scheduled_departure - interval '3 hours'
                                          - pg_temp.draw(digest, 3) * interval '45 hours')
                WHEN pg_temp.draw(digest, 1) < 0.015
                THEN date_trunc('minute', scheduled_departure - interval '2 days'
                                          - pg_temp.draw(digest, 3) * interval '18 days') END AS called_off_at,
           -- A few are retimed, which is known two days to three weeks ahead.
           CASE WHEN pg_temp.draw(digest, 6) < 0.006
                THEN 60 + 15 * floor(12 * pg_temp.draw(digest, 7))::integer END AS retimed,
           date_trunc('minute', scheduled_departure - interval '2 days'
                                - pg_temp.draw(digest, 5) * interval '19 days') AS retimed_at
      FROM dated
), fated AS MATERIALIZED (
    SELECT announced.*,
           -- Minutes late off the blocks: four in five within a quarter of an hour, evenings worse than mornings.
           coalesce(retimed, floor(
               CASE WHEN pg_temp.draw(digest, 4) < 0.68 - extract(hour FROM departure_time) * 0.008
                    THEN -6 + 12 * pg_temp.draw(digest, 5)
                    WHEN pg_temp.draw(digest, 4) < 0.80 THEN 6 + 10 * pg_temp.draw(digest, 5)
                    WHEN pg_temp.draw(digest, 4) < 0.95 THEN 16 + 45 * pg_temp.draw(digest, 5)
                    WHEN pg_temp.draw(digest, 4) < 0.99 THEN 60 + 120 * pg_temp.draw(digest, 5)
                    ELSE 180 + 180 * pg_temp.draw(digest, 5) END)::integer) AS late
      FROM announced
), timed AS (
    SELECT fated.*, scheduled_departure + make_interval(mins => late) AS off_block,
           scheduled_arrival + make_interval(mins => late + 3 - floor(15 * pg_temp.draw(digest, 8))::integer)
               AS on_block,
           coalesce(called_off_at <= :'moment', false) AS is_cancelled
      FROM fated
), phased AS (
    SELECT timed.*,
           CASE WHEN is_cancelled THEN 'cancelled'
                WHEN on_block <= :'moment' THEN 'arrived'
                WHEN off_block <= :'moment' THEN 'departed'
                WHEN retimed IS NOT NULL AND retimed_at <= :'moment' THEN 'delayed'
                WHEN late > 15 AND scheduled_departure <= :'moment'::timestamptz + interval '6 hours' THEN 'delayed'
                WHEN off_block <= :'moment'::timestamptz + interval '40 minutes' THEN 'boarding'
                WHEN scheduled_departure <= :'moment'::timestamptz + interval '1 day' THEN 'on_time'
                ELSE 'scheduled' END AS status
      FROM timed
)
SELECT row_number() OVER (ORDER BY scheduled_departure, flight_number) AS flight_id, phased.*,
       -- The party plan differs from flight to flight.
       1 + floor(24 * pg_temp.draw(demand_digest, 1))::integer AS variant,
       -- Share of the seats that is wanted in the end: a route's own level, the day of the week, and the day itself.
       -- One flight in thirty is wanted by all.
       CASE WHEN pg_temp.draw(demand_digest, 4) < 0.033 THEN 1.02
            ELSE least(0.95, greatest(0.58, 0.67 + 0.20 * pg_temp.draw(route_digest, 1)
                 + (ARRAY[0.02, -0.05, -0.04, 0, 0.06, -0.02, 0.06])[weekday]
                 + 0.14 * (pg_temp.draw(demand_digest, 2) - 0.5))) END AS demand,
       -- Mean of the days between purchase and departure; what is wanted by all is sold out days before.
       CASE WHEN distance_km > 3500 THEN 22 ELSE 12 END * (0.8 + 0.4 * pg_temp.draw(route_digest, 2))
       * CASE WHEN pg_temp.draw(demand_digest, 4) < 0.033 THEN 1.6 ELSE 1 END AS mean_lead,
       round(base_price * ((ARRAY[1.02, 0.93, 0.92, 1.00, 1.14, 0.97, 1.12])[weekday]
             * (0.92 + 0.2 * pg_temp.draw(demand_digest, 3)))::numeric) AS price
  FROM phased;
ALTER TABLE dated_flight ADD PRIMARY KEY (flight_id);
ANALYZE dated_flight;

INSERT INTO public.flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival,
                            estimated_departure, estimated_arrival, actual_departure, actual_arrival, aircraft_code,
                            status, base_price, currency, sales_open_at, sales_close_at, distance_km, created_at,
                            updated_at)
SELECT flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival,
       scheduled_departure + make_interval(mins => estimate), scheduled_arrival + make_interval(mins => estimate),
       CASE WHEN status IN ('departed', 'arrived') THEN off_block END, CASE WHEN status = 'arrived' THEN on_block END,
       aircraft_code, status, price, currency, scheduled_departure - interval '330 days',
       scheduled_departure - interval '45 minutes', distance_km, scheduled_departure - interval '330 days',
       CASE WHEN status = 'cancelled' THEN called_off_at
            WHEN status = 'arrived' THEN on_block
            WHEN status = 'departed' THEN off_block
            WHEN status = 'delayed' AND retimed IS NOT NULL THEN retimed_at
            WHEN status = 'scheduled' THEN scheduled_departure - interval '330 days'
            ELSE :'moment'::timestamptz - interval '30 minutes' END
  FROM (SELECT f.*,
               CASE WHEN retimed IS NOT NULL AND retimed_at <= :'moment' AND status <> 'cancelled' THEN retimed
                    WHEN late > 15 AND status IN ('delayed', 'departed', 'arrived') THEN 5 * (late / 5) END AS estimate
          FROM dated_flight AS f) AS f
 ORDER BY flight_id;

---------------------------------------------------------------------------------------------------------------------
-- Parties and trips: who buys what, and when
---------------------------------------------------------------------------------------------------------------------

-- 24 ways of cutting an aircraft's seats into neighbouring groups: a new group begins with a row, after four seats, and
-- at every other seat by chance.
CREATE TEMP TABLE party_plan ON COMMIT DROP AS
WITH chance AS (
    SELECT s.*, variant, md5('plan ' || aircraft_code || seat_row || ' ' || variant) AS digest
      FROM layout_seat AS s, generate_series(1, 24) AS variant
), cut AS (
    -- Three hex digits for each of up to ten seats in the row.
    SELECT c.*, sum(CASE WHEN column_no % 4 = 1
                           OR ('x' || substr(digest, 3 * column_no - 2, 3))::bit(12)::integer < 0.55 * 4096
                         THEN 1 ELSE 0 END)
                OVER (PARTITION BY aircraft_code, variant ORDER BY seat_no)::integer AS party_no
      FROM chance AS c
)
SELECT aircraft_code, variant, party_no, min(cabin_class) AS cabin_class,
       array_agg(seat_number ORDER BY seat_no) AS seats, count(*)::integer AS size
  FROM cut
 GROUP BY aircraft_code, variant, party_no;
ANALYZE party_plan;

-- What becomes of each group on each flight: it travels, buys and cancels, lets a hold expire, releases a hold, or never
-- was (not kept here). Days to departure are exponential, hours of the day those of the waking; a flight that is to be
-- called off sells nothing from three days before on, so that no hold is left on it.
CREATE TEMP TABLE party ON COMMIT DROP AS
WITH drawn AS MATERIALIZED (
    SELECT f.flight_id, f.pair, f.direction, f.local_date, f.time_zone, f.scheduled_departure, f.demand, f.mean_lead,
           CASE WHEN f.is_cancelled THEN f.called_off_at - interval '3 days'
                ELSE :'moment'::timestamptz END AS sold_until,
           p.party_no, p.cabin_class, p.seats, p.size, md5(f.digest || p.party_no) AS digest
      FROM dated_flight AS f
      JOIN party_plan AS p USING (aircraft_code, variant)
), fated AS MATERIALIZED (
    SELECT drawn.*,
           pg_temp.draw(digest, 1) - demand + CASE cabin_class WHEN 'business' THEN 0.10 ELSE 0 END AS excess,
           least(150, floor(-ln(1 - pg_temp.draw(digest, 2)) * mean_lead
                            * CASE cabin_class WHEN 'business' THEN 0.7 ELSE 1 END)
                      + CASE WHEN demand > 1 THEN 4 ELSE 0 END)::integer AS lead_days
      FROM drawn
), dated AS MATERIALIZED (
    SELECT fated.*,
           CASE WHEN excess < 0 THEN 'travels' WHEN excess < 0.045 THEN 'cancels'
                WHEN excess < 0.07 THEN 'expires' ELSE 'releases' END AS fate,
           CASE WHEN lead_days = 0
                THEN scheduled_departure - make_interval(secs => floor(7200 + 28800 * pg_temp.draw(digest, 3)))
                ELSE (local_date - lead_days + make_interval(secs => floor(25200 + 54000 * pg_temp.draw(digest, 3))))
                     AT TIME ZONE time_zone END AS created_at
      FROM fated
     WHERE excess < 0.075
       AND scheduled_departure - make_interval(days => lead_days + 1) <= sold_until
)
SELECT flight_id, pair, direction, local_date, lead_days, party_no, cabin_class, seats, size, digest, fate, created_at,
       sold_until,
       CASE WHEN pg_temp.draw(digest, 4) < 0.32 THEN 'out' WHEN pg_temp.draw(digest, 4) < 0.64 THEN 'back' END AS role,
       (ARRAY[2, 3, 4, 7, 7, 7, 7, 14])[1 + floor(8 * pg_temp.draw(digest, 5))::integer] AS stay
  FROM dated
 WHERE created_at <= sold_until;
ANALYZE party (flight_id, party_no, role);

-- A party out and a party of the same size back, after the same stay, in the same cabin of the return flight, are one
-- booking, made when the first of them was. Parties without a match travel one way.
CREATE TEMP TABLE round_trip ON COMMIT DROP AS
WITH ranked AS (
    SELECT party.*, row_number() OVER (PARTITION BY flight_id, role, stay, cabin_class, size ORDER BY digest) AS rank
      FROM party
     WHERE role IS NOT NULL
)
SELECT o.flight_id AS out_flight_id, o.party_no AS out_party_no, b.flight_id AS back_flight_id,
       b.party_no AS back_party_no
  FROM ranked AS o
  JOIN ranked AS b ON b.role = 'back' AND b.pair = o.pair AND b.direction = 3 - o.direction
                  AND b.local_date = o.local_date + o.stay AND b.stay = o.stay AND b.cabin_class = o.cabin_class
                  AND b.size = o.size AND b.rank = o.rank AND o.created_at <= b.sold_until
 WHERE o.role = 'out';
ANALYZE round_trip;

---------------------------------------------------------------------------------------------------------------------
-- Customers
---------------------------------------------------------------------------------------------------------------------

CREATE TEMP TABLE name_pool (culture text, given text[], family text[]) ON COMMIT DROP;
INSERT INTO name_pool VALUES
    ('english',
     '{Oliver,Amelia,George,Olivia,Harry,Isla,Jack,Emily,Noah,Ava,Charlie,Grace,James,Sophie,William,Chloe,Thomas,
      Lucy,Henry,Hannah,Samuel,Ruby,Daniel,Alice}',
     '{Smith,Jones,Taylor,Brown,Williams,Wilson,Johnson,Davies,Robinson,Wright,Thompson,Evans,Walker,White,Roberts,
      Green,Hall,Wood,Jackson,Clarke,Murphy,Kelly,O''Brien,Campbell,Stewart,Morgan,Cooper,Bailey,Parker,Bennett,
      Hughes,Edwards}'),
    ('german',
     '{Ben,Emma,Paul,Mia,Leon,Hannah,Finn,Sofia,Jonas,Anna,Lukas,Lena,Felix,Marie,Jürgen,Sabine,Matthias,Claudia,
      Stefan,Käthe}',
     '{Müller,Schmidt,Schneider,Fischer,Weber,Meyer,Wagner,Becker,Schulz,Hoffmann,Koch,Bauer,Richter,Klein,Wolf,
      Schröder,Neumann,Schwarz,Zimmermann,Krüger,Hofer,Gruber}'),
    ('french',
     '{Gabriel,Louise,Léo,Jade,Raphaël,Ambre,Arthur,Alice,Louis,Chloé,Jules,Inès,Hugo,Camille,Antoine,Élise}',
     '{Martin,Bernard,Dubois,Thomas,Robert,Richard,Petit,Durand,Leroy,Moreau,Simon,Laurent,Lefèvre,Michel,Garcia,
      David,Bertrand,Roux,Fournier,Girard}'),
    ('dutch',
     '{Daan,Sanne,Bram,Lotte,Sem,Fleur,Lars,Anouk,Thijs,Eva,Jeroen,Femke,Pieter,Marloes,Ruben,Iris}',
     '{de Jong,Jansen,de Vries,Bakker,Visser,Smit,Meijer,de Boer,Mulder,de Groot,Bos,Vos,Peters,Hendriks,van Dijk,
      Dekker,Brouwer,Peeters,Maes,Claes}'),
    ('spanish',
     '{Hugo,Lucía,Martín,Sofía,Mateo,Valentina,Leo,Julia,Diego,Paula,Javier,Carmen,Álvaro,Elena,Santiago,Camila}',
     '{García,Rodríguez,González,Fernández,López,Martínez,Sánchez,Pérez,Gómez,Ruiz,Díaz,Torres,Romero,Vargas,Castillo,
      Rojas,Muñoz,Herrera,Quispe,Morales}'),
    ('portuguese',
     '{João,Maria,Miguel,Alice,Arthur,Helena,Heitor,Laura,Davi,Beatriz,Pedro,Mariana,Rafael,Inês,Tiago,Luiza}',
     '{Silva,Santos,Oliveira,Souza,Pereira,Costa,Rodrigues,Almeida,Nascimento,Lima,Araújo,Ferreira,Carvalho,Gomes,
      Ribeiro,Rocha}'),
    ('italian',
     '{Leonardo,Sofia,Francesco,Aurora,Lorenzo,Giulia,Alessandro,Ginevra,Andrea,Chiara,Matteo,Martina,Davide,Elisa}',
     '{Rossi,Russo,Ferrari,Esposito,Bianchi,Romano,Colombo,Ricci,Marino,Greco,Bruno,Gallo,Conti,De Luca,Mancini,
      Costa}'),
    ('nordic',
     '{Lucas,Alice,Oskar,Maja,Elias,Ella,Emil,Freja,Mikkel,Ida,Eero,Aino,Jón,Guðrún,Lars,Ingrid}',
     '{Andersson,Johansson,Karlsson,Nilsson,Hansen,Johansen,Olsen,Larsen,Jensen,Nielsen,Pedersen,Korhonen,Virtanen,
      Mäkinen,Lindström,Bergström,Jónsson,Sørensen}'),
    ('central',
     '{Jakub,Zuzanna,Antoni,Julia,Jan,Maja,Tomáš,Tereza,Petr,Eliška,Bence,Hanna,Máté,Anna,Piotr,Katarzyna}',
     '{Nowak,Kowalski,Wiśniewski,Wójcik,Kamiński,Lewandowski,Novák,Svoboda,Dvořák,Černý,Nagy,Kovács,Tóth,Szabó,
      Horváth,Varga}'),
    ('greek', '{Giorgos,Maria,Dimitris,Eleni,Konstantinos,Katerina,Nikos,Vasiliki,Yannis,Sofia,Christos,Angeliki}',
     '{Papadopoulos,Georgiou,Nikolaidis,Economou,Makris,Pappas,Dimitriou,Angelopoulos,Vlachos,Karagiannis,Alexiou,
      Ioannou}'),
    ('turkish', '{Yusuf,Zeynep,Emir,Elif,Mehmet,Defne,Mustafa,Ayşe,Kerem,Nehir,Ahmet,Selin}',
     '{Yılmaz,Kaya,Demir,Çelik,Şahin,Yıldız,Öztürk,Aydın,Arslan,Doğan,Kılıç,Aslan}'),
    ('arabic', '{Mohammed,Fatima,Ahmed,Aisha,Omar,Mariam,Youssef,Layla,Khalid,Noor,Hassan,Salma,Ali,Huda}',
     '{Al Mansoori,Al Nuaimi,Hassan,Ibrahim,Mahmoud,El Sayed,Farouk,Al Thani,Al Kuwari,Benali,El Amrani,Bennani,
      Alaoui,Haddad,Nasser,Saleh}'),
    ('indian',
     '{Aarav,Ananya,Vihaan,Diya,Arjun,Priya,Rohan,Kavya,Aditya,Isha,Rahul,Meera,Karthik,Sneha,Vikram,Pooja,Sanjay,
      Lakshmi,Imran,Zara}',
     '{Sharma,Patel,Singh,Kumar,Gupta,Reddy,Iyer,Nair,Mehta,Joshi,Rao,Das,Banerjee,Chopra,Khan,Desai,Kulkarni,
      Shrestha,Thapa,Gurung}'),
    ('chinese',
     '{Wei,Fang,Jie,Li Na,Jun,Xiu Ying,Ming,Hui,Lei,Yan,Ka Ho,Mei Ling,Chun Wai,Wing Yan,Zhi Hao,Yi Ting}',
     '{Wang,Li,Zhang,Liu,Chen,Yang,Huang,Zhao,Wu,Zhou,Chan,Wong,Cheung,Lam,Tan,Lim,Lee,Ng}'),
    ('japanese', '{Haruto,Yui,Sota,Hina,Yuto,Sakura,Ren,Aoi,Daiki,Misaki,Kenji,Yoko,Takashi,Keiko}',
     '{Sato,Suzuki,Takahashi,Tanaka,Watanabe,Ito,Yamamoto,Nakamura,Kobayashi,Kato,Yoshida,Yamada,Sasaki,Matsumoto,
      Inoue,Kimura}'),
    ('korean', '{Min-jun,Seo-yeon,Ji-ho,Ha-eun,Do-yun,Ji-woo,Seo-jun,Soo-ah,Hyun-woo,Min-seo,Joon-ho,Eun-ji}',
     '{Kim,Lee,Park,Choi,Jung,Kang,Cho,Yoon,Jang,Lim,Han,Shin}'),
    ('thai', '{Somchai,Siriporn,Niran,Kanya,Anan,Malee,Prasert,Ploy,Thanawat,Nattaya,Chai,Suda}',
     '{Saetang,Srisuk,Chaiyasit,Wongsakul,Boonmee,Rattanakorn,Suwan,Kittisak,Phongphan,Thongchai,Charoen,Intarasit}'),
    ('african',
     '{Thabo,Lerato,Sipho,Nomvula,Kagiso,Zanele,Brian,Wanjiku,Otieno,Achieng,Kamau,Njeri,Abebe,Tigist,Dawit,Hanna}',
     '{Dlamini,Nkosi,Mokoena,van der Merwe,Botha,Naidoo,Ndlovu,Khumalo,Mwangi,Odhiambo,Kariuki,Ochieng,Wambui,Tesfaye,
      Bekele,Haile}');

-- Where the customers live, how many per country.
CREATE TEMP TABLE home ON COMMIT DROP AS
SELECT v.*
  FROM (VALUES
    ('AE', 'arabic', '+971', 260), ('AR', 'spanish', '+54', 220), ('AT', 'german', '+43', 60),
    ('AU', 'english', '+61', 1050), ('BE', 'dutch', '+32', 120), ('BR', 'portuguese', '+55', 450),
    ('CA', 'english', '+1', 300), ('CH', 'german', '+41', 120), ('CL', 'spanish', '+56', 240),
    ('CN', 'chinese', '+86', 150), ('CO', 'spanish', '+57', 140), ('CZ', 'central', '+420', 70),
    ('DE', 'german', '+49', 2300), ('DK', 'nordic', '+45', 120), ('EG', 'arabic', '+20', 150),
    ('ES', 'spanish', '+34', 320), ('ET', 'african', '+251', 120), ('FI', 'nordic', '+358', 120),
    ('FJ', 'english', '+679', 90), ('FR', 'french', '+33', 240), ('GB', 'english', '+44', 3300),
    ('GR', 'greek', '+30', 140), ('HK', 'chinese', '+852', 260), ('HU', 'central', '+36', 100),
    ('IE', 'english', '+353', 80), ('IN', 'indian', '+91', 700), ('IS', 'nordic', '+354', 90),
    ('IT', 'italian', '+39', 160), ('JP', 'japanese', '+81', 700), ('KE', 'african', '+254', 250),
    ('KR', 'korean', '+82', 260), ('MA', 'arabic', '+212', 120), ('MX', 'spanish', '+52', 160),
    ('MY', 'chinese', '+60', 80), ('NL', 'dutch', '+31', 1500), ('NO', 'nordic', '+47', 70),
    ('NP', 'indian', '+977', 100), ('NZ', 'english', '+64', 600), ('PE', 'spanish', '+51', 120),
    ('PL', 'central', '+48', 70), ('PT', 'portuguese', '+351', 120), ('QA', 'arabic', '+974', 60),
    ('SE', 'nordic', '+46', 120), ('SG', 'chinese', '+65', 440), ('TH', 'thai', '+66', 140),
    ('TR', 'turkish', '+90', 80), ('TW', 'chinese', '+886', 60), ('US', 'english', '+1', 4000),
    ('ZA', 'african', '+27', 420)
  ) AS v (country, culture, dial_code, customers);

-- Numbered within the country: the first ones fly most, and hold most of the tiers.
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY md5('place ' || country || n)) AS customer_id, country, culture, dial_code, n, digest,
       floor(pg_temp.draw(digest, 1) * cardinality(given))::integer AS given_no,
       pg_temp.pick(family, pg_temp.draw(digest, 2)) AS family,
       CASE WHEN n <= 0.03 * customers AND pg_temp.draw(digest, 3) < 0.8 THEN 'gold'
            WHEN n <= 0.12 * customers AND pg_temp.draw(digest, 3) < 0.8 THEN 'silver'
            ELSE 'regular' END AS tier
  FROM (SELECT h.*, n, md5('customer ' || country || n) AS digest
          FROM home AS h, generate_series(1, h.customers) AS n) AS h
  JOIN name_pool USING (culture);
CREATE UNIQUE INDEX ON person (country, n);
ANALYZE home, name_pool, person;

---------------------------------------------------------------------------------------------------------------------
-- Bookings, from the parties
---------------------------------------------------------------------------------------------------------------------

-- One row per booking, with its course so far: what lies after now has not happened.
CREATE TEMP TABLE trip ON COMMIT DROP AS
WITH made AS MATERIALIZED (
    SELECT p.flight_id, p.party_no, p.seats, p.size, p.cabin_class, p.lead_days, p.created_at, p.fate,
           p.digest AS party_digest, r.back_flight_id, b.seats AS back_seats, f.scheduled_departure,
           g.scheduled_departure AS back_departure, md5('booking ' || p.digest) AS digest,
           CASE WHEN pg_temp.draw(p.digest, 6) < 0.65 THEN f.origin_country ELSE f.destination_country END AS country
      FROM party AS p
      JOIN dated_flight AS f USING (flight_id)
      LEFT JOIN round_trip AS r ON r.out_flight_id = p.flight_id AND r.out_party_no = p.party_no
      LEFT JOIN party AS b ON b.flight_id = r.back_flight_id AND b.party_no = r.back_party_no
      LEFT JOIN dated_flight AS g ON g.flight_id = r.back_flight_id
     WHERE NOT EXISTS (SELECT FROM round_trip AS x
                        WHERE x.back_flight_id = p.flight_id AND x.back_party_no = p.party_no)
), held AS MATERIALIZED (
    -- One booking in six begins as a hold: for half an hour, or for two days where departure is far enough.
    SELECT made.*,
           CASE WHEN fate IN ('travels', 'cancels') AND pg_temp.draw(digest, 2) >= 0.16 THEN NULL
                WHEN pg_temp.draw(digest, 1) < 0.35 AND lead_days >= 6 THEN interval '48 hours'
                ELSE interval '30 minutes' END AS hold_time
      FROM made
), paid AS (
    SELECT held.*,
           CASE WHEN fate = 'expires' THEN NULL
                WHEN hold_time IS NULL THEN created_at
                ELSE created_at + date_trunc('second', hold_time * (0.05 + 0.9 * pg_temp.draw(digest, 3) ^ 2))
                END AS decided_at,
           created_at + hold_time + make_interval(secs => floor(60 * pg_temp.draw(digest, 3))) AS swept_at
      FROM held
), phased AS (
    SELECT paid.*,
           CASE WHEN fate = 'expires' AND swept_at <= :'moment' THEN 'expired'
                WHEN fate = 'releases' AND decided_at <= :'moment' THEN 'released'
                WHEN fate IN ('travels', 'cancels') AND decided_at <= :'moment' THEN 'sold'
                ELSE 'held' END AS phase
      FROM paid
), planned AS (
    -- Time left for a change of mind, up to three hours before departure, and before the departure back.
    SELECT phased.*, CASE WHEN phase = 'sold' THEN decided_at END AS confirmed_at,
           scheduled_departure - interval '3 hours 10 minutes' - decided_at AS room,
           back_departure - interval '3 hours 10 minutes' - decided_at AS back_room
      FROM phased
), changed AS (
    -- Minds change early more often than late. Of those who travel, some cancel the last passenger, some the way back.
    SELECT planned.*,
           CASE WHEN phase = 'released' THEN decided_at
                WHEN phase = 'sold' AND fate = 'cancels' AND room > interval '0'
                THEN decided_at + interval '10 minutes'
                     + date_trunc('second', room * pg_temp.draw(digest, 4) ^ 1.5) END AS cancel_at,
           CASE WHEN phase = 'sold' AND fate = 'travels' AND size > 1 AND pg_temp.draw(digest, 5) < 0.05
                 AND room > interval '0'
                THEN decided_at + interval '10 minutes'
                     + date_trunc('second', room * pg_temp.draw(digest, 4)) END AS drop_passenger_at,
           CASE WHEN phase = 'sold' AND fate = 'travels' AND pg_temp.draw(digest, 5) > 0.95 AND back_room > interval '0'
                THEN decided_at + interval '10 minutes'
                     + date_trunc('second', back_room * pg_temp.draw(digest, 4)) END AS drop_return_at
      FROM planned
)
SELECT row_number() OVER (ORDER BY created_at, flight_id, party_no) AS booking_id, c.*, p.customer_id, p.family, p.given_no,
       p.culture,
       CASE WHEN c.phase = 'held'
            THEN least(:'moment'::timestamptz + interval '1 day'
                       + make_interval(hours => floor(36 * pg_temp.draw(c.digest, 6))::integer),
                       c.scheduled_departure - interval '1 hour')
            ELSE c.created_at + c.hold_time END AS payment_required_by,
       pg_temp.pick(CASE WHEN c.cabin_class = 'business' THEN '{basic,standard,standard,standard,standard,flex,flex,flex}'
                         ELSE '{basic,basic,basic,basic,standard,standard,standard,standard,standard,flex,flex}'
                         END::text[], pg_temp.draw(c.digest, 7)) AS fare_code,
       pg_temp.pick('{web,web,web,web,web,mobile,mobile,mobile,agent,agent,call_center,api}',
                    pg_temp.draw(c.digest, 8)) AS channel
  FROM changed AS c
  JOIN home AS h USING (country)
  JOIN person AS p ON p.country = c.country
                  AND p.n = 1 + floor(h.customers * pg_temp.draw(c.party_digest, 7)
                                                  * (0.35 + 0.65 * pg_temp.draw(c.party_digest, 7)))::integer;
ANALYZE trip (booking_id, flight_id, customer_id);

-- Nobody buys twice on one flight, out or back: all bookings but the first are somebody else's who is on neither.
CREATE INDEX ON trip (booking_id);
CREATE INDEX ON trip (customer_id);
DO $$
DECLARE
    again bigint;
BEGIN
    FOR again IN
        SELECT DISTINCT b.booking_id
          FROM (SELECT t.booking_id, row_number() OVER (PARTITION BY t.customer_id, v.flight_id ORDER BY t.booking_id) AS nth
                  FROM trip AS t, LATERAL (VALUES (t.flight_id), (t.back_flight_id)) AS v (flight_id)
                 WHERE v.flight_id IS NOT NULL) AS b
         WHERE b.nth > 1
    LOOP
        UPDATE trip AS t
           SET customer_id = p.customer_id, family = p.family, given_no = p.given_no
          FROM (SELECT p.*
                  FROM trip AS t
                  JOIN home AS h USING (country)
                 CROSS JOIN LATERAL generate_series(1, 1000) AS attempt
                 CROSS JOIN LATERAL (SELECT p.*
                                       FROM person AS p
                                      WHERE p.country = t.country
                                        AND p.n = 1 + floor(h.customers * pg_temp.draw(md5(t.digest || attempt), 1))::integer) AS p
                 WHERE t.booking_id = again
                   AND NOT EXISTS (SELECT FROM trip AS o
                                    WHERE o.customer_id = p.customer_id
                                      AND ARRAY[o.flight_id, o.back_flight_id] && ARRAY[t.flight_id, t.back_flight_id])
                 LIMIT 1) AS p
         WHERE t.booking_id = again;
    END LOOP;
END $$;

-- One row per passenger and flight, with its own course.
CREATE TEMP TABLE item ON COMMIT DROP AS
WITH seated AS MATERIALIZED (
    SELECT t.booking_id, t.flight_id, 1 AS leg, s.seat_number, s.no::integer AS passenger_no,
           md5(t.digest || s.no) AS passenger_digest
      FROM trip AS t, unnest(t.seats) WITH ORDINALITY AS s (seat_number, no)
    UNION ALL
    SELECT t.booking_id, t.back_flight_id, 2, s.seat_number, s.no::integer, md5(t.digest || s.no)
      FROM trip AS t, unnest(t.back_seats) WITH ORDINALITY AS s (seat_number, no)
), joined AS MATERIALIZED (
    SELECT s.booking_id, s.leg, t.size * (s.leg - 1) + s.passenger_no AS item_no, s.flight_id, s.seat_number, s.passenger_digest,
           t.created_at, t.confirmed_at, t.phase, t.fare_code, t.swept_at, t.payment_required_by, t.hold_time,
           f.status AS flight_status, f.off_block, f.scheduled_departure, r.refundable,
           round(pg_temp.seat_price(f.price, l.price_factor) * r.price_factor, 2) AS price,
           CASE WHEN f.is_cancelled AND t.phase = 'sold' THEN f.called_off_at END AS called_off_at,
           least(t.cancel_at, CASE WHEN s.passenger_no = t.size THEN t.drop_passenger_at END,
                 CASE WHEN s.leg = 2 THEN t.drop_return_at END) AS withdrawn_at,
           md5(s.passenger_digest || s.leg) AS digest,
           -- The first passenger is the customer; companions have other first names, mostly the same family name.
           n.given[1 + (t.given_no + (s.passenger_no - 1) * (1 + floor(3 * pg_temp.draw(t.digest, 8))::integer))
                       % cardinality(n.given)] || ' '
           || CASE WHEN s.passenger_no = 1 OR pg_temp.draw(s.passenger_digest, 1) < 0.75 THEN t.family
                   ELSE pg_temp.pick(n.family, pg_temp.draw(s.passenger_digest, 2)) END AS passenger_name,
           CASE WHEN strpos(l.characteristics, 'E') = 0
                     AND (s.passenger_no >= 3 AND pg_temp.draw(s.passenger_digest, 3) < 0.7
                          OR s.passenger_no = 2 AND pg_temp.draw(s.passenger_digest, 3) < 0.08)
                THEN 'child' ELSE 'adult' END AS passenger_type
      FROM seated AS s
      JOIN trip AS t USING (booking_id)
      JOIN dated_flight AS f ON f.flight_id = s.flight_id
      JOIN layout_seat AS l ON l.aircraft_code = f.aircraft_code AND l.seat_number = s.seat_number
      JOIN public.fares AS r USING (fare_code)
      JOIN name_pool AS n USING (culture)
), ended AS (
    SELECT joined.*,
           CASE WHEN least(withdrawn_at, called_off_at) <= :'moment'
                THEN least(withdrawn_at, called_off_at) END AS cancelled_at,
           greatest(scheduled_departure - make_interval(secs => floor(3600 + 79200 * pg_temp.draw(digest, 1))),
                    confirmed_at + interval '5 minutes') AS checked_in_at
      FROM joined
)
SELECT e.*, x.status,
       -- The fare's fee for the time left; nothing when the airline called the flight off, or within a day of the
       -- purchase if the flight departs a week or more after the reservation.
       CASE WHEN x.status <> 'cancelled' OR e.confirmed_at IS NULL OR e.cancelled_at = e.called_off_at THEN 0
            WHEN e.cancelled_at < e.confirmed_at + interval '24 hours'
             AND e.scheduled_departure >= e.created_at + interval '168 hours' THEN 0
            WHEN NOT e.refundable THEN e.price
            ELSE round(e.price * coalesce(
                     (SELECT r.cancellation_fee_percent FROM public.fare_rules AS r
                       WHERE r.fare_code = e.fare_code
                         AND make_interval(hours => r.hours_before_departure) <= e.scheduled_departure - e.cancelled_at
                       ORDER BY r.hours_before_departure DESC LIMIT 1), 100) / 100, 2) END AS penalty_amount,
       coalesce(e.cancelled_at = e.called_off_at, false) AS by_airline
  FROM ended AS e,
       LATERAL (SELECT CASE WHEN phase = 'expired' THEN 'expired'
                            WHEN cancelled_at IS NOT NULL THEN 'cancelled'
                            WHEN phase = 'held' THEN 'held'
                            WHEN flight_status IN ('departed', 'arrived')
                            THEN CASE WHEN pg_temp.draw(digest, 2) < 0.04 THEN 'no_show' ELSE 'flown' END
                            WHEN checked_in_at <= :'moment' THEN 'checked_in'
                            ELSE 'confirmed' END AS status) AS x;
ANALYZE item (booking_id, flight_id, seat_number, status);

---------------------------------------------------------------------------------------------------------------------
-- The rows of the tables
---------------------------------------------------------------------------------------------------------------------

-- E-mail addresses in the domains reserved for examples, made unique by the customer's number.
INSERT INTO public.customers (customer_id, full_name, email, phone, country, tier, created_at, updated_at)
SELECT p.customer_id, p.name,
       regexp_replace(lower(replace(translate(p.name, 'ÁČÉÅÖŞÇØáâãäåéèêëíîïóôõöøúüçčćñńðłğışšřžýþ',
                                                      'ACEAOSCOaaaaaeeeeiiiooooouucccnndlgissrzyt'), ' ', '.')),
                      '[^a-z.]', '', 'g')
       || p.customer_id || CASE WHEN pg_temp.draw(p.digest, 4) < 0.7 THEN '@example.com' ELSE '@example.org' END,
       CASE WHEN pg_temp.draw(p.digest, 5) < 0.9
            THEN p.dial_code || ' ' || 200 + floor(800 * pg_temp.draw(p.digest, 6))::integer || ' '
                 || lpad((p.customer_id * 2654435761 % 9999991)::text, 7, '0') END,
       p.country, p.tier, c.created_at, c.created_at
  FROM (SELECT p.*, n.given[1 + given_no] || ' ' || p.family AS name
          FROM person AS p
          JOIN name_pool AS n USING (culture)) AS p
  LEFT JOIN (SELECT customer_id, min(created_at) AS created_at FROM trip GROUP BY customer_id) AS t USING (customer_id),
       LATERAL (SELECT least(:'founded'::timestamptz
                             + make_interval(secs => floor(729 * 86400 * pg_temp.draw(p.digest, 7) ^ 0.7)),
                             t.created_at - interval '5 minutes') AS created_at) AS c
 ORDER BY p.customer_id;

-- A group buys once, so that a seat has at most one item in its story. Some seats that nobody wanted are blocked.
INSERT INTO public.seats (flight_id, seat_number, cabin_class, characteristics, price, status, held_until, created_at,
                          updated_at)
SELECT f.flight_id, l.seat_number, l.cabin_class, l.characteristics, pg_temp.seat_price(f.price, l.price_factor),
       CASE WHEN i.status = 'held' THEN 'held'
            WHEN i.status IN ('cancelled', 'expired') THEN 'available'
            WHEN i.status IS NOT NULL THEN 'booked'
            WHEN (f.flight_id * 37 + l.seat_no * 11) % 307 = 0 THEN 'blocked'
            ELSE 'available' END,
       CASE WHEN i.status = 'held' THEN i.payment_required_by END,
       f.scheduled_departure - interval '330 days',
       coalesce(i.cancelled_at, CASE WHEN i.status = 'expired' THEN i.swept_at END, i.confirmed_at, i.created_at,
                f.scheduled_departure - interval '330 days')
  FROM dated_flight AS f
  JOIN layout_seat AS l USING (aircraft_code)
  LEFT JOIN item AS i USING (flight_id, seat_number)
 ORDER BY f.flight_id, l.seat_no;

-- Cancellations: one for all items of a booking that end in one moment, quoted a few minutes before; the airline's own
-- are quoted and confirmed at once.
CREATE TEMP TABLE cancellation ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY cancelled_at, booking_id) AS cancellation_id, booking_id, cancelled_at,
       row_number() OVER (PARTITION BY booking_id ORDER BY cancelled_at) AS nth, bool_or(by_airline) AS by_airline,
       array_agg(item_no::smallint ORDER BY item_no) AS item_nos,
       bool_or(hold_time IS NOT NULL AND confirmed_at IS NOT NULL) AS was_hold,
       sum(CASE WHEN confirmed_at IS NULL THEN 0 ELSE price - penalty_amount END) AS refund_amount,
       sum(penalty_amount) AS penalty_amount
  FROM item
 WHERE status = 'cancelled'
 GROUP BY booking_id, cancelled_at;

-- Record locators: the booking's number, scrambled one to one within 30 bits, in base 32. Multiplying by an odd number
-- and folding the upper bits onto the lower can both be undone, so no two numbers meet.
INSERT INTO public.bookings (booking_id, booking_reference, customer_id, status, fare_code, channel, total_amount,
                             currency, payment_required_by, confirmed_at, cancelled_at, expired_at, contact_email,
                             contact_phone, version, created_at, updated_at)
WITH summed AS (
    SELECT booking_id, count(*) AS items, count(*) FILTER (WHERE status = 'cancelled') AS cancelled,
           count(*) FILTER (WHERE status IN ('held', 'confirmed', 'checked_in')) AS open,
           sum(CASE status WHEN 'cancelled' THEN penalty_amount WHEN 'expired' THEN 0 ELSE price END) AS total_amount,
           max(cancelled_at) AS cancelled_at, max(off_block) FILTER (WHERE status IN ('flown', 'no_show')) AS flown_at,
           max(checked_in_at) FILTER (WHERE status = 'checked_in') AS checked_in_at
      FROM item
     GROUP BY booking_id
), phased AS (
    SELECT t.*, s.total_amount, s.cancelled_at AS last_cancelled_at, s.flown_at, s.checked_in_at,
           CASE WHEN t.phase = 'expired' THEN 'expired'
                WHEN s.cancelled = s.items THEN 'cancelled'
                WHEN t.phase = 'held' THEN 'held'
                WHEN s.open = 0 THEN 'completed'
                WHEN s.cancelled > 0 THEN 'partially_cancelled'
                ELSE 'confirmed' END AS status,
           CASE WHEN t.phase IN ('sold', 'expired') AND t.hold_time IS NOT NULL THEN 2 ELSE 1 END AS bought_version
      FROM trip AS t
      JOIN summed AS s USING (booking_id)
)
SELECT b.booking_id,
       pg_temp.digit(z, 0) || pg_temp.digit(z, 1) || pg_temp.digit(z, 2)
       || pg_temp.digit(z, 3) || pg_temp.digit(z, 4) || pg_temp.digit(z, 5),
       b.customer_id, b.status, b.fare_code, b.channel, b.total_amount, 'EUR', b.payment_required_by, b.confirmed_at,
       CASE WHEN b.status = 'cancelled' THEN b.last_cancelled_at END,
       CASE WHEN b.status = 'expired' THEN b.swept_at END, c.email, c.phone,
       b.bought_version + coalesce(n.cancellations, 0) + CASE WHEN b.status = 'completed' THEN 1 ELSE 0 END, b.created_at,
       coalesce(greatest(b.flown_at, b.checked_in_at, b.last_cancelled_at, b.confirmed_at,
                         CASE WHEN b.status = 'expired' THEN b.swept_at END), b.created_at)
  FROM phased AS b
  JOIN public.customers AS c USING (customer_id)
  LEFT JOIN (SELECT booking_id, count(*)::integer AS cancellations
               FROM cancellation
              GROUP BY booking_id) AS n USING (booking_id),
       LATERAL (SELECT (b.booking_id * 668265263 + 374761393) % 1073741824 AS x OFFSET 0) AS x,
       LATERAL (SELECT ((x # (x >> 15)) * 461845907) % 1073741824 AS y OFFSET 0) AS y,
       LATERAL (SELECT y # (y >> 13) AS z OFFSET 0) AS z
 ORDER BY b.booking_id;

INSERT INTO public.booking_items (booking_id, item_no, journey_no, flight_id, seat_number, passenger_name, passenger_type, price,
                                  penalty_amount, status, created_at, updated_at)
SELECT booking_id, item_no, leg, flight_id, seat_number, passenger_name, passenger_type, price, penalty_amount, status,
       created_at,
       CASE status WHEN 'held' THEN created_at WHEN 'confirmed' THEN confirmed_at WHEN 'checked_in' THEN checked_in_at
                   WHEN 'cancelled' THEN cancelled_at WHEN 'expired' THEN swept_at ELSE off_block END
  FROM item
 ORDER BY booking_id, item_no;

INSERT INTO public.cancellations (cancellation_id, booking_id, item_nos, booking_version, refund_amount, penalty_amount,
                                  currency, status, expires_at, confirmed_at, created_at, updated_at)
SELECT cancellation_id, booking_id, item_nos, nth + CASE WHEN was_hold THEN 1 ELSE 0 END, refund_amount, penalty_amount,
       'EUR', 'confirmed', quoted_at + interval '30 minutes', cancelled_at, quoted_at, cancelled_at
  FROM cancellation,
       LATERAL (SELECT cancelled_at - CASE WHEN by_airline THEN interval '0'
                                           ELSE make_interval(secs => 30 + cancellation_id % 50) END AS quoted_at) AS q
 ORDER BY cancellation_id;

-- The ledger: the whole price when a booking is confirmed, refunds by the method it was paid with.
INSERT INTO public.payments (payment_id, booking_id, amount, currency, method, cancellation_id, created_at, updated_at)
WITH entry AS (
    SELECT booking_id, sum(price) AS amount, NULL::bigint AS cancellation_id, confirmed_at AS paid_at
      FROM item
     WHERE confirmed_at IS NOT NULL
     GROUP BY booking_id, confirmed_at
    UNION ALL
    SELECT booking_id, -refund_amount, cancellation_id, cancelled_at FROM cancellation WHERE refund_amount > 0
)
SELECT row_number() OVER (ORDER BY e.paid_at, e.booking_id), e.booking_id, e.amount, 'EUR',
       CASE WHEN t.channel = 'agent' AND pg_temp.draw(t.digest, 6) < 0.03 THEN 'cash'
            ELSE pg_temp.pick('{card,card,card,card,card,card,card,card,card,card,card,card,bank_transfer,voucher}',
                              pg_temp.draw(t.party_digest, 8)) END,
       e.cancellation_id, e.paid_at, e.paid_at
  FROM entry AS e
  JOIN trip AS t USING (booking_id)
 ORDER BY 1;

-- One event per change of state. A purchase without a hold begins with confirmed; when the flight leaves, its items are
-- flown or no_show.
INSERT INTO public.booking_events (event_id, booking_id, item_no, flight_id, seat_number, event_type, seat_delta,
                                   revenue_delta, occurred_at, created_at, updated_at)
SELECT row_number() OVER (ORDER BY e.occurred_at, i.booking_id, i.item_no, e.stage), i.booking_id, i.item_no, i.flight_id,
       i.seat_number, e.event_type, e.seat_delta, e.revenue_delta, e.occurred_at, e.occurred_at, e.occurred_at
  FROM item AS i,
       LATERAL (VALUES
           (1, i.hold_time IS NOT NULL, 'held', 0, 0, i.created_at),
           (2, i.confirmed_at IS NOT NULL, 'confirmed', 1, i.price, i.confirmed_at),
           (3, i.status IN ('checked_in', 'flown'), 'checked_in', 0, 0, i.checked_in_at),
           (4, i.status = 'cancelled', 'cancelled', CASE WHEN i.confirmed_at IS NULL THEN 0 ELSE -1 END,
               CASE WHEN i.confirmed_at IS NULL THEN 0 ELSE i.penalty_amount - i.price END, i.cancelled_at),
           (5, i.status IN ('flown', 'no_show'), i.status, 0, 0, i.off_block),
           (6, i.status = 'expired', 'expired', 0, 0, i.swept_at)
       ) AS e (stage, happened, event_type, seat_delta, revenue_delta, occurred_at)
 WHERE e.happened
 ORDER BY 1;

-- What the airline changed: flights called off are refunded; new times are accepted by most, open with some.
ALTER TABLE public.schedule_changes DISABLE TRIGGER schedule_changes_event; -- nobody was told of what was before
INSERT INTO public.schedule_changes (schedule_change_id, flight_id, booking_id, item_no, change_type, status,
                                     old_departure, new_departure, created_at, updated_at)
WITH change AS (
    SELECT i.flight_id, i.booking_id, i.item_no, 'cancelled' AS change_type, 'refunded' AS status,
           i.scheduled_departure AS old_departure, NULL::timestamptz AS new_departure, i.cancelled_at AS created_at
      FROM item AS i
     WHERE i.by_airline
    UNION ALL
    SELECT i.flight_id, i.booking_id, i.item_no, 'time_changed',
           CASE WHEN i.status IN ('flown', 'no_show') OR pg_temp.draw(i.passenger_digest, 4) < 0.6
                THEN 'accepted' ELSE 'open' END,
           f.scheduled_departure, f.scheduled_departure + make_interval(mins => f.retimed), f.retimed_at
      FROM item AS i
      JOIN dated_flight AS f USING (flight_id)
     WHERE f.retimed IS NOT NULL AND f.retimed_at <= :'moment' AND i.confirmed_at < f.retimed_at
       AND i.status IN ('confirmed', 'checked_in', 'flown', 'no_show')
)
SELECT row_number() OVER (ORDER BY created_at, booking_id, item_no), flight_id, booking_id, item_no, change_type, status,
       old_departure, new_departure, created_at, created_at
  FROM change
 ORDER BY 1;
ALTER TABLE public.schedule_changes ENABLE TRIGGER schedule_changes_event;

-- Who waits for a cabin that is full, and whose wait ended with the flight.
INSERT INTO public.waitlist_entries (waitlist_entry_id, flight_id, cabin_class, customer_id, seats_wanted, status,
                                     created_at, updated_at)
WITH sold_out AS (
    SELECT f.flight_id, s.cabin_class, f.origin_country, md5(f.digest || s.cabin_class) AS digest, s.last_sold_at,
           f.scheduled_departure - interval '45 minutes' AS closed_at
      FROM dated_flight AS f
      JOIN (SELECT flight_id, cabin_class, max(updated_at) AS last_sold_at
              FROM public.seats
             GROUP BY flight_id, cabin_class
            HAVING count(*) FILTER (WHERE status = 'available') = 0) AS s USING (flight_id)
     WHERE f.status <> 'cancelled'
), entry AS (
    SELECT s.*, p.customer_id, place, least(s.closed_at, :'moment'::timestamptz) AS until
      FROM sold_out AS s
      JOIN home AS h ON h.country = s.origin_country,
           generate_series(1, 1 + floor(3 * pg_temp.draw(s.digest, 1))::integer) AS place,
           LATERAL (SELECT customer_id FROM person AS p
                     WHERE p.country = h.country
                       AND p.n = 1 + (floor(h.customers * pg_temp.draw(s.digest, 2))::integer + place) % h.customers
                   ) AS p
)
SELECT row_number() OVER (ORDER BY created_at, flight_id, cabin_class, place), flight_id, cabin_class, customer_id,
       CASE WHEN pg_temp.draw(digest, 2 + place) < 0.3 THEN 2 ELSE 1 END,
       CASE WHEN until < :'moment' THEN 'lapsed' ELSE 'waiting' END, created_at,
       CASE WHEN until < :'moment' THEN until ELSE created_at END
  FROM entry,
       LATERAL (SELECT last_sold_at + date_trunc('second', (until - last_sold_at) * pg_temp.draw(digest, 5 + place))
                       AS created_at) AS c
 ORDER BY 1;

-- The next rows get the next numbers.
SELECT setval(pg_get_serial_sequence('public.flights', 'flight_id'), (SELECT max(flight_id) FROM public.flights)),
       setval(pg_get_serial_sequence('public.customers', 'customer_id'), (SELECT max(customer_id) FROM public.customers)),
       setval(pg_get_serial_sequence('public.bookings', 'booking_id'), (SELECT max(booking_id) FROM public.bookings)),
       setval(pg_get_serial_sequence('public.cancellations', 'cancellation_id'),
              (SELECT max(cancellation_id) FROM public.cancellations)),
       setval(pg_get_serial_sequence('public.payments', 'payment_id'), (SELECT max(payment_id) FROM public.payments)),
       setval(pg_get_serial_sequence('public.booking_events', 'event_id'),
              (SELECT max(event_id) FROM public.booking_events)),
       setval(pg_get_serial_sequence('public.schedule_changes', 'schedule_change_id'),
              (SELECT max(schedule_change_id) FROM public.schedule_changes)),
       setval(pg_get_serial_sequence('public.waitlist_entries', 'waitlist_entry_id'),
              (SELECT max(waitlist_entry_id) FROM public.waitlist_entries)) \gset db_data_

DROP FUNCTION pg_temp.draw(text, integer), pg_temp.pick(text[], double precision), pg_temp.digit(bigint, integer),
              pg_temp.seat_price(numeric, numeric);
COMMIT;

ANALYZE public.airports, public.aircraft, public.aircraft_seats, public.fares, public.fare_rules, public.timetable,
        public.flights, public.seats, public.customers, public.bookings, public.booking_items, public.cancellations,
        public.payments, public.booking_events, public.waitlist_entries, public.schedule_changes;
\set QUIET :db_data_quiet
