# An ordered end: what is in flight is answered, or given up after the stop timeout.

use strict;
use warnings;

use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;
use Time::HiRes qw(sleep time);

use Gateway;
use GatewayTest;

start_databases();
$gw = start_gateway();

subtest 'an ordered end' => sub {
	is(request('GET', '/v1/echo')->{status}, 200, 'before');
	my $working = in_background('POST', '/v1/sleep/2');
	wait_for("SELECT count(*) = 1 $sleeping");
	my $idle = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gw->{port});
	kill 'TERM', $gw->{pid};
	sleep 0.3;
	my $refused = raw($gw, "GET /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 5);
	raw_problem_ok($refused, 503, 'unavailable', 'a new request is turned away', closes => 1);
	my ($status) = outcome($working);
	is($status, 200, 'the request in flight is answered');
	my $start = time;
	waitpid(delete $gw->{pid}, 0);
	is($?, 0, 'exit status 0, no signal');
	cmp_ok(time - $start, '<', 6 * $patience, 'soon after');
	my @lines = $gw->log_lines;
	is(decode_json($lines[-1])->{event}, 'stopped', 'the last line');
	is($gw->errors, '', 'nothing on stderr') unless @Gateway::wrapper;
	$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity
		WHERE application_name = 'booking_gateway'});
	pass('its connections are closed');

	$gw = start_gateway(GATEWAY_STOP_TIMEOUT_MS => 500, GATEWAY_LOG_LEVEL => 'error');
	$working = in_background('POST', '/v1/sleep/4');
	wait_for("SELECT count(*) = 1 $sleeping");
	my ($code, $seconds) = $gw->stop;
	is($code, 1, 'a request that takes too long: exit status 1') unless @Gateway::wrapper;
	cmp_ok($seconds, '<', 3 * $patience, 'after the stop timeout');
	outcome($working);
	my @quiet = $gw->log_lines;
	ok(!(grep { !/"level":"error"/ } @quiet), 'the log level is kept');
};

$node->stop;
done_testing();
