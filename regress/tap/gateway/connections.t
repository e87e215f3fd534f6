# Connections to the database: shared by many clients, ended by the server, lost in the middle of a statement.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP qw(decode_json);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest;

start_databases();
$gw = start_gateway();

subtest 'connections that end' => sub {
	is(request('GET', '/v1/echo')->{status}, 200, 'before');
	$node->safe_psql('postgres', q{SELECT count(pg_terminate_backend(pid))
		FROM pg_stat_activity WHERE application_name = 'booking_gateway'});
	is_deeply([ map { post('/v1/x', '{}')->{status} } 1 .. 20 ], [ (200) x 20 ],
		'idle connections that were ended are noticed before anything is sent');

	calls_reset();
	problem_ok(post('/v1/fatal', '{}'), 503, 'unavailable', 'ended within the statement');
	is(calls(), '2|t', 'one more try, as the first was certainly rolled back');

	$node->restart;
	is_deeply([ map { post('/v1/x', '{}')->{status} } 1 .. 20 ], [ (200) x 20 ],
		'after a restart of the server');
	ok((grep { /"event":"database_down"/ } $gw->log_lines) == 0, 'nobody noticed');
};

subtest 'an answer that is lost' => sub {
	calls_reset();
	my $writer = in_background('POST', '/v1/sleep/60');
	wait_for("SELECT count(*) = 1 $sleeping");
	$node->stop('immediate');
	my ($status, $code, $retry, $seconds) = outcome($writer);
	is_deeply([ $status, $code ], [ 503, 'unknown_outcome' ], 'a write: nobody knows');
	like($retry, qr/^[1-9]/, 'Retry-After');
	cmp_ok($seconds, '<', 10 * $patience, 'told in time');

	my $start = time;
	problem_ok(post('/v1/x', '{}'), 503, 'unavailable', 'the server is down: nothing was sent');
	cmp_ok(time - $start, '<', 6 * $patience, 'after the connect budget');
	$start = time;
	problem_ok(post('/v1/x', '{}'), 503, 'unavailable', 'the next');
	cmp_ok(time - $start, '<', 1 * $patience, 'at once');
	is(request('GET', '/healthz')->{status}, 200, 'the process is well');
	is(request('GET', '/readyz')->{status}, 503, 'and not ready');

	$node->start;
	is(post('/v1/x', '{}')->{status}, 200, 'back as soon as the server is');
	ok(logged(qr/"event":"database_down"/), 'the log says down');
	ok(logged(qr/"event":"database_up"/), 'and up');

	# A server that comes back within the budget: the client only waits.
	my @warm = map { request('GET', '/v1/echo')->{status} } 1 .. 5;
	$node->stop('fast');
	my $patient = in_background('POST', '/v1/x');
	sleep 0.5;
	$node->start;
	($status) = outcome($patient);
	is($status, 200, 'a request rides through a short restart');

	calls_reset();
	my $reader = in_background('GET', '/v1/sleep/3');
	wait_for("SELECT count(*) = 1 $sleeping");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) $sleeping");
	($status) = outcome($reader);
	is($status, 200, 'a read is sent again');
};

subtest 'concurrent clients' => sub {
	my @children;
	for my $client (1 .. 32)
	{
		pipe(my $read, my $write) or die $!;
		my $pid = fork() // die $!;
		if ($pid == 0)
		{
			my $own = HTTP::Tiny->new(timeout => 60);
			my $good = 0;
			for my $n (1 .. 20)
			{
				my $r = $own->post("http://127.0.0.1:$gw->{port}/v1/echo?c=$client",
					{ content => "{\"n\":$n}",
						headers => { 'Content-Type' => 'application/json',
							'X-Request-Id' => "c$client-$n" } });
				my $json = eval { decode_json($r->{content}) } || {};
				$good++ if $r->{status} == 200 && $json->{query}{c} == $client
				  && $json->{body}{n} == $n && $r->{headers}{'x-request-id'} eq "c$client-$n";
			}
			syswrite($write, $good);
			POSIX::_exit(0);
		}
		close $write;
		push @children, { pid => $pid, read => $read };
	}
	my $good = 0;
	for my $child (@children)
	{
		my $handle = $child->{read};
		$good += <$handle> // 0;
		waitpid($child->{pid}, 0);
	}
	is($good, 640, '32 clients get their own 20 answers each');
	my $open = $node->safe_psql('postgres', q{SELECT count(*) FROM pg_stat_activity
		WHERE application_name = 'booking_gateway' AND datname = 'flight_booking'});
	cmp_ok($open, '<=', 16, 'no more connections than the setting says');
};

finish();
