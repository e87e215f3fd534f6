# What a caller did is not the server's error: refusals are counted and not logged. A session that keeps bookings from their
# tables is: readiness tries what a booking needs, and names it.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;
use Gateway;

my $node = start_node('primary', roles => 1);
my $gateway = Gateway->start(DATABASE_URL => $node->connstr('booking') . ' user=booking_app');

sub get { return HTTP::Tiny->new(timeout => 10)->get($gateway->url($_[0])) }
sub logged { return () = slurp_file($node->logfile) =~ /ERROR: .*$_[0]/g }

sub refused
{
	my ($setting) = @_;

	$node->psql('booking', "$setting SELECT * FROM booking.create_booking('{}')", stderr => \my $said);
	return $said;
}

# ---------------------------------------------------------------- refusals

like(refused(''), qr/ERROR/, 'the caller hears why');
my ($why) = refused('') =~ /ERROR:\s+(.{10})/;
is(logged(quotemeta $why), 0, 'and the log says nothing of it');
refused('SET booking.log_refusals = on;');
is(logged(quotemeta $why), 1, 'unless it is told to');
$node->psql('booking', 'SELECT 1 / 0 AS real_error');
is(logged('division by zero'), 1, 'a real error is logged');
is(get('/v1/bookings/999999999')->{status}, 404, 'refused over HTTP');
like(get('/metrics')->{content}, qr/^booking_refusals_total\{sqlstate="SB011",code="not_found"\} 1$/m, 'and counted by code');

# ---------------------------------------------------------------- a lock that keeps bookings waiting

sub ready { my $answer = get('/readyz'); return ($answer->{status}, decode_json($answer->{content})->{databases}{primary}) }

is((ready())[0], 200, 'ready');
my ($shortest) = sort { $a <=> $b } map { (ready())[1]{duration_ms} } 1 .. 5;
cmp_ok($shortest, '<', 200, "in $shortest ms");
my ($locker) = connect_clients($node, 1);
$locker->ask('BEGIN');
$locker->ask('LOCK TABLE public.seats IN SHARE MODE');
my ($status, $primary) = ready();
is($status, 503, 'not ready while seats is locked');
like($primary->{error}, qr/locked/, 'and it says so');
sleep 6;
($status, $primary) = ready();
like($primary->{problems}[0], qr/^session \d+ of \S+ \(idle in transaction\) has kept others waiting for [6-9] s/, 'after 5 s the session is named');
like(get('/v1/metrics')->{content}, qr/^booking_blocking_seconds [6-9]\./m, 'and measured');
$locker->ask('ROLLBACK');
($status, $primary) = ready();
is($status, 200, 'ready again');
is_deeply($primary->{problems}, [], 'without a problem');
like(get('/v1/metrics')->{content}, qr/^booking_blocking_seconds 0$/m, 'nobody blocks');

done_testing();
