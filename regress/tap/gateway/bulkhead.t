# Bulkheads: many idle, slow or vanished clients, or a database that stands still, cost the others nothing.

use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest;

start_databases();

my $post = "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n";

# Sockets that have sent the text.
sub clients
{
	my ($count, $text) = @_;

	return map {
		my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gw->{port}, Timeout => 5) or die "connect: $!";
		syswrite($socket, $text) if length $text;
		$socket;
	} 1 .. $count;
}

# The seconds that each of so many requests took, sorted; dies when one is not answered 200.
sub durations
{
	my ($port, $count, $text) = @_;
	my @seconds;

	for (1 .. $count)
	{
		my $start = time;
		my $answer = raw({ port => $port }, $text);
		$answer =~ m{^HTTP/1.1 200 } or die "not 200: $answer";
		push @seconds, time - $start;
	}
	return sort { $a <=> $b } @seconds;
}

subtest 'connections are taken per request' => sub {
	$gw = start_gateway(GATEWAY_CONNECTIONS => 2);
	my @waiting = (clients(20, "GET /v1/x HTTP/1.1\r\nX-Slow: "), clients(20, $post));
	my ($slowest) = reverse durations($gw->{port}, 20, "POST /v1/x HTTP/1.0\r\nContent-Type: application/json\r\n\r\n");
	cmp_ok($slowest, '<', 0.5 * $patience, 'forty slow clients have no connection');
	close $_ for @waiting;

	my @busy = map { in_background('GET', '/v1/sleep/0.4') } 1 .. 6;
	is_deeply([ map { (outcome($_))[0] } @busy ], [ (200) x 6 ], 'six requests take turns at two connections');
	my $open = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'booking_gateway' AND datname = 'flight_booking'});
	is($open, 2, 'which are all there are');

	@busy = map { in_background('GET', '/v1/sleep/4') } 1 .. 2;
	wait_for("SELECT count(*) = 2 $sleeping");
	my $answer = request('GET', '/v1/x');
	problem_ok($answer, 503, 'unavailable', 'a request that has no turn within two seconds');
	like($answer->{headers}{'retry-after'}, qr/^[1-9]/, 'Retry-After');
	is_deeply([ map { (outcome($_))[0] } @busy ], [ (200) x 2 ], 'those that have them are answered');
	$gw->stop;
};

subtest 'reports have a quarter of the connections' => sub {
	$gw = start_gateway(GATEWAY_CONNECTIONS => 8);
	my @reports = map { in_background('GET', '/v1/reports/sleep/5') } 1 .. 12;
	sleep 1.5;
	is($node->safe_psql('postgres', "SELECT count(*) $sleeping"), 2, 'two run, whoever asks');
	my ($slowest) = reverse durations($gw->{port}, 20, "GET /v1/x HTTP/1.0\r\n\r\n");
	cmp_ok($slowest, '<', 0.5 * $patience, 'bookings have theirs');
	my @outcomes = map { [ outcome($_) ] } @reports;
	is(scalar(grep { $_->[0] == 200 } @outcomes), 2, 'two are answered');
	my @refused = grep { $_->[0] != 200 } @outcomes;
	is_deeply([ map { "@$_[0, 1]" } @refused ], [ ('503 unavailable') x 10 ], 'the others are refused');
	ok(!(grep { $_->[2] !~ /^[1-9]/ || $_->[3] > 3 * $patience } @refused), 'soon, with Retry-After');
	$gw->stop;
};

subtest 'idle connections' => sub {
	$gw = start_gateway(GATEWAY_KEEP_ALIVE_MS => undef, GATEWAY_WORKERS => 16);
	my $get = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
	my ($kept) = clients(1, $get);
	sleep 3;
	like(drain($kept, 0.2), qr/^Connection: keep-alive\r\nKeep-Alive: timeout=75\r$/m, 'the client is told how long');
	syswrite($kept, $get);
	like(drain($kept, 1), qr{^HTTP/1.1 200 }, 'and can come back');

	# Once three quarters of the threads have a client, the next give theirs back.
	my @many = clients(40, $get);
	my @closed = grep { drain($_, 0.1 * $patience) =~ /^Connection: close\r$/m } @many;
	cmp_ok(scalar @closed, '>=', 28, 'idle clients do not take all threads');
	my ($slowest) = reverse durations($gw->{port}, 5, "GET /healthz HTTP/1.0\r\n\r\n");
	cmp_ok($slowest, '<', 0.5 * $patience, 'another is served at once');
	close $_ for @many, $kept;
	$gw->stop;
};

$node->stop;
done_testing();
