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
SELECT body::json -> 'available_actions' AS actions FROM booking.booking_api('GET', '/v1/bookings/' || :b);
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
    SELECT body::json ->> 'available_actions' FROM booking.booking_api('GET', '/v1/bookings/' || booking);
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
