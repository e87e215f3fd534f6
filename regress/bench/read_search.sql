\set route random(65, 89)
\set day random(2, 50)
SELECT * FROM booking.search_flights('XA' || chr(:route), 'XB' || chr(:route), current_date + :day::integer);
