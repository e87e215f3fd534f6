# Methods, validators and forms of the target, as RFC 9110 and 9112 have them.

use strict;
use warnings;

use Test::More;

use GatewayTest;

start_databases();
$gw = start_gateway();

sub reply_with
{
	my ($headers, %options) = @_;
	my $query = HTTP::Tiny->new->www_form_urlencode({ status => 200, body => '{"a":1}', headers => $headers });
	return request($options{method} // 'GET', "/v1/reply?$query", %options);
}

subtest 'methods' => sub {
	for my $path ('/', '/style.css', '/openapi.yaml', '/healthz', '/readyz', '/metrics')
	{
		my $options = request('OPTIONS', $path);
		is_deeply([ $options->{status}, $options->{headers}{allow}, $options->{content} // '' ], [ 204, 'GET, HEAD, OPTIONS', '' ], "OPTIONS $path");
		my $refused = request('POST', $path, headers => { 'Content-Type' => 'application/json' });
		problem_ok($refused, 405, 'method_not_allowed', "POST $path");
		is($refused->{headers}{allow}, 'GET, HEAD, OPTIONS', "POST $path: Allow");
	}
	problem_ok(request('OPTIONS', '/nothing'), 404, 'not_found', 'OPTIONS of nothing');
	my $refused = request('GET', '/v1/forbid/GET,%20HEAD,%20OPTIONS');
	problem_ok($refused, 405, 'method_not_allowed', 'a 405 of the database');
	is($refused->{headers}{allow}, 'GET, HEAD, OPTIONS', 'has the Allow that it names');
	ok(!exists $refused->{json}{hint}, 'and no hint');
};

subtest 'validators' => sub {
	my $tag = '{"ETag": "\"3-0123456789abcdef\""}';
	is(reply_with($tag)->{headers}{etag}, '"3-0123456789abcdef"', "the database's ETag");
	for my $known ('"3-0123456789abcdef"', 'W/"3-0123456789abcdef"', '"x", "3-0123456789abcdef"', '*')
	{
		for my $method (qw(GET HEAD))
		{
			my $answer = reply_with($tag, method => $method, headers => { 'If-None-Match' => $known });
			is_deeply([ $answer->{status}, $answer->{content} // '', $answer->{headers}{etag} ], [ 304, '', '"3-0123456789abcdef"' ], "$method: 304 for $known");
		}
	}
	is(reply_with($tag, headers => { 'If-None-Match' => $_ })->{status}, 200, "200 for $_") for ('"3"', '"2-0123456789abcdef"', 'x');
	is(reply_with('{}', headers => { 'If-None-Match' => '*' })->{status}, 200, '200 without an ETag');
	is(reply_with($tag, method => 'POST', headers => { 'If-None-Match' => '*', 'Content-Type' => 'application/json' })->{status}, 200, 'a write is done, whatever it says');
	problem_ok(request('GET', '/v1/raise/SB011', headers => { 'If-None-Match' => '*' }), 404, 'not_found', 'an error stays one');
};

subtest 'an absolute target' => sub {
	my $get = sub {
		my ($target, $host) = @_;
		return raw($gw, "GET $target HTTP/1.1\r\nHost: " . ($host // 'localhost') . "\r\nConnection: close\r\n\r\n");
	};
	for my $authority (map { "$_:$gw->{port}" } qw(127.0.0.1 localhost booking.example.com))
	{
		like($get->("$_://$authority/v1/echo/x?a=1"), qr{^HTTP/1\.1 200 .*"path" ?: ?"/v1/echo/x".*"a" ?: ?"1"}s, "$_://$authority") for qw(http HTTP https);
	}
	like($get->("http://localhost:$gw->{port}/"), qr{^HTTP/1\.1 200 .*<!doctype html>}s, 'the page');
	raw_problem_ok($get->("http://evil.example.com:$gw->{port}/v1/echo"), 421, 'misdirected_request', 'another host in the target');
	is($get->($_), '', "$_ is not ours: the library hangs up") for ('http://localhost:1/v1/echo', '*');
	raw_problem_ok($get->("http://localhost:$gw->{port}/v1/echo", 'evil.example.com'), 421, 'misdirected_request', 'another host in Host');
	raw_problem_ok($get->($_), 400, 'malformed_request', $_) for ('http://localhost', 'ftp://localhost/v1/echo', 'v1/echo');
	my $post = sub {
		my ($target, $origin) = @_;
		return raw($gw, "POST $target HTTP/1.1\r\nHost: localhost\r\n$origin" . "Content-Type: application/json\r\nContent-Length: 8\r\nConnection: close\r\n\r\n{\"b\": 2}");
	};
	like($post->("http://localhost:$gw->{port}/v1/x", ''), qr{^HTTP/1\.1 200 .*"b" ?: ?2}s, 'a body');
	like($post->("http://booking.example.com:$gw->{port}/v1/x", "Origin: http://booking.example.com:$gw->{port}\r\n"), qr{^HTTP/1\.1 200 }, 'from its own page');
	raw_problem_ok($post->("http://booking.example.com:$gw->{port}/v1/x", "Origin: http://evil.example.com\r\n"), 403, 'cross_site_request', 'and from another site');
};

subtest 'the log is plain text' => sub {
	raw($gw, "GET /v1/c1/%C2%9B31m%C2%85%EF%BB%BF HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
	ok(logged(qr{/v1/c1/\\u009B31m\\u0085\\uFEFF}), 'C1 controls are escaped');
	request('POST', '/v1/delete-character', content => '{}', headers => { 'Content-Type' => 'application/json' });
	ok(logged(qr{a\\u007Fb}), 'and so is DEL, in the message of an error');
	is_deeply([ grep { /[^\x20-\x7e]/ } $gw->log_lines ], [], 'no line has anything else');
};

finish();
