# A POST that is sent again never books twice: a hundred at once with one key, and a gateway that is killed while it works.

use strict;
use warnings;

use BookingTest;
use Gateway;
use HTTP::Tiny;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

my $node = start_node('idempotency');
add_flights($node, 100, 101);
my %settings = (DATABASE_URL => $node->connstr('booking'), GATEWAY_CONNECTIONS => 32);
my $gateway = Gateway->start(%settings);

# One request; returns status and body. 599 is a connection that broke.
sub post
{
	my ($idempotency_key, $seat) = @_;
	my $response = HTTP::Tiny->new(timeout => 20)->post(
		$gateway->url('/v1/bookings'),
		{
			headers => { 'Content-Type' => 'application/json', 'Idempotency-Key' => $idempotency_key, Authorization => "Bearer $key" },
			content => JSON::PP->new->canonical->encode(
				{
					type => 'hold',
					customer_id => 1,
					contact => { email => "$idempotency_key\@example.com" },
					slices => [ { flight_id => 100, passengers => [ { name => "Ada $idempotency_key", seat => $seat } ] } ]
				})
		});

	return ($response->{status}, $response->{content});
}

sub count_bookings
{
	my ($key) = @_;

	return $node->safe_psql('booking', "SELECT count(*) FROM bookings WHERE contact_email = '$key\@example.com'");
}

# Runs post() in as many processes at once; returns "status body" of each.
sub post_at_once
{
	my ($processes, $times, @arguments) = @_;
	my @pipes;
	my @answers;

	for (1 .. $processes)
	{
		my $pid = open(my $pipe, '-|') // die "fork: $!";

		if ($pid == 0)
		{
			print join(' ', post(@arguments)), "\n" for 1 .. $times;
			POSIX::_exit(0) if close STDOUT;
		}
		push @pipes, $pipe;
	}
	for my $pipe (@pipes)
	{
		push @answers, <$pipe>;
		close $pipe;
	}
	chomp @answers;
	return @answers;
}

my @answers = post_at_once(20, 5, 'hundred', '1A');
is(scalar @answers, 100, 'a hundred requests with one key');
my %statuses;
$statuses{ substr $_, 0, 3 }++ for @answers;
note 'statuses: ' . join ', ', map { "$_: $statuses{$_}" } sort keys %statuses;
is_deeply([ grep { !/^(201|409)$/ } sort keys %statuses ], [], 'each made or found the booking, or was told to wait');
cmp_ok($statuses{201}, '>', 1, 'the response was repeated');
my %bodies = map { $_ => 1 } grep { /^201/ } @answers;
is(scalar keys %bodies, 1, 'byte for byte');
is(count_bookings('hundred'), '1', 'one booking');

my ($status, $body) = post('hundred', '1B');
is($status, 422, 'the key with another body');
like($body, qr/"idempotency_key_reused"/, 'is refused by name');
is($node->safe_psql('booking', q{SELECT status FROM seats WHERE flight_id = 100 AND seat_number = '1B'}), 'available', 'and does nothing');

# The gateway dies at some moment of a request: before the statement, in it, or between its commit and the response. The
# client asks again, as it must. The statement waits a little, so that every moment has its chance.
$node->safe_psql('booking', <<'SQL');
CREATE FUNCTION fixture.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.02); RETURN NULL; END $$;
CREATE TRIGGER slow AFTER INSERT ON bookings FOR EACH ROW EXECUTE FUNCTION fixture.slow();
SQL
my %outcomes;
srand 42;
for my $round (1 .. 20)
{
	my $key = "killed-$round";
	my $seat = 1 + $round . 'C';
	my $pid = open(my $pipe, '-|') // die "fork: $!";

	if ($pid == 0)
	{
		print join(' ', post($key, $seat)), "\n";
		POSIX::_exit(0) if close STDOUT;
	}
	sleep 0.001 + rand 0.06;
	$gateway->stop('KILL');
	my ($first) = substr(<$pipe>, 0, 3);
	close $pipe;
	my $before = count_bookings($key);

	$gateway = Gateway->start(%settings, GATEWAY_PORT => $gateway->{port});
	for (1 .. 20)
	{
		($status, $body) = post($key, $seat);
		last if $status != 409;
		sleep 0.05;
	}
	$outcomes{"first $first, bookings then $before"}++;
	is("$status " . count_bookings($key), '201 1', "round $round: one booking, and its response");
}
note "$_: $outcomes{$_}" for sort keys %outcomes;
is($node->safe_psql('booking', 'SELECT * FROM booking.check_invariants()'), '', 'no violation');

$gateway->stop;
$node->stop;
done_testing();
