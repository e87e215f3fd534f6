# Thirty-two clients hold, pay and cancel while the postmaster, a backend or the checkpointer is killed (SIGKILL). What the
# server acknowledged is there after recovery, nothing is there that nobody asked for, and the books balance. The clients
# keep the record: they write down what they ask for before they ask, and what was acknowledged once it was. In every
# other cycle holds need not be durable (booking.hold_durability): then holds may be lost, but no payment or cancellation.
# Runs alone: its clients must have got somewhere when the server is killed.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

my $cycles = $ENV{CRASH_CYCLES} // 10;
my $clients = 32;
my $flights = 100;

my $node = start_node(
	'crash',
	initdb => ['--data-checksums'],
	conf => <<'CONF');
fsync = on
synchronous_commit = on
full_page_writes = on
restart_after_crash = on
checkpoint_timeout = 30s
CONF
add_flights($node, 101, 100 + $flights);
$node->safe_psql('booking', q{ALTER DATABASE booking SET booking.hold_duration = '20s'});

my %victims = (
	postmaster => sub { $node->kill9 },
	backend => sub { kill_process(q{backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random()}) },
	checkpointer => sub { kill_process(q{backend_type = 'checkpointer'}) });

sub kill_process
{
	my ($which) = @_;

	kill 'KILL', $node->safe_psql('booking', "SELECT pid FROM pg_stat_activity WHERE $which LIMIT 1");
	return;
}

# Books until the connection breaks: a hold, mostly its payment, mostly its cancellation. Every booking has a token of its
# own, carried as the contact's phone, so that it can be told who asked for it.
sub client
{
	my ($session, $prefix) = @_;
	my (@attempted, @acknowledged, $state);
	my $ask = sub {
		my ($what, $sql) = @_;
		my @rows;

		push @attempted, $what;
		($state, @rows) = $session->ask($sql);
		push @acknowledged, $what if $state eq 'ok';
		return $state eq 'ok' ? $rows[0][0] : undef;
	};

	for (my $number = 1; ($state // '') ne '08000'; $number++)
	{
		my $token = "$prefix-$number";
		my @seats = map { [ 101 + int rand $flights, (1 + int rand 30) . pick('A' .. 'F') ] } 1 .. 1 + int rand 3;
		my $instant = rand() < 0.3;
		my @payment = (payment => { amount => 100 * @seats, currency => 'EUR' });
		my $id = $ask->(
			($instant ? 'paid' : 'held') . " $token",
			'SELECT booking_id FROM booking.create_booking('
			  . wish($instant ? 'instant' : 'hold', \@seats, contact => { phone => $token }, $instant ? @payment : ()) . ')');

		if (defined $id && !$instant && rand() < 0.8)
		{
			$ask->("paid $token", "SELECT booking_id FROM booking.pay($id, " . 100 * @seats . q{, 'EUR')});
		}
		$ask->("cancelled $token", "SELECT booking_id FROM booking.cancel($id)") if defined $id && rand() < 0.7;
		sleep rand 0.01;
	}
	return { attempted => \@attempted, acknowledged => \@acknowledged };
}

# What the clients could have asked for, as they name it. An instant booking was never held.
sub state_of_the_books
{
	return split /\n/, $node->safe_psql('booking', <<'SQL');
SELECT 'held ' || contact_phone FROM bookings WHERE payment_required_by IS NOT NULL
UNION ALL
SELECT 'paid ' || contact_phone FROM payments JOIN bookings USING (booking_id) WHERE amount > 0
UNION ALL
SELECT 'cancelled ' || contact_phone FROM bookings WHERE status = 'cancelled'
SQL
}

sub recover
{
	my ($postmaster) = @_;
	my $deadline = time + 60;

	if (!defined $node->{_pid})    # as kill9 leaves it
	{
		# A dead postmaster counts as running until it has been waited for, and while its orphans have its shared memory.
		until (!kill(0, $postmaster) && $node->start(fail_ok => 1))
		{
			die 'the server does not start' if time > $deadline;
			sleep 0.1;
		}
	}
	until (eval { connect_clients($node, 1) })
	{
		die "the server does not recover: $@" if time > $deadline;
		sleep 0.1;
	}
	return;
}

# The elements of the first list that are not in the second
sub without
{
	my ($list, $other) = @_;
	my %other = map { $_ => 1 } @$other;

	return [ grep { !$other{$_} } @$list ];
}

my (@attempted, @acknowledged);
my @order = qw(postmaster backend checkpointer);
srand(70);
for my $cycle (1 .. $cycles)
{
	my $victim = $order[ $cycle % @order ];
	my $life = 0.3 + rand 0.8;
	my $log_end = -s $node->logfile;
	my $postmaster = $node->{_pid};
	my $durable = $cycle % 2;
	my @sessions = connect_clients($node, $clients, options => '-c booking.hold_durability=' . ($durable ? 'on' : 'off'));
	my @records = run_clients(
		70_000 + 1000 * $cycle, \@sessions,
		sub { client($_[0], "$cycle-$_[1]") },
		sub { sleep $life; $victims{$victim}->() });

	@sessions = ();
	recover($postmaster);

	my $before = @acknowledged;
	push @attempted, map { @{ $_->{attempted} } } @records;
	push @acknowledged, grep { $durable || !/^held/ } map { @{ $_->{acknowledged} } } @records;
	my @final = state_of_the_books();
	my $name = sprintf 'cycle %d, %s killed after %.1f s%s', $cycle, $victim, $life, $durable ? '' : ', holds not durable';

	like(slurp_file($node->logfile, $log_end), qr/not properly shut down; automatic recovery/, "$name: recovered");
	cmp_ok(@acknowledged - $before, '>', 20, "$name: the clients were at work") or last;
	note sprintf '%d acknowledged, %d in the books', @acknowledged - $before, scalar @final;
	is_deeply(without(\@acknowledged, \@final), [], "$name: nothing acknowledged is lost");
	is_deeply(without(\@final, \@attempted), [], "$name: nothing unasked has appeared");
	is(@final, keys %{ { map { $_ => 1 } @final } }, "$name: nothing was done twice");
	invariants_hold($node, $name);
}

$node->command_ok([ 'pg_amcheck', '--heapallindexed', '--install-missing', '-d', 'booking' ], 'pg_amcheck finds nothing');
$node->stop;
command_ok([ 'pg_checksums', '--check', '-D', $node->data_dir ], 'pg_checksums finds nothing');
done_testing();
