# What a call reads does not grow with what there is: with 100,000 live holds, the calls of a traveller read as many buffers when
# the statistics are those of empty tables as when they are right, and not many. So no plan depends on statistics that are late.

use strict;
use warnings;

use BookingTest;
use JSON::PP ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $most = 350;    # buffers of one call: a seat map reads 180 seats, the others less of each of several tables
my $node = start_node('hot_path', conf => "autovacuum = off\nfsync = off\nmax_locks_per_transaction = 64\n");

$node->safe_psql('booking', 'ANALYZE');
# 100,000 holds on 1,000 flights, of 20,000 customers and an agency
$node->safe_psql('booking', <<'SQL');
SET session_replication_role = replica;
INSERT INTO customers (customer_id, full_name) SELECT 1000 + n, 'Customer ' || n FROM generate_series(1, 20000) AS n;
INSERT INTO aircraft (aircraft_code, model, range_km) VALUES ('R80', 'Single aisle 180', 5000);
INSERT INTO aircraft_seats (aircraft_code, seat_number, cabin_class, characteristics)
SELECT 'R80', row || letter, 'economy', '' FROM generate_series(1, 30) AS row, unnest('{A,B,C,D,E,F}'::text[]) AS letter;
INSERT INTO flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code,
                     base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT 1000 + n, 'FB' || 1000 + n, 'LHR', 'JFK', now() + interval '30 days' + make_interval(days => n), now() + interval '30 days 8 hours' + make_interval(days => n), 'R80',
       100, 'EUR', now() - interval '1 day', now() + interval '29 days', 5540
  FROM generate_series(1, 1000) AS n;
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price, status, held_until)
SELECT flight_id, seat_number, cabin_class, characteristics, 100, CASE WHEN seat_number ~ '^\d[A-F]$|^1\d[A-F]$' AND seat_number !~ '^1[7-9]|^16[E-F]' THEN 'held' ELSE 'available' END,
       CASE WHEN seat_number ~ '^\d[A-F]$|^1\d[A-F]$' AND seat_number !~ '^1[7-9]|^16[E-F]' THEN '2100-01-01Z'::timestamptz END
  FROM flights JOIN aircraft_seats USING (aircraft_code) WHERE flight_id > 1000;
INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency, payment_required_by)
SELECT 'Z' || translate(lpad(to_hex(n * 40503 % 1048576), 5, '0'), '01abcdef', 'XYABCDEF'), 1001 + n % 20000, 'held', 100, 'EUR', '2100-01-01Z'
  FROM (SELECT row_number() OVER (ORDER BY flight_id, seat_number) - 1 AS n FROM seats WHERE flight_id > 1000 AND status = 'held') AS s;
INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
SELECT b.booking_id, 1, s.flight_id, s.seat_number, 'Pax ' || s.seat_number, 100, 'held'
  FROM (SELECT booking_id, row_number() OVER (ORDER BY booking_id) AS n FROM bookings) AS b
  JOIN (SELECT *, row_number() OVER (ORDER BY flight_id, seat_number) AS n FROM seats WHERE flight_id > 1000 AND status = 'held') AS s USING (n);
UPDATE bookings SET customer_id = 5 WHERE booking_id % 20 = 0; -- an agency
INSERT INTO booking_events (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)
SELECT booking_id, item_no, flight_id, seat_number, 'held', 0, 0, now() FROM booking_items;
SQL
is($node->safe_psql('booking', q{SELECT count(*) >= 90000 FROM bookings WHERE status = 'held'}), 't', 'as many holds are live');

# In the order of a traveller's day. :n makes each call another one's.
my @calls = (
	[ 'search', q{SELECT * FROM booking.search_flights('LHR', 'JFK', (SELECT (scheduled_departure AT TIME ZONE 'Europe/London')::date FROM flights WHERE flight_id = 1000 + :n))} ],
	[ 'seat map', q{SELECT * FROM booking.seat_map(1000 + :n)} ],
	[ 'hold any seat', q{SELECT * FROM booking.create_booking(jsonb_set(fixture.wish(1500 + :n, '{1A}', customer => 3) #- '{slices,0,passengers,0,seat}', '{slices,0,passengers,0,cabin_class}', '"economy"'))} ],
	[ 'instant booking of an agency', q{SELECT * FROM booking.create_booking(fixture.wish(1800 + :n, '{20D}', 'instant', '100', customer => 5))} ],
	[ 'hold with a key', q{SELECT * FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(1700 + :n, '{20C}', customer => 4), context => '{"idempotency_key":"k:n"}')} ],
	[ 'hold', q{SELECT * FROM booking.create_booking(fixture.wish(1000 + :n, '{20A,20B}', customer => 3))} ],
	[ 'change flight', q{SELECT c.* FROM booking.quote_change((SELECT max(booking_id) FROM bookings), fixture.move(1, 1200 + :n, '21A')) AS q, booking.confirm_change(q.change_id) AS c} ],
	[ 'customer', q{SELECT * FROM fixture.api('GET', '/v1/customers', '{"email":"customer3@example.com"}')} ],
	[ 'read', q{SELECT * FROM fixture.api('GET', '/v1/bookings/' || (SELECT max(booking_id) FROM bookings))} ],
	[ 'find', q{SELECT * FROM booking.find_booking((SELECT booking_reference FROM bookings ORDER BY booking_id DESC LIMIT 1), '20A')} ],
	[ 'pay', q{SELECT * FROM booking.pay((SELECT max(booking_id) FROM bookings), 200, 'EUR')} ],
	[ 'change seat', q{SELECT * FROM booking.change_seat((SELECT max(booking_id) FROM bookings), 1::smallint, '22C')} ],
	[ 'cancel', q{SELECT * FROM booking.cancel((SELECT max(booking_id) FROM bookings))} ],
	[ 'list', q{SELECT * FROM booking.list_bookings(1500)} ],
	[ 'sweep', q{SELECT booking.expire_holds(100)} ]);

# Buffers that each call reads, of its second run in a session of its own, as name => number.
sub buffers
{
	my ($first) = @_;
	my $script = "SET booking.max_holds = 100;\n";
	my %read;

	for my $run (0 .. 1)
	{
		for my $call (@calls)
		{
			my $statement = $call->[1];

			$statement =~ s/:n/$first + $run/ge;
			$script .= "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, COSTS OFF, TIMING OFF) $statement;\n";
		}
	}
	my ($out) = $node->safe_psql('booking', $script);
	my @plans = map { JSON::PP::decode_json("[$_")->[0] } split /^\[/m, $out =~ s/\A\[//r;

	for my $number (0 .. $#calls)
	{
		my $plan = $plans[ @calls + $number ]{Plan};

		$read{ $calls[$number][0] } = $plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'};
	}
	return %read;
}

my %late = buffers(1);

# A table that is altered while a statement waits for it has the statement planned anew; the calls after that read no more.
{
	my ($caller) = connect_clients($node, 1);
	my %call = map { @$_ } @calls;
	my $hold = sub { my ($n) = @_; is(($caller->ask($call{hold} =~ s/:n/$n/r))[0], 'ok', 'hold'); return };

	is(($caller->ask('SET booking.max_holds = 100'))[0], 'ok', 'more holds than usual');
	for my $n (31, 32)
	{
		$hold->($n);
		is(($caller->ask($call{cancel}))[0], 'ok', 'cancel');
	}
	$hold->(33);
	my $altering = IPC::Run::start([ 'psql', '-X', '-q', '-d', $node->connstr('booking'), '-c',
			'BEGIN; LOCK TABLE seats; SELECT pg_sleep(1); ALTER TABLE seats SET (fillfactor = 90); COMMIT' ], '>', \my $out);
	$node->poll_query_until('booking', q{SELECT count(*) = 1 FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted AND relation = 'seats'::regclass});
	is(($caller->ask($call{cancel}))[0], 'ok', 'cancel waits, and goes on');
	$altering->finish;
	$hold->(34);
	my ($state, @rows) = $caller->ask("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, COSTS OFF, TIMING OFF) $call{cancel}");
	my $plan = JSON::PP::decode_json($rows[0][0])->[0]{Plan};

	cmp_ok($plan->{'Shared Hit Blocks'} + $plan->{'Shared Read Blocks'}, '<=', $most, 'and reads few buffers after that');
}
$node->safe_psql('booking', 'ANALYZE');
my %right = buffers(11);

for my $name (map { $_->[0] } @calls)
{
	ok($late{$name} <= $most, "$name reads few buffers with late statistics: $late{$name}");
	ok($right{$name} <= $most, "with right ones too: $right{$name}");
	ok($late{$name} <= 2 * $right{$name} + 20, "and not many more than with right ones: $right{$name}");
}
# The measure has teeth: without the indexes of a customer's bookings the count of the holds reads them all.
$node->safe_psql('booking', 'DROP INDEX bookings_customer_idx, bookings_customer_holds_idx');
my %without = buffers(21);
cmp_ok($without{hold}, '>', $most, "without an index a hold reads $without{hold}");
invariants_hold($node, 'in the end');

done_testing();
