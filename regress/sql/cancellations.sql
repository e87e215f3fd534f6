-- Cancelling: quote, confirm; penalties by fare and time; seats free and money back in one transaction
\set VERBOSITY sqlstate
SELECT fixture.flight(40, 3);
SELECT fixture.flight(41, 20);
-- a paid booking of some seats
CREATE FUNCTION fixture.sold(flight bigint, seats text[], amount text, fare text DEFAULT 'standard') RETURNS bigint LANGUAGE sql AS $$
    SELECT booking_id FROM booking.create_booking(fixture.wish(flight, seats, 'instant', amount, fare));
$$;
SELECT fixture.sold(40, '{3A,3B}', '200') AS near \gset
SELECT fixture.sold(41, '{3A,3B}', '200') AS far \gset
SELECT fixture.sold(41, '{3C}', '85', 'basic') AS basic \gset
SELECT fixture.sold(40, '{3C}', '85', 'basic') AS basic_near \gset
SELECT fixture.sold(40, '{3D}', '130', 'flex') AS flex \gset
-- within 24 hours of purchase, 7 days ahead: all of it back, even at the basic fare; not for a flight in 3 days
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:basic);
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:basic_near);
UPDATE bookings SET created_at = created_at - interval '2 days', confirmed_at = now() - interval '2 days' WHERE booking_id IN (:near, :far, :basic, :flex);
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:basic);
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:near);
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:far);
SELECT items, refund_amount, penalty_amount, status FROM booking.quote_cancellation(:flex);
-- a quote changes nothing; confirming it does
SELECT status, version FROM bookings WHERE booking_id = :near;
SELECT cancellation_id AS quote FROM booking.quote_cancellation(:near, '{2}') \gset
SELECT items, refund_amount, penalty_amount, status, confirmed_at IS NOT NULL AS done FROM booking.confirm_cancellation(:quote);
SELECT * FROM booking.confirm_cancellation(:quote);
SELECT status, total_amount, version FROM bookings WHERE booking_id = :near;
SELECT item_no, seat_number, i.status, penalty_amount, s.status FROM booking_items i JOIN seats s USING (flight_id, seat_number) WHERE booking_id = :near ORDER BY 1;
SELECT amount, cancellation_id = :quote AS for_quote FROM payments WHERE booking_id = :near ORDER BY payment_id;
SELECT item_no, event_type, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :near ORDER BY event_id;
-- the newest quote only, of the booking as it is
SELECT cancellation_id AS older FROM booking.quote_cancellation(:far, '{1}') \gset
SELECT cancellation_id AS newer FROM booking.quote_cancellation(:far, '{2}') \gset
SELECT * FROM booking.confirm_cancellation(:older);
UPDATE cancellations SET expires_at = now() WHERE cancellation_id = :newer;
SELECT * FROM booking.confirm_cancellation(:newer);
SELECT items, refund_amount, penalty_amount, status FROM booking.cancel(:far);
SELECT status, total_amount, cancelled_at IS NOT NULL AS cancelled FROM bookings WHERE booking_id = :far;
SELECT * FROM booking.cancel(:far);
SELECT * FROM booking.quote_cancellation(:near, '{2}');
SELECT * FROM booking.quote_cancellation(:near, '{7}');
SELECT * FROM booking.quote_cancellation(:near, '{}');
SELECT * FROM booking.quote_cancellation(987654321);
SELECT * FROM booking.confirm_cancellation(987654321);
-- the same item twice is one item
SELECT items, refund_amount FROM booking.quote_cancellation(:near, '{1,1}');
-- the seat can be sold again
SELECT status FROM booking.create_booking(fixture.wish(40, '{3B}'));
-- a hold costs nothing to drop, in part or in whole
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(40, '{4A,4B}')) \gset
SELECT refund_amount, penalty_amount FROM booking.cancel(:held, '{1}');
SELECT status, total_amount FROM bookings WHERE booking_id = :held;
SELECT status, total_amount FROM booking.pay(:held, 100, 'EUR');
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(40, '{5A}')) \gset
SELECT refund_amount, penalty_amount FROM booking.cancel(:held);
SELECT status, total_amount FROM bookings WHERE booking_id = :held;
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(40, '{5A}')) \gset
SELECT fixture.lapse(:held);
SELECT * FROM booking.cancel(:held);
SELECT booking.expire_holds();
-- the airline's own cancellation: all of it back; a flight that has left: nothing to cancel
UPDATE flights SET status = 'cancelled' WHERE flight_id = 40;
SELECT refund_amount, penalty_amount FROM booking.quote_cancellation(:basic_near);
UPDATE flights SET status = 'departed', actual_departure = now() WHERE flight_id = 40;
SELECT * FROM booking.quote_cancellation(:basic_near);
SELECT * FROM booking.check_invariants();
-- wrong arguments, by SQL and by HTTP
SELECT left(items::text, 10) AS items, fixture.refusal(format('SELECT FROM booking.quote_cancellation(999999, %L)', translate(items::text, '[]', '{}'))) AS quote,
       fixture.refusal(format('SELECT FROM booking.cancel(999999, %L)', translate(items::text, '[]', '{}'))) AS cancel,
       fixture.refusal('POST', '/v1/bookings/999999/cancellations', jsonb_build_object('items', items)) AS by_http
  FROM (VALUES (jsonb '[]'), ('[0]'), ('[-1]'), ('[1, 55]'), ('[1, null]'), ('[[1], [2]]'), ('[1, 1]'), ('[1, 54]'),
               ((SELECT jsonb_agg(1) FROM generate_series(1, 54))), ((SELECT jsonb_agg(1) FROM generate_series(1, 55)))) AS t (items);
SELECT fixture.refusal('SELECT FROM booking.quote_cancellation(NULL)'), fixture.refusal('SELECT FROM booking.cancel(NULL)'),
       fixture.refusal('SELECT FROM booking.confirm_cancellation(NULL)');
SELECT fixture.refusal('SELECT FROM booking.quote_cancellation(999999, NULL, 0)'),
       fixture.refusal('SELECT FROM booking.cancel(999999, NULL, 0)');
