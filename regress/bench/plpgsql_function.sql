-- bench.create_booking: what booking.create_booking does, as PL/pgSQL would do it: the same argument and result, the same
-- checks of flights, customer, fare, seats and amount, the same rows. Only named seats, and no holds to take over.
CREATE FUNCTION bench.create_booking(booking jsonb)
    RETURNS TABLE (booking_id bigint, booking_reference text, status text, total_amount numeric, currency text,
                   payment_required_by timestamptz, version integer)
    LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    is_instant  constant boolean := booking ->> 'type' = 'instant';
    customer    constant bigint := booking ->> 'customer_id';
    fare        constant text := COALESCE(booking ->> 'fare_code', 'standard');
    item_status constant text := CASE WHEN is_instant THEN 'confirmed' ELSE 'held' END;
    seat_status constant text := CASE WHEN is_instant THEN 'booked' ELSE 'held' END;
    alphabet    constant text := 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
    flight_ids  bigint[];
    seat_numbers text[];
    names       text[];
    types       text[];
    prices      numeric[];
    seat_price  numeric;
    total       numeric;
    factor      numeric;
    flight      record;
    due         text;
    deadline    timestamptz;
    bytes       bytea;
    new_id      bigint;
BEGIN
    SELECT array_agg((s.slice ->> 'flight_id')::bigint ORDER BY o.*), array_agg(p.passenger ->> 'seat' ORDER BY o.*),
           array_agg(p.passenger ->> 'name' ORDER BY o.*), array_agg(COALESCE(p.passenger ->> 'type', 'adult') ORDER BY o.*)
      INTO flight_ids, seat_numbers, names, types
      FROM jsonb_array_elements(booking -> 'slices') AS s (slice),
           jsonb_array_elements(s.slice -> 'passengers') AS p (passenger),
           LATERAL (SELECT (s.slice ->> 'flight_id')::bigint, p.passenger ->> 'seat' COLLATE "C") AS o (flight_id, seat_number);

    FOR flight IN
        SELECT w.flight_id, f.flight_id IS NOT NULL AS known, f.currency, f.sales_close_at,
               f.status IN ('scheduled', 'on_time', 'delayed')
               AND clock_timestamp() >= f.sales_open_at AND clock_timestamp() < f.sales_close_at AS on_sale
          FROM unnest(flight_ids) AS w (flight_id) LEFT JOIN public.flights AS f USING (flight_id)
    LOOP
        IF NOT flight.known THEN
            RAISE EXCEPTION 'no flight %', flight.flight_id USING ERRCODE = 'SB011';
        ELSIF NOT flight.on_sale THEN
            RAISE EXCEPTION 'flight % is not on sale', flight.flight_id USING ERRCODE = 'SB002';
        ELSIF due <> flight.currency THEN
            RAISE EXCEPTION 'the flights are sold in different currencies' USING ERRCODE = 'SB010';
        END IF;
        due := flight.currency;
        deadline := LEAST(deadline, flight.sales_close_at);
    END LOOP;
    PERFORM 1 FROM public.customers WHERE customer_id = customer;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no customer %', customer USING ERRCODE = 'SB011';
    END IF;
    SELECT price_factor INTO factor FROM public.fares WHERE fare_code = fare;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no fare "%"', fare USING ERRCODE = 'SB011';
    END IF;
    deadline := CASE WHEN NOT is_instant
                     THEN LEAST(deadline, clock_timestamp() + current_setting('booking.hold_duration')::interval) END;

    FOR i IN 1 .. cardinality(seat_numbers) LOOP
        UPDATE public.seats
           SET status = seat_status, held_until = deadline, updated_at = clock_timestamp()
         WHERE flight_id = flight_ids[i] AND seat_number = seat_numbers[i] AND status = 'available'
        RETURNING round(price * factor, 2) INTO seat_price;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'seat not available: % of flight %', seat_numbers[i], flight_ids[i] USING ERRCODE = 'SB001';
        END IF;
        prices[i] := seat_price;
        total := COALESCE(total, 0) + seat_price;
    END LOOP;
    IF is_instant AND ((booking #>> '{payment,amount}')::numeric <> total OR booking #>> '{payment,currency}' <> due) THEN
        RAISE EXCEPTION 'the amount is % %', total, due USING ERRCODE = 'SB006';
    END IF;

    LOOP
        bytes := uuid_send(gen_random_uuid());
        INSERT INTO public.bookings
               (booking_reference, customer_id, status, fare_code, channel, total_amount, currency, payment_required_by, confirmed_at,
                contact_email, contact_phone)
        VALUES (substr(alphabet, 1 + get_byte(bytes, 0) % 32, 1) || substr(alphabet, 1 + get_byte(bytes, 1) % 32, 1)
                || substr(alphabet, 1 + get_byte(bytes, 2) % 32, 1) || substr(alphabet, 1 + get_byte(bytes, 3) % 32, 1)
                || substr(alphabet, 1 + get_byte(bytes, 4) % 32, 1) || substr(alphabet, 1 + get_byte(bytes, 5) % 32, 1),
                customer, item_status, fare, COALESCE(booking ->> 'channel', 'api'), total, due, deadline,
                CASE WHEN is_instant THEN clock_timestamp() END,
                booking #>> '{contact,email}', booking #>> '{contact,phone}')
            ON CONFLICT ON CONSTRAINT bookings_reference_key DO NOTHING
        RETURNING booking_id INTO new_id;
        EXIT WHEN FOUND;
    END LOOP;
    WITH item AS (
        INSERT INTO public.booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, status)
        SELECT new_id, i.no, i.flight_id, i.seat_number, i.name, i.type, i.price, item_status
          FROM unnest(flight_ids, seat_numbers, names, types, prices) WITH ORDINALITY AS i (flight_id, seat_number, name, type, price, no)
        RETURNING item_no, flight_id, seat_number, price)
    INSERT INTO public.booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
    SELECT new_id, item_no, flight_id, seat_number, item_status, CASE WHEN is_instant THEN 1 ELSE 0 END,
           CASE WHEN is_instant THEN price ELSE 0 END, clock_timestamp()
      FROM item;
    IF is_instant THEN
        INSERT INTO public.payments (booking_id, amount, currency, method)
        VALUES (new_id, total, due, COALESCE(booking #>> '{payment,method}', 'card'));
    END IF;

    RETURN QUERY
        SELECT b.booking_id, b.booking_reference::text, b.status::text, b.total_amount::numeric, b.currency::text, b.payment_required_by, b.version
          FROM public.bookings AS b WHERE b.booking_id = new_id;
END
$$;
