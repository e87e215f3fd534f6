# Other people's pages: which hosts are served, and what may come from where.

use strict;
use warnings;

use Test::More;

use GatewayTest;

start_databases();
$gw = start_gateway();

# The status of a request with these headers, as they are.
sub status_of
{
	my ($start, @headers) = @_;
	my $text = raw($gw, join("\r\n", "$start HTTP/1.1", @headers, 'Connection: close', '', ''));
	return $text =~ m{^HTTP/1\.1 (\d+)} ? $1 : 'none';
}

subtest 'hosts' => sub {
	is(status_of('GET /v1/echo', "Host: $_"), 200, $_)
	  for ('localhost', "localhost:$gw->{port}", 'LocalHost', '127.0.0.1', '10.1.2.3:4000', '[::1]:4000', 'booking.example.com', 'Booking.Example.COM:443');
	is(status_of("GET $_->[0]", "Host: $_->[1]"), 421, "$_->[1]$_->[0]")
	  for ([ '/v1/echo', 'evil.example.com' ], [ '/', 'evil.example.com' ], [ '/metrics', 'evil.example.com' ], [ '/v1/echo', 'localhost.evil.example.com' ],
		[ '/v1/echo', 'example.com' ], [ '/v1/echo', 'booking.example.com.' ], [ '/v1/echo', '127.0.0.1.evil.example.com' ], [ '/v1/echo', ':4000' ], [ '/v1/echo', 'x' x 300 ]);
	raw_problem_ok(raw($gw, "GET /v1/echo HTTP/1.1\r\nHost: evil.example.com\r\nConnection: close\r\n\r\n"), 421, 'misdirected_request', 'said in a problem document');
	my $everywhere = start_gateway(GATEWAY_HOSTS => '*');
	like(raw($everywhere, "GET /v1/echo HTTP/1.1\r\nHost: any.example.com\r\nConnection: close\r\n\r\n"), qr/^HTTP\/1\.1 200/, '* serves all');
	$everywhere->stop;
};

my $here = "http://127.0.0.1:$gw->{port}";

subtest 'pages' => sub {
	for my $method (qw(POST PUT PATCH DELETE))
	{
		problem_ok(request($method, '/v1/x', content => '{}', headers => { 'Content-Type' => 'application/json', %$_ }), 403, 'cross_site_request', join ' ', $method, %$_)
		  for ({ Origin => 'http://evil.example.com' }, { Origin => 'null' }, { Origin => "$here.evil.example.com" }, { 'Sec-Fetch-Site' => 'cross-site' }, { 'Sec-Fetch-Site' => 'same-site' },
			{ Origin => 'http://evil.example.com', 'Idempotency-Key' => 'k' });
		is(request($method, '/v1/x', content => '{}', headers => { 'Content-Type' => 'application/json', %$_ })->{status}, 200, join ' ', $method, %$_)
		  for ({}, { Origin => $here }, { Origin => $here, 'Sec-Fetch-Site' => 'same-origin' }, { 'Sec-Fetch-Site' => 'none' });
	}
	is(request('GET', '/v1/x', headers => { Origin => 'http://evil.example.com', 'Sec-Fetch-Site' => 'cross-site' })->{status}, 200, 'reading changes nothing; CORP keeps the answer from them');
};

subtest 'forms' => sub {
	problem_ok(request('POST', '/v1/x', headers => $_), 415, 'unsupported_media_type', join ' ', 'no body', %$_)
	  for ({}, { 'Content-Type' => 'text/plain' }, { 'Content-Type' => 'application/x-www-form-urlencoded' });
	is(request('POST', '/v1/x', headers => $_)->{status}, 200, join ' ', 'no body', %$_) for ({ 'Content-Type' => 'application/json' }, { 'Idempotency-Key' => 'k' });
	is(request('DELETE', '/v1/x')->{status}, 200, 'DELETE, which no form sends');
};

# C1 controls move the cursor of a terminal as ESC does
request('GET', "/v1/%C2%9B31m");
ok(logged(qr/31m/), 'a path with one is logged');
unlike(join("\n", $gw->log_lines), qr/[^\x20-\x7e\n]/, 'and none is in the log');

finish();
