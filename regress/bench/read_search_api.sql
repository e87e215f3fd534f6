\set route random(65, 89)
\set day random(2, 50)
SELECT * FROM booking.booking_api('GET', '/v1/flights', (
    '{"origin":"XA' || chr(:route) || '","destination":"XB' || chr(:route) || '","departure_date":"' || current_date + :day::integer || '"}')::jsonb);
