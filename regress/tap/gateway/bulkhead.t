# Bulkheads: many idle, slow or vanished clients, or a database that stands still, cost the others nothing.

use strict;
use warnings;

use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest;
use PostgreSQL::Test::Utils;

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

subtest 'clients that have gone' => sub {
	$gw = start_gateway(GATEWAY_CONNECTIONS => 4, GATEWAY_WORKERS => undef);
	my @gone = clients(2, "GET /v1/sleep/30 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wait_for("SELECT count(*) = 2 $sleeping");
	close shift @gone;
	wait_for("SELECT count(*) = 1 $sleeping");
	pass('what nobody waits for any more is cancelled');
	close shift @gone;
	wait_for("SELECT count(*) = 0 $sleeping");

	my $calls = calls();
	my ($writer) = clients(1, "POST /v1/sleep/2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
	wait_for("SELECT count(*) = 1 $sleeping");
	close $writer;
	sleep 0.7;
	is($node->safe_psql('postgres', "SELECT count(*) $sleeping"), 1, 'but a write is not');
	wait_for("SELECT count(*) = 0 $sleeping");

	# All at once, and away: those that had no connection yet never get to the database
	my @many = clients(600, "GET /v1/sleep/20 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wait_for("SELECT count(*) = 4 $sleeping");
	close $_ for @many;
	my $left = time;
	my ($first) = durations($gw->{port}, 1, "GET /v1/x HTTP/1.0\r\n\r\n");
	cmp_ok(time - $left, '<', 2 * $patience, 'after 600 abandoned reads the next is answered within two seconds');
	wait_for("SELECT count(*) = 0 $sleeping");
	cmp_ok(calls() - $calls, '<', 60, 'most of them were never asked');

	# A postmaster that stands still takes no cancel request either, and its backends work on.
	my ($lost) = clients(1, "GET /v1/sleep/6 HTTP/1.1\r\nHost: localhost\r\n\r\n");
	wait_for("SELECT count(*) = 1 $sleeping");
	my $pid = (split /\n/, slurp_file($node->data_dir . '/postmaster.pid'))[0];
	kill 'STOP', $pid;
	close $lost;
	my $end = time + 4 * $patience;
	my $busy = 2;
	while ($busy > 1 && time < $end)
	{
		($busy) = raw({ port => $gw->{admin_port} }, "GET /metrics HTTP/1.0\r\n\r\n") =~ /^booking_http_requests_in_flight (\d+)/m;
		sleep 0.2;
	}
	is($busy, 1, 'no thread waits for it longer than a moment');
	my ($slowest) = eval { reverse durations($gw->{port}, 5, "GET /v1/x HTTP/1.0\r\n\r\n") };
	kill 'CONT', $pid;
	cmp_ok($slowest // $patience, '<', 0.5 * $patience, 'and others are answered');
	wait_for("SELECT count(*) = 0 $sleeping");
	is(request('GET', '/v1/x')->{status}, 200, 'then all is as before');
	$gw->stop;
};

# The 99th of a hundred, beside slow headers, slow bodies and idle clients: as many as a process may have files open here
subtest 'figures' => sub {
	$gw = start_gateway(GATEWAY_WORKERS => undef, GATEWAY_KEEP_ALIVE_MS => undef, GATEWAY_CONNECTIONS => 16);
	my $write = "POST /v1/x HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
	my @before = durations($gw->{port}, 200, $write);
	my @idle = clients(400, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	my @slow = (clients(100, "GET /v1/x HTTP/1.1\r\nX-Slow: "), clients(100, $post));
	my (@health, @during);
	my $end = time + 10;

	while (time < $end)
	{
		syswrite($_, 'x') for @slow;
		push @health, durations($gw->{admin_port}, 5, "GET /healthz HTTP/1.0\r\n\r\n");
		push @during, durations($gw->{port}, 20, $write);
		sleep 0.2;
	}
	my ($before, $health, $during) = map { my @sorted = sort { $a <=> $b } @$_; $sorted[ 0.99 * $#sorted ] } \@before, \@health, \@during;
	note sprintf '99 of 100: /healthz %.1f ms, writes %.1f ms, before %.1f ms (%d and %d)', 1000 * $health, 1000 * $during, 1000 * $before, scalar @health, scalar @during;
	cmp_ok($health, '<', 0.2 * $patience, '/healthz of the operators answers in 200 ms');
	cmp_ok($during, '<', ($before < 0.05 ? 0.15 : 3 * $before) * $patience, 'writes take no more than 150 ms, or three times as long as undisturbed');
	close $_ for @idle, @slow;
	$gw->stop;
};

$node->stop;
done_testing();
