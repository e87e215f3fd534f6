# The warehouse behind logical replication: a publisher with an airline of some hundred bookings, a subscriber with the
# replicated tables and the warehouse. A booking there is in a report here after a run; reports equal direct queries of
# the booking tables; many incremental runs leave what a rebuild from nothing gives; a run that fails leaves nothing.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use IPC::Run qw(start);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use BookingTest qw($key);

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my ($publisher, $subscriber);

# ---------------------------------------------------------------- the tools

sub make_node
{
	my ($name, $database, @files) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 'logical');
	$node->append_conf('postgresql.conf', "timezone = 'UTC'\nautovacuum_naptime = 1min\n");
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	load($node, $database, $_) for 'sql/flights_oltp_schema.sql', 'extension', 'sql/roles.sql', @files;
	return $node;
}

sub load
{
	my ($node, $database, $file) = @_;

	return $node->safe_psql($database, 'CREATE EXTENSION booking') if $file eq 'extension';
	$node->command_ok(
		[ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', "$tree/$file" ],
		"$file loads on the " . $node->name);
}

sub there { return $publisher->safe_psql('flight_booking', $_[0]) }
sub here { return $subscriber->safe_psql('flight_booking_reports', $_[0]) }

# Changes on the publisher, and the run that brings them into the warehouse; says whether it looked at everything.
sub change_and_run
{
	there($_[0]);
	$publisher->wait_for_catchup('reports_subscription');
	return here('SELECT is_full FROM booking.etl_run()');
}

# What a table of the warehouse holds, with natural keys in place of surrogate keys and without the run.
my %content = (
	fact_booking_event => q{
		SELECT to_jsonb(f) - '{run_id,flight_key,customer_key,route_key,aircraft_key,fare_key,channel_key}'::text[],
		       v.status, v.scheduled_departure, u.tier, r.route, a.aircraft_code, fare_code, channel
		  FROM warehouse.fact_booking_event f JOIN warehouse.dim_flight v USING (flight_key)
		  JOIN warehouse.dim_customer u USING (customer_key) JOIN warehouse.dim_route r ON r.route_key = f.route_key
		  JOIN warehouse.dim_aircraft a ON a.aircraft_key = f.aircraft_key JOIN warehouse.dim_fare USING (fare_key)
		  JOIN warehouse.dim_channel USING (channel_key)},
	fact_booking_item => q{
		SELECT to_jsonb(f) - '{run_id,flight_key,customer_key,route_key,aircraft_key,fare_key,channel_key}'::text[],
		       v.status, v.scheduled_departure, u.tier, r.route, a.aircraft_code, fare_code, channel
		  FROM warehouse.fact_booking_item f JOIN warehouse.dim_flight v USING (flight_key)
		  JOIN warehouse.dim_customer u USING (customer_key) JOIN warehouse.dim_route r ON r.route_key = f.route_key
		  JOIN warehouse.dim_aircraft a ON a.aircraft_key = f.aircraft_key JOIN warehouse.dim_fare USING (fare_key)
		  JOIN warehouse.dim_channel USING (channel_key)},
	fact_flight_cabin => q{
		SELECT to_jsonb(f) - '{run_id,flight_key,route_key,aircraft_key}'::text[], v.status, r.route, a.aircraft_code
		  FROM warehouse.fact_flight_cabin f JOIN warehouse.dim_flight v USING (flight_key)
		  JOIN warehouse.dim_route r ON r.route_key = f.route_key JOIN warehouse.dim_aircraft a ON a.aircraft_key = f.aircraft_key},
	fact_booking_curve => q{
		SELECT to_jsonb(f) - '{run_id,route_key}'::text[], r.route
		  FROM warehouse.fact_booking_curve f JOIN warehouse.dim_route r USING (route_key)},
	fact_payment => q{
		SELECT to_jsonb(f) - '{run_id,customer_key,fare_key,channel_key}'::text[], u.tier, fare_code, channel
		  FROM warehouse.fact_payment f JOIN warehouse.dim_customer u USING (customer_key)
		  JOIN warehouse.dim_fare USING (fare_key) JOIN warehouse.dim_channel USING (channel_key)},
	mv_route_month => q{SELECT to_jsonb(f) - '{route_key}'::text[] FROM warehouse.mv_route_month f},
	mv_booking_curve => q{
		SELECT to_jsonb(f) - '{route_key}'::text[], r.route FROM warehouse.mv_booking_curve f JOIN warehouse.dim_route r USING (route_key)});

sub content
{
	return { map { $_ => here("SELECT content FROM ($content{$_}) AS content ORDER BY content::text") } keys %content };
}

sub same_content
{
	my ($got, $wanted, $what) = @_;

	is($got->{$_}, $wanted->{$_}, "$what: $_") for sort keys %content;
}

# ---------------------------------------------------------------- the airline

# Two aircraft of 20 seats, flights in both directions from 40 days back to 40 days ahead, and the stories of their seats:
# sold, given back with a penalty, held and expired, flown, missed. Chance comes from hashes, so that it is the same always.
my $airline = q{
INSERT INTO flights (flight_number, origin, destination, scheduled_departure, scheduled_arrival, actual_departure,
                     actual_arrival, aircraft_code, status, base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT 'FB' || 10 + way, origin, destination, departure, departure + interval '8 hours',
       CASE WHEN status = 'arrived' THEN departure + interval '11 minutes' END,
       CASE WHEN status = 'arrived' THEN departure + interval '8 hours' END, 'TST', status, 100, currency,
       departure - interval '200 days', departure - interval '1 hour', distance
  FROM generate_series(-40, 40, 2) AS day,
       (VALUES (1, 'LHR', 'JFK', 'EUR', 5540), (2, 'JFK', 'LHR', 'EUR', 5540), (3, 'AKL', 'LAX', 'NZD', 10480))
           AS route (way, origin, destination, currency, distance),
       LATERAL (SELECT date_trunc('day', now()) + make_interval(days => day, hours => 3 + 9 * way)) AS d (departure),
       LATERAL (SELECT CASE WHEN (day + way) % 13 = 0 THEN 'cancelled'
                            WHEN departure < now() - interval '9 hours' THEN 'arrived' ELSE 'scheduled' END) AS s (status);
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price, status)
SELECT flight_id, seat_number, cabin_class, characteristics, CASE cabin_class WHEN 'business' THEN 500 ELSE 100 END,
       CASE WHEN flight_id % 7 = 0 AND seat_number = '5D' THEN 'blocked' ELSE 'available' END
  FROM flights JOIN aircraft_seats USING (aircraft_code);

CREATE TEMPORARY TABLE story AS
SELECT row_number() OVER (ORDER BY flight_id, seat_number) AS id, s.*, f.currency, f.status AS flight_status, f.scheduled_departure,
       f.scheduled_departure - make_interval(hours => 24 + abs(hashtext(flight_id || seat_number)) % 1900) AS sold_at,
       abs(hashtext(seat_number || flight_id)) % 20 AS dice
  FROM seats AS s JOIN flights AS f USING (flight_id)
 WHERE s.status = 'available' AND hashtext(seat_number || '-' || flight_id) % 3 <> 0;
DELETE FROM story WHERE sold_at > now() - interval '2 hours';
ALTER TABLE story ADD outcome text;
UPDATE story SET outcome = CASE WHEN dice = 0 THEN 'expired' WHEN flight_status = 'cancelled' OR dice IN (1, 2) THEN 'cancelled'
    WHEN flight_status = 'arrived' THEN CASE dice WHEN 3 THEN 'no_show' ELSE 'flown' END ELSE 'confirmed' END;
UPDATE story SET price = CASE WHEN outcome = 'expired' THEN price ELSE price + dice END;
INSERT INTO bookings (booking_id, booking_reference, customer_id, status, fare_code, channel, total_amount, currency,
                      payment_required_by, confirmed_at, cancelled_at, expired_at, created_at)
SELECT id, translate(lpad(id::text, 6, '0'), '01', 'AB'), 1 + id % 3,
       CASE outcome WHEN 'flown' THEN 'completed' WHEN 'no_show' THEN 'completed' ELSE outcome END,
       CASE WHEN id % 5 = 0 THEN 'flex' ELSE 'standard' END, (ARRAY['web', 'mobile', 'agent'])[1 + id % 3],
       CASE outcome WHEN 'expired' THEN 0 WHEN 'cancelled' THEN round(price * 0.3, 2) ELSE price END, currency,
       sold_at + interval '15 minutes', CASE WHEN outcome <> 'expired' THEN sold_at END,
       CASE WHEN outcome = 'cancelled' THEN sold_at + interval '1 hour' END,
       CASE WHEN outcome = 'expired' THEN sold_at + interval '15 minutes' END, sold_at
  FROM story;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, penalty_amount, status)
SELECT id, 1, flight_id, seat_number, 'Passenger ' || id, CASE WHEN id % 11 = 0 THEN 'infant' ELSE 'adult' END, price,
       CASE outcome WHEN 'cancelled' THEN round(price * 0.3, 2) ELSE 0 END, outcome
  FROM story;
INSERT INTO payments (booking_id, amount, currency, created_at)
SELECT id, price, currency, sold_at FROM story WHERE outcome <> 'expired'
 UNION ALL SELECT id, round(price * 0.3, 2) - price, currency, sold_at + interval '1 hour' FROM story WHERE outcome = 'cancelled';
INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
SELECT id, 1, flight_id, seat_number, 'held', 0, 0, sold_at FROM story WHERE outcome = 'expired'
 UNION ALL SELECT id, 1, flight_id, seat_number, 'confirmed', 1, price, sold_at FROM story WHERE outcome <> 'expired'
 UNION ALL SELECT id, 1, flight_id, seat_number, 'cancelled', -1, round(price * 0.3, 2) - price, sold_at + interval '1 hour'
  FROM story WHERE outcome = 'cancelled'
 UNION ALL SELECT id, 1, flight_id, seat_number, outcome, 0, 0,
       CASE outcome WHEN 'expired' THEN sold_at + interval '15 minutes' ELSE scheduled_departure END
  FROM story WHERE outcome IN ('expired', 'flown', 'no_show');
UPDATE seats SET status = 'booked' FROM booking_items AS i
 WHERE i.flight_id = seats.flight_id AND i.seat_number = seats.seat_number AND i.status NOT IN ('cancelled', 'expired');
SELECT setval(pg_get_serial_sequence('bookings', 'booking_id'), (SELECT max(booking_id) FROM bookings));
};

# A booking of one seat, by plain SQL.
sub booking
{
	my ($reference, $flight, $price, $currency) = @_;

	return qq{
	WITH seat AS (
	    UPDATE seats SET status = 'booked'
	     WHERE (flight_id, seat_number) IN (SELECT flight_id, seat_number FROM seats WHERE flight_id = $flight
	                                           AND status = 'available' ORDER BY seat_number LIMIT 1)
	 RETURNING flight_id, seat_number),
	booking AS (
	    INSERT INTO bookings (booking_reference, customer_id, status, channel, total_amount, currency, confirmed_at)
	    VALUES ('$reference', 1, 'confirmed', 'call_center', $price, '$currency', now()) RETURNING booking_id),
	paid AS (
	    INSERT INTO payments (booking_id, amount, currency) SELECT booking_id, $price, '$currency' FROM booking),
	item AS (
	    INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
	    SELECT booking_id, 1, flight_id, seat_number, 'Ada Lovelace', $price, 'confirmed' FROM booking, seat)
	INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
	SELECT booking_id, 1, flight_id, seat_number, 'confirmed', 1, $price, now() FROM booking, seat;};
}

# ---------------------------------------------------------------- up to the first report

$publisher = make_node('publisher', 'flight_booking', 'sql/publication.sql', 'regress/fixture.sql');
there('DELETE FROM seats; DELETE FROM flights');
there($airline);

$subscriber = make_node('subscriber', 'flight_booking_reports');
here('CREATE SUBSCRIPTION reports_subscription CONNECTION $conn$'
	  . $publisher->connstr('flight_booking')
	  . '$conn$ PUBLICATION reports_publication');
load($subscriber, 'flight_booking_reports', $_) for 'warehouse/ddl_warehouse_schema.sql', 'sql/roles.sql';
$subscriber->wait_for_subscription_sync($publisher, 'reports_subscription', 'flight_booking_reports');

# The triggers may have missed rows that were copied before they were there; a full run does not.
is(here('SELECT is_full, rows_rejected FROM booking.etl_run(full => true)'), 't|0', 'first run');
cmp_ok(here('SELECT count(*) FROM warehouse.fact_booking_item'), '>', 500, 'items are there');
is(here('SELECT rows_inserted + rows_updated + rows_deleted FROM booking.etl_run()'), 0, 'a second run changes nothing');
is(here('SELECT rows_inserted + rows_updated + rows_deleted FROM booking.etl_run(true)'), 0, 'nor does a full one');

my $flight = there(q{SELECT min(flight_id) FROM flights WHERE status = 'scheduled' AND origin = 'LHR' AND scheduled_departure > now() + interval '3 days'});
my $before = here(q{SELECT coalesce(sum(net_revenue), 0) FROM booking.report_revenue(current_date, current_date, 'route', 'LHR', 'JFK')});
change_and_run(booking('REPPRT', $flight, 123.45, 'EUR'));
is(here(q{SELECT sum(net_revenue) FROM booking.report_revenue(current_date, current_date, 'route', 'LHR', 'JFK')}),
	sprintf('%.2f', $before + 123.45), 'a booking there is revenue here after a run');
is(here(qq{SELECT r ->> 'items_sold' FROM booking.booking_api('GET', '/v1/reports/revenue', '{"group_by":"channel"}', context => '{"authorization":"Bearer $key"}'), json_array_elements(body::json -> 'rows') AS r WHERE r ->> 'group_key' = 'call_center'}),
	'1', 'and over HTTP, with a key of there');
my $customer = there("SELECT customer_id FROM booking.create_customer('Grace Hopper')");
$before = here(q{SELECT items_sold FROM booking.report_revenue(group_by => 'total') WHERE currency = 'EUR'});
change_and_run(qq{SELECT status FROM fixture.api('POST', '/v1/bookings', body => jsonb_build_object('type', 'instant', 'customer_id', $customer,
	'slices', jsonb_build_array(jsonb_build_object('flight_id', $flight, 'passengers', '[{"name":"Grace Hopper","cabin_class":"economy"}]'::jsonb)),
	'payment', '{"amount":"100.00","currency":"EUR"}'::jsonb))});
is(here(q{SELECT items_sold FROM booking.report_revenue(group_by => 'total') WHERE currency = 'EUR'}), $before + 1, 'one made by the API too');

# ---------------------------------------------------------------- what happens in an airline, run by run

my @changes = (
	# customers and flights get a history
	q{UPDATE customers SET tier = 'gold', updated_at = now() - interval '20 days' WHERE customer_id = 1},
	q{UPDATE customers SET country = 'NZ' WHERE customer_id = 2},
	qq{UPDATE flights SET scheduled_departure = scheduled_departure + interval '1 day', scheduled_arrival = scheduled_arrival + interval '1 day', status = 'delayed' WHERE flight_id = $flight},
	# flights leave and arrive
	q{UPDATE flights SET status = 'departed', actual_departure = scheduled_departure WHERE flight_id IN
	      (SELECT flight_id FROM flights WHERE status = 'scheduled' ORDER BY scheduled_departure LIMIT 3);
	  UPDATE booking_items SET status = 'flown' WHERE status = 'confirmed' AND flight_id IN (SELECT flight_id FROM flights WHERE status = 'departed');
	  INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
	  SELECT booking_id, item_no, flight_id, seat_number, 'flown', 0, 0, now() FROM booking_items WHERE flight_id IN (SELECT flight_id FROM flights WHERE status = 'departed') AND status = 'flown'},
	# a flight is cancelled: everybody is refunded in full
	qq{UPDATE flights SET status = 'cancelled' WHERE flight_id = $flight;
	  INSERT INTO payments (booking_id, amount, currency) SELECT booking_id, - price, 'EUR' FROM booking_items WHERE flight_id = $flight AND status = 'confirmed';
	  INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
	  SELECT booking_id, item_no, flight_id, seat_number, 'cancelled', -1, - price, now() FROM booking_items WHERE flight_id = $flight AND status = 'confirmed';
	  UPDATE bookings SET status = 'cancelled', cancelled_at = now(), total_amount = 0 WHERE booking_id IN (SELECT booking_id FROM booking_items WHERE flight_id = $flight AND status = 'confirmed');
	  UPDATE booking_items SET status = 'cancelled' WHERE flight_id = $flight AND status = 'confirmed';
	  UPDATE seats SET status = 'available' WHERE flight_id = $flight},
	# inventory: a seat is blocked, one is let go, one changes cabin; a new flight; another aircraft
	q{UPDATE seats SET status = 'blocked' WHERE (flight_id, seat_number) IN (SELECT flight_id, seat_number FROM seats WHERE status = 'available' ORDER BY 1 DESC, 2 LIMIT 1);
	  UPDATE seats SET status = 'available' WHERE (flight_id, seat_number) IN (SELECT flight_id, seat_number FROM seats WHERE status = 'blocked' ORDER BY 1, 2 LIMIT 1);
	  UPDATE seats SET cabin_class = 'premium_economy' WHERE (flight_id, seat_number) IN (SELECT flight_id, seat_number FROM booking_items WHERE status = 'confirmed' ORDER BY 1, 2 LIMIT 1)},
	q{SELECT fixture.flight(900, 20, 'LAX', 'AKL', 12)},
	q{INSERT INTO aircraft (aircraft_code, model, range_km) VALUES ('NEW', 'New', 9000); UPDATE flights SET aircraft_code = 'NEW' WHERE flight_id = 900},
	booking('BACKKK', 900, 99, 'EUR'),
	# an item moves to another flight
	q{UPDATE booking_items SET flight_id = 900, seat_number = '5C' WHERE booking_id = (SELECT max(booking_id) FROM booking_items WHERE status = 'confirmed' AND flight_id <> 900);
	  INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
	  SELECT booking_id, item_no, flight_id, seat_number, 'flight_changed', 0, 0, now() FROM booking_items WHERE seat_number = '5C' AND flight_id = 900},
	# a booking and a flight that never should have been
	q{SET session_replication_role = replica; DELETE FROM booking_events WHERE booking_id = 7; DELETE FROM payments WHERE booking_id = 7; DELETE FROM booking_items WHERE booking_id = 7; DELETE FROM bookings WHERE booking_id = 7},
	q{DELETE FROM seats WHERE flight_id = (SELECT max(flight_id) FROM flights WHERE NOT EXISTS (SELECT FROM booking_items AS i WHERE i.flight_id = flights.flight_id));
	  DELETE FROM flights WHERE NOT EXISTS (SELECT FROM seats AS s WHERE s.flight_id = flights.flight_id)},
	# reference data
	q{UPDATE airports SET time_zone = 'Pacific/Honolulu' WHERE iata = 'AKL'},
	q{UPDATE fares SET name = 'Flexible' WHERE fare_code = 'flex'},
	booking('ENDDDD', 900, 98, 'EUR'));

my @full = grep { change_and_run($_) eq 't' } @changes;
is(scalar @full, 1, 'the runs were incremental but for one');
like($full[0], qr/Honolulu/, 'since an airport moved to another zone');
is(here('SELECT count(*) FROM warehouse.change_queue'), 0, 'no change is waiting');
is(here('SELECT count(*) > 0 FROM warehouse.dim_flight WHERE NOT is_current'), 't', 'flights have a history');

my $incremental = content();
here('SELECT booking.etl_run(true)');
same_content(content(), $incremental, 'a full run leaves what the incremental ones made');
here('TRUNCATE warehouse.fact_booking_event, warehouse.fact_booking_item, warehouse.fact_flight_cabin,
	warehouse.fact_booking_curve, warehouse.fact_payment; SELECT booking.etl_run(true)');
same_content(content(), $incremental, 'a rebuild from nothing gives the same');

# ---------------------------------------------------------------- reports against the booking tables

like(here('SELECT group_key, rpk FROM booking.report_load_factor()'), qr/^AKL-LAX\|[1-9].*^JFK-LHR\|[1-9].*^LHR-JFK\|[1-9]/ms, 'there are figures to compare');
is(here(q{SELECT * FROM booking.report_load_factor(group_by => 'route')}),
	here(q{
	SELECT f.origin || '-' || f.destination, count(DISTINCT f.flight_id), sum(s.offered), sum(s.flown), sum(s.offered * f.distance_km),
	       sum(s.flown * f.distance_km), sum(s.flown * f.distance_km)::float8 / sum(s.offered * f.distance_km)::float8
	  FROM flights AS f
	 CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE s.status <> 'blocked') AS offered, count(i.*) AS flown
	                       FROM seats AS s
	                       LEFT JOIN booking_items AS i ON i.flight_id = s.flight_id AND i.seat_number = s.seat_number
	                        AND i.status = 'flown' AND i.passenger_type <> 'infant'
	                      WHERE s.flight_id = f.flight_id) AS s
	 WHERE f.status IN ('departed', 'arrived') GROUP BY 1 ORDER BY 1}), 'load factor by route is that of the booking tables');
is(here(q{SELECT group_key, ask, rpk FROM booking.report_load_factor(current_date - 20, current_date - 10, 'date')}),
	here(q{
	SELECT d.day::text, sum(distance_km) FILTER (WHERE s.status <> 'blocked'), coalesce(sum(distance_km) FILTER (WHERE i.booking_id IS NOT NULL), 0)
	  FROM flights AS f JOIN airports AS a ON a.iata = f.origin JOIN seats AS s USING (flight_id)
	 CROSS JOIN LATERAL (SELECT (f.scheduled_departure AT TIME ZONE a.time_zone)::date) AS d (day)
	  LEFT JOIN booking_items AS i ON i.flight_id = s.flight_id AND i.seat_number = s.seat_number AND i.status = 'flown' AND i.passenger_type <> 'infant'
	 WHERE f.status IN ('departed', 'arrived') AND d.day BETWEEN current_date - 20 AND current_date - 10 GROUP BY 1 ORDER BY 1}),
	'load factor by local departure date');
is(here(q{SELECT group_key, currency, items_sold, items_cancelled, gross_revenue, refunds, penalties_kept, net_revenue FROM booking.report_revenue(group_by => 'route')}),
	here(q{
	SELECT f.origin || '-' || f.destination, b.currency, count(*) FILTER (WHERE seat_delta = 1), count(*) FILTER (WHERE seat_delta = -1),
	       sum(greatest(revenue_delta, 0.00)), sum(greatest(- revenue_delta, 0.00)),
	       sum(CASE WHEN seat_delta = -1 THEN i.penalty_amount ELSE 0.00 END), sum(revenue_delta)
	  FROM booking_events AS e JOIN bookings AS b USING (booking_id) JOIN booking_items AS i USING (booking_id, item_no) JOIN flights AS f ON f.flight_id = e.flight_id
	 WHERE seat_delta <> 0 OR revenue_delta <> 0 GROUP BY 1, 2 ORDER BY 1, 2}), 'revenue by route');
is(here(q{SELECT group_key, currency, net_revenue FROM booking.report_revenue(group_by => 'date')}),
	here(q{SELECT (created_at AT TIME ZONE 'UTC')::date, currency, sum(amount) FROM payments GROUP BY 1, 2 ORDER BY 1, 2}),
	'net revenue by date is the sum of payments');
is(here(q{SELECT currency, penalties_kept FROM booking.report_revenue(group_by => 'total')}),
	here(q{SELECT currency, sum(penalty_amount) FROM booking_items JOIN bookings USING (booking_id) GROUP BY 1 ORDER BY 1}), 'penalties');
is(here(q{SELECT group_key, days_before, flights, capacity, bookings_on_hand FROM booking.report_booking_curve(group_by => 'route')}),
	here(q{
	SELECT f.origin || '-' || f.destination, x, count(*), sum(s.offered), coalesce(sum(e.sold), 0)
	  FROM flights AS f JOIN airports AS a ON a.iata = f.origin
	 CROSS JOIN unnest('{63,56,49,42,35,31,27,23,19,16,13,10,7,5,3,1,0}'::integer[]) AS x
	 CROSS JOIN LATERAL (SELECT (f.scheduled_departure AT TIME ZONE a.time_zone)::date - x) AS d (day)
	 CROSS JOIN LATERAL (SELECT count(*) FROM seats AS s WHERE s.flight_id = f.flight_id AND s.status <> 'blocked') AS s (offered)
	 CROSS JOIN LATERAL (SELECT sum(seat_delta) FROM booking_events AS e WHERE e.flight_id = f.flight_id
	                        AND (e.occurred_at AT TIME ZONE a.time_zone)::date <= d.day) AS e (sold)
	 WHERE f.status <> 'cancelled' AND s.offered > 0 AND d.day <= ((SELECT max(freshness) FROM warehouse.etl_runs) AT TIME ZONE a.time_zone)::date
	 GROUP BY 1, 2 ORDER BY 1, 2 DESC}), 'booking curve by route');
is(here(q{SELECT count(*) FROM warehouse.mv_route_month WHERE abs(prask - load_factor * yield) > 0.0000001}), 0, 'PRASK = load factor x yield');
is(here(q{SELECT count(*) FROM warehouse.fact_booking_event f WHERE (SELECT count(*) FROM warehouse.dim_flight d WHERE d.flight_key = f.flight_key AND f.occurred_at >= d.valid_from AND f.occurred_at < d.valid_to) <> 1}),
	0, 'every event finds the flight as it was then');

# ---------------------------------------------------------------- a test with teeth: without a trigger an incremental run misses the change

here('ALTER TABLE payments DISABLE TRIGGER capture_change; ALTER TABLE bookings DISABLE TRIGGER capture_change;
	ALTER TABLE booking_items DISABLE TRIGGER capture_change; ALTER TABLE booking_events DISABLE TRIGGER capture_change');
change_and_run(booking('UNSEEN', 900, 97, 'EUR'));
is(here('SELECT sum(net_revenue) FROM booking.report_revenue()') == here('SELECT sum(amount) FROM payments'), '', 'a change that was not captured is missed');
here('ALTER TABLE payments ENABLE ALWAYS TRIGGER capture_change; ALTER TABLE bookings ENABLE ALWAYS TRIGGER capture_change;
	ALTER TABLE booking_items ENABLE ALWAYS TRIGGER capture_change; ALTER TABLE booking_events ENABLE ALWAYS TRIGGER capture_change');
cmp_ok(here('SELECT rows_inserted FROM booking.etl_run(true)'), '>=', 3, 'a full run finds it');

# ---------------------------------------------------------------- a run that fails, a run too many

my $runs = here('SELECT count(*) FROM warehouse.etl_runs');
$incremental = content();
here('ALTER TABLE warehouse.fact_payment ADD CONSTRAINT too_much CHECK (amount <> 96)');
there(booking('REFUSE', 900, 96, 'EUR'));
$publisher->wait_for_catchup('reports_subscription');
my ($status, $out, $err) = $subscriber->psql('flight_booking_reports', 'SELECT booking.etl_run()');
isnt($status, 0, 'a run fails');
like($err, qr/too_much/, 'and says why');
is(here('SELECT count(*) FROM warehouse.etl_runs'), $runs, 'it leaves no row');
cmp_ok(here('SELECT count(*) FROM warehouse.change_queue'), '>', 0, 'its changes are still waiting');
same_content(content(), $incremental, 'it leaves everything as it was');
here('ALTER TABLE warehouse.fact_payment DROP CONSTRAINT too_much');
is(here('SELECT rows_inserted >= 3 FROM booking.etl_run()'), 't', 'the next run makes up for it');

my ($in, $lock_out) = ('', '');
my $holder = start([ 'psql', '-XAtq', '-d', $subscriber->connstr('flight_booking_reports'), '-f', '-' ], \$in, \$lock_out);
$in = "BEGIN;\nSELECT booking.etl_run();\nSELECT 'held';\n";
$holder->pump until $lock_out =~ /held/;
($status, $out, $err) = $subscriber->psql('flight_booking_reports', "\\set VERBOSITY verbose\nSELECT booking.etl_run()");
like($err, qr/55P03: another ETL run is under way/, 'a second run is refused');
$in = "COMMIT;\n\\q\n";
$holder->finish;
here('GRANT CONNECT ON DATABASE flight_booking_reports TO PUBLIC');
here('CREATE ROLE stranger LOGIN');
$in = "SELECT pg_advisory_lock(1651470187, 1);\nSELECT 'held';\n";
$lock_out = '';
$holder = start([ 'psql', '-XAtq', '-d', $subscriber->connstr('flight_booking_reports') . ' user=stranger', '-f', '-' ], \$in, \$lock_out);
$holder->pump until $lock_out =~ /held/;
is(here('SELECT status FROM booking.etl_run()'), 'succeeded', 'no other role can stop a run');
$in = "\\q\n";
$holder->finish;
is(here('SELECT status FROM booking.etl_run()'), 'succeeded', 'and welcome when the first is over');
here('DELETE FROM warehouse.etl_lock');
is(here('SELECT status FROM booking.etl_run()'), 'succeeded', 'a run makes the row that it locks, where it is gone');

for my $script (qw(etl_dimensions etl_facts etl_master_pipeline))
{
	$subscriber->command_like(
		[ 'psql', '-X', '-d', $subscriber->connstr('flight_booking_reports'), '-f', "$tree/warehouse/$script.sql" ],
		qr/rows_in.*\(1 row\)/s, "$script.sql runs by psql -f");
}

done_testing();
