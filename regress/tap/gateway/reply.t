# What the database answers, as HTTP; and how a connection is kept.

use strict;
use warnings;

use HTTP::Tiny;
use Test::More;
use Time::HiRes qw(time);

use GatewayTest;

start_databases();
$gw = start_gateway();

subtest 'replies' => sub {
	my $reply = sub {
		my (%query) = @_;
		return request('GET', '/v1/reply?' . HTTP::Tiny->new->www_form_urlencode(\%query));
	};
	my $response = $reply->(status => 201, body => '{"a":1}',
		headers => '{"Location": "/v1/things/1", "X-Many": "1", "Cache-Control": "max-age=1"}');
	is($response->{status}, 201, 'status');
	is($response->{content}, '{"a":1}', 'body');
	is($response->{headers}{location}, '/v1/things/1', 'Location');
	is($response->{headers}{'cache-control'}, 'max-age=1', 'Cache-Control of the database');

	$response = $reply->(status => 200, body => "a;b\n", headers => '{"content-type": "text/csv"}');
	is($response->{headers}{'content-type'}, 'text/csv', 'another content type');
	is($response->{content}, "a;b\n", 'and its body');

	$response = $reply->(status => 204);
	is($response->{status}, 204, 'status 204');
	ok(!exists $response->{headers}{'content-length'}, '204 has no length');

	$response = $reply->(status => 200, body => '{}', headers =>
		'{"X-Bad": "a\r\nX-Injected: 1", "X Bad": "1", "Content-Length": "999", "Date": "never", "X-Request-Id": "forged", "X-Good": "1"}');
	ok(!exists $response->{headers}{$_}, "no $_") for ('x-bad', 'x-injected', 'x bad');
	is($response->{headers}{'content-length'}, 2, 'the length is the real one');
	isnt($response->{headers}{'x-request-id'}, 'forged', 'the request id is the real one');
	is($response->{headers}{'x-good'}, '1', 'the good header is there');

	$response = $reply->(status => 200, body => '{}', headers => '[1]');
	is($response->{status}, 200, 'headers that are no object do no harm');
	problem_ok($reply->(status => $_, body => '{}'), 500, 'internal_error', "status $_")
	  for (99, 600);
	problem_ok(request('GET', '/v1/void'), 500, 'internal_error', 'no status');

	$response = request('GET', '/v1/big/1000000');
	is(length $response->{content}, 1000002, 'a large reply');

	$response = request('GET', '/v1/echo');
	is($response->{headers}{'cache-control'}, 'no-store', 'Cache-Control');
	is($response->{headers}{'x-content-type-options'}, 'nosniff', 'nosniff');
	is(request('GET', '/v1/raise/SB010')->{reason}, 'Unprocessable Content', 'the words of a 422');
	like($response->{headers}{'content-security-policy'}, qr/^default-src 'self'/, 'CSP');
	is($response->{headers}{'referrer-policy'}, 'no-referrer', 'Referrer-Policy');
	is($response->{headers}{"cross-origin-$_-policy"}, 'same-origin', "Cross-Origin-$_-Policy") for qw(resource opener);
	like($response->{headers}{date}, qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'Date');
	ok(!exists $response->{headers}{'access-control-allow-origin'}, 'no CORS');
	ok(!exists request('OPTIONS', '/v1/echo', headers =>
		{ Origin => 'http://a', 'Access-Control-Request-Method' => 'GET' })
		->{headers}{'access-control-allow-origin'}, 'no CORS for a preflight');
};

subtest 'HEAD and keep-alive' => sub {
	my $answer = raw($gw, "HEAD /v1/echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	like($answer, qr{^HTTP/1.1 200 OK\r\n}, 'HEAD: status');
	my ($length) = $answer =~ /^Content-Length: (\d+)\r$/m;
	cmp_ok($length, '>', 100, 'HEAD: length of the body that GET has');
	like($answer, qr/\r\n\r\n\z/, 'HEAD: no body');
	like($answer, qr/^X-Echo: yes\r$/m, 'HEAD: headers');
	$answer = raw($gw, "HEAD /v1/raise/SB011 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	like($answer, qr{^HTTP/1.1 404 .*\r\n\r\n\z}s, 'HEAD: a problem without a body');

	$answer = raw($gw, join '',
		map { "GET /v1/echo?n=$_ HTTP/1.1\r\nHost: localhost\r\n" . ($_ == 3 ? "Connection: close\r\n" : '') . "\r\n" } 1 .. 3);
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 3, 'three pipelined requests');
	is(scalar(() = $answer =~ /^Connection: keep-alive\r$/mg), 2, 'two keep the connection');
	is_deeply([ $answer =~ /"n" ?: ?"(\d)"/g ], [ 1, 2, 3 ], 'in order');

	$answer = raw($gw, "POST /v1/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
		. "Content-Length: 7\r\n\r\n{\"a\":1}GET /v1/y HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 2, 'a request after a body');
	like($answer, qr{"path" ?: ?"/v1/y"}, 'is the right one');

	$answer = raw($gw, "GET /v1/x HTTP/1.0\r\n\r\n");
	like($answer, qr/^Connection: close\r$/m, 'HTTP/1.0 closes');

	my $start = time;
	$answer = raw($gw, "GET /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 20);
	cmp_ok(time - $start, '<', 5 * $patience, 'an idle connection is closed');

	$answer = raw($gw, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" x 120, 20);
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 100,
		'a connection is closed after 100 requests, so that others get a turn');
};

finish();
