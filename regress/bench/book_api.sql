SELECT * FROM booking.booking_api('POST', '/v1/bookings', '{}', bench.request(:customer, :flight, :row),
    jsonb_build_object('authorization', 'Bearer bk_1_' || repeat('ab', 32)));
