-- Other seats, other flights: quote, confirm; the new claimed before the old is freed, the difference settled
\set VERBOSITY sqlstate
SELECT fixture.flight(80, 20);
SELECT fixture.flight(81, 21);
UPDATE seats SET price = 120 WHERE flight_id = 81 AND cabin_class = 'economy';
UPDATE seats SET price = 80 WHERE flight_id = 80 AND seat_number IN ('5C', '5D');
SELECT fixture.sold(80, '{3A,3B}', '200') AS b \gset
-- another seat at the same price: even, in one call, nothing in the ledger
SELECT status, total_amount, version FROM booking.change_seat(:b, 1::smallint, '4A');
SELECT seat_number, status FROM seats WHERE flight_id = 80 AND seat_number IN ('3A', '4A') ORDER BY 1;
SELECT * FROM booking.change_seat(:b, 1::smallint, '3B');
SELECT * FROM booking.change_seat(:b, 1::smallint, '9A');
SELECT * FROM booking.change_seat(:b, 9::smallint, '5A');
SELECT * FROM booking.change_seat(:b, 1::smallint, '5A', 10, 'EUR');
-- a cheaper seat refunds, a dearer one collects
SELECT total_amount FROM booking.change_seat(:b, 1::smallint, '5C');
SELECT * FROM booking.change_seat(:b, 1::smallint, '1A');
SELECT * FROM booking.change_seat(:b, 1::smallint, '1A', 419, 'EUR');
SELECT total_amount FROM booking.change_seat(:b, 1::smallint, '1A', 420, 'EUR');
SELECT amount, change_id IS NOT NULL AS of_change FROM payments WHERE booking_id = :b ORDER BY payment_id;
SELECT item_no, event_type, seat_number, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :b ORDER BY event_id;
-- another flight for one passenger: fee by the fare, the other item keeps its price although seats there cost more now
UPDATE seats SET price = 999 WHERE flight_id = 80 AND seat_number = '3B';
SELECT jsonb_path_query_array(items::jsonb, '$[*].flight_id') AS flights, change_amount, fee_amount, status
  FROM booking.quote_change(:b, '{"items":[{"item_no":1,"flight_id":81,"seat":"3A"}]}');
SELECT fixture.flight(82, 3);
SELECT fixture.sold(82, '{3A}', '100') AS near \gset
SELECT change_id AS quote, change_amount, fee_amount FROM booking.quote_change(:near, '{"items":[{"item_no":1,"flight_id":81,"seat":"3B"}]}') \gset
SELECT :change_amount AS change_amount, :fee_amount AS fee_amount;
SELECT seat_number, status FROM seats WHERE flight_id = 81 AND seat_number = '3B';
-- the quoted price holds though the seat's has risen
UPDATE seats SET price = 500 WHERE flight_id = 81 AND seat_number = '3B';
SELECT * FROM booking.confirm_change(:quote);
SELECT * FROM booking.confirm_change(:quote, 1, 'EUR');
SELECT status FROM booking.confirm_change(:quote, :change_amount, 'EUR', 'voucher');
SELECT * FROM booking.confirm_change(:quote, :change_amount, 'EUR');
SELECT flight_id, seat_number, price, fee_amount, i.status FROM booking_items i WHERE booking_id = :near;
SELECT total_amount FROM bookings WHERE booking_id = :near;
SELECT flight_id, seat_number, status FROM seats WHERE (flight_id, seat_number) IN ((82, '3A'), (81, '3B')) ORDER BY 1;
SELECT flight_id, event_type, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :near ORDER BY event_id;
-- a fee is kept when the item is cancelled
SELECT refund_amount, penalty_amount FROM booking.cancel(:near);
SELECT total_amount, (SELECT sum(amount) FROM payments p WHERE p.booking_id = b.booking_id) AS paid FROM bookings b WHERE booking_id = :near;
-- quotes go stale: a newer one, a change, time, and a seat that went
SELECT change_id AS older FROM booking.quote_change(:b, '{"items":[{"item_no":2,"seat":"4C"}]}') \gset
SELECT change_id AS newer FROM booking.quote_change(:b, '{"items":[{"item_no":2,"seat":"4D"}]}') \gset
SELECT * FROM booking.confirm_change(:older);
UPDATE booking_changes SET expires_at = now() WHERE change_id = :newer;
SELECT * FROM booking.confirm_change(:newer);
SELECT change_id AS newer FROM booking.quote_change(:b, '{"items":[{"item_no":2,"seat":"4D"}]}') \gset
SELECT status FROM booking.create_booking(fixture.wish(80, '{4D}', 'instant', '100'));
SELECT * FROM booking.confirm_change(:newer);
SELECT * FROM booking.confirm_change(987654321);
-- what is not allowed
SELECT fixture.sold(80, '{2A}', '425.00', 'basic') AS basic \gset
SELECT * FROM booking.quote_change(:basic, '{"items":[{"item_no":1,"flight_id":81,"seat":"4A"}]}');
SELECT change_amount FROM booking.quote_change(:basic, '{"items":[{"item_no":1,"seat":"2B"}]}');
SELECT * FROM booking.quote_change(:b, '{"items":[{"item_no":1,"flight_id":999,"seat":"4A"}]}');
SELECT * FROM booking.quote_change(:b, '{"items":[{"item_no":1,"flight_id":23,"seat":"4A"}]}');
SELECT * FROM booking.quote_change(:b, '{"items":[{"item_no":1,"flight_id":22,"seat":"4A"}]}');
SELECT * FROM booking.quote_change(:b, '{"items":[{"item_no":1,"seat":"4A"},{"item_no":1,"seat":"4B"}]}');
SELECT * FROM booking.quote_change(:b, '{"items":[]}');
SELECT * FROM booking.quote_change(987654321, '{"items":[{"item_no":1,"seat":"4A"}]}');
UPDATE flights SET status = 'departed', actual_departure = now() WHERE flight_id = 80;
SELECT * FROM booking.quote_change(:b, '{"items":[{"item_no":1,"seat":"4A"}]}');
-- a hold moves without money and stays a hold until its own deadline
SELECT booking_id AS held FROM booking.create_booking(fixture.wish(81, '{4A}')) \gset
SELECT change_amount, fee_amount FROM booking.quote_change(:held, '{"items":[{"item_no":1,"flight_id":82,"seat":"1A"}]}');
SELECT status, total_amount FROM booking.change_seat(:held, 1::smallint, '4B');
SELECT s.status, held_until = payment_required_by AS until_deadline FROM seats s, bookings WHERE flight_id = 81 AND seat_number = '4B' AND booking_id = :held;
SELECT status, total_amount FROM booking.pay(:held, 120, 'EUR');
-- a passenger cannot be moved onto a flight where the same passenger is
SELECT booking_id AS twice FROM booking.create_booking('{"type":"hold","customer_id":1,"slices":[{"flight_id":81,"passengers":[{"name":"Ann","seat":"5A"}]},{"flight_id":82,"passengers":[{"name":"Ann","seat":"5A"}]}]}') \gset
SELECT change_id AS quote FROM booking.quote_change(:twice, '{"items":[{"item_no":1,"flight_id":82,"seat":"5B"}]}') \gset
SELECT * FROM booking.confirm_change(:quote);
-- the same over REST
SELECT status, body::json -> 'items' #> '{0,seat_number}' AS seat, left(headers ->> 'ETag', 3) AS etag FROM fixture.api('PUT', '/v1/bookings/' || :held || '/items/1/seat', body => '{"seat":"4C"}', context => '{"if_match":"\"3\""}');
SELECT body::json ->> 'change_id' AS change, status, body::json ->> 'change_amount' AS due FROM fixture.api('POST', '/v1/bookings/' || :held || '/changes', body => '{"items":[{"item_no":1,"seat":"1A"}]}') \gset rest_
SELECT :rest_status AS status, :rest_due AS due;
SELECT status, body::json ->> 'status' AS state FROM fixture.api('POST', '/v1/changes/' || :rest_change || '/actions/confirm', body => '{"payment":{"amount":"380.00","currency":"EUR"}}');
SELECT * FROM fixture.api('PUT', '/v1/bookings/' || :held || '/items/99/seat', body => '{"seat":"4C"}');
SELECT * FROM booking.check_invariants();
-- wrong arguments, by SQL and by HTTP: the item and the seat of a move
SELECT t.*, fixture.refusal(format('SELECT FROM booking.change_seat(999999, %L, %L)', item, seat)) AS change_seat,
       fixture.refusal(format('SELECT FROM booking.quote_change(999999, %L)', q.body)) AS quote_change,
       fixture.refusal('POST', '/v1/bookings/999999/changes', q.body) AS by_http,
       fixture.refusal('PUT', '/v1/bookings/999999/items/' || COALESCE(item::text, 'none') || '/seat', jsonb_build_object('seat', seat)) AS seat_by_http
  FROM (VALUES (1, '4A'), (54, '4A'), (-1, '4A'), (0, '4A'), (55, '4A'), (NULL, '4A'), (1, NULL), (1, ''), (1, ' '), (1, '123A')) AS t (item, seat),
       LATERAL (SELECT jsonb_build_object('items', jsonb_build_array(jsonb_build_object('item_no', item, 'seat', seat)))) AS q (body);
SELECT items, fixture.refusal(format('SELECT FROM booking.quote_change(999999, %L)', items)) AS by_sql,
       fixture.refusal('POST', '/v1/bookings/999999/changes', items) AS by_http
  FROM (VALUES (jsonb '{}'), ('[]'), ('{"items":{}}'), ('{"items":[1]}'), ('{"items":[{"item_no":"one","seat":"4A"}]}'),
               ('{"items":[{"item_no":1,"seat":4}]}'), ('{"items":[{"item_no":1,"seat":"4A","flight_id":0}]}')) AS t (items);
SELECT fixture.refusal('SELECT FROM booking.quote_change(NULL, ''{}'')'), fixture.refusal('SELECT FROM booking.quote_change(1, NULL)'),
       fixture.refusal('SELECT FROM booking.confirm_change(NULL)'), fixture.refusal('SELECT FROM booking.change_seat(NULL, 1::smallint, ''4A'')');
-- and its tender: all of it, or nothing
SELECT p.*, fixture.refusal(format('SELECT FROM booking.confirm_change(999999, %L, %L, %L)', amount, currency, method)) AS confirm_change,
       fixture.refusal(format('SELECT FROM booking.change_seat(%s, 1::smallint, %L, %L, %L, %L)', :held, '4A', amount, currency, method)) AS change_seat,
       fixture.refusal('POST', '/v1/changes/999999/actions/confirm', jsonb_build_object('payment', to_jsonb(p))) AS by_http,
       fixture.refusal('PUT', '/v1/bookings/' || :held || '/items/1/seat', jsonb_build_object('seat', '4A', 'payment', to_jsonb(p))) AS seat_by_http
  FROM (VALUES (100, NULL, NULL), (NULL, 'EUR', NULL), (NULL, NULL, 'cash'), (NULL, NULL, 'nonsense'), (-1, 'EUR', 'card'),
               (0.001, 'EUR', 'card'), (100, 'euro', 'card'), (100, 'EUR', 'nonsense'), (100, 'EUR', NULL)) AS p (amount, currency, method);
SELECT v, fixture.refusal(format('SELECT FROM booking.quote_change(999999, %L, %s)', fixture.move(1, 80, '4A'), v)) AS quote_change,
       fixture.refusal(format('SELECT FROM booking.change_seat(999999, 1::smallint, ''4A'', if_version => %s)', v)) AS change_seat
  FROM unnest('{-1,0,1}'::int[]) AS v;
-- items exchange their seats: two of them, three in a circle, and one goes where another leaves; over two flights too
BEGIN;
SELECT fixture.flight(84, 20), fixture.flight(85, 30);
CREATE FUNCTION fixture.at(booking bigint) RETURNS text LANGUAGE sql AS $$ SELECT string_agg(format('%s at %s of %s', i.item_no, i.seat_number, i.flight_id), ', ' ORDER BY i.item_no) FROM booking_items AS i WHERE i.booking_id = booking AND i.status NOT IN ('cancelled', 'expired') $$;
CREATE FUNCTION fixture.moved(booking bigint, VARIADIC seats text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    c bigint;
BEGIN
    SELECT change_id INTO c FROM booking.quote_change(booking, jsonb_build_object('items', (SELECT jsonb_agg(jsonb_build_object('item_no', split_part(s, ':', 1)::int, 'seat', split_part(s, ':', 2)) || CASE WHEN s ~ ':.*:' THEN jsonb_build_object('flight_id', split_part(s, ':', 3)::int) ELSE '{}' END) FROM unnest(seats) AS s)));
    PERFORM booking.confirm_change(c);
    RETURN fixture.at(booking);
END $$;
SELECT fixture.sold(84, '{3A,3B,3C,3D}', '400') AS b \gset
SELECT fixture.moved(:b, '1:3B', '2:3A');
SELECT fixture.moved(:b, '1:3C', '3:3A', '2:3B');
SELECT fixture.moved(:b, '1:4A', '2:3C');
SELECT seat_number, status FROM seats WHERE flight_id = 84 AND seat_number IN ('3A', '3B', '3C', '3D', '4A') ORDER BY 1;
SELECT item_no, event_type, seat_number, seat_delta, revenue_delta FROM booking_events WHERE booking_id = :b AND event_type = 'seat_changed' ORDER BY event_id;
SAVEPOINT refused;
SELECT fixture.moved(:b, '1:3D');
ROLLBACK TO refused;
SELECT fixture.moved(:b, '1:3A', '2:3A', '3:5D');
ROLLBACK TO refused;
SELECT fixture.moved(:b, '1:5D', '2:5D');
ROLLBACK TO refused;
SELECT booking_id AS h FROM booking.create_booking(fixture.wish(84, '{5A,5B}')) \gset
SELECT fixture.moved(:h, '1:5B', '2:5A'), (SELECT string_agg(DISTINCT status, ',') FROM seats WHERE flight_id = 84 AND seat_number IN ('5A', '5B')) AS seats;
SELECT booking_id AS t FROM booking.create_booking(fixture.trip(2, '84:5C', '85:5D')) \gset
SELECT fixture.at(:t), fixture.moved(:t, '1:5D:85', '2:5C:84');
SELECT * FROM booking.check_invariants();
-- any seat of a cabin: the cheapest, for a child none in an exit row; the quote names it
UPDATE seats SET price = 60 WHERE flight_id = 85 AND seat_number IN ('3A', '5A');
UPDATE seats SET status = 'blocked' WHERE flight_id = 84 AND cabin_class = 'business' AND seat_number NOT IN ('1C', '1D');
UPDATE booking_items SET passenger_type = 'child' WHERE booking_id = :b AND item_no = 2;
SELECT items::jsonb #>> '{0,seat_number}' AS seat, items::jsonb #>> '{0,new_price}' AS price FROM booking.quote_change(:b, '{"items":[{"item_no":2,"flight_id":85,"cabin_class":"economy"}]}');
SELECT jsonb_path_query_array(items::jsonb, '$[*].seat_number') AS seats, jsonb_path_query_array(items::jsonb, '$[*].flight_id') AS flights FROM booking.quote_change(:b, '{"items":[{"item_no":1,"cabin_class":"business"},{"item_no":2,"cabin_class":"business"},{"item_no":3,"seat":"4B"}]}');
SELECT seat_number, status FROM seats WHERE flight_id = 84 AND seat_number IN ('1C', '1D') ORDER BY 1;
\set VERBOSITY terse
SELECT fixture.answer(format('SELECT booking.quote_change(%s, %L)', :b, jsonb_build_object('items', jsonb_build_array(move))))
  FROM (VALUES ('{"item_no":1}'::jsonb), ('{"item_no":1,"seat":"3A","cabin_class":"economy"}'), ('{"item_no":1,"cabin_class":"economie"}'), ('{"item_no":1,"cabin_class":"first"}'), ('{"item_no":9,"cabin_class":"economy"}'), ('{"item_no":1,"flight_id":999999,"cabin_class":"economy"}')) AS m (move);
\set VERBOSITY sqlstate
-- a passenger whom another booking of the customer has on the flight does not go there a second time
SELECT booking_id AS one FROM booking.create_booking(fixture.trip(3, '84:4C')) \gset
SELECT booking_id AS other FROM booking.create_booking(fixture.trip(3, '85:4C')) \gset
SAVEPOINT refused;
SELECT fixture.moved(:other, '1:4D:84');
ROLLBACK TO refused;
SELECT count(*) FROM booking.cancel(:one);
SELECT fixture.moved(:other, '1:4D:84'), fixture.at(:other);
ROLLBACK;
