# What of a request reaches which database, and in which form.

use strict;
use warnings;

use HTTP::Tiny;
use Test::More;

use GatewayTest;

start_databases();
$gw = start_gateway();

subtest 'a request as the database sees it' => sub {
	my $echo = request('GET', '/v1/any%20thing/%C3%A9?a=1&b=x%26y&c=&d&e=p+q%2B&&%C3%BC=%E2%82%AC',
		headers => { 'X-Request-Id' => 'trace-1.A_b', 'Idempotency-Key' => 'k 1',
			'If-Match' => '"7"', 'X-Api-Key' => 'abc', 'If-None-Match' => '"1"', Authorization => 'Bearer abc', 'X-Other' => 'no' });
	my $seen = $echo->{json};

	is($echo->{status}, 200, 'status');
	is($echo->{headers}{'content-type'}, 'application/json', 'type');
	is($echo->{headers}{'x-echo'}, 'yes', "the database's header");
	is($echo->{headers}{'x-request-id'}, 'trace-1.A_b', 'request id returned');
	is($seen->{method}, 'GET', 'method');
	is($seen->{path}, "/v1/any thing/\x{e9}", 'decoded path');
	is_deeply($seen->{query},
		{ a => '1', b => 'x&y', c => '', d => '', e => 'p q+', "\x{fc}" => "\x{20ac}" },
		'query');
	is($seen->{body}, undef, 'no body');
	is_deeply($seen->{context},
		{ idempotency_key => 'k 1', if_match => '"7"', authorization => 'Bearer abc', address => '127.0.0.1' }, 'context: what the extension reads, and nothing else');
	is_deeply(request('GET', '/v1/x')->{json}{context}, { address => '127.0.0.1' }, 'context without such headers');
	is($seen->{database}, 'flight_booking', 'primary database');
	my $address_of = sub { return request('GET', '/v1/x', headers => { @_ })->{json}{context}{address} };
	is($address_of->('X-Forwarded-For' => '192.0.2.7'), '127.0.0.1', 'who is no proxy says in vain where a request comes from');
	my $plain = $gw;
	$gw = start_gateway(GATEWAY_PROXIES => '192.0.2.9 127.0.0.1');
	is($address_of->(@$_[0 .. 1]), $_->[2], "a proxy says: $_->[1]") for
	  [ 'X-Forwarded-For', '192.0.2.7', '192.0.2.7' ], [ 'x-forwarded-for', '10.0.0.1, 192.0.2.7', '192.0.2.7' ], [ 'X-Forwarded-For', '10.0.0.1,2001:db8::7', '2001:db8::7' ],
	  [ 'X-Forwarded-For', '192.0.2.7, ', '127.0.0.1' ], [ 'X-Forwarded-For', '192.0.2.7, localhost', '127.0.0.1' ], [ 'X-Forwarded-For', '', '127.0.0.1' ], [ 'X-Real-IP', '192.0.2.7', '127.0.0.1' ];
	is($address_of->('X-Forwarded-For' => [ '10.0.0.1', '192.0.2.7' ]), '192.0.2.7', 'in the last of two headers');
	$gw->stop;
	$gw = $plain;

	for my $bad ('', 'x' x 65, "a b", 'a/b', 'a"b')
	{
		my $id = request('GET', '/v1/echo', headers => { 'X-Request-Id' => $bad })
		  ->{headers}{'x-request-id'};
		like($id, qr/^[0-9a-f]{32}$/, "a request id of our own instead of \"$bad\"");
	}
	is(request('GET', '/v1/echo', headers => { 'X-Request-Id' => 'x' x 64 })
		->{headers}{'x-request-id'}, 'x' x 64, 'a request id of 64 characters');

	$seen = post('/v1/things', '{"n": 89.10, "u": "\u00e9", "list": [1, 2]}')->{json};
	is_deeply($seen->{body}, { n => 89.1, u => "\x{e9}", list => [ 1, 2 ] }, 'body');
	is(post('/v1/decimal', '{"amount": 89.10}')->{content}, '89.10',
		'a decimal keeps its zero');
	is($_, request($_, '/v1/x', headers => { 'Content-Type' => 'application/json' })->{json}{method}, "method $_") for qw(PUT PATCH DELETE OPTIONS POST);
	is(post('/v1/x', '[1]', 'Content-Type' => 'Application/JSON; charset=utf-8')->{status}, 200,
		'a content type with a parameter');
};

subtest 'which database' => sub {
	is(request('GET', "/v1$_->[0]")->{json}{database}, $_->[1], "/v1$_->[0]")
	  for ([ '/reports', 'reports' ], [ '/reports/x', 'reports' ], [ '/etl_runs', 'reports' ],
		[ '/reportsx', 'flight_booking' ], [ '/x/reports', 'flight_booking' ], [ '', 'flight_booking' ]);
	like(request('GET', '/v1/setting/statement_timeout')->{content}, qr/7s/, "the role's statement_timeout");
	like(request('GET', '/v1/reports/setting/statement_timeout')->{content}, qr/70s/, 'and that of the reports database');
	like(request('GET', '/v1/setting/lock_timeout')->{content}, qr/350ms/, 'lock_timeout');
	like(request('GET', '/v1/setting/application_name')->{content}, qr/booking_gateway/, 'name');
};

finish();
