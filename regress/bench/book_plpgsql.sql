SELECT * FROM bench.create_booking(bench.request(:customer, :flight, :row));
