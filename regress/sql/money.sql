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
