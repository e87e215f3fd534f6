-- Money: by which method it comes back, until when it can come at all, what a change costs
\set VERBOSITY sqlstate
-- a flight that left some time ago, though nothing has advanced its status
CREATE FUNCTION fixture.leave(flight bigint, ago interval) RETURNS void LANGUAGE sql AS $$
    UPDATE flights SET scheduled_departure = now() - ago, scheduled_arrival = now() - ago + interval '8 hours' WHERE flight_id = flight;
$$;
CREATE FUNCTION fixture.ledger(booking bigint) RETURNS SETOF text LANGUAGE sql AS $$
    SELECT amount || ' ' || method FROM payments WHERE booking_id = booking ORDER BY payment_id;
$$;
-- refunds: each method gets back no more than it paid, the newest first; a voucher never becomes cash
SELECT fixture.flight(400, 30);
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(400, '{3A,3B}')) \gset
SELECT status FROM booking.pay(:b, 200, 'EUR', 'voucher');
SELECT total_amount FROM booking.change_seat(:b, 1::smallint, '1A', 400, 'EUR', 'cash');
SELECT refund_amount FROM booking.cancel(:b, '{2}');
SELECT refund_amount FROM booking.cancel(:b, '{1}');
SELECT fixture.ledger(:b);
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(400, '{3A}')) \gset
SELECT status FROM booking.pay(:b, 100, 'EUR', 'voucher');
SELECT total_amount FROM booking.change_seat(:b, 1::smallint, '1A', 400, 'EUR', 'bank_transfer');
SELECT total_amount FROM booking.change_seat(:b, 1::smallint, '3A');
SELECT refund_amount FROM booking.cancel(:b);
SELECT fixture.ledger(:b);
SELECT * FROM booking.check_invariants();
-- a flight leaves by the clock, whatever its status says: nothing is sold, moved or given back from then on
SELECT fixture.flight(f, 30) FROM generate_series(401, 403) AS f;
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(401, '{1A,3A}', 'instant', '780', 'flex')) \gset
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(401, '{3B}')) \gset
SELECT cancellation_id AS quote FROM booking.quote_cancellation(:b) \gset
SELECT fixture.leave(401, '19 hours');
SELECT * FROM booking.create_booking(fixture.wish(401, '{3C}'));
SELECT count(*) FROM booking.search_flights('LHR', 'JFK', ((now() - interval '19 hours') AT TIME ZONE 'Europe/London')::date) WHERE flight_id = 401;
SELECT * FROM booking.change_seat(:b, 1::smallint, '3C');
SELECT * FROM booking.quote_change(:b, fixture.move(1, 402, '3C'));
SELECT * FROM booking.quote_cancellation(:b);
SELECT * FROM booking.confirm_cancellation(:quote);
SELECT * FROM booking.cancel(:held);
SELECT body::json -> 'available_actions' AS actions FROM fixture.api('GET', '/v1/bookings/' || :b);
-- late, and not gone yet; the airline's own cancellation can be refunded for ever
UPDATE flights SET estimated_departure = now() + interval '1 hour', status = 'delayed' WHERE flight_id = 401;
SELECT refund_amount FROM booking.quote_cancellation(:b, '{2}');
SELECT change_amount FROM booking.quote_change(:b, fixture.move(2, 401, '3C'));
UPDATE flights SET estimated_departure = NULL, status = 'cancelled' WHERE flight_id = 401;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b);
-- a hold on a flight that is cancelled or gone is not paid: the money would be stuck. No seat changes on such a flight either
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(402, '{3A,3B}')) \gset
SELECT booking_id AS paid FROM booking.create_booking(fixture.wish(402, '{4A}', 'instant', '100')) \gset
SELECT booking_id AS mixed FROM booking.create_booking(fixture.trip(2, '402:5A', '403:5A')) \gset
CREATE FUNCTION fixture.actions(booking bigint) RETURNS text LANGUAGE sql AS $$
    SELECT body::json ->> 'available_actions' FROM fixture.api('GET', '/v1/bookings/' || booking);
$$;
SELECT fixture.actions(:held) AS held, fixture.actions(:paid) AS paid, fixture.actions(:mixed) AS mixed;
UPDATE flights SET status = 'cancelled' WHERE flight_id = 402;
SELECT * FROM booking.pay(:held, 200, 'EUR');
SELECT * FROM booking.pay(:mixed, 200, 'EUR');
SELECT * FROM booking.change_seat(:held, 1::smallint, '3C');
SELECT * FROM booking.change_seat(:paid, 1::smallint, '3C');
SELECT fixture.actions(:held) AS held, fixture.actions(:paid) AS paid, fixture.actions(:mixed) AS mixed;
UPDATE flights SET status = 'scheduled' WHERE flight_id = 402;
SELECT fixture.leave(402, '1 minute');
SELECT * FROM booking.pay(:held, 200, 'EUR');
SELECT * FROM booking.pay(:mixed, 200, 'EUR');
SELECT fixture.actions(:held) AS held, fixture.actions(:paid) AS paid, fixture.actions(:mixed) AS mixed;
-- what still flies can be paid, once the rest is cancelled
UPDATE flights SET status = 'cancelled' WHERE flight_id = 402;
SELECT refund_amount FROM booking.cancel(:mixed, '{1}');
SELECT fixture.actions(:mixed) AS mixed;
SELECT status, total_amount FROM booking.pay(:mixed, 100, 'EUR');
SELECT refund_amount FROM booking.cancel(:held);
SELECT refund_amount FROM booking.cancel(:paid);
SELECT * FROM booking.check_invariants();
-- the 24-hour rule counts its week from the reservation, in hours: the same in every time zone, whatever its clocks do in that week
SELECT fixture.flight(f, 40) FROM generate_series(410, 411) AS f;
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(410, '{3A,1A}', 'instant', '510', 'basic')) \gset
CREATE FUNCTION fixture.six_zones(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    zone text;
    answer text;
BEGIN
    FOREACH zone IN ARRAY '{UTC,Europe/London,America/New_York,Pacific/Auckland,Australia/Lord_Howe,America/Sao_Paulo}'::text[] LOOP
        PERFORM set_config('TimeZone', zone, true);
        EXECUTE statement INTO answer;
        RETURN NEXT answer;
    END LOOP;
END
$$;
CREATE FUNCTION fixture.reserved(booking bigint, flight bigint, reserved timestamptz, ahead interval) RETURNS void LANGUAGE sql AS $$
    UPDATE bookings SET created_at = reserved WHERE booking_id = booking;
    UPDATE flights SET scheduled_departure = reserved + ahead, scheduled_arrival = reserved + ahead + interval '8 hours' WHERE flight_id = flight;
$$;
CREATE FUNCTION fixture.week(booking bigint, flight bigint, reserved timestamptz) RETURNS TABLE (ahead interval, answers text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH ahead IN ARRAY '{166:59:59,167:59:59,168:00:00,169:00:00}'::interval[] LOOP
        PERFORM fixture.reserved(booking, flight, reserved, ahead);
        SELECT string_agg(DISTINCT a, ' / ') INTO answers FROM fixture.six_zones(
            format('SELECT refund_amount || '' of '' || refund_amount + penalty_amount FROM booking.quote_cancellation(%s)', booking)) AS a;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT * FROM fixture.week(:b, 410, '2098-03-27 12:00+00');
SELECT * FROM fixture.week(:b, 410, '2098-10-24 12:00+00');
SELECT fixture.reserved(:b, 410, now() - interval '20 hours', '168 hours');
SELECT refund_amount FROM booking.quote_cancellation(:b);
-- every money function, in each of the zones: as in the first
CREATE FUNCTION fixture.all_money(flight bigint, other bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    b bigint;
    c bigint;
    parts text[];
BEGIN
    SELECT booking_id INTO b FROM booking.create_booking(fixture.wish(flight, '{4A,4B}'));
    SELECT array[total_amount::text] INTO parts FROM booking.pay(b, 200, 'EUR');
    UPDATE bookings SET created_at = created_at - interval '2 days', confirmed_at = now() - interval '2 days' WHERE booking_id = b;
    SELECT change_id, parts || change_amount::text || fee_amount::text INTO c, parts FROM booking.quote_change(b, fixture.move(1, other, '3A'));
    SELECT parts || status INTO parts FROM booking.confirm_change(c, 20, 'EUR');
    SELECT parts || refund_amount::text || penalty_amount::text INTO parts FROM booking.quote_cancellation(b);
    SELECT parts || refund_amount::text || penalty_amount::text INTO parts FROM booking.cancel(b, '{2}');
    RETURN parts;
END
$$;
CREATE FUNCTION fixture.all_money_undone(flight bigint, other bigint) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', fixture.all_money(flight, other) USING ERRCODE = 'UND01';
EXCEPTION WHEN SQLSTATE 'UND01' THEN
    RETURN SQLERRM;
END
$$;
UPDATE flights SET scheduled_departure = now() + interval '48 hours 1 minute', scheduled_arrival = now() + interval '56 hours' WHERE flight_id = 410;
SELECT * FROM fixture.six_zones('SELECT fixture.all_money_undone(410, 411)');
-- a cheaper seat gives back what cancelling that part of the price would, and never more: what is kept is a fee
SELECT fixture.flight(f, 30) FROM generate_series(420, 423) AS f;
CREATE FUNCTION fixture.leave_in(flight bigint, hours integer) RETURNS void LANGUAGE sql AS $$
    UPDATE flights SET scheduled_departure = now() + make_interval(hours => hours, mins => 1), scheduled_arrival = now() + make_interval(hours => hours + 8)
     WHERE flight_id = flight;
$$;
SELECT fixture.leave_in(420, 2), fixture.leave_in(421, 72);
UPDATE seats SET price = 80 WHERE flight_id = 420 AND seat_number IN ('5C', '5D');
SELECT booking_id AS basic FROM booking.create_booking(fixture.wish(420, '{1A}', 'instant', '425', 'basic')) \gset
SELECT booking_id AS standard FROM booking.create_booking(fixture.wish(420, '{1B,3A}', 'instant', '600')) \gset
SELECT booking_id AS flex FROM booking.create_booking(fixture.wish(420, '{1C}', 'instant', '650', 'flex')) \gset
-- not refundable: nothing; two hours ahead at the standard fare: a quarter; flex: all. In another cabin, and in the same
SELECT change_amount, fee_amount FROM booking.quote_change(:basic, fixture.move(1, 420, '4A'));
SELECT change_amount, fee_amount FROM booking.quote_change(:standard, fixture.move(1, 420, '4B'));
SELECT change_amount, fee_amount FROM booking.quote_change(:standard, fixture.move(2, 420, '5C'));
SELECT change_amount, fee_amount FROM booking.quote_change(:flex, fixture.move(1, 420, '4C'));
-- to another flight, the fee of the change besides
SELECT booking_id AS far FROM booking.create_booking(fixture.wish(421, '{1A}', 'instant', '500')) \gset
SELECT change_amount, fee_amount FROM booking.quote_change(:far, fixture.move(1, 422, '3A'));
-- one item's difference does not pay for another's
SELECT change_amount, fee_amount FROM booking.quote_change(:standard, jsonb_build_object('items', fixture.move(1, 420, '4B') -> 'items' || (fixture.move(2, 420, '2B') -> 'items')));
-- it never helps to change first and cancel then
SELECT refund_amount AS at_once FROM booking.quote_cancellation(:standard);
SELECT total_amount FROM booking.change_seat(:basic, 1::smallint, '4A');
SELECT total_amount FROM booking.change_seat(:standard, 1::smallint, '4B');
SELECT refund_amount FROM booking.cancel(:basic);
SELECT refund_amount AS then FROM booking.cancel(:standard);
SELECT fixture.ledger(:standard);
-- within 24 hours of the purchase, the flight a week or more away: all of it; a hold has paid nothing and is given nothing
SELECT booking_id AS new FROM booking.create_booking(fixture.wish(422, '{1A}', 'instant', '425', 'basic')) \gset
SELECT change_amount, fee_amount FROM booking.quote_change(:new, fixture.move(1, 422, '4A'));
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(421, '{1B}', fare => 'basic')) \gset
SELECT change_amount, fee_amount FROM booking.quote_change(:held, fixture.move(1, 421, '4A'));
SELECT * FROM booking.check_invariants();
-- a change is confirmed on the flights as they are then
SELECT fixture.flight(f, 30) FROM generate_series(430, 436) AS f;
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(430, '{3A}', 'instant', '100')) \gset
SELECT change_id AS quote FROM booking.quote_change(:b, fixture.move(1, 431, '3A')) \gset
BEGIN; UPDATE flights SET status = 'cancelled' WHERE flight_id = 431; SELECT * FROM booking.confirm_change(:quote); ROLLBACK;
BEGIN; SELECT fixture.leave(431, '1 hour'); SELECT * FROM booking.confirm_change(:quote); ROLLBACK;
BEGIN; UPDATE flights SET sales_close_at = now() WHERE flight_id = 431; SELECT * FROM booking.confirm_change(:quote); ROLLBACK;
BEGIN; SELECT fixture.leave(430, '1 hour'); SELECT * FROM booking.confirm_change(:quote); ROLLBACK;
SELECT status FROM booking.confirm_change(:quote);
-- cancelled by the airline since: its fee is not charged any more, so the quote is stale
SELECT fixture.leave_in(432, 20);
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(432, '{3A,3B}', 'instant', '200')) \gset
SELECT change_id AS quote, fee_amount FROM booking.quote_change(:b, fixture.move(1, 433, '3A')) \gset
SELECT :fee_amount AS fee_amount;
UPDATE flights SET status = 'cancelled' WHERE flight_id = 432;
SELECT * FROM booking.confirm_change(:quote, 50, 'EUR');
-- a passenger who is moved off it pays nothing: in the same cabin, between the same cities. Another cabin or city has its price
INSERT INTO airports (iata, name, city, country, latitude, longitude, time_zone) VALUES ('LGW', 'Gatwick', 'London', 'GB', 51.14806, -0.19028, 'Europe/London');
UPDATE flights SET origin = 'LGW' WHERE flight_id = 434;
UPDATE flights SET destination = 'LAX', distance_km = 8760 WHERE flight_id = 435;
UPDATE seats SET price = 188.40 WHERE flight_id IN (433, 434, 435) AND cabin_class = 'economy';
SELECT change_amount, fee_amount FROM booking.quote_change(:b, fixture.move(1, 433, '1A'));
SELECT change_amount, fee_amount FROM booking.quote_change(:b, fixture.move(1, 435, '3A'));
SELECT change_amount, fee_amount FROM booking.quote_change(:b, fixture.move(1, 433, '3A'));
SELECT change_id AS quote, change_amount FROM booking.quote_change(:b, fixture.move(1, 434, '3A')) \gset
SELECT items::jsonb #>> '{0,new_price}' AS price, change_amount, fee_amount, status FROM booking.confirm_change(:quote);
SELECT item_no, flight_id, price FROM booking_items WHERE booking_id = :b ORDER BY 1;
-- a hold has bought nothing: it pays what the seat costs
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(436, '{3A}')) \gset
UPDATE flights SET status = 'cancelled' WHERE flight_id = 436;
SELECT change_amount, fee_amount FROM booking.quote_change(:held, fixture.move(1, 433, '3A'));
SELECT * FROM booking.check_invariants();
-- fees are shown where the total is; a hold that has lapsed looks the same before the sweep and after it
SELECT item_no, price, fee_amount, penalty_amount FROM booking.booking_items(:standard);
SELECT body::json ->> 'total_amount' AS total, body::json ->> 'fee_amount' AS fees, body::json #>> '{items,0,fee_amount}' AS of_item
  FROM fixture.api('GET', '/v1/bookings/' || :standard);
SELECT body::json ->> 'fee_amount' AS fees, body::json #>> '{items,0,fee_amount}' AS of_item
  FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(403, '{4A}'));
SELECT booking_id AS lapsed FROM booking.create_booking(fixture.wish(403, '{4B,4C}')) \gset
SELECT fixture.lapse(:lapsed);
CREATE FUNCTION fixture.shown(booking bigint) RETURNS jsonb LANGUAGE sql AS $$
    SELECT body::jsonb - 'version' FROM fixture.api('GET', '/v1/bookings/' || booking);
$$;
SELECT fixture.shown(:lapsed) AS before \gset
SELECT j ->> 'status' AS status, j ->> 'total_amount' AS total, j #>> '{items,0,status}' AS item, j ->> 'expired_at' = j ->> 'payment_required_by' AS expired
  FROM CAST(:'before' AS jsonb) AS j;
SELECT status FROM booking.booking_items(:lapsed);
SELECT status, total_amount FROM booking.list_bookings(1, max_bookings => 1);
SELECT booking.expire_holds() > 0 AS swept;
SELECT fixture.shown(:lapsed) = :'before' AS same;
-- a hold that moves to another flight lasts no longer than its sales, with all its seats
SELECT fixture.flight(f, 30) FROM generate_series(440, 441) AS f;
UPDATE flights SET sales_close_at = now() + interval '5 minutes' WHERE flight_id = 441;
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(440, '{3A,3B}')) \gset
SELECT change_id AS quote FROM booking.quote_change(:held, fixture.move(1, 441, '3A')) \gset
SELECT status FROM booking.confirm_change(:quote);
SELECT b.payment_required_by <= f.sales_close_at AS ends_with_sales FROM bookings AS b, flights AS f WHERE b.booking_id = :held AND f.flight_id = 441;
SELECT * FROM booking.check_invariants();
-- nothing is due, nothing is paid, and the ledger says nothing of it: paid later and at once
UPDATE seats SET price = 0.01 WHERE flight_id = 440;
BEGIN;
UPDATE fares SET price_factor = 0.40 WHERE fare_code = 'basic';
SELECT booking_id AS free FROM booking.create_booking(fixture.wish(440, '{4A}', fare => 'basic')) \gset
SELECT status, total_amount FROM booking.pay(:free, 0, 'EUR');
SELECT status, total_amount FROM booking.create_booking(fixture.wish(440, '{4B}', 'instant', '0.00', 'basic'));
SELECT refund_amount FROM booking.cancel(:free);
SELECT count(*) FROM payments WHERE booking_id = :free;
SELECT * FROM booking.check_invariants();
ROLLBACK;
-- any seats of a cabin: together first, then cheapest, so that what a search says is what a booking costs
SELECT fixture.flight(f, 30 + f - 450) FROM generate_series(450, 453) AS f;
UPDATE seats SET price = CASE WHEN seat_number IN ('4D', '5A') THEN 80 WHEN seat_number IN ('5C', '5D') THEN 90 ELSE 110 END
 WHERE flight_id IN (450, 451, 452) AND cabin_class = 'economy';
CREATE FUNCTION fixture.any(flights bigint[], types text[], amount text DEFAULT NULL, fare text DEFAULT 'standard') RETURNS jsonb LANGUAGE sql AS $$
    SELECT fixture.wish(1, '{}', CASE WHEN amount IS NULL THEN 'hold' ELSE 'instant' END, amount, fare)
           || jsonb_build_object('slices', (SELECT jsonb_agg(jsonb_build_object('flight_id', f, 'passengers',
                (SELECT jsonb_agg(jsonb_build_object('name', 'Any ' || n, 'cabin_class', 'economy', 'type', t))
                   FROM unnest(types) WITH ORDINALITY AS p (t, n)))) FROM unnest(flights) AS f));
$$;
-- what a booking gets, and what remains of it: nothing
CREATE FUNCTION fixture.got(request jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    made record;
    got text;
BEGIN
    SELECT * INTO made FROM booking.create_booking(request);
    SELECT string_agg(seat_number, ' ' ORDER BY item_no) || ' ' || made.total_amount INTO got
      FROM booking_items WHERE booking_id = made.booking_id;
    RAISE EXCEPTION SQLSTATE 'ZZ000';
EXCEPTION WHEN OTHERS THEN
    RETURN CASE SQLSTATE WHEN 'ZZ000' THEN got ELSE SQLSTATE || ' ' || SQLERRM END;
END $$;
-- alone: one of the two cheapest; two: the neighbours 5C 5D for 180, not 4D 5A for 160, nor any for 220
SELECT DISTINCT split_part(fixture.got(fixture.any('{450}', '{adult}')), ' ', 2) FROM generate_series(1, 20);
SELECT DISTINCT fixture.got(fixture.any('{450}', '{adult,adult}')) FROM generate_series(1, 20);
-- an amount that seats can be had for gets them: together where they are, apart where they are not, over several flights
SELECT fixture.got(fixture.any('{450}', '{adult}', '90')) ~ '^5[CD] 90', fixture.got(fixture.any('{450}', '{adult,adult}', '220')) ~ ' 220.00$',
       fixture.got(fixture.any('{450}', '{adult,adult}', '160')), fixture.got(fixture.any('{450,451}', '{adult}', '170')) ~ '^(4D 5[CD]|5A 5[CD]|5[CD] 4D|5[CD] 5A) 170.00$',
       fixture.got(fixture.any('{450,451}', '{adult,adult}', '340')) ~ ' 340.00$', fixture.got(fixture.any('{450}', '{adult}', '104', 'flex')) ~ '^(4D|5A) 104.00$';
-- what none can be had for is refused, by what they cost
SELECT fixture.got(fixture.any('{450}', '{adult}', '81')), fixture.got(fixture.any('{450,451}', '{adult}', '161'));
-- no child and no infant in an exit row (row 3): neither by name, nor by any, nor by a change
SELECT fixture.got(jsonb_set(fixture.wish(450, '{3A}'), '{slices,0,passengers,0,type}', to_jsonb(t))) FROM unnest('{adult,child,infant}'::text[]) AS t;
UPDATE seats SET price = 10 WHERE flight_id = 452 AND seat_number ~ '^3';
SELECT fixture.got(fixture.any('{452}', '{adult}')) ~ '^3', fixture.got(fixture.any('{452}', '{adult,child}')), fixture.got(fixture.any('{452}', '{infant}')) ~ '^(4D|5A)';
UPDATE seats SET status = 'blocked' WHERE flight_id = 452 AND seat_number ~ '^[45]' AND seat_number <> '4B';
SELECT fixture.got(fixture.any('{452}', '{adult,child}')) ~ '^3[A-D] 4B 120.00$', fixture.got(fixture.any('{452}', '{infant,child}'));
SELECT booking_id AS b FROM booking.create_booking(jsonb_set(fixture.wish(453, '{4A,4B}'), '{slices,0,passengers,0,type}', '"child"')) \gset
SELECT fixture.answer(format('SELECT booking.quote_change(%s, fixture.move(%s, 453, %L))', :b, item, '3A')) FROM generate_series(1, 2) AS item;
SELECT * FROM booking.check_invariants();
-- journeys: what connects is one, a return is another; what the airline cancels covers the journey, and no other
SELECT fixture.flight(460, 10, 'LHR', 'JFK', 8), fixture.flight(461, 10, 'JFK', 'LAX', 6), fixture.flight(462, 12, 'LAX', 'JFK', 6), fixture.flight(463, 12, 'JFK', 'LHR', 8), fixture.flight(464, 11, 'JFK', 'LAX', 6);
UPDATE flights SET scheduled_departure = d, scheduled_arrival = d + interval '6 hours' FROM (SELECT scheduled_arrival + interval '3 hours' AS d FROM flights WHERE flight_id = 460) AS o WHERE flight_id = 461;
UPDATE flights SET scheduled_departure = d, scheduled_arrival = d + interval '8 hours' FROM (SELECT scheduled_arrival + interval '3 hours' AS d FROM flights WHERE flight_id = 462) AS o WHERE flight_id = 463;
CREATE FUNCTION fixture.travel(names text[], flights bigint[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('type', 'instant', 'customer_id', 1, 'slices',
             jsonb_agg(jsonb_build_object('flight_id', f, 'passengers',
               (SELECT jsonb_agg(jsonb_build_object('name', n, 'cabin_class', 'economy')) FROM unnest(names) AS n))),
             'payment', jsonb_build_object('amount', (100 * cardinality(names) * cardinality(flights))::text, 'currency', 'EUR'))
      FROM unnest(flights) AS f;
$$;
SELECT booking_id AS b FROM booking.create_booking(fixture.travel('{Ada,Alan}', '{463,460,461,462}')) \gset
SELECT item_no, journey_no, flight_id, passenger_name FROM booking.booking_items(:b);
SELECT body::json #> '{items,0,journey_no}' AS journey_no FROM fixture.api('GET', '/v1/bookings/' || :b);
SELECT body::json #> '{items,0,journey_no}' AS journey_no FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(464, '{5D}'));
-- within 168 hours nothing is free: leg 1 is cancelled, so leg 2 costs nothing, and the return its penalty
UPDATE bookings SET created_at = created_at - interval '4 days', confirmed_at = confirmed_at - interval '2 days' WHERE booking_id = :b;
UPDATE flights SET status = 'cancelled' WHERE flight_id = 460;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b, '{3,4}');
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b, '{5}');
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b, '{7}');
-- to another flight of leg 2 likewise, in the same cabin, however much it costs
UPDATE seats SET price = 180 WHERE flight_id = 464;
SELECT change_amount, fee_amount FROM booking.quote_change(:b, fixture.move(5, 464, '4A'));
-- leg 1 refunded first, leg 2 is let down as before; one whose passenger had given up leg 1 for a penalty is not
SELECT refund_amount FROM booking.cancel(:b, '{3}');
SELECT refund_amount FROM booking.cancel(:b, '{5}');
BEGIN;
UPDATE flights SET status = 'scheduled' WHERE flight_id = 460;
SELECT refund_amount, penalty_amount FROM booking.cancel(:b, '{4}');
UPDATE flights SET status = 'cancelled' WHERE flight_id = 460;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b, '{6}');
ROLLBACK;
-- the item of an import has no journey, and is one of its own
UPDATE booking_items SET journey_no = NULL WHERE booking_id = :b AND item_no = 6;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b, '{6}');
SELECT body::json #> '{items,5,journey_no}' AS journey_no FROM fixture.api('GET', '/v1/bookings/' || :b);
SELECT * FROM booking.check_invariants();
-- nobody is on two flights at once, nor changes in less than two hours; another passenger may
SELECT fixture.flight(465, 11, 'LHR', 'JFK', 8), fixture.flight(466, 11, 'JFK', 'LAX', 6);
UPDATE flights SET scheduled_departure = d, scheduled_arrival = d + interval '6 hours' FROM (SELECT scheduled_arrival - interval '1 hour' AS d FROM flights WHERE flight_id = 465) AS o WHERE flight_id = 466;
\set VERBOSITY default
SELECT status FROM booking.create_booking(fixture.travel('{Ada}', '{466,465}'));
UPDATE flights SET scheduled_departure = scheduled_departure + interval '2 hours', scheduled_arrival = scheduled_arrival + interval '2 hours' WHERE flight_id = 466;
SELECT status FROM booking.create_booking(fixture.travel('{ada}', '{465,466}'));
\set VERBOSITY sqlstate
SELECT status FROM booking.create_booking(fixture.trip(1, '465:economy', '466:economy'));
UPDATE flights SET scheduled_departure = scheduled_departure + interval '1 hour', scheduled_arrival = scheduled_arrival + interval '1 hour' WHERE flight_id = 466;
SELECT status FROM booking.create_booking(fixture.travel('{Ada}', '{465,466}'));
-- at REPEATABLE READ nothing is booked, paid, changed or cancelled; reading goes on
SELECT fixture.flight(470, 30);
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(470, '{3A}')) \gset
SELECT cancellation_id AS quote FROM booking.quote_cancellation(:held) \gset
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT fixture.answer(s) FROM unnest(ARRAY[
    $$SELECT booking.create_booking(fixture.wish(470, '{4A}'))$$, format('SELECT booking.pay(%s, 100, ''EUR'')', :held),
    format('SELECT booking.quote_cancellation(%s)', :held), format('SELECT booking.confirm_cancellation(%s)', :quote),
    format('SELECT booking.change_seat(%s, 1::smallint, ''4A'')', :held),
    format('SELECT booking.create_bookings(%L)', jsonb_build_object('mode', 'all', 'bookings', jsonb_build_array(fixture.wish(470, '{4A}')))),
    format('SELECT booking.booking_items(%s)', :held), 'SELECT booking.seat_map(470)']) AS s;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT status FROM booking.pay(:held, 100, 'EUR'); ROLLBACK;
-- a trip that is partly flown: what has not left can be cancelled and changed, by item; cancelling without items cancels that
SELECT fixture.flight(480, 20), fixture.flight(481, 25, 'JFK', 'LHR');
SELECT booking_id AS b FROM booking.create_booking(fixture.travel('{Ada,Alan}', '{480,481}')) \gset
CREATE FUNCTION fixture.item_actions(booking bigint) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' | ', j ->> 'available_actions', (SELECT string_agg(i ->> 'available_actions', ' ') FROM jsonb_array_elements(j -> 'items') AS i))
      FROM (SELECT body::jsonb AS j FROM fixture.api('GET', '/v1/bookings/' || booking)) AS b;
$$;
SELECT fixture.item_actions(:b);
SELECT fixture.leave(480, '1 hour');
UPDATE flights SET status = 'departed', actual_departure = scheduled_departure WHERE flight_id = 480;
UPDATE booking_items SET status = 'flown' WHERE booking_id = :b AND item_no = 1;
SELECT fixture.item_actions(:b);
SELECT items::jsonb AS items, refund_amount FROM booking.quote_cancellation(:b);
SELECT * FROM booking.quote_cancellation(:b, '{2,3}');
SELECT items::jsonb AS items FROM booking.cancel(:b);
SELECT fixture.item_actions(:b);
SELECT * FROM booking.quote_cancellation(:b);
SELECT * FROM booking.check_invariants();
-- a currency without decimals has none in any price, penalty or fee, and takes none
BEGIN;
SELECT fixture.flight(490, 20), fixture.flight(491, 21);
UPDATE flights SET currency = 'JPY', base_price = 12345 WHERE flight_id IN (490, 491);
UPDATE seats SET price = CASE flight_id WHEN 490 THEN 12345 ELSE 11111 END WHERE flight_id IN (490, 491);
SELECT fare, total_amount, currency FROM unnest('{basic,standard,flex}'::text[]) WITH ORDINALITY AS f (fare, n), LATERAL booking.create_booking(fixture.wish(490, ARRAY['3' || chr(64 + n::int)], fare => fare)) ORDER BY n;
SELECT booking_id AS b FROM booking_items WHERE flight_id = 490 AND seat_number = '3C' \gset
\set VERBOSITY terse
SAVEPOINT refused;
SELECT * FROM booking.pay(:b, 16048.50, 'JPY');
ROLLBACK TO refused;
SELECT * FROM booking.pay(:b, 16048, 'jpy');
ROLLBACK TO refused;
\set VERBOSITY sqlstate
SELECT status FROM booking.pay(:b, 16049.00, 'JPY');
SELECT status, total_amount FROM booking.create_booking(jsonb_set(fixture.wish(491, '{3A}', 'instant', '14444', 'flex') #- '{slices,0,passengers,0,seat}', '{slices,0,passengers,0,cabin_class}', '"economy"') || '{"payment":{"amount":"14444","currency":"JPY"}}') AS b;
SELECT booking_id AS b FROM booking.create_booking(fixture.wish(490, '{4A}', 'instant', '1') || '{"payment":{"amount":"12345","currency":"JPY"}}') \gset
UPDATE bookings SET created_at = created_at - interval '2 days', confirmed_at = confirmed_at - interval '2 days' WHERE booking_id = :b;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:b);
SELECT change_amount, fee_amount FROM booking.quote_change(:b, fixture.move(1, 491, '4A'));
SELECT * FROM booking.check_invariants();
UPDATE seats SET price = 99.50 WHERE flight_id = 491 AND seat_number = '5A';
SELECT * FROM booking.check_invariants();
ROLLBACK;
SELECT currency, public.currency_decimals(currency) FROM unnest('{EUR,JPY,KWD,ISK}'::text[]) AS currency;
