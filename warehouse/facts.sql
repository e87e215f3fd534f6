-- facts.sql: the rows that the facts should have. Loaded by ddl_warehouse_schema.sql; load it alone after a change:
--     psql -1 -d flight_booking_reports -f facts.sql
--
-- A parameter holds the keys to look at; null stands for all. A fact is chosen by booking_id, or, where it counts the
-- bookings of a flight, by flight_id. The column list of a fact stands here and nowhere else: loads.sql writes the columns
-- that a function returns into the columns of these names. Each function is one SELECT that the planner takes into the
-- statement that calls it. So none is STRICT or SECURITY DEFINER, and none has settings of its own.

\set ON_ERROR_STOP on
SET ROLE booking_owner;

DROP FUNCTION IF EXISTS warehouse.fact_booking_event_rows(bigint[]), warehouse.fact_booking_item_rows(bigint[]),
    warehouse.fact_payment_rows(bigint[]), warehouse.fact_flight_cabin_rows(bigint[]),
    warehouse.fact_booking_curve_rows(bigint[]), warehouse.lead_bands();

-- An array, since width_bucket() looks it up by bisection.
CREATE FUNCTION warehouse.lead_bands() RETURNS integer[]
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT array_agg(days_from ORDER BY lead_band_key) FROM warehouse.dim_lead_band WHERE lead_band_key > 0 $$;
COMMENT ON FUNCTION warehouse.lead_bands() IS
    'Lower bounds of the bands of dim_lead_band, whose keys count from 1: width_bucket(days, lead_bands()) is the key, 0 below them all.';

CREATE FUNCTION warehouse.fact_booking_event_rows(booking_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (event_id bigint, booking_id bigint, item_no smallint, flight_id bigint, flight_key integer,
                   route_key integer, aircraft_key integer, cabin_key integer, fare_key integer, channel_key integer,
                   customer_key integer, lead_band_key integer, event_date_key integer, departure_date_key integer,
                   days_before integer, event_type text, occurred_at timestamptz, seat_delta smallint,
                   revenue_delta numeric, penalty_amount numeric, currency text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT e.event_id, e.booking_id, e.item_no, e.flight_id, coalesce(then_flight.flight_key, -1),
       coalesce(flight.route_key, -1), coalesce(flight.aircraft_key, -1), coalesce(cabin.cabin_key, -1),
       coalesce(fare.fare_key, -1), coalesce(channel.channel_key, -1), coalesce(customer.customer_key, -1),
       coalesce(width_bucket(on_day.days_before, (SELECT warehouse.lead_bands())), -1), warehouse.date_key(on_day.utc),
       coalesce(flight.departure_date_key, -1), on_day.days_before, e.event_type, e.occurred_at, e.seat_delta,
       e.revenue_delta,
       CASE WHEN e.event_type = 'cancelled' AND e.seat_delta = -1 THEN coalesce(i.penalty_amount, 0) ELSE 0 END,
       b.currency::text
  FROM public.booking_events AS e
  JOIN public.bookings AS b ON b.booking_id = e.booking_id
  LEFT JOIN public.booking_items AS i ON i.booking_id = e.booking_id AND i.item_no = e.item_no
  LEFT JOIN public.seats AS seat ON seat.flight_id = e.flight_id AND seat.seat_number = e.seat_number
  LEFT JOIN warehouse.dim_cabin AS cabin ON cabin.cabin_class = seat.cabin_class
  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code
  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel
  LEFT JOIN warehouse.dim_customer AS customer
    ON customer.customer_id = b.customer_id
   AND e.occurred_at >= customer.valid_from AND e.occurred_at < customer.valid_to
  LEFT JOIN warehouse.dim_flight AS then_flight
    ON then_flight.flight_id = e.flight_id
   AND e.occurred_at >= then_flight.valid_from AND e.occurred_at < then_flight.valid_to
  LEFT JOIN warehouse.dim_flight AS flight ON flight.flight_id = e.flight_id AND flight.is_current
 CROSS JOIN LATERAL (SELECT timezone('UTC', e.occurred_at)::date,
                            flight.departure_date - timezone(flight.time_zone, e.occurred_at)::date
                     OFFSET 0) AS on_day (utc, days_before)
 WHERE booking_ids IS NULL OR e.booking_id = ANY (booking_ids)
$$;
COMMENT ON FUNCTION warehouse.fact_booking_event_rows(bigint[]) IS
    'The rows of fact_booking_event of the chosen bookings. An event whose booking has not arrived has none.';

CREATE FUNCTION warehouse.fact_booking_item_rows(booking_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (booking_id bigint, item_no smallint, flight_id bigint, flight_key integer, route_key integer,
                   aircraft_key integer, cabin_key integer, fare_key integer, channel_key integer, customer_key integer,
                   lead_band_key integer, booked_date_key integer, confirmed_date_key integer, cancelled_date_key integer,
                   departure_date_key integer, passenger_type text, status text, booked_at timestamptz,
                   held_at timestamptz, confirmed_at timestamptz, cancelled_at timestamptz, expired_at timestamptz,
                   checked_in_at timestamptz, closed_at timestamptz, lead_days integer, price numeric,
                   gross_amount numeric, refund_amount numeric, penalty_amount numeric, currency text, is_held smallint,
                   is_confirmed smallint, is_cancelled smallint, is_expired smallint, is_flown smallint,
                   is_no_show smallint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT i.booking_id, i.item_no, i.flight_id, coalesce(then_flight.flight_key, -1), coalesce(flight.route_key, -1),
       coalesce(flight.aircraft_key, -1), coalesce(cabin.cabin_key, -1), coalesce(fare.fare_key, -1),
       coalesce(channel.channel_key, -1), coalesce(customer.customer_key, -1),
       coalesce(width_bucket(on_day.lead, (SELECT warehouse.lead_bands())),
                CASE WHEN e.confirmed_at IS NULL THEN -2 ELSE -1 END),
       warehouse.date_key(on_day.booked), warehouse.date_key(on_day.confirmed), warehouse.date_key(on_day.cancelled),
       coalesce(flight.departure_date_key, -1), i.passenger_type, i.status, booked.at, e.held_at, e.confirmed_at,
       e.cancelled_at, e.expired_at, e.checked_in_at, e.closed_at, on_day.lead, i.price, coalesce(e.gross_amount, 0),
       coalesce(e.refund_amount, 0), i.penalty_amount, b.currency::text, (e.held_at IS NOT NULL)::integer::smallint,
       (e.confirmed_at IS NOT NULL)::integer::smallint, (i.status = 'cancelled')::integer::smallint,
       (i.status = 'expired')::integer::smallint, (i.status = 'flown')::integer::smallint,
       (i.status = 'no_show')::integer::smallint
  FROM public.booking_items AS i
  JOIN public.bookings AS b ON b.booking_id = i.booking_id
  LEFT JOIN (SELECT booking_id, item_no, min(occurred_at) AS first_at,
                    min(occurred_at) FILTER (WHERE event_type = 'held') AS held_at,
                    min(occurred_at) FILTER (WHERE event_type = 'confirmed') AS confirmed_at,
                    max(occurred_at) FILTER (WHERE event_type = 'cancelled') AS cancelled_at,
                    max(occurred_at) FILTER (WHERE event_type = 'expired') AS expired_at,
                    max(occurred_at) FILTER (WHERE event_type = 'checked_in') AS checked_in_at,
                    max(occurred_at) FILTER (WHERE event_type IN ('flown', 'no_show')) AS closed_at,
                    sum(greatest(revenue_delta, 0)) AS gross_amount,
                    sum(greatest(- revenue_delta, 0)) AS refund_amount
               FROM public.booking_events
              WHERE booking_ids IS NULL OR booking_id = ANY (booking_ids)
              GROUP BY booking_id, item_no) AS e
    ON e.booking_id = i.booking_id AND e.item_no = i.item_no
 CROSS JOIN LATERAL (SELECT coalesce(e.first_at, i.created_at)) AS booked (at)
  LEFT JOIN public.seats AS seat ON seat.flight_id = i.flight_id AND seat.seat_number = i.seat_number
  LEFT JOIN warehouse.dim_cabin AS cabin ON cabin.cabin_class = seat.cabin_class
  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code
  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel
  LEFT JOIN warehouse.dim_customer AS customer
    ON customer.customer_id = b.customer_id AND booked.at >= customer.valid_from AND booked.at < customer.valid_to
  LEFT JOIN warehouse.dim_flight AS then_flight
    ON then_flight.flight_id = i.flight_id AND booked.at >= then_flight.valid_from AND booked.at < then_flight.valid_to
  LEFT JOIN warehouse.dim_flight AS flight ON flight.flight_id = i.flight_id AND flight.is_current
 CROSS JOIN LATERAL (SELECT timezone('UTC', booked.at)::date, timezone('UTC', e.confirmed_at)::date,
                            timezone('UTC', e.cancelled_at)::date,
                            flight.departure_date - timezone(flight.time_zone, e.confirmed_at)::date
                     OFFSET 0) AS on_day (booked, confirmed, cancelled, lead)
 WHERE booking_ids IS NULL OR i.booking_id = ANY (booking_ids)
$$;
COMMENT ON FUNCTION warehouse.fact_booking_item_rows(bigint[]) IS
    'The rows of fact_booking_item of the chosen bookings. An item whose booking has not arrived has none.';

CREATE FUNCTION warehouse.fact_payment_rows(booking_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (payment_id bigint, booking_id bigint, customer_key integer, fare_key integer, channel_key integer,
                   payment_date_key integer, method text, paid_at timestamptz, amount numeric, currency text,
                   is_refund smallint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT p.payment_id, p.booking_id, coalesce(customer.customer_key, -1), coalesce(fare.fare_key, -1),
       coalesce(channel.channel_key, -1), warehouse.date_key(paid.on_day), p.method, p.created_at, p.amount,
       p.currency::text, (p.amount < 0)::integer::smallint
  FROM public.payments AS p
  JOIN public.bookings AS b ON b.booking_id = p.booking_id
  LEFT JOIN warehouse.dim_fare AS fare ON fare.fare_code = b.fare_code
  LEFT JOIN warehouse.dim_channel AS channel ON channel.channel = b.channel
  LEFT JOIN warehouse.dim_customer AS customer
    ON customer.customer_id = b.customer_id
   AND p.created_at >= customer.valid_from AND p.created_at < customer.valid_to
 CROSS JOIN LATERAL (SELECT timezone('UTC', p.created_at)::date OFFSET 0) AS paid (on_day)
 WHERE booking_ids IS NULL OR p.booking_id = ANY (booking_ids)
$$;
COMMENT ON FUNCTION warehouse.fact_payment_rows(bigint[]) IS
    'The rows of fact_payment of the chosen bookings. A payment whose booking has not arrived has none.';

CREATE FUNCTION warehouse.fact_flight_cabin_rows(flight_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (flight_id bigint, cabin_key integer, flight_key integer, route_key integer, aircraft_key integer,
                   departure_date_key integer, capacity integer, blocked integer, seats integer, booked integer,
                   checked_in integer, flown integer, passengers integer, no_show integer, distance_km integer, ask bigint,
                   rpk bigint, flown_revenue numeric, net_revenue numeric, currency text,
                   departure_delay_minutes integer, arrival_delay_minutes integer, is_operated smallint,
                   is_cancelled smallint)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT f.flight_id, seat.cabin_key, flight.flight_key, flight.route_key, flight.aircraft_key, flight.departure_date_key,
       seat.capacity::integer, seat.blocked::integer, (seat.capacity - seat.blocked)::integer,
       coalesce(sold.booked, 0)::integer, coalesce(sold.checked_in, 0)::integer, coalesce(sold.flown, 0)::integer,
       coalesce(sold.passengers, 0)::integer, coalesce(sold.no_show, 0)::integer, f.distance_km,
       CASE WHEN operated.yes THEN (seat.capacity - seat.blocked) * f.distance_km ELSE 0 END,
       CASE WHEN operated.yes THEN coalesce(sold.passengers, 0) * f.distance_km ELSE 0 END,
       coalesce(sold.flown_revenue, 0), coalesce(sold.net_revenue, 0), f.currency::text,
       (date_part('epoch', f.actual_departure - f.scheduled_departure) / 60)::integer,
       (date_part('epoch', f.actual_arrival - f.scheduled_arrival) / 60)::integer,
       operated.yes::integer::smallint, (f.status = 'cancelled')::integer::smallint
  FROM public.flights AS f
  JOIN warehouse.dim_flight AS flight ON flight.flight_id = f.flight_id AND flight.is_current
  JOIN (SELECT s.flight_id, c.cabin_key, count(*) AS capacity, count(*) FILTER (WHERE s.status = 'blocked') AS blocked
          FROM public.seats AS s
          JOIN warehouse.dim_cabin AS c ON c.cabin_class = s.cabin_class
         WHERE flight_ids IS NULL OR s.flight_id = ANY (flight_ids)
         GROUP BY s.flight_id, c.cabin_key) AS seat ON seat.flight_id = f.flight_id
  LEFT JOIN (SELECT flight_id, cabin_key,
                    count(*) FILTER (WHERE status IN ('confirmed', 'checked_in', 'flown', 'no_show')) AS booked,
                    count(*) FILTER (WHERE status = 'checked_in') AS checked_in,
                    sum(is_flown) AS flown,
                    count(*) FILTER (WHERE is_flown = 1 AND passenger_type <> 'infant') AS passengers,
                    sum(is_no_show) AS no_show,
                    sum(gross_amount - refund_amount) FILTER (WHERE is_flown = 1) AS flown_revenue,
                    sum(gross_amount - refund_amount) AS net_revenue
               FROM warehouse.fact_booking_item
              WHERE flight_ids IS NULL OR flight_id = ANY (flight_ids)
              GROUP BY flight_id, cabin_key) AS sold
    ON sold.flight_id = f.flight_id AND sold.cabin_key = seat.cabin_key
 CROSS JOIN LATERAL (SELECT f.status IN ('departed', 'arrived')) AS operated (yes)
 WHERE flight_ids IS NULL OR f.flight_id = ANY (flight_ids)
$$;
COMMENT ON FUNCTION warehouse.fact_flight_cabin_rows(bigint[]) IS
    'The rows of fact_flight_cabin of the chosen flights. fact_booking_item must be loaded.';

CREATE FUNCTION warehouse.fact_booking_curve_rows(flight_ids bigint[] DEFAULT NULL)
    RETURNS TABLE (flight_id bigint, cabin_key integer, days_before integer, currency text, route_key integer,
                   departure_date_key integer, pick_up integer, revenue_pick_up numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT e.flight_id, e.cabin_key, p.days_before, e.currency, e.route_key, e.departure_date_key,
       sum(e.seat_delta)::integer, sum(e.revenue_delta)
  FROM warehouse.fact_booking_event AS e
  JOIN warehouse.dim_collection_point AS p ON e.days_before >= p.days_before AND e.days_before < p.next_days_before
 WHERE (e.seat_delta <> 0 OR e.revenue_delta <> 0) AND (flight_ids IS NULL OR e.flight_id = ANY (flight_ids))
 GROUP BY e.flight_id, e.cabin_key, p.days_before, e.currency, e.route_key, e.departure_date_key
$$;
COMMENT ON FUNCTION warehouse.fact_booking_curve_rows(bigint[]) IS
    'The rows of fact_booking_curve of the chosen flights; a point without sales has none. fact_booking_event must be loaded.';

\ir grants.sql
RESET ROLE;
