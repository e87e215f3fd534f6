# One backend makes many calls of every kind and is no bigger for it, refused ones included: first statement by statement;
# then MEMORY_CALLS more, driven by a loop in the backend that commits after each (a refusal ends a subtransaction then, not a
# transaction), which spares the round trips and makes a million feasible; last the reads within one transaction. (There
# writes grow it by PostgreSQL's own books: combo CIDs, trigger events.) Measured are pg_backend_memory_contexts, and the
# process's own memory, so that what is lost outside of contexts shows. What is lost in contexts is lost in chunks of sixteen
# bytes and more, so ten bytes a call are too many, however few the calls.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = 2_000;
my $calls_inside = $ENV{MEMORY_CALLS} // 18_000;
my $warm_up = 200;

# A vacuum makes the backend forget plans and cached rows, and read them again later; so it is done when it disturbs nothing.
my $node = start_node('memory', conf => "autovacuum = off\n");
add_flights($node, 101, 104);
my ($session, $vacuumer) = connect_clients($node, 2);
my $date = $session->value(q{SELECT (scheduled_departure AT TIME ZONE 'Europe/London')::date FROM flights WHERE flight_id = 101});
my $taken = wish('instant', [ [ 102, '1A' ], [ 103, '1A' ] ], payment => { amount => 200, currency => 'EUR' });
my $booking = $session->value("SELECT booking_id FROM booking.create_booking($taken)");

my $again = wish('instant', [ [ 102, '1A' ], [ 103, '1A' ] ], payment => { amount => 200, currency => 'EUR' });

my @kinds = (
	[ 'search', 'ok', "SELECT count(*) FROM booking.search_flights('LHR', 'JFK', '$date')" ],
	[ 'seat map', 'ok', 'SELECT count(*) FROM booking.seat_map(101)' ],
	[ 'booking_api, search', 'ok', 'SELECT status FROM '
		  . api('GET', '/v1/flights', qq({"origin": "LHR", "destination": "JFK", "departure_date": "$date"})) ],
	[ 'booking_api, seat map', 'ok', 'SELECT status FROM ' . api('GET', '/v1/flights/101/seat_map') ],
	[ 'booking_api, booking', 'ok', 'SELECT status FROM ' . api('GET', "/v1/bookings/$booking") ],
	[ 'refused', 'SB001', "SELECT booking_id FROM booking.create_booking($again)" ],
	[ 'booking_api, refused', 'SB001', 'SELECT status FROM ' . api('POST', '/v1/bookings', undef, $again) ],
	[ 'create and cancel', 'ok', 'SELECT c.booking_id FROM booking.create_booking('
		  . wish('instant', [ map { [ 101, 'economy' ] } 1 .. 2 ], payment => { amount => 200, currency => 'EUR' })
		  . ') AS b, booking.cancel(b.booking_id) AS c' ],
	[ 'booking_api, create and cancel', 'ok', 'SELECT c.booking_id FROM '
		  . api('POST', '/v1/bookings', undef, wish('hold', [ [ 104, '1A' ] ]))
		  . q{ AS b, booking.cancel((b.body::json->>'booking_id')::bigint) AS c} ]);

# Of the contexts, in all and in use; of the process, what is its own
sub memory
{
	my @contexts = @{ ($session->ask('SELECT sum(total_bytes), sum(used_bytes) FROM pg_backend_memory_contexts'))[1] };
	my ($kilobytes) = slurp_file('/proc/' . $session->pid . '/status') =~ /^RssAnon:\s+(\d+) kB/m;

	return (@contexts, 1024 * $kilobytes);
}

sub no_growth
{
	my ($name, $calls, $total, $used, $process) = @_;

	note sprintf '%s: %d calls, total %+d, used %+d bytes', $name, $calls, $total, $used;
	cmp_ok($total, '<=', 1024 * 1024, "$name: no more than 1 MiB bigger");
	if (defined $process)
	{
		note sprintf 'process %+d bytes', $process;
		cmp_ok($process, '<=', 1024 * 1024, "$name: nor the process");
	}
	cmp_ok($used, '<=', 10 * $calls, "$name: nothing is lost by a call") or note $session->value(<<'SQL');
SELECT string_agg(format('%s %s %s', name, ident, used_bytes), E'\n' ORDER BY used_bytes DESC)
  FROM (SELECT * FROM pg_backend_memory_contexts ORDER BY used_bytes DESC LIMIT 8) AS largest
SQL
	return;
}

# Each kind for a while, so that the plans and caches of all are there, then each for long
sub repeat
{
	my ($kind, $times) = @_;
	my ($name, $expected, $sql) = @$kind;

	for (1 .. $times)
	{
		my ($state) = $session->ask($sql);
		die "$name: SQLSTATE $state\n" if $state ne $expected;
	}
	return;
}

sub repeat_inside
{
	my ($kind, $times) = @_;
	my (undef, $expected, $sql) = @$kind;
	my $call = "PERFORM * FROM ($sql) AS call;";

	$call = "BEGIN $call RAISE EXCEPTION 'not refused'; EXCEPTION WHEN SQLSTATE '$expected' THEN END;" if $expected ne 'ok';
	$session->value("DO \$\$ BEGIN FOR n IN 1 .. $times LOOP $call COMMIT; END LOOP; END \$\$");
	return;
}

# Either with the tables vacuumed now and then, and in the end the state of caches that a comparison needs
sub repeat_tidily
{
	my ($repeat, $kind, $times) = @_;

	for (my $left = $times; $left > 0; $left -= 2500)
	{
		$repeat->($kind, $left < 2500 ? $left : 2500);
		$vacuumer->value('VACUUM ANALYZE seats, bookings, booking_items, booking_events, payments, cancellations');
	}
	repeat($_, 20) for @kinds;
	return memory();
}

repeat($_, $warm_up) for @kinds;
repeat_tidily(\&repeat, $kinds[0], $warm_up) for 1 .. 2;
for my $kind (@kinds)
{
	my @before = repeat_tidily(\&repeat, $kind, 1);
	my @after = repeat_tidily(\&repeat, $kind, $calls);

	no_growth($kind->[0], $calls, $after[0] - $before[0], $after[1] - $before[1]);
}

repeat_tidily(\&repeat_inside, $_, $warm_up) for @kinds;
my $each = 1 + int($calls_inside / @kinds);
my @before = memory();
for my $kind (@kinds)
{
	my $started = time;

	repeat_tidily(\&repeat_inside, $kind, $each);
	note sprintf '%s: %d s', $kind->[0], time - $started;
}
my @after = memory();
no_growth('all, from the inside', $each * @kinds, map { $after[$_] - $before[$_] } 0 .. 2);

# Within one transaction: what a call leaves behind lives on until its end. Measured from the inside, by the loop itself.
my $in_one = 100 + $calls / 4;
for my $kind (grep { $_->[0] !~ /create|refused/ } @kinds)
{
	my ($name, undef, $sql) = @$kind;

	$session->value(<<"SQL");
DO \$\$
DECLARE
    total bigint[];
    used bigint[];
BEGIN
    FOR n IN 0 .. $in_one LOOP
        PERFORM * FROM ($sql) AS call;
        IF n IN (100, $in_one) THEN
            total := total || (SELECT sum(total_bytes)::bigint FROM pg_backend_memory_contexts);
            used := used || (SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts);
        END IF;
    END LOOP;
    PERFORM set_config('test.growth', total[2] - total[1] || ' ' || used[2] - used[1], false);
END \$\$
SQL
	no_growth("$name, one transaction", $in_one - 100, split / /, $session->value('SHOW test.growth'));
}

invariants_hold($node, 'in the end');
$node->stop;
done_testing();
