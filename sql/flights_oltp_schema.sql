-- flights_oltp_schema.sql: the booking tables. Every rule that a constraint can hold stands here, so that it binds psql,
-- the C functions and the replication apply worker alike. Loads on a stock PostgreSQL 15 or newer; the reports database
-- loads the same file to receive the replicated rows.
--
-- Conventions: money is numeric with two decimals in the row's currency, of which currency_decimals() are used; a moment is timestamptz; a "departure date" is
-- the calendar date in the origin airport's time zone; a status word is spelled in its domain or its table's CHECK and
-- nowhere else in the schema.
--
-- Rules about one column of the tables that a booking writes are domains, and those about several columns of a table are one
-- CHECK: a statement reads and plans the CHECKs of the table it writes anew each time, the domains once in a session.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- Everything here belongs to booking_owner from the moment it is made. Nobody logs in as booking_owner; the functions of the
-- extension run as it. Who else may do what is granted by roles.sql.
DO $$
BEGIN
    CREATE ROLE booking_owner;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;
CREATE SCHEMA booking_private AUTHORIZATION booking_owner;
COMMENT ON SCHEMA booking_private IS 'Service tables of the booking engine; not published.';
GRANT CREATE ON SCHEMA public TO booking_owner;
SET ROLE booking_owner;

---------------------------------------------------------------------------------------------------------------------
-- Domains
---------------------------------------------------------------------------------------------------------------------

CREATE DOMAIN public.cabin_class AS text
    CONSTRAINT cabin_class_known CHECK (VALUE IN ('first', 'business', 'premium_economy', 'economy'));
COMMENT ON DOMAIN public.cabin_class IS 'Cabin of travel, from front to back: first, business, premium_economy, economy.';

CREATE DOMAIN public.seat_characteristics AS text DEFAULT ''
    CONSTRAINT seat_characteristics_known CHECK (VALUE ~ '^[WAEKL]*$');
COMMENT ON DOMAIN public.seat_characteristics IS
    'Seat characteristics as IATA PADIS letters: W window, A aisle, E exit row, K bulkhead, L extra leg room. Neither W nor A is a middle seat.';

CREATE DOMAIN public.seat_number AS text
    CONSTRAINT seat_number_form CHECK (VALUE ~ '^[1-9][0-9]?[A-HJ-L]$');
COMMENT ON DOMAIN public.seat_number IS 'Row number and column letter, such as 12A; the letter I is not used.';

CREATE DOMAIN public.seat_status AS text
    CONSTRAINT seat_status_known CHECK (VALUE IN ('available', 'held', 'booked', 'blocked'));
COMMENT ON DOMAIN public.seat_status IS 'State of a seat of a flight.';

CREATE DOMAIN public.currency_code AS char(3)
    CONSTRAINT currency_code_form CHECK (VALUE ~ '^[A-Z]{3}$');
COMMENT ON DOMAIN public.currency_code IS 'ISO 4217 code.';

CREATE DOMAIN public.sale_price AS numeric(10,2)
    CONSTRAINT sale_price_positive CHECK (VALUE > 0);
COMMENT ON DOMAIN public.sale_price IS 'What something is offered at.';

CREATE DOMAIN public.item_amount AS numeric(10,2)
    CONSTRAINT item_amount_not_negative CHECK (VALUE >= 0);
COMMENT ON DOMAIN public.item_amount IS 'Money of one booking item: a price, a penalty, a fee.';

CREATE DOMAIN public.total_amount AS numeric(12,2)
    CONSTRAINT total_amount_not_negative CHECK (VALUE >= 0);
COMMENT ON DOMAIN public.total_amount IS 'Money of several items together.';

CREATE DOMAIN public.ledger_amount AS numeric(12,2)
    CONSTRAINT ledger_amount_not_zero CHECK (VALUE <> 0);
COMMENT ON DOMAIN public.ledger_amount IS 'An entry of the ledger: positive in, negative out.';

-- The next two are not STRICT: a CASE is not, and the planner would call them where now it puts them in place.
-- ISO 4217's minor units, where they are not two. Amounts are kept with two decimals: those of currencies with three end in 0.
CREATE FUNCTION public.currency_decimals(currency text) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV', 'XAF', 'XOF', 'XPF')
                THEN 0 WHEN currency IS NOT NULL THEN 2 END;
COMMENT ON FUNCTION public.currency_decimals(text) IS
    'Decimals that an amount of a currency (ISO 4217 code) may have: 0 or 2. Prices, penalties and fees are rounded to them, and payments with more are refused.';

-- What one person types for a name is what another does: composed or not, in whatever case, with the apostrophe, the dash and the
-- space of whichever keyboard. Lower and then upper case is the folding, which leaves one letter of each sigma, i and sharp s;
-- joiners say how letters look, and not which. Words of ASCII, as most are, need no more than upper case; fold_words() of
-- booking_request.c does the same.
CREATE FUNCTION public.folded_text(given text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN given COLLATE pg_catalog."C" ~ '^[A-Za-z0-9@.''-]+( [A-Za-z0-9@.''-]+)*$' THEN upper(given COLLATE pg_catalog."C")
    ELSE btrim(regexp_replace(
        translate(normalize(upper(lower(given COLLATE pg_catalog."und-x-icu")), NFC) COLLATE pg_catalog."C",
                  U&'\0130''\0060\00B4\02B9\02BC\2018\2019\201B\2032\FF07-\2010\2011\2012\2013\2014\2015\2212\FE58\FE63\FF0D \00A0\2000\2001\2002\2003\2004\2005\2006\2007\2008\2009\200A\202F\205F\3000\200C\200D',
                  'I''''''''''''''''''''-----------                '),
        ' +', ' ', 'g')) END;
COMMENT ON FUNCTION public.folded_text(text) IS
    'A name or an address as it is compared: composed (NFC), in upper case by the Unicode rules, with one kind of apostrophe, dash and space, and no more spaces than one. Unique indexes and searches go by it.';

CREATE FUNCTION public.plain_text(given text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN btrim(regexp_replace(
        replace(replace(translate(regexp_replace(normalize(folded_text(given), NFD), '[\u0300-\u036f]', '', 'g'), 'ØŁĐĦ', 'OLDH'),
                        'Æ', 'AE'), 'Œ', 'OE') COLLATE pg_catalog."und-x-icu",
        '[^[:alnum:]]+', ' ', 'g'));
COMMENT ON FUNCTION public.plain_text(text) IS
    'A text as it is searched for: folded_text() without accents, as words with a space between each two.';

-- Neither control characters, nor what turns the direction of writing or cannot be seen; a joiner stands after a letter of a script
-- that joins by it: Arabic to Sinhala, Myanmar, Khmer to Mongolian. A name of ASCII, with a letter, needs but one look.
CREATE DOMAIN public.person_name AS text
    CONSTRAINT person_name_form
    CHECK (VALUE = btrim(VALUE) AND length(VALUE) BETWEEN 1 AND 200
           AND (VALUE COLLATE pg_catalog."C" ~ '^[ -~]*[A-Za-z][ -~]*$'
                OR VALUE COLLATE pg_catalog."und-x-icu" ~ '[[:alpha:]]'
                AND VALUE !~ '[\u0001-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]'
                AND VALUE !~ '(^|[^\u0600-\u0dff\u1000-\u109f\u1780-\u18af])[\u200c\u200d]'));
COMMENT ON DOMAIN public.person_name IS
    'Full name of a person, with a letter in it, without spaces around it and without characters that cannot be seen.';

CREATE DOMAIN public.email_address AS text
    CONSTRAINT email_address_form CHECK (VALUE ~ '^[^@\s]+@[^@\s]+$' AND length(VALUE) <= 254);
COMMENT ON DOMAIN public.email_address IS 'An e-mail address, as far as its form tells.';

CREATE DOMAIN public.phone_number AS text
    CONSTRAINT phone_number_length CHECK (length(VALUE) <= 32);
COMMENT ON DOMAIN public.phone_number IS 'A telephone number, as it was given.';

CREATE DOMAIN public.booking_reference AS text
    CONSTRAINT booking_reference_form CHECK (VALUE ~ '^[A-HJ-NP-Z2-9]{6}$');
COMMENT ON DOMAIN public.booking_reference IS 'Record locator: six random characters without the look-alikes 0 O 1 I.';

CREATE DOMAIN public.booking_status AS text
    CONSTRAINT booking_status_known
    CHECK (VALUE IN ('held', 'confirmed', 'partially_cancelled', 'cancelled', 'expired', 'completed'));
COMMENT ON DOMAIN public.booking_status IS 'State of a booking.';

CREATE DOMAIN public.booking_channel AS text
    CONSTRAINT booking_channel_known CHECK (VALUE IN ('web', 'mobile', 'agent', 'call_center', 'api'));
COMMENT ON DOMAIN public.booking_channel IS 'Where a booking is made.';

CREATE DOMAIN public.item_number AS smallint
    CONSTRAINT item_number_positive CHECK (VALUE > 0);
COMMENT ON DOMAIN public.item_number IS 'Counts from 1 within a booking.';

CREATE DOMAIN public.journey_number AS smallint
    CONSTRAINT journey_number_positive CHECK (VALUE > 0);
COMMENT ON DOMAIN public.journey_number IS 'Number of a journey within its booking, from 1.';

CREATE DOMAIN public.item_status AS text
    CONSTRAINT item_status_known
    CHECK (VALUE IN ('held', 'confirmed', 'checked_in', 'flown', 'no_show', 'cancelled', 'expired'));
COMMENT ON DOMAIN public.item_status IS 'State of a booking item.';

CREATE DOMAIN public.passenger_type AS text
    CONSTRAINT passenger_type_known CHECK (VALUE IN ('adult', 'child', 'infant'));
COMMENT ON DOMAIN public.passenger_type IS 'Passenger by age.';

CREATE DOMAIN public.payment_method AS text
    CONSTRAINT payment_method_known CHECK (VALUE IN ('card', 'bank_transfer', 'cash', 'voucher'));
COMMENT ON DOMAIN public.payment_method IS 'How money comes and goes.';

CREATE DOMAIN public.item_event_type AS text
    CONSTRAINT item_event_type_known
    CHECK (VALUE IN ('held', 'confirmed', 'checked_in', 'flown', 'no_show', 'cancelled', 'expired', 'seat_changed', 'flight_changed',
                     'schedule_changed'));
COMMENT ON DOMAIN public.item_event_type IS
    'An item''s new state, or what else changed about it: its seat, its flight, or by the airline the flight that it is for.';

CREATE DOMAIN public.seat_delta AS smallint
    CONSTRAINT seat_delta_of_one CHECK (VALUE BETWEEN -1 AND 1);
COMMENT ON DOMAIN public.seat_delta IS 'Change in seats sold by one item.';

-- Rows that may only ever be added. On the subscriber the trigger does not fire for replicated rows.
CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'table "%" is append-only', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Add a row that corrects the earlier one.';
END
$$;
COMMENT ON FUNCTION public.refuse_change() IS 'Trigger of append-only tables: refuses UPDATE, DELETE and TRUNCATE (SQLSTATE 23001).';

---------------------------------------------------------------------------------------------------------------------
-- Reference data
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE public.airports (
    iata        char(3) PRIMARY KEY CHECK (iata ~ '^[A-Z]{3}$'),
    name        text NOT NULL,
    city        text NOT NULL,
    country     char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    latitude    numeric(8,5) NOT NULL CHECK (latitude BETWEEN -90 AND 90),
    longitude   numeric(8,5) NOT NULL CHECK (longitude BETWEEN -180 AND 180),
    time_zone   text NOT NULL CHECK (timezone(time_zone, timestamptz 'epoch') IS NOT NULL),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    search_text text NOT NULL GENERATED ALWAYS AS (plain_text(iata || ' ' || city || ' ' || name)) STORED
);
COMMENT ON TABLE public.airports IS 'Airports served.';
COMMENT ON COLUMN public.airports.iata IS 'IATA location code.';
COMMENT ON COLUMN public.airports.name IS 'Name of the airport.';
COMMENT ON COLUMN public.airports.city IS 'City served.';
COMMENT ON COLUMN public.airports.country IS 'ISO 3166-1 alpha-2 code.';
COMMENT ON COLUMN public.airports.latitude IS 'Degrees north.';
COMMENT ON COLUMN public.airports.longitude IS 'Degrees east.';
COMMENT ON COLUMN public.airports.search_text IS 'What a search for airports looks at.';
COMMENT ON COLUMN public.airports.time_zone IS 'IANA time zone; the zone of every local time and departure date at this airport.';

CREATE TABLE public.aircraft (
    aircraft_code char(3) PRIMARY KEY CHECK (aircraft_code ~ '^[A-Z0-9]{3}$'),
    model         text NOT NULL,
    range_km      integer NOT NULL CHECK (range_km > 0),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.aircraft IS 'Aircraft types in service.';
COMMENT ON COLUMN public.aircraft.aircraft_code IS 'IATA aircraft type code.';
COMMENT ON COLUMN public.aircraft.model IS 'Manufacturer and model.';
COMMENT ON COLUMN public.aircraft.range_km IS 'Range in kilometres.';

CREATE TABLE public.aircraft_seats (
    aircraft_code   char(3) NOT NULL REFERENCES public.aircraft,
    seat_number     public.seat_number NOT NULL,
    cabin_class     public.cabin_class NOT NULL,
    characteristics public.seat_characteristics NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (aircraft_code, seat_number)
);
COMMENT ON TABLE public.aircraft_seats IS 'Cabin layout of an aircraft type; copied to seats when a flight is published.';

CREATE TABLE public.fares (
    fare_code    text PRIMARY KEY CHECK (fare_code ~ '^[a-z_]{1,16}$'),
    name         text NOT NULL,
    refundable   boolean NOT NULL,
    changeable   boolean NOT NULL,
    price_factor numeric(4,2) NOT NULL CHECK (price_factor > 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE public.fares IS 'Fares on sale: what a booking may be changed or refunded to.';
COMMENT ON COLUMN public.fares.refundable IS 'False: a cancellation refunds nothing unless a law or the airline''s own doing says otherwise.';
COMMENT ON COLUMN public.fares.changeable IS 'False: seats may change, flights may not.';
COMMENT ON COLUMN public.fares.price_factor IS 'An item''s price is the seat''s price times this factor, rounded to currency_decimals().';

CREATE TABLE public.fare_rules (
    fare_code                text NOT NULL REFERENCES public.fares,
    hours_before_departure   integer NOT NULL CHECK (hours_before_departure >= 0),
    cancellation_fee_percent numeric(5,2) NOT NULL CHECK (cancellation_fee_percent BETWEEN 0 AND 100),
    change_fee_percent       numeric(5,2) NOT NULL CHECK (change_fee_percent BETWEEN 0 AND 100),
    created_at               timestamptz NOT NULL DEFAULT now(),
    updated_at               timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (fare_code, hours_before_departure)
);
COMMENT ON TABLE public.fare_rules IS
    'Fees by time to departure: the row with the greatest hours_before_departure not above the hours left applies; none means 100 percent.';
COMMENT ON COLUMN public.fare_rules.hours_before_departure IS 'From this many hours before scheduled departure and earlier.';
COMMENT ON COLUMN public.fare_rules.cancellation_fee_percent IS 'Share of the item''s price kept when it is cancelled.';
COMMENT ON COLUMN public.fare_rules.change_fee_percent IS 'Share of the item''s price charged when its flight is changed.';

---------------------------------------------------------------------------------------------------------------------
-- Schedule and inventory
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE public.timetable (
    flight_number    text NOT NULL CHECK (flight_number ~ '^[A-Z0-9]{2}[0-9]{1,4}$'),
    valid_from       date NOT NULL,
    valid_to         date NOT NULL,
    origin           char(3) NOT NULL REFERENCES public.airports,
    destination      char(3) NOT NULL REFERENCES public.airports,
    days_of_week     smallint[] NOT NULL CHECK (days_of_week <@ '{1,2,3,4,5,6,7}'::smallint[] AND cardinality(days_of_week) > 0),
    departure_time   time NOT NULL,
    duration_minutes integer NOT NULL CHECK (duration_minutes BETWEEN 20 AND 1200),
    distance_km      integer NOT NULL CHECK (distance_km > 0),
    aircraft_code    char(3) NOT NULL REFERENCES public.aircraft,
    base_price       public.sale_price NOT NULL,
    currency         public.currency_code NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flight_number, valid_from),
    CHECK (valid_from <= valid_to),
    CHECK (origin <> destination)
);
COMMENT ON TABLE public.timetable IS 'The weekly timetable in local time, from which dated flights are published.';
COMMENT ON COLUMN public.timetable.days_of_week IS 'ISO days of departure in the origin''s zone: 1 Monday to 7 Sunday.';
COMMENT ON COLUMN public.timetable.departure_time IS 'Departure in the origin''s local time.';
COMMENT ON COLUMN public.timetable.duration_minutes IS 'Elapsed block time; the local arrival follows from it and both zones.';
COMMENT ON COLUMN public.timetable.distance_km IS 'Great-circle distance in kilometres.';

CREATE TABLE public.flights (
    flight_id           bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    flight_number       text NOT NULL CHECK (flight_number ~ '^[A-Z0-9]{2}[0-9]{1,4}$'),
    origin              char(3) NOT NULL REFERENCES public.airports,
    destination         char(3) NOT NULL REFERENCES public.airports,
    scheduled_departure timestamptz NOT NULL,
    scheduled_arrival   timestamptz NOT NULL,
    estimated_departure timestamptz,
    estimated_arrival   timestamptz,
    actual_departure    timestamptz,
    actual_arrival      timestamptz,
    aircraft_code       char(3) NOT NULL REFERENCES public.aircraft,
    status              text NOT NULL DEFAULT 'scheduled'
                        CHECK (status IN ('scheduled', 'on_time', 'delayed', 'boarding', 'departed', 'arrived', 'cancelled')),
    base_price          public.sale_price NOT NULL,
    currency            public.currency_code NOT NULL,
    sales_open_at       timestamptz NOT NULL,
    sales_close_at      timestamptz NOT NULL,
    distance_km         integer NOT NULL CHECK (distance_km > 0),
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT flights_number_departure_key UNIQUE (flight_number, scheduled_departure),
    CHECK (origin <> destination),
    CHECK (scheduled_arrival > scheduled_departure),
    CHECK (estimated_arrival > estimated_departure),
    CHECK (actual_arrival > actual_departure),
    CHECK (sales_open_at < sales_close_at),
    CHECK ((actual_departure IS NOT NULL) = (status IN ('departed', 'arrived'))),
    CHECK ((actual_arrival IS NOT NULL) = (status = 'arrived'))
);
CREATE INDEX flights_route_departure_idx ON public.flights (origin, destination, scheduled_departure);
CREATE INDEX flights_departure_idx ON public.flights (scheduled_departure);
COMMENT ON TABLE public.flights IS 'Dated flights: one flight number on one departure.';
COMMENT ON COLUMN public.flights.flight_number IS 'Airline designator and number, such as FB101.';
COMMENT ON COLUMN public.flights.scheduled_departure IS 'Published departure (STD).';
COMMENT ON COLUMN public.flights.estimated_departure IS 'Current estimate of the departure (ETD).';
COMMENT ON COLUMN public.flights.actual_departure IS 'Off-block time (ATD); set exactly when the flight has departed.';
COMMENT ON COLUMN public.flights.actual_arrival IS 'On-block time (ATA); set exactly when the flight has arrived.';
COMMENT ON COLUMN public.flights.status IS 'scheduled, on_time, delayed, boarding, departed, arrived or cancelled.';
COMMENT ON COLUMN public.flights.base_price IS 'Lowest economy price; each seat carries its own.';
COMMENT ON COLUMN public.flights.sales_open_at IS 'Seats are sold from this moment on.';
COMMENT ON COLUMN public.flights.sales_close_at IS 'Seats are sold until before this moment.';
COMMENT ON COLUMN public.flights.distance_km IS 'Great-circle distance in kilometres, the kilometre of ASK and RPK.';

CREATE TABLE public.seats (
    flight_id       bigint NOT NULL REFERENCES public.flights,
    seat_number     public.seat_number NOT NULL,
    cabin_class     public.cabin_class NOT NULL,
    characteristics public.seat_characteristics NOT NULL,
    price           public.sale_price NOT NULL,
    status          public.seat_status NOT NULL DEFAULT 'available',
    held_until      timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (flight_id, seat_number),
    CHECK ((held_until IS NOT NULL) = (status = 'held'))
) WITH (fillfactor = 70);
COMMENT ON TABLE public.seats IS
    'Seat inventory: one row per flight and seat. fillfactor leaves room so that a claim, which touches no indexed column, is a HOT update.';
COMMENT ON COLUMN public.seats.price IS 'Price at the standard fare, in the flight''s currency.';
COMMENT ON COLUMN public.seats.status IS 'available; held until held_until; booked; blocked (not for sale).';
COMMENT ON COLUMN public.seats.held_until IS 'A held seat is free again from this moment on, whether or not a sweep has been by.';

---------------------------------------------------------------------------------------------------------------------
-- Customers and bookings
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE public.customers (
    customer_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    full_name   public.person_name NOT NULL,
    email       public.email_address,
    phone       public.phone_number,
    country     char(2) CHECK (country ~ '^[A-Z]{2}$'),
    tier        text NOT NULL DEFAULT 'regular' CHECK (tier IN ('regular', 'silver', 'gold')),
    is_guest    boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX customers_email_key ON public.customers (folded_text(email)) WHERE NOT is_guest;
COMMENT ON TABLE public.customers IS 'Who books and pays; passengers are named on booking_items.';
COMMENT ON COLUMN public.customers.email IS 'Unique by folded_text(), but for guests.';
COMMENT ON COLUMN public.customers.is_guest IS 'Made with one booking, by a caller without a key: nobody has shown that the e-mail address is theirs.';
COMMENT ON COLUMN public.customers.country IS 'Country of residence, ISO 3166-1 alpha-2.';
COMMENT ON COLUMN public.customers.tier IS 'Loyalty tier: regular, silver or gold.';

CREATE TABLE public.bookings (
    booking_id          bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_reference   public.booking_reference NOT NULL CONSTRAINT bookings_reference_key UNIQUE,
    customer_id         bigint NOT NULL REFERENCES public.customers,
    status              public.booking_status NOT NULL,
    fare_code           text NOT NULL DEFAULT 'standard' REFERENCES public.fares,
    channel             public.booking_channel NOT NULL DEFAULT 'api',
    total_amount        public.total_amount NOT NULL,
    currency            public.currency_code NOT NULL,
    payment_required_by timestamptz,
    confirmed_at        timestamptz,
    cancelled_at        timestamptz,
    expired_at          timestamptz,
    contact_email       public.email_address,
    contact_phone       public.phone_number,
    version             integer NOT NULL DEFAULT 1,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT bookings_status_fits_moments CHECK ((status = ANY (
        CASE WHEN expired_at IS NULL THEN
                 CASE WHEN cancelled_at IS NOT NULL THEN '{cancelled}'::text[]
                      WHEN confirmed_at IS NOT NULL THEN '{confirmed,partially_cancelled,completed}'
                      WHEN payment_required_by IS NOT NULL THEN '{held}' END
             WHEN COALESCE(confirmed_at, cancelled_at) IS NULL THEN '{expired}' END)) IS TRUE)
) WITH (fillfactor = 85);
CREATE INDEX bookings_customer_idx ON public.bookings (customer_id, booking_id);
CREATE INDEX bookings_customer_holds_idx ON public.bookings (customer_id) WHERE status = 'held';
CREATE INDEX bookings_lapse_idx ON public.bookings (payment_required_by) WHERE status = 'held';
COMMENT ON INDEX public.bookings_customer_holds_idx IS 'A customer''s holds are counted before each hold, whatever else the customer has booked.';
COMMENT ON TABLE public.bookings IS 'A booking (PNR): seats held or sold to one customer, over one or more flights.';
COMMENT ON COLUMN public.bookings.status IS
    'held until payment_required_by; confirmed; partially_cancelled (some items live); cancelled (none live); expired (hold not paid); completed (all flown).';
COMMENT ON COLUMN public.bookings.total_amount IS
    'What the customer owes: prices of live items, penalties of cancelled ones, and change fees of both. Equal to the sum of payments once confirmed.';
COMMENT ON COLUMN public.bookings.payment_required_by IS 'A hold lapses at this moment; a later payment is refused.';
COMMENT ON COLUMN public.bookings.version IS 'Grows by one with every change, for optimistic concurrency (ETag, If-Match).';

CREATE TABLE public.booking_items (
    booking_id     bigint NOT NULL REFERENCES public.bookings,
    item_no        public.item_number NOT NULL,
    journey_no     public.journey_number,
    flight_id      bigint NOT NULL,
    seat_number    text NOT NULL,
    passenger_name public.person_name NOT NULL,
    passenger_type public.passenger_type NOT NULL DEFAULT 'adult',
    price          public.item_amount NOT NULL,
    penalty_amount public.item_amount NOT NULL DEFAULT 0,
    fee_amount     public.item_amount NOT NULL DEFAULT 0,
    status         public.item_status NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking_id, item_no),
    CONSTRAINT booking_items_seat_fkey FOREIGN KEY (flight_id, seat_number) REFERENCES public.seats DEFERRABLE,
    CONSTRAINT booking_items_penalty_of_cancelled CHECK (penalty_amount = 0 OR status = 'cancelled' AND penalty_amount <= price)
) WITH (fillfactor = 85);
CREATE UNIQUE INDEX booking_items_live_seat_key ON public.booking_items (flight_id, seat_number)
    WHERE status NOT IN ('cancelled', 'expired');
CREATE UNIQUE INDEX booking_items_live_passenger_key ON public.booking_items (flight_id, folded_text(passenger_name), booking_id)
    WHERE status NOT IN ('cancelled', 'expired');
COMMENT ON TABLE public.booking_items IS
    'One passenger on one flight: the unit of seat, price, status and refund. Live means neither cancelled nor expired.';
COMMENT ON INDEX public.booking_items_live_seat_key IS 'No seat is sold twice, whatever path the rows came by.';
COMMENT ON INDEX public.booking_items_live_passenger_key IS 'A passenger travels once per flight of a booking.';
COMMENT ON COLUMN public.booking_items.journey_no IS
    'The items of a passenger with one number are the legs of one journey, in the order of departure: out, and back, each with its connections. A cancellation by the airline covers the journey. Null: not known, the item is a journey of its own.';
COMMENT ON COLUMN public.booking_items.price IS 'Agreed price in the booking''s currency.';
COMMENT ON COLUMN public.booking_items.penalty_amount IS 'Part of the price that was kept when the item was cancelled.';
COMMENT ON COLUMN public.booking_items.fee_amount IS 'Fees of the item''s changes so far: the fare''s for another flight, and what was kept of a difference to a cheaper seat; never refunded.';

CREATE TABLE public.cancellations (
    cancellation_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_id      bigint NOT NULL REFERENCES public.bookings,
    item_nos        smallint[] NOT NULL CHECK (cardinality(item_nos) > 0),
    booking_version integer NOT NULL,
    refund_amount   public.total_amount NOT NULL,
    penalty_amount  public.total_amount NOT NULL,
    currency        public.currency_code NOT NULL,
    status          text NOT NULL DEFAULT 'quoted' CHECK (status IN ('quoted', 'confirmed')),
    expires_at      timestamptz NOT NULL,
    confirmed_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((confirmed_at IS NOT NULL) = (status = 'confirmed'))
);
CREATE INDEX cancellations_booking_idx ON public.cancellations (booking_id, cancellation_id);
COMMENT ON TABLE public.cancellations IS 'Cancellation quotes; the newest of a booking may be confirmed until it expires.';
COMMENT ON COLUMN public.cancellations.item_nos IS 'Items of the booking that the quote covers.';
COMMENT ON COLUMN public.cancellations.booking_version IS 'Version of the booking that was quoted; a later version makes the quote stale.';
COMMENT ON COLUMN public.cancellations.refund_amount IS 'Paid back on confirmation: prices less penalties.';

CREATE TABLE public.booking_changes (
    change_id       bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_id      bigint NOT NULL REFERENCES public.bookings,
    booking_version integer NOT NULL,
    change_amount   numeric(12,2) NOT NULL,
    fee_amount      public.total_amount NOT NULL,
    currency        public.currency_code NOT NULL,
    status          text NOT NULL DEFAULT 'quoted' CHECK (status IN ('quoted', 'confirmed')),
    expires_at      timestamptz NOT NULL,
    confirmed_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((confirmed_at IS NOT NULL) = (status = 'confirmed'))
);
CREATE INDEX booking_changes_booking_idx ON public.booking_changes (booking_id, change_id);
COMMENT ON TABLE public.booking_changes IS 'Quotes to move items to other seats or flights; the newest of a booking may be confirmed until it expires.';
COMMENT ON COLUMN public.booking_changes.booking_version IS 'Version of the booking that was quoted; a later version makes the quote stale.';
COMMENT ON COLUMN public.booking_changes.change_amount IS
    'New prices less old ones plus fees: positive is to be paid on confirmation, negative is refunded.';

CREATE TABLE public.booking_change_items (
    change_id   bigint NOT NULL REFERENCES public.booking_changes,
    item_no     smallint NOT NULL,
    flight_id   bigint NOT NULL,
    seat_number text NOT NULL,
    old_price   numeric(10,2) NOT NULL,
    new_price   public.item_amount NOT NULL,
    fee_amount  public.item_amount NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (change_id, item_no),
    FOREIGN KEY (flight_id, seat_number) REFERENCES public.seats
);
COMMENT ON TABLE public.booking_change_items IS 'Where a quoted change takes each item, and at what price.';
COMMENT ON COLUMN public.booking_change_items.new_price IS 'Price of the new seat when it was quoted; confirming charges it even if the seat''s price has changed.';

CREATE TABLE public.payments (
    payment_id      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_id      bigint NOT NULL REFERENCES public.bookings,
    amount          public.ledger_amount NOT NULL,
    currency        public.currency_code NOT NULL,
    method          public.payment_method NOT NULL DEFAULT 'card',
    cancellation_id bigint REFERENCES public.cancellations,
    change_id       bigint REFERENCES public.booking_changes,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payments_booking_idx ON public.payments (booking_id);
CREATE TRIGGER payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.payments
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
COMMENT ON TABLE public.payments IS 'Append-only ledger: payments are positive, refunds negative; what a booking has paid is the sum.';
COMMENT ON COLUMN public.payments.cancellation_id IS 'The cancellation that a refund belongs to.';
COMMENT ON COLUMN public.payments.change_id IS 'The change that a payment or refund belongs to.';

CREATE TABLE public.booking_events (
    event_id      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_id    bigint NOT NULL,
    item_no       smallint NOT NULL,
    flight_id     bigint NOT NULL,
    seat_number   text NOT NULL,
    event_type    public.item_event_type NOT NULL,
    seat_delta    public.seat_delta NOT NULL,
    revenue_delta numeric(12,2) NOT NULL,
    occurred_at   timestamptz NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX booking_events_booking_idx ON public.booking_events (booking_id, item_no);
CREATE TRIGGER booking_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON public.booking_events
    FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();
COMMENT ON TABLE public.booking_events IS
    'Append-only: one row per change of state of one booking item, written in the transaction that changes it. Audit, outbox, source of the facts.';
COMMENT ON COLUMN public.booking_events.seat_delta IS
    'Change in seats sold: +1 on confirmed, -1 when a confirmed item is cancelled; an item that changes its flight leaves -1 on the old and +1 on the new; else 0.';
COMMENT ON COLUMN public.booking_events.revenue_delta IS
    'Change in revenue: the price on confirmed, less the refund on cancelled, the difference and the fee on a change, else 0.';
COMMENT ON COLUMN public.booking_events.occurred_at IS 'Database clock at the moment of the change.';

---------------------------------------------------------------------------------------------------------------------
-- Waiting passengers and the airline's own changes
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE public.waitlist_entries (
    waitlist_entry_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    flight_id         bigint NOT NULL REFERENCES public.flights,
    cabin_class       public.cabin_class NOT NULL,
    customer_id       bigint NOT NULL REFERENCES public.customers,
    seats_wanted      smallint NOT NULL CHECK (seats_wanted BETWEEN 1 AND 9),
    status            text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'cleared', 'withdrawn', 'lapsed')),
    booking_id        bigint REFERENCES public.bookings,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    CHECK ((booking_id IS NOT NULL) = (status = 'cleared'))
);
CREATE UNIQUE INDEX waitlist_entries_waiting_key ON public.waitlist_entries (flight_id, cabin_class, customer_id)
    WHERE status = 'waiting';
COMMENT ON TABLE public.waitlist_entries IS 'Customers who wait for seats of a cabin of a full flight, in order of tier and time.';
COMMENT ON COLUMN public.waitlist_entries.booking_id IS 'The hold that cleared the entry.';

CREATE TABLE public.schedule_changes (
    schedule_change_id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    flight_id          bigint NOT NULL REFERENCES public.flights,
    booking_id         bigint NOT NULL,
    item_no            smallint NOT NULL,
    change_type        text NOT NULL CHECK (change_type IN ('cancelled', 'time_changed', 'aircraft_changed')),
    status             text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'accepted', 'refunded', 'rebooked')),
    old_departure      timestamptz,
    new_departure      timestamptz,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (booking_id, item_no) REFERENCES public.booking_items
);
CREATE INDEX schedule_changes_item_idx ON public.schedule_changes (booking_id, item_no);

-- Who follows the events hears of it. Seats and revenue stay as they are: what is called off is also cancelled.
CREATE FUNCTION public.note_schedule_changes() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
    SELECT c.booking_id, c.item_no, i.flight_id, i.seat_number, 'schedule_changed', 0, 0, clock_timestamp()
      FROM added AS c
      JOIN public.booking_items AS i USING (booking_id, item_no)
     ORDER BY c.schedule_change_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION public.note_schedule_changes() IS 'Trigger of schedule_changes: an event for each item.';
CREATE TRIGGER schedule_changes_event AFTER INSERT ON public.schedule_changes
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION public.note_schedule_changes();
COMMENT ON TABLE public.schedule_changes IS 'What the airline changed under a live item, and what the passenger made of it.';
COMMENT ON COLUMN public.schedule_changes.change_type IS 'The flight was cancelled, its time or its aircraft changed.';
COMMENT ON COLUMN public.schedule_changes.status IS 'open until the passenger accepts, is refunded or is rebooked.';

---------------------------------------------------------------------------------------------------------------------
-- Service tables: no business fact, never published
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE booking_private.idempotency_keys (
    scope           text NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    request_hash    bytea NOT NULL CHECK (length(request_hash) = 32),
    status          integer,
    headers         text,
    body            text CHECK (octet_length(body) <= 1048576),
    token_of        bigint,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (scope, idempotency_key),
    CHECK (num_nulls(status, headers, body) IN (0, 3))
);
CREATE INDEX idempotency_keys_created_idx ON booking_private.idempotency_keys (created_at);
COMMENT ON TABLE booking_private.idempotency_keys IS
    'Responses by Idempotency-Key, written in the transaction of their effect and kept for 24 hours.';
COMMENT ON COLUMN booking_private.idempotency_keys.request_hash IS 'SHA-256 over method, path, If-Match, query and body.';
COMMENT ON COLUMN booking_private.idempotency_keys.scope IS 'Whose it is: an API key, a booking''s token, or a guest by e-mail address. A key is unique in it.';
COMMENT ON COLUMN booking_private.idempotency_keys.token_of IS 'The booking that the response made, and whose token comes with it, a new one each time.';
COMMENT ON COLUMN booking_private.idempotency_keys.status IS 'Null, as headers and body are, in the transaction of the request alone, until its end.';
COMMENT ON COLUMN booking_private.idempotency_keys.headers IS 'Response headers, a JSON object.';

CREATE TABLE booking_private.api_keys (
    key_id       bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    secret_hash  bytea NOT NULL CHECK (length(secret_hash) = 32),
    hint         text NOT NULL,
    client       text NOT NULL CHECK (length(client) BETWEEN 1 AND 200),
    roles        text[] NOT NULL CHECK (roles <@ '{agent,operator,analyst,admin}' AND cardinality(roles) > 0),
    expires_at   timestamptz NOT NULL,
    revoked_at   timestamptz,
    last_used_on date,
    created_at   timestamptz NOT NULL DEFAULT now(),
    updated_at   timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE booking_private.api_keys IS 'Keys of programs that call the API. The secrets are shown when they are issued and stored nowhere.';
COMMENT ON COLUMN booking_private.api_keys.secret_hash IS 'SHA-256 over the 32 bytes of the secret.';
COMMENT ON COLUMN booking_private.api_keys.hint IS 'The first digits of the secret, for people to tell keys apart.';
COMMENT ON COLUMN booking_private.api_keys.roles IS 'agent: customers and any booking; operator: flights; analyst: reports; admin: keys, replication and the ETL.';
COMMENT ON COLUMN booking_private.api_keys.last_used_on IS 'The last day (UTC) that the key was good for a request.';

CREATE TABLE booking_private.booking_tokens (
    booking_id bigint NOT NULL,
    token_hash bytea NOT NULL CHECK (length(token_hash) = 32),
    expires_at timestamptz NOT NULL,
    address    text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (booking_id, token_hash)
);
CREATE INDEX booking_tokens_address_idx ON booking_private.booking_tokens (address, created_at) WHERE address IS NOT NULL;
CREATE INDEX booking_tokens_expiry_idx ON booking_private.booking_tokens (expires_at) WHERE expires_at < 'infinity';
COMMENT ON TABLE booking_private.booking_tokens IS
    'What shows that a booking is the caller''s: given with a booking that is made without a key, for good, and by reference and last name for a while. The tokens are stored nowhere.';
COMMENT ON COLUMN booking_private.booking_tokens.address IS 'Where the booking was made from, if that is known (of IPv6 the first 64 bits), for a day; null for a token by reference and name.';
COMMENT ON COLUMN booking_private.booking_tokens.token_hash IS 'SHA-256 over the 16 bytes of the token''s secret.';

-- Nothing is lost with it but a count of an hour, so it costs no WAL; after a crash or a failover it is empty.
CREATE UNLOGGED TABLE booking_private.failed_attempts (
    subject    text PRIMARY KEY,
    failures   integer NOT NULL,
    ends_at    timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX failed_attempts_end_idx ON booking_private.failed_attempts (ends_at);
COMMENT ON TABLE booking_private.failed_attempts IS
    'Failed attempts to find a booking by reference and last name, by reference and by address, for an hour from the first on.';

CREATE TABLE booking_private.rate_limits (
    caller     text PRIMARY KEY CHECK (caller IN ('stranger', 'agent', 'operator', 'analyst', 'admin')),
    requests   integer NOT NULL CHECK (requests >= 0),
    bookings   integer NOT NULL CHECK (bookings >= 0),
    held_seats integer NOT NULL DEFAULT 0 CHECK (held_seats >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE booking_private.rate_limits IS
    'What a caller of the API may ask for; 0 for no limit. A stranger is counted by address, as is who has a booking''s token, anybody else by key; a change counts within ten seconds.';
COMMENT ON COLUMN booking_private.rate_limits.requests IS 'Requests a minute.';
COMMENT ON COLUMN booking_private.rate_limits.bookings IS 'Bookings a minute.';
COMMENT ON COLUMN booking_private.rate_limits.held_seats IS 'Seats that guests from one address hold at once. Of agents the customers are limited (booking.max_held_seats).';
INSERT INTO booking_private.rate_limits (caller, requests, bookings, held_seats)
VALUES ('stranger', 600, 30, 54), ('agent', 0, 0, 0), ('operator', 6000, 60, 0), ('analyst', 600, 30, 0), ('admin', 6000, 60, 0);

CREATE TABLE booking_private.payment_providers (
    provider   text PRIMARY KEY CHECK (length(provider) BETWEEN 1 AND 64),
    secret     bytea NOT NULL CHECK (length(secret) >= 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE booking_private.payment_providers IS
    'Who confirms payments. One that is called "simulated" lets POST /v1/simulated_payments play it: for development only.';
COMMENT ON COLUMN booking_private.payment_providers.secret IS 'What the provider signs its events with (HMAC-SHA256). The provider has it too, so it is kept as it is.';

CREATE TABLE booking_private.payment_intents (
    intent_id  bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    booking_id bigint NOT NULL,
    change_id  bigint,
    amount     public.total_amount NOT NULL CHECK (amount > 0),
    currency   public.currency_code NOT NULL,
    status     text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'succeeded', 'refunded', 'failed')),
    reason     text,
    settled_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((settled_at IS NULL) = (status = 'pending'))
);
CREATE INDEX payment_intents_booking_idx ON booking_private.payment_intents (booking_id);
COMMENT ON TABLE booking_private.payment_intents IS 'What a customer means to pay by a provider: a hold, or a quoted change.';
COMMENT ON COLUMN booking_private.payment_intents.status IS
    'pending until the provider says: succeeded, the money has its use; refunded, it came too late or was another amount; failed, none has come yet.';
COMMENT ON COLUMN booking_private.payment_intents.reason IS 'Why the money was refunded.';

CREATE TABLE booking_private.payment_events (
    event_id   text PRIMARY KEY CHECK (length(event_id) BETWEEN 1 AND 255),
    intent_id  bigint NOT NULL REFERENCES booking_private.payment_intents,
    type       text NOT NULL CHECK (type IN ('succeeded', 'failed')),
    amount     numeric(12,2) NOT NULL,
    currency   public.currency_code NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_events_intent_idx ON booking_private.payment_events (intent_id);
COMMENT ON TABLE booking_private.payment_events IS 'What providers have said, each event once.';

---------------------------------------------------------------------------------------------------------------------
-- Who is told of what happens
---------------------------------------------------------------------------------------------------------------------

CREATE TABLE booking_private.webhooks (
    webhook_id  bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    key_id      bigint NOT NULL REFERENCES booking_private.api_keys,
    url         text NOT NULL CHECK (length(url) <= 2000),
    event_types text[] NOT NULL CHECK (cardinality(event_types) > 0),
    secret      bytea NOT NULL CHECK (length(secret) >= 32),
    position    bigint NOT NULL CHECK (position >= 0),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhooks_key_idx ON booking_private.webhooks (key_id);
COMMENT ON TABLE booking_private.webhooks IS 'Where the client of an API key wants to be told of events, while the key holds.';
COMMENT ON COLUMN booking_private.webhooks.secret IS 'What deliveries are signed with (HMAC-SHA256). The client has it too, so it is kept as it is.';
COMMENT ON COLUMN booking_private.webhooks.position IS 'The last event_id that has become a delivery, or is none of the event_types.';

CREATE TABLE booking_private.webhook_deliveries (
    delivery_id     bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    webhook_id      bigint NOT NULL REFERENCES booking_private.webhooks ON DELETE CASCADE,
    booking_id      bigint NOT NULL,
    event_ids       bigint[] NOT NULL CHECK (cardinality(event_ids) > 0),
    status          text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'delivered', 'failed')),
    attempts        integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz NOT NULL,
    taken_until     timestamptz,
    gives_up_at     timestamptz NOT NULL,
    http_status     integer,
    error           text,
    finished_at     timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CHECK ((finished_at IS NULL) = (status = 'pending'))
);
CREATE INDEX webhook_deliveries_due_idx ON booking_private.webhook_deliveries (webhook_id, next_attempt_at) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_booking_idx ON booking_private.webhook_deliveries (webhook_id, booking_id) WHERE status = 'pending';
CREATE INDEX webhook_deliveries_webhook_idx ON booking_private.webhook_deliveries (webhook_id, delivery_id);
CREATE INDEX webhook_deliveries_end_idx ON booking_private.webhook_deliveries (finished_at);
COMMENT ON TABLE booking_private.webhook_deliveries IS 'A request to a webhook: events of one booking, in their order. The next of that booking waits for it.';
COMMENT ON COLUMN booking_private.webhook_deliveries.status IS 'pending until the client answers 2xx: delivered; or until gives_up_at is past: failed.';
COMMENT ON COLUMN booking_private.webhook_deliveries.taken_until IS 'While a request is under way: when its sender is taken for dead.';
COMMENT ON COLUMN booking_private.webhook_deliveries.http_status IS 'The answer to the last attempt; null where there was none, and error says why.';

RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM booking_owner;
