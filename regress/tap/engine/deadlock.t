# Thirty-two clients book sets of four seats over two flights, given in random and in reverse order, alone and in batches,
# and move, pay, cancel and sweep each other's bookings: not one deadlock. Half of the time triggers make every write of a
# row take a millisecond or two, so that many transactions stand between two locks at once, as they would on many
# processors. Then a session that locks seats by hand, in the reverse order, makes deadlocks as it must; a client that tries
# three times again, with a random pause, gets through all the same.
# Runs alone: its clients want the whole machine.

use strict;
use warnings;

use BookingTest;
use List::Util qw(shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{DEADLOCK_SECONDS} // 15;
my $clients = 32;

# The seats of a row of both flights, in lock order. Sets are drawn within a row, so that two of them often share two seats.
my @rows = map { my $row = $_; [ map { my $flight = $_; map { [ $flight, "$row$_" ] } 'A' .. 'F' } 101, 102 ] } 1 .. 15;

my $node = start_node('deadlock', conf => "deadlock_timeout = 10ms\n");
add_flights($node, 101, 102);
$node->safe_psql('booking', <<'SQL');
ALTER DATABASE booking SET booking.hold_duration = '1s';
CREATE FUNCTION fixture.linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(random() * 0.003); RETURN NULL; END $$;
SQL

# Four seats of a row in an order that is the lock order, its reverse, or neither
sub four_seats
{
	my ($row) = @_;
	my %chosen;

	$chosen{ int rand @$row } = 1 while keys %chosen < 4;
	my @numbers = sort { $a <=> $b } keys %chosen;
	my $order = int rand 3;
	@numbers = reverse @numbers if $order == 1;
	@numbers = shuffle @numbers if $order == 2;
	return [ @$row[@numbers] ];
}

sub book { return "SELECT booking_id FROM booking.create_booking($_[0])" }
sub pay { return "SELECT booking_id FROM booking.pay($_[0], 400, 'EUR')" }
sub cancel { return "SELECT booking_id FROM booking.cancel($_[0])" }

# What a client does next. Mostly it books and gives back in one transaction, so that seats are free and fought for; else it
# holds, moves within the row, pays, cancels its own or another client's booking, or lets it lapse.
sub statement
{
	my ($mine, $row, $last, $number) = @_;
	my $wish = wish('hold', four_seats($row), customer_id => 1 + $number);
	my $dice = rand;

	if (defined $mine)
	{
		return pay($mine) if $dice < 0.1;
		return cancel($mine) if $dice < 0.4;
		return sprintf q{SELECT booking_id FROM booking.change_seat(%d, %d::smallint, '%s')}, $mine, 1 + int rand 4, pick(@$row)->[1];
	}
	return "SELECT c.booking_id FROM booking.create_booking($wish) AS b, booking.cancel(b.booking_id) AS c" if $dice < 0.5;
	return book($wish) if $dice < 0.7;
	return book(wish('hold', [ map { [ $_, 'economy' ] } 102, 101, 102, 101 ])) if $dice < 0.73;
	return batch_and_back(pick('all', 'each', 'each'), $wish, wish('hold', four_seats($row), customer_id => 1 + int rand $clients)) if $dice < 0.95;
	return cancel($last - int rand 20) if $dice < 0.98;
	return 'SELECT NULL FROM booking.expire_holds(20)';
}

# A batch, and what came of it given back
sub batch_and_back
{
	my (@batch) = @_;

	return 'SELECT c.booking_id FROM json_array_elements(' . batch(@batch) . q{) AS r,
       booking.cancel((r->'booking'->>'booking_id')::bigint) AS c
 WHERE r->'booking' IS NOT NULL};
}

# Random statements until the time is up; returns how they ended. A deadlock is tried again up to $retries times.
sub client
{
	my ($session, $number, $end, $retries) = @_;
	my ($mine, $row, %count);
	my $last = 100;

	while (time < $end)
	{
		$row = pick(@rows) if !defined $mine;
		my $sql = statement($mine, $row, $last, $number);
		my ($state, @result) = $session->ask($sql);

		for (my $try = 1; $state eq '40P01' && $try <= $retries; $try++)
		{
			$count{tried_again}++;
			sleep rand 0.02 * 2**$try;
			($state, @result) = $session->ask($sql);
		}
		$count{$state}++;
		$mine = undef if $sql !~ /booking\.(pay|change_seat)/;
		next if $state ne 'ok' || $sql !~ /^SELECT booking_id FROM booking.create_booking/;
		$last = $result[0][0];
		$mine = $last if rand() < 0.9;
	}
	return \%count;
}

# Locks seats in the reverse of the lock order, as a hand-written script might.
sub third_party
{
	my ($session, $end) = @_;
	my %count;

	while (time < $end)
	{
		$session->ask('BEGIN');
		for my $seat (reverse @{ pick(@rows) })
		{
			my ($state) =
			  $session->ask("SELECT FROM seats WHERE flight_id = $seat->[0] AND seat_number = '$seat->[1]' FOR UPDATE");

			$count{"third party $state"}++;
			last if $state ne 'ok';
			sleep rand 0.005;
		}
		$session->ask('COMMIT');
		sleep rand 0.1;
	}
	return \%count;
}

sub deadlocks
{
	$node->safe_psql('booking', 'SELECT pg_stat_force_next_flush()');
	return $node->safe_psql('booking', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'booking'});
}

sub linger
{
	my ($command) = @_;

	$node->safe_psql('booking', join '', map { sprintf "$command;", $_ } qw(seats booking_items bookings));
	return;
}

my @sessions = connect_clients($node, $clients);
my ($end, $count);
for my $slow (0, 1)
{
	my $name = $slow ? 'slow writes' : 'full speed';

	linger('CREATE TRIGGER linger AFTER INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION fixture.linger()') if $slow;
	$end = time + $seconds / 2;
	$count = tally(run_clients(71_000 + 100 * $slow, \@sessions, sub { client(@_, $end, 0) }));
	note "$name: " . shown($count);
	is($count->{'40P01'} // 0, 0, "$name: no 40P01");
	is(join(' ', grep { !/^(ok|SB00[1345]|SB011)$/ } keys %$count), '', "$name: only business outcomes");
	cmp_ok($count->{ok}, '>', 20 * $seconds, "$name: the clients got through");
	cmp_ok($count->{SB001}, '>', 20 * $seconds, "$name: and met one another");
	is(deadlocks(), 0, "$name: none in pg_stat_database");
	invariants_hold($node, $name);
}

$end = time + 4;
$count = tally(run_clients(71_200, [ @sessions, connect_clients($node, 2) ],
	sub { $_[1] < $clients ? client(@_, $end, 3) : third_party($_[0], $end) }));
note shown($count);
my $calls = 0;
$calls += $count->{$_} for grep { /^\w{5}$|^ok$/ } keys %$count;
cmp_ok(deadlocks(), '>', 0, 'a third party that locks the other way round makes deadlocks');
cmp_ok($count->{'40P01'} // 0, '<', $calls / 1000, 'fewer than 0.1 % of the callers see one after three more tries');
is(join(' ', grep { !/^(ok|SB00[1345]|SB011|40P01|tried_again|third party .*)$/ } keys %$count), '', 'otherwise only business outcomes');
invariants_hold($node, 'with a third party');

$node->stop;
done_testing();
