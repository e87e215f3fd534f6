-- The booking extension: its functions are C, in booking.so, but for a few that are one SQL statement each. What each
-- promises stands in its COMMENT.
\echo Use "CREATE EXTENSION booking" to load this file. \quit

-- Functions that act for a caller without rights on the tables run as their owner. Who that is and who may call which
-- stands at the end, in booking.privileges().

---------------------------------------------------------------------------------------------------------------------
-- The one entry of the gateway
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.booking_api(
    method text, path text, query jsonb DEFAULT '{}', body jsonb DEFAULT NULL, context jsonb DEFAULT '{}',
    OUT status integer, OUT headers json, OUT body text)
    RETURNS record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_booking_api';
COMMENT ON FUNCTION booking.booking_api(text, text, jsonb, jsonb, jsonb) IS
'One HTTP request as one SQL call. method: GET, POST …; path: /v1/…, decoded, without query; query: an object of strings;
body: the request''s object or null; context: an object with authorization, idempotency_key, if_match and payment_signature, as these headers
came, and address, the client''s, or without. Without a credential (authorization "Bearer" and a key or a booking''s token) the caller is a stranger.
Returns the HTTP status, the response headers as a JSON object, and the body: JSON unless the headers name another content type. A failure is an SQL error: a
SQLSTATE of class SB (README, table of errors) or one of PostgreSQL''s. One that leaves a trace, a failed search for a booking, is a row
without status and headers whose body is {"sqlstate", "detail", "hint"}: to raise it would undo that.';

---------------------------------------------------------------------------------------------------------------------
-- Search
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.search_flights(
    origin text, destination text, departure_date date, passengers integer DEFAULT 1, cabin_class text DEFAULT NULL)
    RETURNS TABLE (
        flight_id bigint, flight_number text, status text, origin text, destination text,
        scheduled_departure timestamptz, scheduled_departure_local timestamp, origin_time_zone text,
        scheduled_arrival timestamptz, scheduled_arrival_local timestamp, destination_time_zone text,
        arrival_day_offset integer, duration_minutes integer,
        estimated_departure timestamptz, estimated_arrival timestamptz,
        actual_departure timestamptz, actual_arrival timestamptz,
        aircraft_code text, distance_km integer, currency text,
        cabin_class text, seats_available integer, price_from numeric)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_search_flights';
COMMENT ON FUNCTION booking.search_flights(text, text, date, integer, text) IS
'Direct flights on sale: a row per flight and cabin that has at least passengers seats to sell, by departure. origin and
destination are IATA codes of airports served; departure_date is the calendar date in the origin''s time zone, 1900 to 9999;
passengers 1 to 9, null for 1; cabin_class first, business, premium_economy or economy, null for any. price_from is the lowest
price of a free seat at the standard fare, in currency. SB010: an argument is missing or none of these.';

CREATE FUNCTION booking.search_connections(
    origin text, destination text, departure_date date, passengers integer DEFAULT 1, cabin_class text DEFAULT NULL)
    RETURNS TABLE (first_flight_id bigint, second_flight_id bigint, via text, scheduled_departure timestamptz,
                   scheduled_arrival timestamptz, connection_minutes integer, duration_minutes integer, currency text,
                   price_from numeric)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_search_connections';
COMMENT ON FUNCTION booking.search_connections(text, text, date, integer, text) IS
'One-stop connections whose first flight departs on departure_date in the origin''s time zone: both flights on sale with at least
passengers seats, in cabin_class if given, 2 to 24 hours between them. By arrival. price_from is the sum of both flights'' lowest
prices at the standard fare. Arguments and SB010 as for search_flights.';

CREATE FUNCTION booking.seat_map(flight_id bigint)
    RETURNS TABLE (seat_number text, cabin_class text, characteristics text, status text, price numeric)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_seat_map';
COMMENT ON FUNCTION booking.seat_map(bigint) IS
'The seats of a flight, front to back and left to right. status: available (a lapsed hold is), held, booked or blocked;
characteristics: IATA PADIS letters, W window, A aisle, E exit row, K bulkhead, L extra leg room; price at the standard
fare in the flight''s currency. SB010: flight_id is missing; SB011: no such flight.';

CREATE FUNCTION booking.list_fares()
    RETURNS TABLE (fare_code text, name text, refundable boolean, changeable boolean, price_factor numeric, fees json)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_list_fares';
COMMENT ON FUNCTION booking.list_fares() IS
'The fares on sale, the cheapest first. An item''s price is the seat''s times price_factor. fees: an array of hours_before_departure with
cancellation_fee_percent and change_fee_percent of the item''s price, the most hours first; the first whose hours are left counts, and
where there is none, 100 percent. Not refundable: a cancellation keeps all; not changeable: the flight stays.';

---------------------------------------------------------------------------------------------------------------------
-- Customers and bookings
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.create_customer(
    full_name text, email text DEFAULT NULL, phone text DEFAULT NULL, country text DEFAULT NULL)
    RETURNS TABLE (customer_id bigint, full_name text, email text, phone text, country text, tier text, created_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_create_customer';
COMMENT ON FUNCTION booking.create_customer(text, text, text, text) IS
'Adds a customer. full_name: 1 to 200 characters without spaces around them; email: of at most 254 characters, phone: of at most 32, not
blank, null for none; country: ISO 3166-1 alpha-2, null for none. SB010: no full_name, or a value that is malformed; SB014: the e-mail
address, regardless of case, is taken.';

CREATE FUNCTION booking.update_customer(
    customer_id bigint, full_name text DEFAULT NULL, email text DEFAULT NULL, phone text DEFAULT NULL, country text DEFAULT NULL)
    RETURNS TABLE (customer_id bigint, full_name text, email text, phone text, country text, tier text, created_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_update_customer';
COMMENT ON FUNCTION booking.update_customer(bigint, text, text, text, text) IS
'Changes what is given of a customer; a null leaves its column as it is. SB010: no customer_id, or a value that create_customer
refuses; SB011: no such customer; SB014: the e-mail address is another''s.';

CREATE FUNCTION booking.anonymise_customer(customer_id bigint)
    RETURNS TABLE (customer_id bigint, full_name text, email text, phone text, country text, tier text, created_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_anonymise_customer';
COMMENT ON FUNCTION booking.anonymise_customer(bigint) IS
'Takes the person out of a customer, for good: the names of customer and passengers become numbers, e-mail addresses, telephone numbers,
booking tokens and stored responses are deleted. Bookings, seats, money, country and tier stay. Backups and archived WAL have the old
data until they are deleted. SB010: customer_id is missing; SB011: no such customer; SB026: a flight of the customer has not left.';

CREATE FUNCTION booking.create_booking(booking jsonb)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_create_booking';
COMMENT ON FUNCTION booking.create_booking(jsonb) IS
'Makes a booking: all seats or none. The argument is the body of POST /v1/bookings:
{"type": "hold"|"instant", "customer_id": 1, "fare_code": "standard", "channel": "api",
 instead of customer_id: "customer": {"full_name": "Ada Lovelace", "email": "ada@example.com", "phone": …, "country": "GB"},
 "contact": {"email": …, "phone": …},
 "slices": [{"flight_id": 1, "passengers": [{"name": "Ada Lovelace", "type": "adult", "seat": "12A"}, {"name": …, "cabin_class": "economy"}]}],
 "payment": {"amount": "89.00", "currency": "EUR", "method": "card"}}
A passenger names a seat, or a cabin of which any seat will do: neighbouring ones where possible, of those the
cheapest, and in an instant booking such that the amount fits, if there are any. No child and no infant sits in an exit row. A hold waits for its
payment until payment_required_by (setting booking.hold_duration, at most until sales close); an instant booking carries its
payment, which is only compared with the server''s price. SB001 a seat is gone; SB002 a flight is not on sale; SB006 the
amount is not the price; SB008 a passenger is twice on a flight, in this booking or with another of the customer; SB010 a field is missing or wrong; SB011 no such customer,
flight or fare; SB022 (REST) customer_id without the role agent; SB018 the customer has as many holds as allowed (settings booking.max_holds, booking.max_held_seats). A booking has
up to 16 slices, of up to 9 passengers each and 54 in all. With "customer" the booking has a guest for a customer: one of its own,
whatever the e-mail address, so that nobody learns who has one.';

CREATE FUNCTION booking.create_bookings(batch jsonb)
    RETURNS json
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_create_bookings';
COMMENT ON FUNCTION booking.create_bookings(jsonb) IS
'Makes up to 20 bookings, of 54 passengers in all: {"mode": "all"|"each", "bookings": […]}, each as for create_booking. "all": all of
them or none, and the errors of create_booking; "each": every one on its own, a malformed one too. Returns an array in the order of the call: {"booking": {…}}, or
{"error": {"sqlstate", "detail", "hint"}} for one that was refused. Batches in any order do not deadlock. SB010: a malformed batch,
or booking of one that is for all.';

CREATE FUNCTION booking.pay(
    booking_id bigint, amount numeric, currency text, method text DEFAULT 'card', if_version integer DEFAULT NULL)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_pay';
COMMENT ON FUNCTION booking.pay(bigint, numeric, text, text, integer) IS
'Pays a held booking and confirms it: once, before its deadline by the database clock, with exactly its total_amount and
currency. amount: not negative, at most ten digits and two decimals; currency: ISO 4217; method: card (also for null),
bank_transfer, cash or voucher. if_version: the version of the booking that was decided on, from 1, null for any.
SB002 a flight has left or is cancelled; SB003 the hold has lapsed; SB004 already paid; SB005 cancelled; SB006 another amount or currency; SB010 an argument is missing or
out of its range; SB011 no such booking; SB017 the booking is at another version.';

CREATE FUNCTION booking.find_booking(booking_reference text, last_name text)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_find_booking';
COMMENT ON FUNCTION booking.find_booking(text, text) IS
'Retrieves a booking by its reference and the last name of one of its passengers, both regardless of case. SB010 where either is
missing, blank or too long (64 and 200 characters); SB011 where either is wrong, without saying which.';

CREATE FUNCTION booking.list_bookings(
    customer_id bigint, status text DEFAULT NULL, before bigint DEFAULT NULL, max_bookings bigint DEFAULT 20)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer, created_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_list_bookings';
COMMENT ON FUNCTION booking.list_bookings(bigint, text, bigint, bigint) IS
'A customer''s bookings, newest first, of one status if given; a page goes on before the last booking_id of the page before it,
and has max_bookings, 1 to 100. Null is any status, the first page, 20. No row for an unknown customer. SB010: customer_id is
missing, status is none, or a number is out of range.';

CREATE FUNCTION booking.booking_items(booking_id bigint)
    RETURNS TABLE (item_no smallint, journey_no smallint, flight_id bigint, flight_number text, origin character, destination character,
                   scheduled_departure timestamptz, scheduled_departure_local timestamp, seat_number text, cabin_class text,
                   passenger_name text, passenger_type text, price numeric, penalty_amount numeric,
                   fee_amount numeric, status text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_booking_items';
COMMENT ON FUNCTION booking.booking_items(bigint) IS
'The items of a booking: one passenger on one flight each; price, penalty_amount and fee_amount (of its changes) in
the booking''s currency. The items of a passenger with one journey_no are the legs of one journey; null: not known. SB010: booking_id
is missing; SB011: no such booking.';

CREATE FUNCTION booking.booking_warnings(booking_id bigint)
    RETURNS TABLE (item_no smallint, code text, other_booking_id bigint, detail text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_booking_warnings';
COMMENT ON FUNCTION booking.booking_warnings(bigint) IS
'What is allowed in a booking, but may not be meant. code overlapping_flights: the flight of an item is under way, by the timetable, while
one of the same passenger is in another live booking of the customer, of whose bookings the newest 20 are looked at. SB010:
booking_id is missing; SB011: no such booking.';

CREATE FUNCTION booking.quote_cancellation(
    booking_id bigint, item_nos smallint[] DEFAULT NULL, if_version integer DEFAULT NULL)
    RETURNS TABLE (cancellation_id bigint, booking_id bigint, items json, refund_amount numeric, penalty_amount numeric,
                   currency text, status text, expires_at timestamptz, confirmed_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_quote_cancellation';
COMMENT ON FUNCTION booking.quote_cancellation(bigint, smallint[], integer) IS
'Quotes what cancelling the items (null: all live ones whose flight has not left) would refund and keep; changes nothing else. The newest quote of a
booking can be confirmed until expires_at (setting booking.quote_duration). Penalty: none where the airline cancelled the flight or another of the journey,
or within 24 hours of the purchase if the flight departs 168 hours or more after the reservation (14 CFR 259.5(b)(4)); all at a fare that is not
refundable; else the percentage of fare_rules. A flight has left from its actual, estimated or scheduled departure on, whatever its
status says; one that the airline cancelled never does. item_nos: 1 to 54 numbers from 1 to 54; if_version as for pay. SB003 the hold has
lapsed; SB005 cancelled; SB009 a flight has left; SB010 no such live item, or an argument is missing or out of its range; SB011 no
such booking; SB017 the booking is at another version.';

CREATE FUNCTION booking.confirm_cancellation(cancellation_id bigint)
    RETURNS TABLE (cancellation_id bigint, booking_id bigint, items json, refund_amount numeric, penalty_amount numeric,
                   currency text, status text, expires_at timestamptz, confirmed_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_confirm_cancellation';
COMMENT ON FUNCTION booking.confirm_cancellation(bigint) IS
'Carries a quote out in one transaction: items cancelled, seats free, refund in the ledger: by the methods of the payments, the
newest first, to none more than it paid. SB003 the hold has lapsed; SB005 done already; SB007 the quote has expired, or the booking has changed or been quoted again since; SB009 a flight has left
since; SB010 cancellation_id is missing; SB011 no such quote.';

CREATE FUNCTION booking.cancel(booking_id bigint, item_nos smallint[] DEFAULT NULL, if_version integer DEFAULT NULL)
    RETURNS TABLE (cancellation_id bigint, booking_id bigint, items json, refund_amount numeric, penalty_amount numeric,
                   currency text, status text, expires_at timestamptz, confirmed_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_cancel';
COMMENT ON FUNCTION booking.cancel(bigint, smallint[], integer) IS
'quote_cancellation and confirm_cancellation in one call, for callers who accept whatever the rules say. Errors as those.';

CREATE FUNCTION booking.quote_change(booking_id bigint, change jsonb, if_version integer DEFAULT NULL)
    RETURNS TABLE (change_id bigint, booking_id bigint, items json, change_amount numeric, fee_amount numeric,
                   currency text, status text, expires_at timestamptz, confirmed_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_quote_change';
COMMENT ON FUNCTION booking.quote_change(bigint, jsonb, integer) IS
'Quotes moving items to other seats, of their own flights or of others: {"items": [{"item_no": 1, "flight_id": 2, "seat": "12A"}]},
flight_id left out for the same flight; "cabin_class" instead of "seat" for any seat of it, which the quote then names. Items may
exchange their seats. change_amount = new prices - old prices + fees: positive is due on confirmation,
negative is refunded. The fee for another flight is the fare''s change_fee_percent of the old price; none for another seat, or
where the airline cancelled the flight. Where the new seat is cheaper, in whatever cabin, on whatever flight, the fee has what a
cancellation would keep of the difference: a change never gives back more than cancelling. A hold has no fees. A
paid item of a flight that the airline cancelled moves free of charge to the same cabin between the same cities. Nothing is claimed. item_no: from 1 to 54, each once; if_version as for pay.
SB002 the new flight is not on sale, or the item''s own is cancelled; SB003 the hold has lapsed; SB005 cancelled; SB010 no such live item or seat, a flight in
another currency, or an argument is missing or out of its range; SB011 no such booking or flight; SB017 the booking is at another
version; SB001 a cabin has too few seats; SB019 the fare allows no other flight, or the flight has left.';

CREATE FUNCTION booking.confirm_change(
    change_id bigint, amount numeric DEFAULT NULL, currency text DEFAULT NULL, method text DEFAULT 'card')
    RETURNS TABLE (change_id bigint, booking_id bigint, items json, change_amount numeric, fee_amount numeric,
                   currency text, status text, expires_at timestamptz, confirmed_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_confirm_change';
COMMENT ON FUNCTION booking.confirm_change(bigint, numeric, text, text) IS
'Carries a quote out in one transaction: new seats claimed, then old ones freed, the difference paid (amount and currency must
be the quote''s) or refunded. Items that stay keep their price. amount, currency and method as for pay, null where nothing is due.
SB001 a new seat has gone; SB002 the new flight is no longer on sale; SB003 the hold has lapsed; SB005 cancelled; SB006 another amount; SB008 a passenger would be twice on a
flight; SB010 no payment where one is due, one where none is, half of one, or change_id is missing; SB011 no such quote; SB019 the old
flight has left; SB020 done, expired, the booking has changed or been quoted again since, or the airline has cancelled a flight that the
quote still charges for.';

CREATE FUNCTION booking.change_seat(
    booking_id bigint, item_no smallint, seat_number text, amount numeric DEFAULT NULL, currency text DEFAULT NULL,
    method text DEFAULT 'card', if_version integer DEFAULT NULL)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_change_seat';
COMMENT ON FUNCTION booking.change_seat(bigint, smallint, text, numeric, text, text, integer) IS
'quote_change and confirm_change in one call, for another seat of an item''s own flight. Errors as those.';

---------------------------------------------------------------------------------------------------------------------
-- Credentials of the API
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.revoke_booking_tokens(booking_id bigint)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_revoke_booking_tokens';
COMMENT ON FUNCTION booking.revoke_booking_tokens(bigint) IS
'Ends all tokens by which a booking is read, paid, changed and cancelled without a key, and returns how many there were. Reference and last
name get new ones. SB010: booking_id is missing.';

CREATE FUNCTION booking.list_events(after bigint DEFAULT 0, max_events integer DEFAULT 100)
    RETURNS TABLE (event_id bigint, event_type text, booking_id bigint, booking_reference text, item_no smallint, flight_id bigint,
                   seat_number text, occurred_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_list_events';
COMMENT ON FUNCTION booking.list_events(bigint, integer) IS
'The events after one, in the order of event_id, at most max_events (1 to 1000). after: an event_id, 0 for the first. No event is shown while
one before it can still appear, nor before every standby that follows has it on disk, so whoever goes on after the last one seen misses
none. It may take a tenth of a second, to let bookings
in progress end. SB010: an argument is out of range. 0A000: at REPEATABLE READ and above; 25006: on a standby.';

CREATE FUNCTION booking.due_deliveries()
    RETURNS TABLE (delivery_id bigint, url text, body text, signature text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_due_deliveries';
COMMENT ON FUNCTION booking.due_deliveries() IS
'What is to be sent to webhooks now, at most 8 requests to each: POST body to url, with the headers Booking-Delivery (delivery_id) and
Booking-Signature. A request is due again later, 15 s at first and then twice as long up to an hour, until record_delivery() says that it
has arrived. 0A000: at REPEATABLE READ and above.';

CREATE FUNCTION booking.record_delivery(delivery_id bigint, http_status integer, error text)
    RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_record_delivery';
COMMENT ON FUNCTION booking.record_delivery(bigint, integer, text) IS
'What came of a request to a webhook: http_status of the answer, or null and why there was none. 2xx is delivered; anything else is tried
again for 72 hours. Returns the status of the delivery, or null where it is no more. SB010: an argument is missing.';

CREATE FUNCTION booking.issue_api_key(client text, roles text[], valid_for interval DEFAULT '1 year')
    RETURNS TABLE (key_id bigint, api_key text, expires_at timestamptz)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_issue_api_key';
COMMENT ON FUNCTION booking.issue_api_key(text, text[], interval) IS
'Makes a key for a program that calls the API and shows it, this once. client: whose it is, 1 to 200 characters; roles: one or more of agent
(customers and any booking), operator (flights), analyst (reports), admin (keys, replication, ETL); valid_for: until it lapses. api_key
is sent as "Authorization: Bearer" and then the key. SB010: an argument is missing or malformed.';

CREATE FUNCTION booking.revoke_api_key(key_id bigint)
    RETURNS TABLE (key_id bigint, client text, roles text[], hint text, created_at timestamptz, expires_at timestamptz,
                   revoked_at timestamptz, last_used_on date)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_revoke_api_key';
COMMENT ON FUNCTION booking.revoke_api_key(bigint) IS
'Ends a key at once and for good, and returns it as list_api_keys() does; one that has ended stays as it is. SB010: key_id is missing; SB011: no
such key.';

CREATE FUNCTION booking.list_api_keys()
    RETURNS TABLE (key_id bigint, client text, roles text[], hint text, created_at timestamptz, expires_at timestamptz,
                   revoked_at timestamptz, last_used_on date)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_list_api_keys';
COMMENT ON FUNCTION booking.list_api_keys() IS
'All keys that were issued, in that order. hint: the first four digits of the secret; last_used_on: the last day (UTC) that it was good for a
request, null for never.';

---------------------------------------------------------------------------------------------------------------------
-- Upkeep
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.expire_holds(max_holds integer DEFAULT 500)
    RETURNS integer
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_expire_holds';
COMMENT ON FUNCTION booking.expire_holds(integer) IS
'Settles up to max_holds holds whose deadline has passed, oldest first, and returns how many. Tidiness only: a lapsed seat can
be claimed, and its payment is refused, from the deadline on. Skips bookings that others are working on. SB010: max_holds is
missing or not positive.';

CREATE FUNCTION booking.forget_responses()
    RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_forget_responses';
COMMENT ON FUNCTION booking.forget_responses() IS
'Deletes the responses that were stored under an Idempotency-Key more than 24 hours ago, and returns how many.';

-- The bodies of the next two are text, not BEGIN ATOMIC, which would tie them to the tables: the extension is there before
-- the tables where a dump is restored, and a table may be dropped and made again.

CREATE FUNCTION booking.check_invariants()
    RETURNS TABLE (invariant text, violation text)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off
    AS $$
-- One statement, so that all invariants see one snapshot; to compile a plan of so many parts costs more than it saves. The
-- items of a hold that has lapsed may be expired one by one before the sweep settles their booking; what allows for that
-- says clock_timestamp().
WITH live AS NOT MATERIALIZED (
    SELECT * FROM public.booking_items WHERE status NOT IN ('cancelled', 'expired')
)
SELECT 'seat_sold_once',
       format('seat %s of flight %s has %s live items', i.seat_number, i.flight_id, count(*))
  FROM live AS i
 GROUP BY i.flight_id, i.seat_number
HAVING count(*) > 1
UNION ALL
SELECT 'item_has_its_seat',
       format('item %s of booking %s is %s, its seat %s of flight %s is %s',
              i.item_no, i.booking_id, i.status, i.seat_number, i.flight_id, s.status)
  FROM live AS i
  LEFT JOIN public.seats AS s USING (flight_id, seat_number)
 WHERE s.status IS DISTINCT FROM CASE i.status WHEN 'held' THEN 'held' ELSE 'booked' END
UNION ALL
SELECT 'seat_has_its_item',
       format('seat %s of flight %s is %s without a live item', s.seat_number, s.flight_id, s.status)
  FROM public.seats AS s
 WHERE s.status IN ('held', 'booked')
   AND NOT EXISTS (SELECT FROM live AS i WHERE i.flight_id = s.flight_id AND i.seat_number = s.seat_number)
UNION ALL
SELECT 'hold_has_one_deadline',
       format('seat %s of flight %s is held until %s, booking %s until %s',
              s.seat_number, s.flight_id, s.held_until, b.booking_id, b.payment_required_by)
  FROM public.booking_items AS i
  JOIN public.bookings AS b USING (booking_id)
  JOIN public.seats AS s USING (flight_id, seat_number)
 WHERE i.status = 'held' AND s.held_until IS DISTINCT FROM b.payment_required_by
UNION ALL
SELECT 'sold_within_capacity',
       format('flight %s has %s live items and %s seats', f.flight_id, i.sold, s.capacity)
  FROM public.flights AS f
  JOIN (SELECT i.flight_id, count(*) AS sold FROM live AS i GROUP BY i.flight_id) AS i USING (flight_id)
  LEFT JOIN (SELECT s.flight_id, count(*) AS capacity FROM public.seats AS s
              WHERE s.status <> 'blocked' GROUP BY s.flight_id) AS s USING (flight_id)
 WHERE i.sold > COALESCE(s.capacity, 0)
UNION ALL
SELECT 'minor_off_exit_row',
       format('item %s of booking %s is of a minor in the exit row seat %s of flight %s',
              i.item_no, i.booking_id, i.seat_number, i.flight_id)
  FROM live AS i
  JOIN public.seats AS s USING (flight_id, seat_number)
 WHERE i.passenger_type <> 'adult' AND strpos(s.characteristics, 'E') > 0
UNION ALL
SELECT 'item_fits_flight',
       format('item %s of booking %s is %s, its flight %s is %s', i.item_no, i.booking_id, i.status, i.flight_id, f.status)
  FROM live AS i
  JOIN public.flights AS f USING (flight_id)
 WHERE CASE WHEN i.status IN ('flown', 'no_show') THEN f.status NOT IN ('departed', 'arrived')
            ELSE i.status <> 'held' AND f.status = 'arrived' END
UNION ALL
SELECT 'flight_in_booking_currency',
       format('booking %s is in %s, its flight %s is sold in %s', b.booking_id, b.currency, f.flight_id, f.currency)
  FROM public.booking_items AS i
  JOIN public.bookings AS b USING (booking_id)
  JOIN public.flights AS f USING (flight_id)
 WHERE f.currency <> b.currency
UNION ALL
SELECT 'flight_has_seats',
       format('flight %s has no seats', f.flight_id)
  FROM public.flights AS f
 WHERE NOT EXISTS (SELECT FROM public.seats AS s WHERE s.flight_id = f.flight_id)
UNION ALL
SELECT 'seats_follow_the_layout',
       format('%s seats of flight %s are missing, too many or in another cabin than aircraft %s has them',
              d.seats, f.flight_id, f.aircraft_code)
  FROM (SELECT flight_id, count(*) AS seats
          FROM public.seats AS s
          FULL JOIN (SELECT f.flight_id, l.seat_number, l.cabin_class
                       FROM public.flights AS f
                       JOIN public.aircraft_seats AS l USING (aircraft_code)) AS l USING (flight_id, seat_number)
         WHERE s.cabin_class IS DISTINCT FROM l.cabin_class
         GROUP BY flight_id) AS d
  JOIN public.flights AS f USING (flight_id)
UNION ALL
-- By the haversine formula on a sphere of the earth's mean radius, 6371.0088 km, which is within half a percent of the ellipsoid.
SELECT 'distance_is_the_great_circle',
       format('flight %s from %s to %s is given as %s km, which are %s', f.flight_id, f.origin, f.destination, f.distance_km,
              round(g.km))
  FROM public.flights AS f
  JOIN public.airports AS o ON o.iata = f.origin
  JOIN public.airports AS d ON d.iata = f.destination
 CROSS JOIN LATERAL (
    SELECT (2 * 6371.0088 * asin(sqrt(sind((d.latitude - o.latitude) / 2) ^ 2
                                      + cosd(o.latitude) * cosd(d.latitude) * sind((d.longitude - o.longitude) / 2) ^ 2)))::numeric
           AS km) AS g
 WHERE abs(f.distance_km - g.km) > 0.05 * g.km
UNION ALL
SELECT 'flight_moments_have_come',
       format('flight %s has left at %s and arrived at %s', f.flight_id, f.actual_departure, f.actual_arrival)
  FROM public.flights AS f
 WHERE GREATEST(f.actual_departure, f.actual_arrival) > clock_timestamp()
UNION ALL
SELECT 'passenger_once_per_flight',
       format('a passenger of customer %s is twice on flight %s', p.customer_id, p.flight_id)
  FROM (SELECT b.customer_id, i.flight_id, array_agg(i.passenger_name::text)
          FROM live AS i
          JOIN public.bookings AS b USING (booking_id)
         WHERE b.status <> 'held' OR b.payment_required_by > clock_timestamp()
         GROUP BY b.customer_id, i.flight_id
        HAVING count(*) > 1) AS p (customer_id, flight_id, names)
 WHERE cardinality(p.names) > (SELECT count(DISTINCT public.folded_text(n)) FROM unnest(p.names) AS n)
UNION ALL
SELECT 'booking_status_fits_items',
       format('booking %s is %s with items %s', b.booking_id, b.status, i.statuses)
  FROM public.bookings AS b
  LEFT JOIN (SELECT i.booking_id, array_agg(DISTINCT i.status::text) AS statuses
               FROM public.booking_items AS i GROUP BY i.booking_id) AS i USING (booking_id)
 WHERE i.statuses IS NULL
    OR NOT CASE b.status
             WHEN 'held' THEN i.statuses <@ ARRAY['held', 'cancelled'] AND 'held' = ANY (i.statuses)
                           OR b.payment_required_by <= clock_timestamp() AND i.statuses <@ ARRAY['held', 'cancelled', 'expired']
             WHEN 'expired' THEN i.statuses <@ ARRAY['expired', 'cancelled']
             WHEN 'cancelled' THEN i.statuses = ARRAY['cancelled']
             WHEN 'confirmed' THEN i.statuses <@ ARRAY['confirmed', 'checked_in', 'flown', 'no_show']
             WHEN 'partially_cancelled' THEN 'cancelled' = ANY (i.statuses) AND i.statuses <> ARRAY['cancelled']
                                             AND NOT i.statuses && ARRAY['held', 'expired']
             WHEN 'completed' THEN i.statuses <@ ARRAY['flown', 'no_show', 'cancelled']
                                   AND i.statuses && ARRAY['flown', 'no_show']
           END
UNION ALL
SELECT 'moments_in_order',
       format('booking %s was made at %s, confirmed at %s, cancelled at %s',
              b.booking_id, b.created_at, b.confirmed_at, b.cancelled_at)
  FROM public.bookings AS b
 WHERE b.created_at > LEAST(b.confirmed_at, b.cancelled_at) OR b.confirmed_at > b.cancelled_at
UNION ALL
SELECT 'total_is_sum_of_items',
       format('booking %s totals %s, its items %s', b.booking_id, b.total_amount, i.total)
  FROM public.bookings AS b
  JOIN (SELECT i.booking_id,
               sum(CASE i.status WHEN 'cancelled' THEN i.penalty_amount + i.fee_amount
                                 WHEN 'expired' THEN 0
                                 ELSE i.price + i.fee_amount END) AS total
          FROM public.booking_items AS i GROUP BY i.booking_id) AS i USING (booking_id)
 WHERE b.total_amount <> i.total
   AND NOT (b.status = 'held' AND b.payment_required_by <= clock_timestamp())
UNION ALL
SELECT 'paid_is_total',
       format('booking %s owes %s and has paid %s', b.booking_id, b.total_amount, COALESCE(p.paid, 0))
  FROM public.bookings AS b
  LEFT JOIN (SELECT p.booking_id, sum(p.amount) AS paid FROM public.payments AS p
              GROUP BY p.booking_id) AS p USING (booking_id)
 WHERE COALESCE(p.paid, 0) <> CASE b.status WHEN 'held' THEN 0 ELSE b.total_amount END
UNION ALL
SELECT 'payment_in_booking_currency',
       format('payment %s is in %s, booking %s in %s', p.payment_id, p.currency, b.booking_id, b.currency)
  FROM public.payments AS p
  JOIN public.bookings AS b USING (booking_id)
 WHERE p.currency <> b.currency
UNION ALL
SELECT 'amount_fits_currency',
       format('%s of %s has more decimals than %s has', m.what, m.amount, m.currency)
  FROM (SELECT 'payment ' || p.payment_id, p.amount, p.currency FROM public.payments AS p
        UNION ALL
        SELECT format('item %s of booking %s', i.item_no, i.booking_id), a.amount, b.currency
          FROM public.booking_items AS i
          JOIN public.bookings AS b USING (booking_id)
         CROSS JOIN LATERAL (VALUES (i.price), (i.penalty_amount), (i.fee_amount)) AS a (amount)
        UNION ALL
        SELECT format('seat %s of flight %s', s.seat_number, s.flight_id), s.price, f.currency
          FROM public.seats AS s
          JOIN public.flights AS f USING (flight_id)) AS m (what, amount, currency)
 WHERE public.currency_decimals(m.currency) = 0 AND m.amount <> trunc(m.amount)
UNION ALL
SELECT 'refund_within_payments',
       format('booking %s was refunded %s more by %s than it paid so', p.booking_id, -sum(p.amount), p.method)
  FROM public.payments AS p
 GROUP BY p.booking_id, p.method
HAVING sum(p.amount) < 0
UNION ALL
SELECT 'cancellation_matches_refund',
       format('cancellation %s refunds %s, the ledger %s', c.cancellation_id, c.refund_amount, COALESCE(p.refunded, 0))
  FROM public.cancellations AS c
  LEFT JOIN (SELECT p.cancellation_id, -sum(p.amount) AS refunded FROM public.payments AS p
              GROUP BY p.cancellation_id) AS p USING (cancellation_id)
 WHERE COALESCE(p.refunded, 0) <> CASE c.status WHEN 'confirmed' THEN c.refund_amount ELSE 0 END
UNION ALL
SELECT 'change_matches_payment',
       format('change %s amounts to %s, the ledger has %s', c.change_id, c.change_amount, p.paid)
  FROM public.booking_changes AS c
  JOIN (SELECT p.change_id, sum(p.amount) AS paid FROM public.payments AS p
         GROUP BY p.change_id) AS p USING (change_id)
 WHERE c.status <> 'confirmed' OR p.paid <> c.change_amount
UNION ALL
SELECT 'events_tell_the_revenue',
       format('events of booking %s sum to %s, its payments to %s', booking_id, COALESCE(e.revenue, 0), COALESCE(p.paid, 0))
  FROM (SELECT e.booking_id, sum(e.revenue_delta) AS revenue FROM public.booking_events AS e
         GROUP BY e.booking_id) AS e
  FULL JOIN (SELECT p.booking_id, sum(p.amount) AS paid FROM public.payments AS p
              GROUP BY p.booking_id) AS p USING (booking_id)
 WHERE COALESCE(e.revenue, 0) <> COALESCE(p.paid, 0)
UNION ALL
SELECT 'events_tell_the_items_revenue',
       format('events of item %s of booking %s sum to %s, the item, %s, makes %s',
              item_no, booking_id, COALESCE(e.revenue, 0), i.status, i.revenue)
  FROM (SELECT i.booking_id, i.item_no, i.status,
               CASE i.status WHEN 'cancelled' THEN i.penalty_amount + i.fee_amount
                             WHEN 'expired' THEN 0
                             WHEN 'held' THEN 0
                             ELSE i.price + i.fee_amount END AS revenue
          FROM public.booking_items AS i) AS i
  LEFT JOIN (SELECT e.booking_id, e.item_no, sum(e.revenue_delta) AS revenue FROM public.booking_events AS e
              GROUP BY e.booking_id, e.item_no) AS e USING (booking_id, item_no)
 WHERE COALESCE(e.revenue, 0) <> i.revenue
UNION ALL
-- An item is where its last event has put it, and leaves there by a change alone.
SELECT 'events_name_the_seat',
       format('event %s of item %s of booking %s names seat %s of flight %s, and then the item has seat %s of flight %s',
              e.event_id, i.item_no, i.booking_id, e.seat_number, e.flight_id,
              COALESCE(e.next_seat, i.seat_number), COALESCE(e.next_flight, i.flight_id))
  FROM (SELECT e.event_id, e.booking_id, e.item_no, e.seat_number, e.flight_id, lead(e.seat_number) OVER item AS next_seat,
               lead(e.flight_id) OVER item AS next_flight, lead(e.event_type::text) OVER item AS next_type
          FROM public.booking_events AS e
        WINDOW item AS (PARTITION BY e.booking_id, e.item_no ORDER BY e.event_id)) AS e
  JOIN public.booking_items AS i USING (booking_id, item_no)
 WHERE (e.seat_number, e.flight_id) <> (COALESCE(e.next_seat, i.seat_number), COALESCE(e.next_flight, i.flight_id))
   AND COALESCE(e.next_type, '') NOT IN ('seat_changed', 'flight_changed')
UNION ALL
SELECT 'events_tell_the_seats',
       format('events of item %s of booking %s count %s seats, the item is %s', item_no, booking_id, COALESCE(e.seats, 0), i.status)
  FROM public.booking_items AS i
  FULL JOIN (SELECT e.booking_id, e.item_no, sum(e.seat_delta) AS seats FROM public.booking_events AS e
              GROUP BY e.booking_id, e.item_no) AS e USING (booking_id, item_no)
 WHERE COALESCE(e.seats, 0) <> CASE WHEN i.status IN ('held', 'cancelled', 'expired') THEN 0
                                    WHEN i.status IS NULL THEN -1
                                    ELSE 1 END
$$;
COMMENT ON FUNCTION booking.check_invariants() IS
'Proves the books on one snapshot: a row for each violation, none when all is well. Reads every booking; meant for tests,
drills and a nightly run.';

CREATE FUNCTION booking.check_reports()
    RETURNS TABLE (object text, problem text)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
WITH named AS (
    SELECT p.object
      FROM booking.privileges() AS p
     WHERE p.object_type = 'TABLE' AND 'reports_sub' = ANY (p.grantees)),
published AS (
    SELECT format('%I.%I', p.schemaname, p.tablename) AS object
      FROM pg_publication_tables AS p
     WHERE p.pubname = 'reports_publication'),
subscription AS (
    SELECT s.oid, s.subname, s.subenabled
      FROM pg_subscription AS s
     WHERE s.subdbid = (SELECT d.oid FROM pg_database AS d WHERE d.datname = current_database())
       AND s.subname = 'reports_subscription'),
subscribed AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS object
      FROM subscription AS s
      JOIN pg_subscription_rel AS r ON r.srsubid = s.oid
      JOIN pg_class AS c ON c.oid = r.srrelid
      JOIN pg_namespace AS n ON n.oid = c.relnamespace)
-- On the primary: the publication, more or less than reports_sub may read
SELECT object, CASE WHEN n.object IS NULL THEN 'is published' ELSE 'is not published' END AS problem
  FROM published AS p
  FULL JOIN (SELECT n.object FROM named AS n
              WHERE EXISTS (SELECT FROM pg_publication AS p WHERE p.pubname = 'reports_publication')) AS n USING (object)
 WHERE p.object IS NULL OR n.object IS NULL
UNION ALL
-- On the reports database: what is not asked for, and what could not be applied
SELECT n.object, 'is not subscribed to'
  FROM named AS n
 WHERE EXISTS (SELECT FROM subscription) AND NOT EXISTS (SELECT FROM subscribed AS s WHERE s.object = n.object)
UNION ALL
SELECT s.subname::text, format('could not %s, %s times: the log of this server says why, and make rejoin repairs it',
                               CASE WHEN e.apply_error_count > 0 THEN 'apply a change' ELSE 'copy a table' END,
                               e.apply_error_count + e.sync_error_count)
  FROM subscription AS s
  JOIN pg_stat_subscription_stats AS e ON e.subid = s.oid
 WHERE e.apply_error_count > 0 AND NOT EXISTS (SELECT FROM pg_stat_subscription AS w
                                                WHERE w.subid = s.oid AND w.relid IS NULL AND w.pid IS NOT NULL)
    OR e.sync_error_count > 0 AND EXISTS (SELECT FROM pg_subscription_rel AS r
                                           WHERE r.srsubid = s.oid AND r.srsubstate NOT IN ('r', 's'))
$$;
COMMENT ON FUNCTION booking.check_reports() IS
'What keeps the reports database from following, as rows of check_schema(), and as problems in /readyz. On the primary: each table
that reports_publication has too many or too few, by booking.privileges(). On the reports database: each table that it does not
subscribe to, and a subscription that fails at a change or at a first copy. No row when all is well.';

CREATE FUNCTION booking.check_schema()
    RETURNS TABLE (object text, problem text)
    LANGUAGE sql STABLE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
-- Objects go by name: to look one up takes USAGE on its schema, which may be what is missing.
WITH named AS (
    SELECT p.object_type, replace(p.object, ', ', ',') AS object, p.privilege, p.grantees
      FROM booking.privileges() AS p),
present AS (
    SELECT 'FUNCTION' AS object_type, f.oid, f.oid::regprocedure::text AS object, f.proowner AS owner,
           COALESCE(f.proacl, acldefault('f', f.proowner)) AS acl
      FROM pg_depend AS d
      JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'booking'
      JOIN pg_proc AS f ON f.oid = d.objid
     WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
    UNION ALL
    SELECT 'FUNCTION', f.oid, f.oid::regprocedure::text, f.proowner, COALESCE(f.proacl, acldefault('f', f.proowner))
      FROM pg_proc AS f
      JOIN pg_namespace AS n ON n.oid = f.pronamespace
     WHERE n.nspname = 'warehouse'
    UNION ALL
    SELECT 'TABLE', c.oid, format('%I.%I', n.nspname, c.relname), c.relowner, COALESCE(c.relacl, acldefault('r', c.relowner))
      FROM pg_class AS c
      JOIN pg_namespace AS n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
       AND (n.nspname IN ('booking_private', 'warehouse')
            OR format('%I.%I', n.nspname, c.relname) IN (SELECT t.object FROM named AS t WHERE t.object_type = 'TABLE'))
    UNION ALL
    SELECT 'SCHEMA', n.oid, n.nspname::text, n.nspowner, COALESCE(n.nspacl, acldefault('n', n.nspowner))
      FROM pg_namespace AS n
     WHERE n.nspname IN ('booking', 'booking_private', 'warehouse')),
held AS (
    SELECT p.object_type, p.object, g.grantee,
           g.privilege_type || CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege
      FROM present AS p, aclexplode(p.acl) AS g
     WHERE g.grantee <> p.owner
    UNION ALL
    SELECT p.object_type, p.object || '.' || c.attname, g.grantee, g.privilege_type
      FROM present AS p
      JOIN pg_attribute AS c ON c.attrelid = p.oid, aclexplode(c.attacl) AS g
     WHERE p.object_type = 'TABLE' AND g.grantee <> p.owner),
wanted AS (
    SELECT p.object_type, p.object, to_regrole(r.role)::oid AS grantee, r.role, n.privilege
      FROM named AS n
      JOIN present AS p USING (object_type, object), unnest(n.grantees) AS r (role)
     WHERE to_regrole(r.role)::oid IS DISTINCT FROM p.owner)
-- The columns that the C code reads or writes, a domain as its base type
SELECT w.table_name || '.' || w.column_name AS object,
       CASE WHEN c.attname IS NULL THEN 'is missing'
            ELSE 'has type ' || t.name || ', not ' || w.type_name END AS problem
  FROM (VALUES ('flights', 'flight_id', 'bigint'),
               ('flights', 'scheduled_departure', 'timestamp with time zone'),
               ('flights', 'sales_open_at', 'timestamp with time zone'),
               ('flights', 'sales_close_at', 'timestamp with time zone'),
               ('flights', 'status', 'text'),
               ('flights', 'currency', 'character'),
               ('seats', 'flight_id', 'bigint'),
               ('seats', 'seat_number', 'text'),
               ('seats', 'cabin_class', 'text'),
               ('seats', 'status', 'text'),
               ('seats', 'characteristics', 'text'),
               ('seats', 'price', 'numeric'),
               ('seats', 'held_until', 'timestamp with time zone'),
               ('customers', 'customer_id', 'bigint'),
               ('customers', 'email', 'text'),
               ('bookings', 'booking_id', 'bigint'),
               ('bookings', 'status', 'text'),
               ('bookings', 'booking_reference', 'text'),
               ('bookings', 'total_amount', 'numeric'),
               ('bookings', 'payment_required_by', 'timestamp with time zone'),
               ('bookings', 'version', 'integer'),
               ('bookings', 'fare_code', 'text'),
               ('booking_items', 'booking_id', 'bigint'),
               ('booking_items', 'item_no', 'smallint'),
               ('booking_items', 'journey_no', 'smallint'),
               ('booking_items', 'flight_id', 'bigint'),
               ('booking_items', 'seat_number', 'text'),
               ('booking_items', 'status', 'text'),
               ('booking_items', 'price', 'numeric'),
               ('booking_items', 'penalty_amount', 'numeric'),
               ('booking_items', 'fee_amount', 'numeric'),
               ('payments', 'booking_id', 'bigint'),
               ('payments', 'amount', 'numeric'),
               ('payments', 'change_id', 'bigint'),
               ('cancellations', 'booking_version', 'integer'),
               ('cancellations', 'item_nos', 'smallint[]'),
               ('booking_changes', 'booking_version', 'integer'),
               ('booking_changes', 'change_amount', 'numeric'),
               ('booking_change_items', 'new_price', 'numeric'),
               ('booking_events', 'event_type', 'text'),
               ('booking_events', 'seat_delta', 'smallint'),
               ('booking_events', 'revenue_delta', 'numeric')) AS w (table_name, column_name, type_name)
  LEFT JOIN pg_attribute AS c
         ON c.attrelid = to_regclass('public.' || w.table_name) AND c.attname = w.column_name AND NOT c.attisdropped
  LEFT JOIN LATERAL (SELECT format_type(COALESCE(NULLIF(y.typbasetype, 0), y.oid), NULL)
                       FROM pg_type AS y WHERE y.oid = c.atttypid) AS t (name) ON true
 WHERE c.attname IS NULL OR t.name <> w.type_name
UNION ALL
-- The indexes that its rules rest on
SELECT w.name, 'is missing or invalid'
  FROM (VALUES ('seats_pkey'), ('booking_items_live_seat_key'), ('booking_items_live_passenger_key'),
               ('bookings_reference_key'), ('customers_email_key')) AS w (name)
 WHERE NOT EXISTS (SELECT FROM pg_index AS i
                    WHERE i.indexrelid = to_regclass('public.' || w.name) AND i.indisunique AND i.indisvalid)
UNION ALL
-- Where there is a warehouse, what tells it of changes; the rows come from replication, for which other triggers do not fire
SELECT 'public.' || w.name, 'has no trigger capture_change that is enabled always'
  FROM (VALUES ('flights'), ('seats'), ('customers'), ('bookings'), ('booking_items'), ('booking_events'), ('payments')) AS w (name)
 WHERE EXISTS (SELECT FROM present AS p WHERE p.object = 'warehouse')
   AND NOT EXISTS (SELECT FROM pg_trigger AS t
                    WHERE t.tgrelid = to_regclass('public.' || w.name) AND t.tgname = 'capture_change' AND t.tgenabled = 'A')
UNION ALL
-- What booking.privileges() names and is not there; the warehouse is on the reports database only
SELECT n.object, 'is missing'
  FROM named AS n
 WHERE NOT EXISTS (SELECT FROM present AS p WHERE p.object_type = n.object_type AND p.object = n.object)
   AND (n.object !~ '^warehouse' OR EXISTS (SELECT FROM present AS p WHERE p.object = 'warehouse'))
UNION ALL
-- What is there and booking.privileges() does not name; it leaves out what the functions of the warehouse do among themselves
SELECT p.object, 'is not in booking.privileges()'
  FROM present AS p
 WHERE NOT EXISTS (SELECT FROM named AS n WHERE n.object_type = p.object_type AND n.object = p.object)
   AND (p.object_type <> 'FUNCTION' OR p.object !~ '^warehouse')
UNION ALL
-- Owners; the schema of the extension belongs to who installed it. Who could become the owner would be one.
SELECT p.object, format('belongs to %s, not to booking_owner', pg_get_userbyid(p.owner))
  FROM present AS p
 WHERE p.owner IS DISTINCT FROM to_regrole('booking_owner')::oid AND p.object <> 'booking'
UNION ALL
SELECT 'booking_owner', 'can log in'
  FROM pg_roles AS r
 WHERE r.rolname = 'booking_owner' AND (r.rolcanlogin OR r.rolsuper)
UNION ALL
SELECT 'booking_owner', format('has the member %s', pg_get_userbyid(m.member))
  FROM pg_auth_members AS m
 WHERE m.roleid = to_regrole('booking_owner')
UNION ALL
-- Grants, more or less than booking.privileges() names
SELECT COALESCE(h.object, w.object),
       CASE WHEN h.object IS NULL THEN format('%s lacks %s', w.role, w.privilege)
            ELSE format('%s has %s', CASE h.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(h.grantee) END, h.privilege) END
  FROM held AS h
  FULL JOIN wanted AS w USING (object_type, object, grantee, privilege)
 WHERE h.object IS NULL OR w.object IS NULL
UNION ALL
-- What keeps the reports database from following
SELECT r.object, r.problem FROM booking.check_reports() AS r
UNION ALL
-- The library is newer than the extension until ALTER EXTENSION booking UPDATE.
SELECT 'booking', format('is version %s, its library version %s', e.extversion, booking.library_version())
  FROM pg_extension AS e
 WHERE e.extname = 'booking' AND e.extversion <> booking.library_version()
 ORDER BY 1, 2
$$;
COMMENT ON FUNCTION booking.check_schema() IS
'Compares the database with what this version of booking.so expects: a row for each column or index that is missing or of
another type; for each table whose changes the warehouse would miss; for each function, table or schema that has another owner than booking_owner, or more or fewer grants than
booking.privileges() names; for what check_reports() finds; and for a library of another version
than the extension. No row when all is well. To repair owners and grants run sql/roles.sql, which takes no grant away.';

CREATE FUNCTION booking.library_version()
    RETURNS text
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'booking_library_version';
COMMENT ON FUNCTION booking.library_version() IS
'The version of the booking.so that is loaded; the extension''s own stands in pg_extension.';

CREATE FUNCTION booking.replication_status()
    RETURNS TABLE (direction text, name text, type text, replica text, connected boolean, state text, sync_state text,
                   lag_bytes bigint, lag_seconds float8, sent_lag_bytes bigint, write_lag_bytes bigint,
                   flush_lag_bytes bigint, replay_lag_bytes bigint, write_lag_seconds float8, flush_lag_seconds float8,
                   replay_lag_seconds float8, wal_status text, retained_bytes bigint, safe_wal_size bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_replication_status';
COMMENT ON FUNCTION booking.replication_status() IS
'A row for each copy of this database (direction to): a replication slot with who is connected to it, or a WAL sender without
slot; and for each source of this database (direction from): the primary of a standby, a subscription. name: the slot, the
sender''s application_name, the subscription. lag_bytes and lag_seconds: WAL after the position that the copy confirmed, and
the age of the first commit in it (0 if none), connected or not; of a standby what it has to replay, and while it receives
nothing the time since the last commit replayed; null when unknown, for a slot whose WAL is lost and for a subscription,
whose lag the publisher has. The lags from sent_lag_bytes on are those of pg_stat_replication; wal_status, retained_bytes
and safe_wal_size the slot''s.';

CREATE FUNCTION booking.wal_commit_age(after pg_lsn)
    RETURNS float8
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_wal_commit_age';
COMMENT ON FUNCTION booking.wal_commit_age(pg_lsn) IS
'How many seconds ago the first commit after a position in the WAL was; 0 when there is none; null when that WAL has been
removed, or when 64 MiB of it hold no commit.';

CREATE FUNCTION booking.disk_space()
    RETURNS TABLE (place text, size_bytes bigint, free_bytes bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_disk_space';
COMMENT ON FUNCTION booking.disk_space() IS
'The file systems that this server writes to, and what is free for it there: place data, archive (basic_archive.archive_directory) and backup
(setting booking.backup_directory), as far as it has them. Null for one that it cannot look at.';

CREATE FUNCTION booking.certificate_expires_at()
    RETURNS timestamptz
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_certificate_expires_at';
COMMENT ON FUNCTION booking.certificate_expires_at() IS
'When the certificate in ssl_cert_file ends; null without TLS, or where the file cannot be read as a certificate.';

---------------------------------------------------------------------------------------------------------------------
-- Warehouse: change capture, ETL, reports
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.capture_change() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_capture_change';
COMMENT ON FUNCTION booking.capture_change() IS
    'AFTER trigger of the reports database. Arguments: entity (booking, flight, customer) and the row''s bigint key column. Puts the key of each row written into warehouse.change_queue, once for a run of rows with the same key; TRUNCATE puts "everything". SQLSTATE 39P01 when it is not called as such a trigger.';

CREATE FUNCTION booking.etl_dimensions(
    OUT run_id bigint, OUT scope text, OUT is_full boolean, OUT status text, OUT started_at timestamptz,
    OUT finished_at timestamptz, OUT freshness timestamptz, OUT rows_in bigint, OUT rows_inserted bigint,
    OUT rows_updated bigint, OUT rows_deleted bigint, OUT rows_rejected bigint, OUT duration_seconds float8)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    ROWS 1
    AS 'MODULE_PATHNAME', 'booking_etl_dimensions';
COMMENT ON FUNCTION booking.etl_dimensions() IS
    'Brings the dimensions of schema warehouse up to date with the flights and customers that changed; reference tables are compared whole. Returns its row of warehouse.etl_runs. SQLSTATE 55P03: another run is under way.';

CREATE FUNCTION booking.etl_facts(
    OUT run_id bigint, OUT scope text, OUT is_full boolean, OUT status text, OUT started_at timestamptz,
    OUT finished_at timestamptz, OUT freshness timestamptz, OUT rows_in bigint, OUT rows_inserted bigint,
    OUT rows_updated bigint, OUT rows_deleted bigint, OUT rows_rejected bigint, OUT duration_seconds float8)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    ROWS 1
    AS 'MODULE_PATHNAME', 'booking_etl_facts';
COMMENT ON FUNCTION booking.etl_facts() IS
    'Brings the facts of schema warehouse up to date with the bookings, and with the flights and customers that the dimensions have, and refreshes the materialized views. Returns its row of warehouse.etl_runs. SQLSTATE 55P03: another run is under way.';

CREATE FUNCTION booking.etl_run(
    "full" boolean DEFAULT false,
    OUT run_id bigint, OUT scope text, OUT is_full boolean, OUT status text, OUT started_at timestamptz,
    OUT finished_at timestamptz, OUT freshness timestamptz, OUT rows_in bigint, OUT rows_inserted bigint,
    OUT rows_updated bigint, OUT rows_deleted bigint, OUT rows_rejected bigint, OUT duration_seconds float8)
    RETURNS SETOF record
    LANGUAGE c VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    ROWS 1
    AS 'MODULE_PATHNAME', 'booking_etl_run';
COMMENT ON FUNCTION booking.etl_run(boolean) IS
    'Dimensions, facts and materialized views in one transaction. full: look at every source row instead of those that warehouse.change_queue names (null: false); the facts come out the same row for row, and the history in dim_flight and dim_customer, which the booking tables cannot give back, is kept. Returns its row of warehouse.etl_runs. SQLSTATE 55P03: another run is under way.';

CREATE FUNCTION booking.report_load_factor(
    date_from date DEFAULT NULL, date_to date DEFAULT NULL, group_by text DEFAULT 'route', origin text DEFAULT NULL,
    destination text DEFAULT NULL)
    RETURNS TABLE (group_key text, flights bigint, seats bigint, passengers bigint, ask bigint, rpk bigint,
                   load_factor float8)
    LANGUAGE c STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_report_load_factor';
COMMENT ON FUNCTION booking.report_load_factor(date, date, text, text, text) IS
    'Load factor of operated (departed or arrived) flights. date_from, date_to: first and last local departure date, null for no bound; group_by: route, date, month, cabin, aircraft, flight_number, total; origin, destination: IATA codes, null for all. load_factor = sum(RPK) / sum(ASK), 0 to 1; ASK = seats offered (capacity less blocked) x km, RPK = flown passengers other than infants x km (ICAO, IATA). Null for group_by is its default. SQLSTATE SB010: unknown group_by, malformed airport, infinite date, date_from after date_to. What it computes is warehouse.load_factor().';

CREATE FUNCTION booking.report_revenue(
    date_from date DEFAULT NULL, date_to date DEFAULT NULL, group_by text DEFAULT 'route', origin text DEFAULT NULL,
    destination text DEFAULT NULL)
    RETURNS TABLE (group_key text, currency text, items_sold bigint, items_cancelled bigint, gross_revenue numeric,
                   refunds numeric, penalties_kept numeric, net_revenue numeric)
    LANGUAGE c STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_report_revenue';
COMMENT ON FUNCTION booking.report_revenue(date, date, text, text, text) IS
    'Revenue by the time of sale or refund. date_from, date_to: first and last UTC date of the event, null for no bound; group_by: route, date, month, cabin, aircraft, fare, channel, total; origin, destination: IATA codes, null for all. Amounts are per currency: gross_revenue what was sold, refunds what was paid back, penalties_kept the part of cancelled items that was not, net_revenue = gross_revenue - refunds = the sum of payments. SQLSTATE SB010 as for report_load_factor. What it computes is warehouse.revenue().';

CREATE FUNCTION booking.report_booking_curve(
    date_from date DEFAULT NULL, date_to date DEFAULT NULL, group_by text DEFAULT 'route', origin text DEFAULT NULL,
    destination text DEFAULT NULL)
    RETURNS TABLE (group_key text, days_before integer, flights bigint, capacity bigint, bookings_on_hand bigint,
                   booked_load float8, pick_up bigint)
    LANGUAGE c STABLE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'booking_report_booking_curve';
COMMENT ON FUNCTION booking.report_booking_curve(date, date, text, text, text) IS
    'Booking curve of flights that are not cancelled. date_from, date_to: first and last local departure date, null for no bound; group_by: route, date, month, cabin, aircraft, flight_number, total; origin, destination: IATA codes, null for all. For each data collection point D-x, x = 63 56 49 42 35 31 27 23 19 16 13 10 7 5 3 1 0 (PODS): the flights that had reached it when the warehouse was last brought up to date, their seats offered, the net seats sold by the end of that day in the origin''s calendar, booked_load = bookings_on_hand / capacity, and pick_up, the net seats sold since the point before on the same flights. SQLSTATE SB010 as for report_load_factor. What it computes is warehouse.booking_curve().';

---------------------------------------------------------------------------------------------------------------------
-- Who may do what: the one list. An object that no role is named for is its owner's alone. Owner of everything is
-- booking_owner, which nobody logs in as: who owns a table that a function writes could attach a trigger to it, and act as
-- the function's owner. The schema files make the tables as booking_owner; sql/roles.sql and warehouse/grants.sql grant them. A dump carries owners
-- and grants of tables, but not of an extension's functions; those are set here, so CREATE EXTENSION gives them back.
---------------------------------------------------------------------------------------------------------------------

CREATE FUNCTION booking.privileges()
    RETURNS TABLE (object_type text, object text, privilege text, grantees text[])
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS $$
SELECT p.object_type, o.object, p.privilege, p.grantees::text[]
  FROM (VALUES
    -- The gateway: the one entry
    ('FUNCTION', 'EXECUTE', '{booking_app, reports_app}', ARRAY[
        'booking.booking_api(text, text, jsonb, jsonb, jsonb)']),
    -- People at a counter or in a call centre
    ('FUNCTION', 'EXECUTE', '{booking_agent}', ARRAY[
        'booking.create_customer(text, text, text, text)',
        'booking.update_customer(bigint, text, text, text, text)',
        'booking.create_booking(jsonb)',
        'booking.create_bookings(jsonb)',
        'booking.pay(bigint, numeric, text, text, integer)',
        'booking.find_booking(text, text)',
        'booking.list_bookings(bigint, text, bigint, bigint)',
        'booking.booking_items(bigint)',
        'booking.booking_warnings(bigint)',
        'booking.quote_cancellation(bigint, smallint[], integer)',
        'booking.confirm_cancellation(bigint)',
        'booking.cancel(bigint, smallint[], integer)',
        'booking.quote_change(bigint, jsonb, integer)',
        'booking.confirm_change(bigint, numeric, text, text)',
        'booking.change_seat(bigint, smallint, text, numeric, text, text, integer)',
        'booking.revoke_booking_tokens(bigint)',
        'booking.list_events(bigint, integer)']),
    ('FUNCTION', 'EXECUTE', '{booking_agent, booking_operator}', ARRAY[
        'booking.list_fares()',
        'booking.search_flights(text, text, date, integer, text)',
        'booking.search_connections(text, text, date, integer, text)',
        'booking.seat_map(bigint)']),
    -- People who run the flights
    ('FUNCTION', 'EXECUTE', '{booking_operator, booking_jobs}', ARRAY[
        'booking.expire_holds(integer)',
        'booking.forget_responses()']),
    -- People who say which programs may call the API
    ('FUNCTION', 'EXECUTE', '{booking_admin}', ARRAY[
        'booking.anonymise_customer(bigint)',
        'booking.issue_api_key(text, text[], interval)',
        'booking.list_api_keys()',
        'booking.revoke_api_key(bigint)']),
    -- The process that sends events to webhooks
    ('FUNCTION', 'EXECUTE', '{booking_webhooks}', ARRAY[
        'booking.due_deliveries()',
        'booking.record_delivery(bigint, integer, text)']),
    -- Reports and the ETL
    ('FUNCTION', 'EXECUTE', '{booking_analyst, booking_ro, reports_etl}', ARRAY[
        'booking.report_load_factor(date, date, text, text, text)',
        'booking.report_revenue(date, date, text, text, text)',
        'booking.report_booking_curve(date, date, text, text, text)']),
    ('FUNCTION', 'EXECUTE', '{reports_etl}', ARRAY[
        'booking.etl_dimensions()',
        'booking.etl_facts()',
        'booking.etl_run(boolean)']),
    -- Monitoring
    ('FUNCTION', 'EXECUTE', '{monitor}', ARRAY[
        'booking.check_invariants()',
        'booking.check_reports()',
        'booking.certificate_expires_at()',
        'booking.check_schema()',
        'booking.disk_space()',
        'booking.library_version()',
        'booking.privileges()',
        'booking.replication_status()',
        'booking.wal_commit_age(pg_lsn)']),
    -- A trigger, which nobody calls
    ('FUNCTION', 'EXECUTE', '{}', ARRAY[
        'booking.capture_change()']),
    ('SCHEMA', 'USAGE', '{booking_owner, booking_app, reports_app, booking_admin, booking_agent, booking_operator, booking_analyst, booking_ro, reports_etl, monitor,
      booking_jobs, booking_webhooks}', ARRAY['booking']),
    -- sql/flights_oltp_schema.sql
    ('TABLE', 'SELECT', '{booking_ro, reports_sub}', ARRAY[
        'public.aircraft', 'public.aircraft_seats', 'public.airports', 'public.booking_change_items', 'public.booking_changes',
        'public.booking_events', 'public.booking_items', 'public.bookings', 'public.cancellations', 'public.customers',
        'public.fare_rules', 'public.fares', 'public.flights', 'public.payments', 'public.schedule_changes', 'public.seats',
        'public.timetable', 'public.waitlist_entries']),
    ('TABLE', 'SELECT', '{reports_sub}', ARRAY['booking_private.api_keys']),
    ('TABLE', 'SELECT', '{}', ARRAY[
        'booking_private.booking_tokens', 'booking_private.failed_attempts', 'booking_private.idempotency_keys',
        'booking_private.payment_events', 'booking_private.payment_intents', 'booking_private.payment_providers',
        'booking_private.rate_limits', 'booking_private.webhook_deliveries', 'booking_private.webhooks']),
    ('SCHEMA', 'USAGE', '{reports_sub}', ARRAY['booking_private']),
    -- warehouse/ddl_warehouse_schema.sql
    ('TABLE', 'SELECT', '{booking_analyst, booking_ro, reports_etl}', ARRAY[
        'warehouse.change_queue', 'warehouse.dim_aircraft', 'warehouse.dim_airport', 'warehouse.dim_cabin',
        'warehouse.dim_channel', 'warehouse.dim_collection_point', 'warehouse.dim_customer', 'warehouse.dim_date',
        'warehouse.dim_fare', 'warehouse.dim_flight', 'warehouse.dim_lead_band', 'warehouse.dim_route', 'warehouse.etl_run_steps',
        'warehouse.etl_runs', 'warehouse.fact_booking_curve', 'warehouse.fact_booking_event', 'warehouse.fact_booking_item',
        'warehouse.fact_flight_cabin', 'warehouse.fact_payment', 'warehouse.mv_booking_curve', 'warehouse.mv_route_month']),
    ('TABLE', 'SELECT', '{}', ARRAY['warehouse.etl_lock']),
    ('FUNCTION', 'EXECUTE', '{booking_analyst, booking_ro}', ARRAY[
        'warehouse.booking_curve(date, date, text, text, text)',
        'warehouse.date_key(date)',
        'warehouse.freshness()',
        'warehouse.group_key(text, text, date, text, text, text)',
        'warehouse.load_factor(date, date, text, text, text)',
        'warehouse.revenue(date, date, text, text, text)']),
    ('SCHEMA', 'USAGE', '{booking_analyst, booking_ro, reports_etl}', ARRAY['warehouse']))
    AS p (object_type, privilege, grantees, objects), unnest(p.objects) AS o (object)
$$;
COMMENT ON FUNCTION booking.privileges() IS
'Who may do what: a row for each function, table and schema of the booking system, with the privilege on it and the roles that
are granted it. booking_owner owns all of them, but for the schema of the extension.';

-- A role that is missing is made as one that cannot log in; sql/roles.sql lets those log in that should. Another database of
-- the cluster may do the same at this moment: a role that appeared meanwhile is as good as ours. Owners come before
-- grants: what is granted when the extension is made is what a dump takes for given.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT DISTINCT r.role
          FROM booking.privileges() AS p, unnest(p.grantees || 'booking_owner'::text) AS r (role)
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = r.role)
    LOOP
        BEGIN
            EXECUTE pg_catalog.format('CREATE ROLE %I', wanted.role);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
    FOR wanted IN
        SELECT p.object FROM booking.privileges() AS p WHERE p.object_type = 'FUNCTION' AND p.object ~ '^booking[.]'
    LOOP
        EXECUTE pg_catalog.format('ALTER FUNCTION %s OWNER TO booking_owner', wanted.object);
    END LOOP;
    REVOKE ALL ON ALL FUNCTIONS IN SCHEMA booking FROM PUBLIC;
    FOR wanted IN
        SELECT p.object_type, p.object, p.privilege, r.role
          FROM booking.privileges() AS p, unnest(p.grantees) AS r (role)
         WHERE p.object_type = 'FUNCTION' AND p.object ~ '^booking[.]' OR p.object = 'booking'
    LOOP
        EXECUTE pg_catalog.format('GRANT %s ON %s %s TO %I', wanted.privilege, wanted.object_type, wanted.object, wanted.role);
    END LOOP;
END
$$;

-- What the state of replication and archive takes, beyond what anybody may see
GRANT pg_monitor TO booking_owner;
