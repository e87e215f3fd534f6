\set flight random(1, 9800)
SELECT * FROM booking.booking_api('GET', '/v1/flights/' || :flight || '/seat_map');
