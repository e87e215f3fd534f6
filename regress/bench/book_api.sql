SELECT * FROM booking.booking_api('POST', '/v1/bookings', '{}', bench.request(:customer, :flight, :row));
