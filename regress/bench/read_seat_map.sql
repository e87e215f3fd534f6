\set flight random(1, 9800)
SELECT * FROM booking.seat_map(:flight);
