# A client of the gateway's role takes a seat and falls asleep in its transaction. Others who want that seat are told so
# within half a second, the rest of the flight stays on sale, and the sleeper is thrown out after five seconds, all by the
# settings of the role (sql/roles.sql).
# Runs alone: it measures waits.

use strict;
use warnings;

use BookingTest;
use List::Util qw(max min);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $waiters = 8;
my $node = start_node('stuck', roles => 1);
add_flights($node, 101, 101);
$node->safe_psql('booking', 'GRANT booking_agent TO booking_app'); # the functions instead of their HTTP

sub hold { return 'SELECT booking_id FROM booking.create_booking(' . wish('hold', [ [ 101, $_[0] ] ], customer_id => $_[1]) . ')' }

# Seconds that a statement takes, and how it ends
sub timed
{
	my ($session, $sql) = @_;
	my $start = time;
	my ($state) = $session->ask($sql);

	return (time - $start, $state);
}

my ($stuck) = connect_clients($node, 1, user => 'booking_app');
my @others = connect_clients($node, $waiters + 2, user => 'booking_app');

is($stuck->value('SELECT current_user'), 'booking_app', 'the gateway\'s role');
note "$_ = " . $stuck->value("SHOW $_") for qw(lock_timeout statement_timeout idle_in_transaction_session_timeout);

$stuck->value('BEGIN');
$stuck->value(hold('12A', 1));
my $asleep = time;

# Meanwhile most ask for the seat again and again, one books other seats, one sleeps as long as they should wait,
# which tells how late this machine is with such things.
my @results = run_clients(73_000, \@others, sub {
	my ($session, $number) = @_;
	my (@seconds, %count);

	while (time < $asleep + 4)
	{
		my ($seconds, $state) =
		    $number < $waiters ? timed($session, hold('12A', 10 + $number))
		  : $number == $waiters ? timed($session, 'SELECT booking.cancel(b.booking_id) FROM ('
			  . hold(pick(1 .. 11, 13 .. 30) . pick('A' .. 'F'), 30) . ') AS b')
		  : timed($session, 'SELECT pg_sleep(0.5)');

		push @seconds, $seconds;
		$count{$state}++;
		sleep 0.02 if $number == $waiters;
	}
	return { seconds => \@seconds, count => \%count };
});

my $yawn = $stuck->last_words(30);
my $thrown_out = time - $asleep;
my @waits = map { @{ $_->{seconds} } } @results[ 0 .. $waiters - 1 ];
my $slack = max(@{ $results[-1]{seconds} }) - 0.5;

note sprintf '%d waits of %.3f s to %.3f s; this machine is up to %.3f s late', scalar @waits, min(@waits), max(@waits), $slack;
is(shown(tally(map { $_->{count} } @results[ 0 .. $waiters - 1 ])), '55P03 ' . @waits, 'the seat cannot be had');
cmp_ok(scalar @waits, '>=', 4 * $waiters, 'everybody tried again and again');
cmp_ok(max(@waits), '<=', 0.6 + $slack, 'and was told within 600 ms');

my $elsewhere = $results[$waiters];
note sprintf '%d bookings elsewhere, the slowest took %.3f s', scalar @{ $elsewhere->{seconds} }, max(@{ $elsewhere->{seconds} });
is(shown($elsewhere->{count}), 'ok ' . @{ $elsewhere->{seconds} }, 'other seats of the flight are sold');
cmp_ok(scalar @{ $elsewhere->{seconds} }, '>', 40, 'many times');
cmp_ok(max(@{ $elsewhere->{seconds} }), '<', 0.5, 'without waiting');

is($yawn, '25P03', 'the sleeper is thrown out');
note sprintf 'after %.3f s', $thrown_out;
cmp_ok($thrown_out, '<=', 6 + $slack, 'within 6 s');
is(($others[0]->ask(hold('12A', 10)))[0], 'ok', 'and the seat is free');
invariants_hold($node, 'in the end');

$node->stop;
done_testing();
