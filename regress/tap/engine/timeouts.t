# Calls that are cut short at any point, by a statement_timeout of 1 to 20 ms or by another session's cancel: the books
# balance, no session keeps a lock, and the server has nothing to complain about.
# Runs alone: calls of some milliseconds are cut short, and many must get through all the same.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $calls = $ENV{TIMEOUT_CALLS} // 5_000;
my $clients = 24;
my $seed = 74_000;

# A write now and then takes a while, so that calls are cut short between their writes and while they wait for one another.
my $node = start_node('timeouts', conf => "log_min_messages = warning\n");
add_flights($node, 101, 104);
$node->safe_psql('booking', <<'SQL');
ALTER DATABASE booking SET booking.hold_duration = '1s';
CREATE FUNCTION fixture.linger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF random() < 0.1 THEN PERFORM pg_sleep(random() * 0.02); END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER linger AFTER INSERT OR UPDATE ON seats FOR EACH ROW EXECUTE FUNCTION fixture.linger();
CREATE TRIGGER linger AFTER INSERT OR UPDATE ON booking_items FOR EACH ROW EXECUTE FUNCTION fixture.linger();
CREATE TRIGGER linger AFTER INSERT OR UPDATE ON bookings FOR EACH ROW EXECUTE FUNCTION fixture.linger();
CREATE TRIGGER linger AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION fixture.linger();
SQL

sub client
{
	my ($session, $number) = @_;
	my %count;
	my $last = 20;

	for (1 .. $calls / $clients)
	{
		my $timeout = 1 + int rand 20;
		my ($state, @rows) = $session->ask("SET statement_timeout = $timeout");

		if ($state eq 'ok')
		{
			my $sql = random_call($last);

			($state, @rows) = $session->ask($sql);
			$last = $rows[0][0] if $state eq 'ok' && $sql =~ /^SELECT booking_id FROM booking.create/;
		}
		$count{$state}++;
	}
	return \%count;
}

# Cancels what a random one of the clients is doing, some hundred times a second, until they have ended.
sub cancel_at_random
{
	my ($session, @pids) = @_;
	my $count = 0;

	while ($session->value(<<'SQL') > 0)
SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim' AND state_change > now() - interval '1 s'
SQL
	{
		for (1 .. 100)
		{
			$session->value('SELECT pg_cancel_backend(' . pick(@pids) . ')');
			sleep rand 0.005;
			$count++;
		}
	}
	return $count;
}

my @sessions = connect_clients($node, $clients, application_name => 'victim');
my ($canceller) = connect_clients($node, 1);
my $cancels;
srand($seed - 1);
my $count = tally(run_clients($seed, \@sessions, \&client,
	sub { $cancels = cancel_at_random($canceller, map { $_->pid } @sessions) }));
note shown($count) . "; $cancels cancels";

cmp_ok($count->{57014}, '>', $calls / 50, 'many calls were cut short');
cmp_ok($count->{ok}, '>', $calls / 20, 'and many were not');
is(join(' ', grep { $_ ne '57014' && !is_business($_) } keys %$count), '', 'otherwise only business outcomes');
is($node->safe_psql('booking', <<'SQL'), '', 'no session keeps a lock or a transaction');
SELECT a.pid, a.state, string_agg(DISTINCT l.mode, ', '), a.query
  FROM pg_stat_activity AS a LEFT JOIN pg_locks AS l USING (pid)
 WHERE a.application_name = 'victim' AND (l.pid IS NOT NULL OR a.state <> 'idle')
 GROUP BY a.pid, a.state, a.query
SQL
invariants_hold($node, 'in the end');

# The sessions are as good as new.
my %states;
for my $session (@sessions)
{
	1 until ($session->ask('SET statement_timeout = 0'))[0] eq 'ok'; # the time that it leaves counts for it as well
	my ($state) = $session->ask(
		'SELECT booking.cancel(b.booking_id) FROM booking.create_booking(' . wish('hold', [ [ 104, 'economy' ] ]) . ') AS b');

	$states{$state}++;
}
is(shown(\%states), "ok $clients", 'every session can book and cancel');
invariants_hold($node, 'and after that');

$node->stop;
my @complaints = grep { /leak|was not closed|PANIC|TRAP|WARNING|terminated by signal|invalid memory|statement ended with/ }
  split /\n/, slurp_file($node->logfile);
is(join("\n", @complaints), '', 'no complaint in the server\'s log');
done_testing();
