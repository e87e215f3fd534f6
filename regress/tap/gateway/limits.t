# Requests that are refused before a database sees them: bodies, framing, headers, and clients that dawdle.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use GatewayTest;

start_databases();
$gw = start_gateway();

subtest 'bodies that are refused' => sub {
	my $long = 'x' x 1024;

	is(post('/v1/x', '{"a":"' . $long . '"}')->{status}, 200, 'a string of 1024 bytes');
	is(post('/v1/x', '{"a":[' . join(',', 1 .. 64) . ']}')->{status}, 200, '64 elements');
	is(post('/v1/x', '[' x 16 . ']' x 16)->{status}, 200, '16 levels');
	my %bad = (
		'no JSON' => 'a=1',
		'empty text' => ' ',
		'unfinished' => '{"a":1',
		'rest after the end' => '{"a":1} x',
		'a scalar' => '12',
		'a name twice' => '{"a":1,"a":2}',
		'a name twice, deep' => '{"b":[{"a":1,"a":2}]}',
		'NUL in a string' => '{"a":"\u0000"}',
		'a NUL byte' => "{\"a\":\"\0\"}",
		'invalid UTF-8' => "{\"a\":\"\xff\"}",
		'half a surrogate pair' => '{"a":"\ud800"}',
		'a number too big' => '{"a":1e999}',
		'an integer too big' => '{"a":99999999999999999999}',
		'NaN' => '{"a":NaN}',
		'17 levels' => '[' x 17 . ']' x 17,
		'1000 levels' => '[' x 1000 . ']' x 1000,
		'30000 levels' => '[' x 30000 . ']' x 30000,
		'65 elements' => '[' . join(',', 1 .. 65) . ']',
		'65 members' => '{' . join(',', map { "\"a$_\":1" } 1 .. 65) . '}',
		'a string of 1025 bytes' => "[\"${long}x\"]",
		'a name of 1025 bytes' => "{\"${long}x\":1}");
	problem_ok(post('/v1/x', $bad{$_}), 400, 'malformed_request', $_) for sort keys %bad;
	is(post('/v1/x', "{\"a\": 1,\n \"b\" 2}")->{json}{detail}, 'The body is not a valid JSON object or array, line 2, column 6.', 'and where');
	is(post('/v1/x', '{"a":99999999999999999999}')->{json}{detail}, 'The body has a number that is too large, line 1, column 25.', 'or that a number is too large');

	problem_ok(post('/v1/x', '{}', 'Content-Type' => $_), 415, 'unsupported_media_type', "type $_")
	  for ('text/plain', 'application/jsonx', 'application/x-www-form-urlencoded');
	raw_problem_ok(raw($gw, "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"),
		415, 'unsupported_media_type', 'no type', closes => 1);

	my $full = '["' . join('","', ('y' x 1021) x 63) . '"]';
	$full .= ' ' x (65536 - length $full);
	is(post('/v1/x', $full)->{status}, 200, 'a body of 64 KiB');
	problem_ok(post('/v1/x', "$full "), 413, 'body_too_large', 'one byte more');
	problem_ok(post('/v1/x', '"' . 'z' x 400000 . '"'), 413, 'body_too_large', '400 kB');
	raw_problem_ok(raw($gw, "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
			. "Content-Length: 99999999999999999\r\n\r\n{", 3 * $patience),
		413, 'body_too_large', 'a huge length', closes => 1);
};

subtest 'framing that is refused' => sub {
	my $post = "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
	my $chunks = "2\r\n{}\r\n0\r\n\r\n";

	raw_problem_ok(raw($gw, "${post}Transfer-Encoding: chunked\r\n\r\n$chunks"),
		411, 'length_required', 'chunked', closes => 1);
	raw_problem_ok(raw($gw, "${post}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n$chunks"),
		400, 'malformed_request', 'chunked and a length', closes => 1);
	raw_problem_ok(raw($gw, "${post}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n$chunks"),
		400, 'malformed_request', 'a length and chunked', closes => 1);
	raw_problem_ok(raw($gw, "${post}Content-Length: 2\r\nTransfer-Encoding: identity\r\n\r\n{}"),
		400, 'malformed_request', 'a length and identity', closes => 1);
	raw_problem_ok(raw($gw, "${post}Transfer-Encoding: gzip\r\n\r\n{}"),
		400, 'malformed_request', 'another encoding', closes => 1);
	raw_problem_ok(raw($gw, "${post}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
		400, 'malformed_request', 'two lengths', closes => 1);
	raw_problem_ok(raw($gw, "${post}Content-Length: $_\r\n\r\n{}"),
		400, 'malformed_request', "length \"$_\"", closes => 1)
	  for ('+2', '-2', '2x', '0x2', '2, 2', 'two', '2 ', '99999999999999999999');
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"),
		400, 'malformed_request', 'a GET with a body', closes => 1);
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/1.1\r\n\r\n"), 400, 'malformed_request', 'no Host');
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
		400, 'malformed_request', 'two Hosts', closes => 1);
	raw_problem_ok(raw($gw, "${post}Content-Length: 2\r\nExpect: magic\r\n\r\n{}"),
		417, 'expectation_failed', 'an expectation', closes => 1);
	my $answer = raw($gw, "${post}Content-Length: 2\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n{}");
	like($answer, qr{^HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n}, '100-continue');

	raw_problem_ok(raw($gw, $_->[0]), 400, 'malformed_request', $_->[1], closes => 1)
	  for (["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 'a TLS hello'],
		["BREW /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 'an unknown method'],
		["GET /v1/x FTP/1.1\r\nHost: localhost\r\n\r\n", 'another protocol'],
		["GET\r\n\r\n", 'no URI'],
		["GET /v1/x HTTP/1.1\r\nno colon\r\n\r\n", 'a header without a colon']);
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/3.0\r\nHost: localhost\r\n\r\n"),
		505, 'http_version_not_supported', 'HTTP/3.0', closes => 1);
};

subtest 'headers and URIs that are refused' => sub {
	my $get = sub {
		my ($uri, $headers) = @_;
		return raw($gw, "GET $uri HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
			. ($headers || '') . "\r\n");
	};
	like($get->('/v1/x', 'X-Long: ' . 'x' x 15000 . "\r\n"), qr/^HTTP\S+ 200/, '15 kB of header');
	like($get->('/v1/x', 'Authorization: Bearer ' . 'x' x 1000 . "\r\n"), qr/^HTTP\S+ 200/, 'a credential of 1,000 bytes');
	raw_problem_ok($get->('/v1/x', 'Authorization: Bearer ' . 'x' x 4096 . "\r\n"), 431, 'header_too_large', 'one of 4 KiB');
	raw_problem_ok($get->('/v1/x', 'X-Long: ' . 'x' x 17000 . "\r\n"),
		431, 'header_too_large', '17 kB of header', closes => 1);
	raw_problem_ok($get->('/v1/x', 'X-Long: ' . 'x' x 100000 . "\r\n"),
		400, 'malformed_request', '100 kB of header', closes => 1);
	raw_problem_ok($get->('/v1/x', join '', map { "X-$_: 1\r\n" } 1 .. 70),
		431, 'header_too_large', '72 headers', closes => 1);
	raw_problem_ok($get->('/v1/x', 'Idempotency-Key: ' . 'k' x 1025 . "\r\n"),
		431, 'header_too_large', 'a long Idempotency-Key');
	raw_problem_ok($get->('/v1/x', "Idempotency-Key: \xff\r\n"),
		400, 'malformed_request', 'a header that is not UTF-8');

	raw_problem_ok($get->($_), 400, 'malformed_request', "path $_")
	  for ('/v1/%', '/v1/%4', '/v1/%zz', '/v1/%00', '/v1/a%2Fb', '/v1/%0a', '/v1/%7f',
		'/v1/%ff', '/v1/%c0%af', '/v1/%ed%a0%80');
	raw_problem_ok($get->("/v1/x?$_"), 400, 'malformed_request', "query $_")
	  for ('a=%', 'a=%1', 'a=%g1', '%=1', 'a=%00', 'a=1&a=2', 'a&a', 'a=1&%61=2', 'a=%ff');
	like($get->('/v1/x?' . join '&', map { "p$_=1" } 1 .. 64), qr/^HTTP\S+ 200/, '64 parameters');
	raw_problem_ok($get->('/v1/x?' . join '&', map { "p$_=1" } 1 .. 65),
		400, 'malformed_request', '65 parameters');
	raw_problem_ok($get->('/v1/x?a=' . 'b' x 1025), 400, 'malformed_request', 'a long parameter');
	raw_problem_ok($get->('/v1/x?' . join '&', map { "p$_=" . 'b' x 900 } 1 .. 5),
		414, 'uri_too_long', 'a long query');
	raw_problem_ok($get->('/v1/' . 'b' x 1025), 414, 'uri_too_long', 'a long path');
};

subtest 'clients that dawdle' => sub {
	my $slow = start_gateway(
		GATEWAY_WORKERS => 8,
		GATEWAY_HEADER_TIMEOUT_MS => 1000,
		GATEWAY_BODY_TIMEOUT_MS => 1000);
	my $connect = sub {
		my ($text) = @_;
		my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $slow->{port});
		syswrite($socket, $text);
		return $socket;
	};
	my $drip = sub {
		my ($socket, $bytes) = @_;
		my $start = time;
		local $SIG{PIPE} = 'IGNORE';
		for (1 .. 60)
		{
			last if IO::Select->new($socket)->can_read(0.2);
			syswrite($socket, $bytes) or last;
		}
		return time - $start;
	};
	my $header = $connect->("GET /v1/x HTTP/1.1\r\nHost: localhost\r\n");
	cmp_ok($drip->($header, "X-A: b\r\n"), '<', 4 * $patience, 'a slow header ends in time');

	my $body = $connect->("POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Content-Length: 60000\r\n\r\n");
	cmp_ok($drip->($body, ' '), '<', 1.5 * $patience, 'a slow body ends when its time is over, though bytes still come');
	raw_problem_ok(drain($body, 5), 408, 'request_timeout', 'a slow body', closes => 1);

	# What is refused is read on for a second, not for as long as something comes.
	my $refused = $connect->("POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Content-Length: 90000\r\n\r\n");
	raw_problem_ok(do { sysread($refused, my $answer, 65536); $answer }, 413, 'body_too_large', 'a body that is refused');
	my $until = time;
	local $SIG{PIPE} = 'IGNORE';
	while (time - $until < 20 && syswrite($refused, ' ')) { sleep 0.2 }
	cmp_ok(time - $until, '<', 2 * $patience, 'and drips on is let go');

	# The same from more clients than there are threads.
	my @slow = map { $connect->("POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Content-Length: 9000\r\n\r\n") } 1 .. 24;
	my $dripping = fork() // die $!;
	if ($dripping == 0)
	{
		for (1 .. 60) { syswrite($_, ' ') for @slow; sleep 0.2 }
		POSIX::_exit(0);
	}
	sleep 0.5;
	my $asked = time;
	like(raw($slow, "GET /healthz HTTP/1.0\r\n\r\n", 30), qr/200 OK/, 'an honest client is served meanwhile');
	cmp_ok(time - $asked, '<', 4.5 * $patience, 'after three turns of a second');
	kill 'KILL', $dripping;
	waitpid($dripping, 0);
	close $_ for @slow;

	my $silent = $connect->("POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Content-Length: 10\r\n\r\n{");
	raw_problem_ok(drain($silent, 5 * $patience), 408, 'request_timeout', 'half a body', closes => 1);

	# Many more than there are threads: the gateway is itself again soon after.
	my @attack = map { $connect->($_ % 2 ? "GET / HTTP/1.1\r\nX: " :
			"POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{") } 1 .. 32;
	my $start = time;
	my $answer = raw($slow, "GET /healthz HTTP/1.0\r\n\r\n", 30);
	like($answer, qr/200 OK/, 'an honest client is served during the attack');
	cmp_ok(time - $start, '<', 10 * $patience, 'within 10 s');
	close $_ for @attack;
	is(($slow->stop)[0], 0, 'and it stops');
};

finish();
