SELECT * FROM booking.create_booking(bench.request(:customer, :flight, :row));
