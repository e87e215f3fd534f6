# Ten thousand holds reach their deadlines while clients pay them, claim their seats and sweep, each within milliseconds of
# the deadline, and one client pays half a second late. Every hold ends confirmed or expired, paid exactly once if confirmed
# and never otherwise; no seat is sold twice, and none is taken from its holder before the deadline. Then holds of two seats
# are cancelled and moved at their deadlines, while others claim their seats.
# Runs alone: it acts within milliseconds of deadlines.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $holds = $ENV{LAPSE_HOLDS} // 10_000;
my $clients = 32;
my $batch = 500;
my $per_second = 1000;    # deadlines

my $node = start_node('lapse');
add_flights($node, 101, 101 + $holds / 180);

# Makes holds of one seat each, number $first and the $count - 1 after it; returns how long that took.
sub make_holds
{
	my ($session, $first, $count) = @_;
	my $start = time;

	$session->value(<<"SQL");
SELECT count(*)
  FROM generate_series($first, $first + $count - 1) AS n,
       booking.create_booking(fixture.wish(101 + n / 180, ARRAY[n % 180 / 6 + 1 || substr('ABCDEF', n % 6 + 1, 1)],
                                           customer => n % 100 + 1))
SQL
	return time - $start;
}

# Two sessions make the holds, a batch for each half second of deadlines. A hold lasts whole seconds from its own beginning,
# so that the deadlines of a batch spread by themselves. The first deadline comes when
# both should be ready.
my @makers = connect_clients($node, 2);
$makers[0]->value('BEGIN');
my $begin = time + 2 + make_holds($makers[0], 0, 200) * 0.7 * $holds / 200;
$makers[0]->value('ROLLBACK');
run_clients(72_000, \@makers, sub {
	my ($session, $number) = @_;

	for (my $first = $number * $batch; $first < $holds; $first += 2 * $batch)
	{
		my $seconds = int($begin + $first / $per_second - time + 0.5);

		$session->value('SET booking.hold_duration = ' . ($seconds > 1 ? $seconds : 1));
		make_holds($session, $first, $batch);
	}
});

# booking, flight, first seat, deadline of the holds on flights from $first on, in order of deadlines
sub holds_from
{
	my ($first) = @_;

	return map { [ split /\|/ ] } split /\n/, $node->safe_psql('booking', <<"SQL");
SELECT booking_id, flight_id, seat_number, extract(epoch FROM payment_required_by)
  FROM bookings JOIN booking_items USING (booking_id) WHERE item_no = 1 AND flight_id >= $first ORDER BY 4
SQL
}

my @holds = holds_from(101);
is(scalar @holds, $holds, 'the holds are made');
note sprintf 'deadlines from %.1f s to %.1f s from now', $holds[0][3] - time, $holds[-1][3] - time;

# Goes for a share of the holds, each at a moment close to its deadline; who is late lets some go by. The first half of the
# clients pay, the last one too late, the others do this and that.
sub client
{
	my ($session, $number) = @_;
	my $late = $number == $clients - 1;
	my $share = $clients / 2;
	my (%count, @paid);

	for (my $index = $number % $share; $index < @holds; $index += $share)
	{
		my ($booking, $flight, $seat, $deadline) = @{ $holds[$index] };
		my $dice = $late || $number < $share ? 0 : rand;
		my $wait = $deadline - time + ($late ? 0.5 : ($dice < 0.2 ? -0.04 : -0.015) + rand 0.03);
		my ($what, $state);

		next if $wait < -0.1;
		sleep $wait if $wait > 0;
		if ($dice < 0.2)
		{
			$what = $late ? 'late' : 'pay';
			($state) = $session->ask("SELECT booking.pay($booking, 100, 'EUR')");
			push @paid, $booking if $state eq 'ok';
		}
		elsif ($dice < 0.98)
		{
			my @field = $dice < 0.6 ? ('instant', payment => { amount => 100, currency => 'EUR' }) : ('hold');

			$what = 'claim';
			($state) = $session->ask('SELECT FROM booking.create_booking('
				  . wish(shift @field, [ [ $flight, $seat ] ], @field) . ')');
		}
		else
		{
			$what = 'sweep';
			($state) = $session->ask('SELECT booking.expire_holds(20)');
		}
		$count{"$what $state"}++;
	}
	return { count => \%count, paid => \@paid };
}

my @sessions = connect_clients($node, $clients);
$_->value(q{SET booking.hold_duration = '1s'}) for @sessions;
my @results = run_clients(72_100, \@sessions, \&client);
my $count = tally(map { $_->{count} } @results);
note shown($count);
is(join(' ', grep { !/^(pay (ok|SB00[34])|late SB00[34]|claim (ok|SB001)|sweep ok)$/ } keys %$count), '', 'only business outcomes');
cmp_ok($count->{$_} // 0, '>', $holds / 200, "$_ came about") for 'pay ok', 'pay SB003', 'claim ok', 'claim SB001', 'late SB003';
invariants_hold($node, 'before the final sweep');

sub sweep
{
	sleep 1.1;    # the clients' own holds
	1 while $node->safe_psql('booking', 'SELECT booking.expire_holds(2000)') > 0;
	return;
}

sweep();

my ($newest) = sort { $b <=> $a } map { $_->[0] } @holds;
sub holds { return $node->safe_psql('booking', "SELECT $_[0] FROM bookings AS b WHERE booking_id <= $newest") }

is(holds(q{string_agg(DISTINCT status, ' ' ORDER BY status)}), 'confirmed expired', 'each hold is confirmed or expired');
is(holds(q{count(*) FILTER (WHERE (SELECT count(*) FROM payments AS p WHERE p.booking_id = b.booking_id)
                                  <> CASE status WHEN 'confirmed' THEN 1 ELSE 0 END)}),
	'0', 'paid once if confirmed, never if expired');
is(holds(q{string_agg(booking_id::text, ',' ORDER BY booking_id) FILTER (WHERE status = 'confirmed')}),
	join(',', sort { $a <=> $b } map { @{ $_->{paid} } } @results), 'confirmed are those whose payment was acknowledged');
is($node->safe_psql('booking', <<'SQL'), '0', 'nobody lost a seat before the deadline');
SELECT count(*) FROM booking_events AS e JOIN bookings AS b USING (booking_id)
 WHERE e.event_type = 'expired' AND e.occurred_at < b.payment_required_by
SQL
is($node->safe_psql('booking', <<'SQL'), '0', 'no seat is oversold');
SELECT count(*)
  FROM (SELECT FROM booking_items WHERE status NOT IN ('cancelled', 'expired')
         GROUP BY flight_id, seat_number HAVING count(*) > 1) AS twice
SQL
invariants_hold($node, 'after the final sweep');

# Holds of the seats A and B of a row; D and E are where they can be moved.
add_flights($node, 301, 320);
$sessions[0]->value('SET booking.hold_duration = 3');
$sessions[0]->value(<<'SQL');
SELECT count(*)
  FROM generate_series(0, 599) AS n, LATERAL (SELECT pg_sleep(0.003 + 0 * n)) AS spread,
       booking.create_booking(fixture.wish(301 + n / 30, ARRAY[n % 30 + 1 || 'A', n % 30 + 1 || 'B'], customer => n % 100 + 1))
SQL
$sessions[0]->value('SET booking.hold_duration = 1');
@holds = holds_from(301);
is(scalar @holds, 600, 'holds of two seats are made');

sub changing_client
{
	my ($session, $number) = @_;
	my $share = $clients / 2;
	my %count;

	for (my $index = $number % $share; $index < @holds; $index += $share)
	{
		my ($booking, $flight, $seat, $deadline) = @{ $holds[$index] };
		my $wait = $deadline - time + -0.02 + rand 0.035;
		my ($row) = $seat =~ /(\d+)/;
		my ($what, $sql) = @{
			$number >= $share
			? [ claim => 'SELECT FROM booking.create_booking('
				  . wish('hold', [ map { [ $flight, $row . $_ ] } pick([ 'A', 'D' ], ['B'], [ 'E', 'A' ])->@* ]) . ')' ]
			: pick([ cancel => "SELECT FROM booking.cancel($booking)" ],
				[ 'cancel one' => "SELECT FROM booking.cancel($booking, '{2}')" ],
				[ move => "SELECT FROM booking.change_seat($booking, 1::smallint, '${row}D')" ],
				[ move => "SELECT FROM booking.change_seat($booking, 2::smallint, '${row}E')" ]) };

		sleep $wait if $wait > 0;
		my ($state) = $session->ask($sql);
		$count{"$what $state"}++;
	}
	return \%count;
}

$count = tally(run_clients(72_200, \@sessions, \&changing_client));
note shown($count);
is(join(' ', grep { !/ (ok|SB001|SB003)$/ } keys %$count), '', 'cancelled and moved: only business outcomes');
cmp_ok($count->{$_} // 0, '>', 5, "$_ came about")
  for 'cancel ok', 'cancel SB003', 'cancel one ok', 'cancel one SB003', 'move ok', 'move SB003', 'claim ok', 'claim SB001';
invariants_hold($node, 'cancelled and moved');
sweep();
invariants_hold($node, 'in the end');

$node->stop;
done_testing();
