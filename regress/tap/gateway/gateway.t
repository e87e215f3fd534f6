# The gateway as a black box: a real server with a stand-in for booking_api that echoes
# what it got and raises what the path says. So every line of the mapping is tested, and
# no rule of the booking system.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use IPC::Run;
use JSON::PP qw(decode_json);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use Gateway;

my $gateway = $Gateway::program;
my @wrapper = @Gateway::wrapper;
my $patience = $Gateway::patience;
my $dir = tempdir(CLEANUP => 1);

# ---------------------------------------------------------------- a stand-in database

my $stub = q{
CREATE SCHEMA booking;
CREATE SEQUENCE booking.calls;
CREATE TABLE booking.once (k int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION booking.booking_api(
	method text, path text, query jsonb DEFAULT '{}', body jsonb DEFAULT NULL,
	context jsonb DEFAULT '{}', OUT status int, OUT headers json, OUT body_out text)
RETURNS record LANGUAGE plpgsql AS $$
DECLARE
	part text[] := string_to_array(path, '/');
BEGIN
	status := 200;
	CASE part[3]
	WHEN 'health' THEN
		body_out := json_build_object('role', CASE WHEN pg_is_in_recovery() THEN 'standby'
			ELSE 'primary' END, 'database', current_database(), 'version', '9.9.9');
	WHEN 'raise' THEN
		RAISE EXCEPTION USING ERRCODE = part[4], MESSAGE = 'first the message',
			DETAIL = 'Then the detail.', HINT = 'At last the hint.';
	WHEN 'sleep' THEN
		PERFORM nextval('booking.calls');
		PERFORM pg_sleep(part[4]::float8);
		body_out := '{"slept":true}';
	WHEN 'flaky' THEN
		-- fails the first times; a sequence does not roll back
		IF nextval('booking.calls') <= part[5]::int THEN
			RAISE EXCEPTION USING ERRCODE = part[4], MESSAGE = 'not yet';
		END IF;
		body_out := json_build_object('calls', currval('booking.calls'));
	WHEN 'fatal' THEN
		PERFORM nextval('booking.calls');
		PERFORM pg_terminate_backend(pg_backend_pid());
		PERFORM pg_sleep(1);
	WHEN 'late' THEN
		INSERT INTO booking.once VALUES (1), (1);
		body_out := '{"never":"seen"}';
	WHEN 'reply' THEN
		status := (query->>'status')::int;
		headers := (query->>'headers')::json;
		body_out := query->>'body';
	WHEN 'void' THEN
		status := NULL;
	WHEN 'decimal' THEN
		body_out := body->>'amount';
	WHEN 'big' THEN
		body_out := to_json(repeat('x', part[4]::int));
	WHEN 'setting' THEN
		body_out := to_json(current_setting(part[4]));
	ELSE
		headers := json_build_object('X-Echo', 'yes');
		body_out := json_build_object('method', method, 'path', path, 'query', query,
			'body', body, 'context', context, 'database', current_database(),
			'pid', pg_backend_pid());
	END CASE;
END $$;
};
# The real function names its columns status, headers, body; a plpgsql function cannot
# have an argument and a result of the same name, so a wrapper renames.
$stub =~ s/FUNCTION booking\.booking_api/FUNCTION booking.stub_api/;
$stub .= q{
CREATE FUNCTION booking.booking_api(text, text, jsonb DEFAULT '{}', jsonb DEFAULT NULL,
	jsonb DEFAULT '{}', OUT status int, OUT headers json, OUT body text)
RETURNS record LANGUAGE sql AS $$
	SELECT s.status, s.headers, s.body_out
	  FROM booking.stub_api($1, $2, $3, $4, $5) s
$$;
};

my $node = PostgreSQL::Test::Cluster->new('primary');
$node->init;
$node->append_conf('postgresql.conf', 'max_connections = 60');
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(flight_booking reports);
$node->safe_psql($_, $stub) for qw(flight_booking reports);
my $primary_url = $node->connstr('flight_booking');
my $reports_url = $node->connstr('reports');

# ---------------------------------------------------------------- driving the gateway

# A gateway on our databases, with other settings where they are given.
sub gateway_start
{
	return Gateway->start(
		DATABASE_URL => $primary_url,
		REPORTS_DATABASE_URL => $reports_url,
		GATEWAY_WORKERS => 16,
		@_);
}

# Sends text as it is and returns all that comes back until the peer closes.
sub raw
{
	my ($self, $text, $timeout) = @_;
	my $socket = IO::Socket::INET->new(
		PeerAddr => '127.0.0.1',
		PeerPort => $self->{port},
		Timeout => 5) or return '';
	local $SIG{PIPE} = 'IGNORE';

	print $socket $text;
	$socket->flush;
	return drain($socket, $timeout || 10);
}

sub drain
{
	my ($socket, $timeout) = @_;
	my $select = IO::Select->new($socket);
	my $answer = '';
	my $end = time + $timeout;

	while (time < $end && $select->can_read($end - time))
	{
		sysread($socket, $answer, 65536, length $answer) or last;
	}
	return $answer;
}

my $http = HTTP::Tiny->new(timeout => 30);
my $gw;

sub request
{
	my ($method, $path, %options) = @_;
	my $response = $http->request($method, "http://127.0.0.1:$gw->{port}$path", \%options);

	$response->{json} = eval { decode_json($response->{content}) }
	  if ($response->{headers}{'content-type'} || '') =~ /json/;
	return $response;
}

sub post
{
	my ($path, $content, %headers) = @_;

	return request('POST', $path, content => $content,
		headers => { 'Content-Type' => 'application/json', %headers });
}

# Checks that a response is a problem document of that status and code.
sub problem_ok
{
	my ($response, $status, $code, $name) = @_;
	my $json = $response->{json} || {};

	subtest $name => sub {
		is($response->{status}, $status, 'status');
		is($response->{headers}{'content-type'}, 'application/problem+json', 'type');
		is($json->{code}, $code, 'code');
		is($json->{type}, "/problems/$code", 'type of the problem');
		is($json->{status}, $status, 'status in the document');
		is($json->{instance}, $response->{headers}{'x-request-id'}, 'instance');
		ok(length $json->{title} && length $json->{detail}, 'title and detail');
		ok(JSON::PP::is_bool($json->{retryable}), 'retryable');
		unlike($response->{content}, qr/SELECT|booking_api/, 'no SQL text');
	};
	return;
}

# The same for the bytes of a raw answer.
sub raw_problem_ok
{
	my ($text, $status, $code, $name, %options) = @_;
	my ($body) = $text =~ /\r\n\r\n(.*)\z/s;
	my $json = eval { decode_json($body) } || {};

	is_deeply([ $text =~ m{\AHTTP/1.1 (\d+)}, $json->{code} ], [ $status, $code ], $name)
	  or diag($text);
	like($text, qr/^Connection: close\r$/m, "$name: closes") if $options{closes};
	return;
}

# Does the log have such a line? It is written after the answer was sent, so wait a moment for it.
sub logged
{
	my ($pattern) = @_;
	my $end = time + 5 * $patience;

	until (grep { /$pattern/ } $gw->log_lines)
	{
		return 0 if time > $end;
		sleep 0.05;
	}
	return 1;
}

sub calls
{
	return $node->safe_psql('flight_booking', 'SELECT last_value, is_called FROM booking.calls');
}

sub calls_reset
{
	$node->safe_psql($_, "ALTER SEQUENCE booking.calls RESTART") for qw(flight_booking reports);
	return;
}

# ---------------------------------------------------------------- settings

subtest 'command line' => sub {
	my ($out, $err);
	IPC::Run::run([ $gateway, '--version' ], '>', \$out, '2>', \$err);
	like($out, qr/^booking_gateway \d+\.\d+/, '--version');
	IPC::Run::run([ $gateway, '--help' ], '>', \$out, '2>', \$err);
	is($? >> 8, 0, '--help succeeds');
	for my $name (
		qw(DATABASE_URL DATABASE_PASSWORD_FILE REPORTS_DATABASE_URL
		REPORTS_DATABASE_PASSWORD_FILE GATEWAY_REPORTS_PATHS GATEWAY_ADDRESS GATEWAY_PORT
		GATEWAY_WORKERS GATEWAY_MAX_BODY GATEWAY_MAX_HEADER GATEWAY_MAX_QUERY
		GATEWAY_HEADER_TIMEOUT_MS GATEWAY_BODY_TIMEOUT_MS GATEWAY_KEEP_ALIVE_MS
		GATEWAY_STATEMENT_TIMEOUT_MS GATEWAY_REPORTS_TIMEOUT_MS GATEWAY_LOCK_TIMEOUT_MS
		GATEWAY_READY_TIMEOUT_MS GATEWAY_CONNECT_BUDGET_MS GATEWAY_STOP_TIMEOUT_MS
		GATEWAY_LOG_LEVEL BOOKING_DEV))
	{
		like($out, qr/^  $name$/m, "--help names $name");
	}
	IPC::Run::run([ $gateway, '--frobnicate' ], '>', \$out, '2>', \$err);
	is($? >> 8, 2, 'an unknown option is refused');
	like($err, qr/--help/, 'with a pointer to --help');
};

sub refused_ok
{
	my ($setting, $pattern, $name) = @_;
	my $self = gateway_start(%$setting);

	if (!defined $self->{exit})
	{
		fail("$name: it started");
		return;
	}
	my $err = $self->errors;
	is($self->{exit}, 2, "$name: exit status 2");
	like($err, $pattern, "$name: message");
	unlike($err, qr/s3cret|yourpassword/, "$name: no password shown");
	is(scalar(() = $err =~ /\n/g), 1, "$name: one line") unless @wrapper;
	return;
}

sub file_of
{
	my ($text) = @_;
	my $file = "$dir/secret." . int(rand(1e9));
	open my $out, '>', $file or die $!;
	print $out $text;
	close $out;
	return $file;
}

subtest 'wrong settings' => sub {
	my $url = 'postgresql://app@localhost/flight_booking';
	my $guide = 'postgresql://app:yourpassword@localhost/flight_booking';

	refused_ok({ DATABASE_URL => undef }, qr/DATABASE_URL is not set/, 'no database');
	refused_ok({ DATABASE_URL => 'postgresql://app:s3cret@localhost:x:y/d?nosuch=1' },
		qr/DATABASE_URL is not a valid/, 'malformed URL');
	refused_ok({ REPORTS_DATABASE_URL => 's3cret' },
		qr/REPORTS_DATABASE_URL is not a valid/, 'malformed reports URL');
	refused_ok({ DATABASE_URL => $guide }, qr/BOOKING_DEV=1/, "the guide's password");
	refused_ok({ REPORTS_DATABASE_URL => $guide }, qr/^.*REPORTS_DATABASE_URL.*BOOKING_DEV=1/,
		"the guide's password for reports");
	refused_ok({ DATABASE_URL => $url, DATABASE_PASSWORD_FILE => file_of("yourpassword\n") },
		qr/BOOKING_DEV=1/, "the guide's password in a file");
	refused_ok({ DATABASE_URL => "host=localhost password=yourpassword dbname=d" },
		qr/BOOKING_DEV=1/, "the guide's password in a conninfo string");
	refused_ok({ DATABASE_URL => $url, PGPASSWORD => 'yourpassword' },
		qr/BOOKING_DEV=1/, "the guide's password in the environment");
	refused_ok({ DATABASE_PASSWORD_FILE => "$dir/none" },
		qr/DATABASE_PASSWORD_FILE cannot be read/, 'no password file');
	refused_ok({ DATABASE_PASSWORD_FILE => file_of("\n") },
		qr/DATABASE_PASSWORD_FILE/, 'empty password file');
	refused_ok({ DATABASE_URL => 'postgresql://app:s3cret@localhost/d',
			DATABASE_PASSWORD_FILE => file_of("s3cret\n") },
		qr/both give a password/, 'two passwords');
	refused_ok({ GATEWAY_ADDRESS => 'localhost' }, qr/GATEWAY_ADDRESS/, 'address');
	refused_ok({ GATEWAY_ADDRESS => '1.2.3' }, qr/GATEWAY_ADDRESS/, 'short address');
	refused_ok({ GATEWAY_LOG_LEVEL => 'loud' }, qr/GATEWAY_LOG_LEVEL.*"loud"/, 'log level');
	refused_ok({ GATEWAY_REPORTS_PATHS => 'v1/reports' }, qr/GATEWAY_REPORTS_PATHS/, 'prefix');
	refused_ok({ GATEWAY_REPORTS_PATHS => join ' ', ('/a') x 9 },
		qr/GATEWAY_REPORTS_PATHS must be at most 8/, 'nine prefixes');
	for my $name (
		qw(GATEWAY_WORKERS GATEWAY_MAX_BODY GATEWAY_MAX_HEADER GATEWAY_MAX_QUERY
		GATEWAY_HEADER_TIMEOUT_MS GATEWAY_BODY_TIMEOUT_MS GATEWAY_KEEP_ALIVE_MS
		GATEWAY_STATEMENT_TIMEOUT_MS GATEWAY_REPORTS_TIMEOUT_MS GATEWAY_LOCK_TIMEOUT_MS
		GATEWAY_READY_TIMEOUT_MS GATEWAY_CONNECT_BUDGET_MS GATEWAY_STOP_TIMEOUT_MS
		BOOKING_DEV))
	{
		refused_ok({ $name => $_ }, qr/$name must be a whole number/, "$name=$_")
		  for ('many', '-1', '99999999999999999999');
	}
	refused_ok({ GATEWAY_PORT => $_ }, qr/GATEWAY_PORT must be/, "GATEWAY_PORT=$_")
	  for ('70000', '4000x');
};

subtest 'settings that are allowed' => sub {
	$gw = gateway_start(
		DATABASE_URL => "$primary_url password=yourpassword",
		BOOKING_DEV => 1);
	is(request('GET', '/v1/echo')->{status}, 200, "BOOKING_DEV=1 allows the guide's password");
	is(($gw->stop('INT'))[0], 0, 'SIGINT stops it with status 0');

	$gw = gateway_start(
		REPORTS_DATABASE_URL => undef,
		DATABASE_PASSWORD_FILE => file_of("other\n"));
	is(request('GET', '/v1/echo')->{status}, 200, 'a password file');
	problem_ok(request('GET', '/v1/reports'), 503, 'unavailable', 'no reports database');

	my $second = gateway_start(GATEWAY_PORT => $gw->{port});
	waitpid(delete $second->{pid}, 0);
	is($? >> 8, 1, 'a taken port: exit status 1');
	like($second->errors, qr/cannot listen on 127\.0\.0\.1:$gw->{port}/,
		'a taken port: message');
	$gw->stop;
};

# ---------------------------------------------------------------- what reaches the database

$gw = gateway_start();

subtest 'a request as the database sees it' => sub {
	my $echo = request('GET', '/v1/any%20thing/%C3%A9?a=1&b=x%26y&c=&d&e=p+q%2B&&%C3%BC=%E2%82%AC',
		headers => { 'X-Request-Id' => 'trace-1.A_b', 'Idempotency-Key' => 'k 1',
			'If-Match' => '"7"', 'X-Api-Key' => 'abc', 'X-Other' => 'no' });
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
		{ request_id => 'trace-1.A_b', remote_addr => '127.0.0.1', idempotency_key => 'k 1',
			if_match => '"7"', api_key => 'abc' }, 'context');
	is($seen->{database}, 'flight_booking', 'primary database');

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
	is($_, request($_, '/v1/x')->{json}{method}, "method $_") for qw(PUT PATCH DELETE OPTIONS POST);
	is(post('/v1/x', '[1]', 'Content-Type' => 'Application/JSON; charset=utf-8')->{status}, 200,
		'a content type with a parameter');
};

subtest 'which database' => sub {
	is(request('GET', "/v1$_->[0]")->{json}{database}, $_->[1], "/v1$_->[0]")
	  for ([ '/reports', 'reports' ], [ '/reports/x', 'reports' ], [ '/etl_runs', 'reports' ],
		[ '/reportsx', 'flight_booking' ], [ '/x/reports', 'flight_booking' ], [ '', 'flight_booking' ]);
	like(request('GET', '/v1/setting/statement_timeout')->{content}, qr/5s/, 'statement_timeout');
	like(request('GET', '/v1/setting/lock_timeout')->{content}, qr/250ms/, 'lock_timeout');
	like(request('GET', '/v1/setting/application_name')->{content}, qr/booking_gateway/, 'name');
};

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
	like($response->{headers}{'content-security-policy'}, qr/^default-src 'self'/, 'CSP');
	is($response->{headers}{'referrer-policy'}, 'no-referrer', 'Referrer-Policy');
	like($response->{headers}{date}, qr/^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/, 'Date');
	ok(!exists $response->{headers}{'access-control-allow-origin'}, 'no CORS');
	ok(!exists request('OPTIONS', '/v1/echo', headers =>
		{ Origin => 'http://a', 'Access-Control-Request-Method' => 'GET' })
		->{headers}{'access-control-allow-origin'}, 'no CORS for a preflight');
};

subtest 'HEAD and keep-alive' => sub {
	my $answer = raw($gw, "HEAD /v1/echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	like($answer, qr{^HTTP/1.1 200 OK\r\n}, 'HEAD: status');
	my ($length) = $answer =~ /^Content-Length: (\d+)\r$/m;
	cmp_ok($length, '>', 100, 'HEAD: length of the body that GET has');
	like($answer, qr/\r\n\r\n\z/, 'HEAD: no body');
	like($answer, qr/^X-Echo: yes\r$/m, 'HEAD: headers');
	$answer = raw($gw, "HEAD /v1/raise/SB011 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	like($answer, qr{^HTTP/1.1 404 .*\r\n\r\n\z}s, 'HEAD: a problem without a body');

	$answer = raw($gw, join '',
		map { "GET /v1/echo?n=$_ HTTP/1.1\r\nHost: h\r\n" . ($_ == 3 ? "Connection: close\r\n" : '') . "\r\n" } 1 .. 3);
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 3, 'three pipelined requests');
	is(scalar(() = $answer =~ /^Connection: keep-alive\r$/mg), 2, 'two keep the connection');
	is_deeply([ $answer =~ /"n" ?: ?"(\d)"/g ], [ 1, 2, 3 ], 'in order');

	$answer = raw($gw, "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		. "Content-Length: 7\r\n\r\n{\"a\":1}GET /v1/y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 2, 'a request after a body');
	like($answer, qr{"path" ?: ?"/v1/y"}, 'is the right one');

	$answer = raw($gw, "GET /v1/x HTTP/1.0\r\n\r\n");
	like($answer, qr/^Connection: close\r$/m, 'HTTP/1.0 closes');

	my $start = time;
	$answer = raw($gw, "GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n", 20);
	cmp_ok(time - $start, '<', 5 * $patience, 'an idle connection is closed');

	$answer = raw($gw, "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" x 120, 20);
	is(scalar(() = $answer =~ m{HTTP/1.1 200 OK}g), 100,
		'a connection is closed after 100 requests, so that others get a turn');
};

# ---------------------------------------------------------------- limits and hostile clients

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

	problem_ok(post('/v1/x', '{}', 'Content-Type' => $_), 415, 'unsupported_media_type', "type $_")
	  for ('text/plain', 'application/jsonx', 'application/x-www-form-urlencoded');
	raw_problem_ok(raw($gw, "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"),
		415, 'unsupported_media_type', 'no type', closes => 1);
	is(request('POST', '/v1/x')->{status}, 200, 'no body needs no type');

	my $full = '["' . join('","', ('y' x 1021) x 63) . '"]';
	$full .= ' ' x (65536 - length $full);
	is(post('/v1/x', $full)->{status}, 200, 'a body of 64 KiB');
	problem_ok(post('/v1/x', "$full "), 413, 'body_too_large', 'one byte more');
	problem_ok(post('/v1/x', '"' . 'z' x 400000 . '"'), 413, 'body_too_large', '400 kB');
	raw_problem_ok(raw($gw, "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
			. "Content-Length: 99999999999999999\r\n\r\n{", 3 * $patience),
		413, 'body_too_large', 'a huge length', closes => 1);
};

subtest 'framing that is refused' => sub {
	my $post = "POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n";
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
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"),
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
		["BREW /v1/x HTTP/1.1\r\nHost: h\r\n\r\n", 'an unknown method'],
		["GET /v1/x FTP/1.1\r\nHost: h\r\n\r\n", 'another protocol'],
		["GET\r\n\r\n", 'no URI'],
		["GET /v1/x HTTP/1.1\r\nno colon\r\n\r\n", 'a header without a colon']);
	raw_problem_ok(raw($gw, "GET /v1/x HTTP/3.0\r\nHost: h\r\n\r\n"),
		505, 'http_version_not_supported', 'HTTP/3.0', closes => 1);
};

subtest 'headers and URIs that are refused' => sub {
	my $get = sub {
		my ($uri, $headers) = @_;
		return raw($gw, "GET $uri HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
			. ($headers || '') . "\r\n");
	};
	like($get->('/v1/x', 'X-Long: ' . 'x' x 15000 . "\r\n"), qr/^HTTP\S+ 200/, '15 kB of header');
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
	my $slow = gateway_start(
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
	my $header = $connect->("GET /v1/x HTTP/1.1\r\nHost: h\r\n");
	cmp_ok($drip->($header, "X-A: b\r\n"), '<', 4 * $patience, 'a slow header ends in time');

	my $body = $connect->("POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		. "Content-Length: 60000\r\n\r\n");
	cmp_ok($drip->($body, ' '), '<', 4 * $patience, 'a slow body ends in time');
	raw_problem_ok(drain($body, 5), 408, 'request_timeout', 'a slow body', closes => 1);

	my $silent = $connect->("POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
		. "Content-Length: 10\r\n\r\n{");
	raw_problem_ok(drain($silent, 5 * $patience), 408, 'request_timeout', 'half a body', closes => 1);

	# Many more than there are threads: the gateway is itself again soon after.
	my @attack = map { $connect->($_ % 2 ? "GET / HTTP/1.1\r\nX: " :
			"POST /v1/x HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{") } 1 .. 32;
	my $start = time;
	my $answer = raw($slow, "GET /healthz HTTP/1.0\r\n\r\n", 30);
	like($answer, qr/200 OK/, 'an honest client is served during the attack');
	cmp_ok(time - $start, '<', 10 * $patience, 'within 10 s');
	close $_ for @attack;
	is(($slow->stop)[0], 0, 'and it stops');
};

# ---------------------------------------------------------------- errors of the database

subtest 'SQLSTATE to HTTP' => sub {
	# sqlstate, status, code, retryable, is the message shown, Retry-After
	my @rows = (
		[ 'SB001', 409, 'seat_unavailable', 0, 1 ],
		[ 'SB002', 409, 'flight_not_open', 0, 1 ],
		[ 'SB003', 422, 'past_payment_required_by_date', 0, 1 ],
		[ 'SB004', 422, 'already_paid', 0, 1 ],
		[ 'SB005', 422, 'already_cancelled', 0, 1 ],
		[ 'SB006', 422, 'price_changed', 0, 1 ],
		[ 'SB007', 422, 'cancellation_stale', 0, 1 ],
		[ 'SB008', 409, 'duplicate_passenger', 0, 1 ],
		[ 'SB009', 422, 'not_cancellable', 0, 1 ],
		[ 'SB010', 422, 'validation_error', 0, 1 ],
		[ 'SB011', 404, 'not_found', 0, 1 ],
		[ 'SB012', 404, 'route_not_found', 0, 1 ],
		[ 'SB013', 405, 'method_not_allowed', 0, 1 ],
		[ 'SB014', 409, 'customer_exists', 0, 1 ],
		[ 'SB015', 409, 'idempotency_key_in_use', 1, 1, 1 ],
		[ 'SB016', 422, 'idempotency_key_reused', 0, 1 ],
		[ 'SB017', 412, 'stale_version', 0, 1 ],
		[ 'SB018', 422, 'hold_quota_exceeded', 0, 1 ],
		[ 'SB019', 422, 'not_changeable', 0, 1 ],
		[ 'SB020', 422, 'change_stale', 0, 1 ],
		[ 'SB999', 422, 'rejected', 0, 1 ],
		[ '22P02', 400, 'malformed_request', 0, 1 ],
		[ '22003', 422, 'invalid_value', 0, 1 ],
		[ '23505', 409, 'conflict', 0, 1 ],
		[ '23P01', 409, 'conflict', 0, 1 ],
		[ '23503', 422, 'constraint_violation', 0, 1 ],
		[ '42501', 403, 'insufficient_privilege', 0, 0 ],
		[ '40001', 503, 'try_again', 1, 0, 1 ],
		[ '40P01', 503, 'try_again', 1, 0, 1 ],
		[ '55P03', 503, 'try_again', 1, 0, 1 ],
		[ '57014', 504, 'timeout', 1, 0 ],
		[ '25006', 503, 'unavailable', 1, 0, 1 ],
		[ '57P01', 503, 'unavailable', 1, 0, 1 ],
		[ '57P02', 503, 'unavailable', 1, 0, 1 ],
		[ '57P03', 503, 'unavailable', 1, 0, 1 ],
		[ '08006', 503, 'unavailable', 1, 0, 1 ],
		[ '53300', 503, 'unavailable', 1, 0, 1 ],
		[ 'XX000', 500, 'internal_error', 0, 0 ],
		[ '42P01', 500, 'internal_error', 0, 0 ],
		[ 'P0001', 500, 'internal_error', 0, 0 ]);

	for my $row (@rows)
	{
		my ($sqlstate, $status, $code, $retryable, $shown, $wait) = @$row;
		my $response = post("/v1/raise/$sqlstate", '{}');
		my $json = $response->{json};

		problem_ok($response, $status, $code, "$sqlstate: $status $code");
		is($json->{retryable} ? 1 : 0, $retryable, "$sqlstate: retryable");
		if ($shown)
		{
			is($json->{detail}, 'first the message. Then the detail.', "$sqlstate: detail");
			is($json->{hint}, 'At last the hint.', "$sqlstate: hint");
		}
		else
		{
			unlike($response->{content}, qr/first the|Then the|At last/, "$sqlstate: nothing shown");
		}
		like($response->{headers}{'retry-after'} // '', $wait ? qr/^[1-9]\d*$/ : qr/^$/,
			"$sqlstate: Retry-After");
		ok(logged(qr/"sqlstate":"$sqlstate"/), "$sqlstate: in the log");
	}

	# The two lists of codes agree: what the extension can raise is in the table above, and so in the gateway's.
	my %listed = map { $_->[0] => 1 } @rows;
	my $header = slurp_file(dirname(abs_path(__FILE__)) . '/../../../extension/src/base/errcodes.h');
	my @raised = map { 'SB' . join '', /'(.)'/g } $header =~ /^#define SB_\w+ +SB_CODE(\('.', '.', '.'\))/mg;
	cmp_ok(scalar @raised, '>=', 14, 'the extension has its codes');
	is_deeply([ grep { !$listed{$_} } @raised ], [], 'and the gateway knows each');
	my $openapi = request('GET', '/openapi.yaml')->{content};
	ok($openapi =~ /`$_->[2]`/, "openapi.yaml explains $_->[2]") for @rows;

	my $late = post('/v1/late', '{}');
	problem_ok($late, 409, 'conflict', 'an error at commit, after the row');
	like($late->{json}{detail}, qr/\(k\)=\(1\)/, 'with its detail');
};

subtest 'retries' => sub {
	for my $sqlstate (qw(40001 40P01))
	{
		calls_reset();
		my $response = post("/v1/flaky/$sqlstate/3", '{}');
		is($response->{json}{calls}, 4, "$sqlstate: the fourth try succeeds");
		calls_reset();
		problem_ok(post("/v1/flaky/$sqlstate/4", '{}'), 503, 'try_again', "$sqlstate: no fifth");
		is(calls(), '4|t', "$sqlstate: four tries");
	}
	for my $sqlstate (qw(25006 57P01))
	{
		calls_reset();
		is(post("/v1/flaky/$sqlstate/1", '{}')->{json}{calls}, 2,
			"$sqlstate: once more on a new connection, as nothing was done");
	}
	for my $sqlstate (qw(23505 SB001 55P03 57014 XX000))
	{
		calls_reset();
		post("/v1/flaky/$sqlstate/1", '{}');
		is(calls(), '1|t', "$sqlstate: one try");
	}
};

subtest 'time limits' => sub {
	my $short = gateway_start(
		GATEWAY_STATEMENT_TIMEOUT_MS => 300,
		GATEWAY_REPORTS_TIMEOUT_MS => 3000,
		GATEWAY_READY_TIMEOUT_MS => 300);
	my $kept = $gw;
	$gw = $short;
	problem_ok(post('/v1/sleep/5', '{}'), 504, 'timeout', 'statement_timeout');
	is(request('GET', '/v1/reports/sleep/1')->{status}, 200, 'the reports database has its own');
	$short->stop;
	$gw = $kept;
};

# ---------------------------------------------------------------- losing the database

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

# Runs a request in a child; the parent reads its outcome later.
sub in_background
{
	my ($method, $path) = @_;
	pipe(my $read, my $write) or die $!;
	my $pid = fork() // die $!;
	if ($pid == 0)
	{
		my $start = time;
		my $response = $method eq 'GET' ? request('GET', $path) : post($path, '{}');
		syswrite($write, join "\t", $response->{status}, $response->{json}{code} // '',
			$response->{headers}{'retry-after'} // '', time - $start);
		POSIX::_exit(0);
	}
	close $write;
	return { pid => $pid, read => $read };
}

sub outcome
{
	my ($child) = @_;
	my $handle = $child->{read};
	my $text = <$handle>;
	waitpid($child->{pid}, 0);
	return split /\t/, $text // '', -1;
}

sub wait_for
{
	my ($sql) = @_;
	$node->poll_query_until('postgres', $sql) or die "waiting in vain: $sql";
	return;
}

my $sleeping = q{FROM pg_stat_activity WHERE application_name = 'booking_gateway'
	AND wait_event = 'PgSleep'};

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

# ---------------------------------------------------------------- readiness and metrics

subtest 'health, readiness, metrics' => sub {
	my $ready = request('GET', '/readyz');
	is($ready->{status}, 200, 'ready');
	is($ready->{json}{status}, 'ready', 'in words');
	for my $db (qw(primary reports))
	{
		my $part = $ready->{json}{databases}{$db};
		ok($part->{ok}, "$db answers");
		is($part->{role}, 'primary', "$db: role");
		is($part->{version}, '9.9.9', "$db: version");
	}
	is(request('GET', '/healthz')->{content}, '{"status":"ok"}', 'healthz');
	problem_ok(request('POST', $_), 405, 'method_not_allowed', "POST $_")
	  for qw(/healthz /readyz /metrics /);
	is(request('POST', '/healthz')->{headers}{allow}, 'GET, HEAD', 'Allow');

	$node->safe_psql('reports', 'ALTER FUNCTION booking.booking_api RENAME TO gone');
	$ready = request('GET', '/readyz');
	is($ready->{status}, 200, 'ready without the reports database');
	ok(!$ready->{json}{databases}{reports}{ok}, 'which is reported');
	$node->safe_psql('reports', 'ALTER FUNCTION booking.gone RENAME TO booking_api');

	my $metrics = request('GET', '/metrics');
	like($metrics->{headers}{'content-type'}, qr{^text/plain; version=0\.0\.4}, 'type');
	my $text = $metrics->{content};
	like($text, qr/^booking_http_requests_total\{method="POST",code="409"\} [1-9]/m, 'requests');
	like($text, qr/^booking_http_requests_total\{method="other",code="400"\} [1-9]/m, 'refused requests');
	like($text, qr/^booking_http_requests_in_flight 1$/m, 'in flight: this one');
	like($text, qr/^booking_db_connections\{database="primary"\} [1-9]/m, 'connections');
	like($text, qr/^booking_db_connects_total\{database="primary",result="failed"\} [1-9]/m, 'failed connects');
	like($text, qr/^booking_db_errors_total\{sqlstate_class="SB"\} [1-9]/m, 'errors by class');
	like($text, qr/^booking_db_retries_total [1-9]/m, 'retries');
	my ($inf) = $text =~ /_seconds_bucket\{le="\+Inf"\} (\d+)/;
	my ($count) = $text =~ /_seconds_count (\d+)/;
	is($inf, $count, 'the histogram adds up');
	my %type = $text =~ /^# TYPE (\S+) (\S+)$/mg;
	for my $line (grep { !/^#/ } split /\n/, $text)
	{
		my ($name) = $line =~ /^([a-z_]+)(\{[^{}]*\})? -?[\d.]+$/;
		$name //= "unreadable: $line";
		(my $family = $name) =~ s/_(bucket|sum|count)$//;
		ok($type{$name} || $type{$family}, "$name has a type");
	}
};

# ---------------------------------------------------------------- the page

subtest 'files' => sub {
	my $page = request('GET', '/');
	is($page->{status}, 200, 'the page');
	like($page->{headers}{'content-type'}, qr{^text/html; charset=utf-8}, 'its type');
	is(request('GET', '/index.html')->{content}, $page->{content}, 'under its name too');
	my %type = (
		'/style.css' => 'text/css', '/app.js' => 'text/javascript',
		'/openapi.yaml' => 'application/yaml', '/favicon.svg' => 'image/svg+xml');
	for my $path (sort keys %type)
	{
		my $file = request('GET', $path);
		is($file->{status}, 200, $path);
		like($file->{headers}{'content-type'}, qr/^\Q$type{$path}\E/, "$path: type");
		my $etag = $file->{headers}{etag};
		like($etag, qr/^"[0-9a-f]{16}"$/, "$path: ETag");
		my $source = dirname($gateway) . ($path eq '/openapi.yaml' ? $path : "/web$path");
		is($file->{content}, slurp_file($source), "$path: byte for byte") if -f $source;
		for my $tag ($etag, "\"x\", W/$etag", '*')
		{
			my $again = request('GET', $path, headers => { 'If-None-Match' => $tag });
			is($again->{status}, 304, "$path: 304 for $tag");
			is($again->{content} // '', '', "$path: nothing sent");
		}
		is(request('GET', $path, headers => { 'If-None-Match' => '"0"' })->{status}, 200,
			"$path: 200 for another tag");
		is(request('HEAD', $path)->{headers}{'content-length'}, length $file->{content},
			"$path: HEAD");
	}
	problem_ok(request('GET', $_), 404, 'not_found', $_)
	  for ('/nothing', '/web/app.js', '/v2/x', '/v1x', '/app.js/', '//etc/passwd');
	raw_problem_ok(raw($gw, "GET $_ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"), 404, 'not_found', $_)
	  for ('/../../etc/passwd', '/./.%2e/etc/passwd');
};

# ---------------------------------------------------------------- many at once

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
				  && $json->{body}{n} == $n && $json->{context}{request_id} eq "c$client-$n";
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
	cmp_ok($open, '<=', 16, 'no more connections than workers');
};

# ---------------------------------------------------------------- the log, and the end

subtest 'log' => sub {
	request('GET', '/v1/secrets?last_name=Lovelace&email=ada@example.org',
		headers => { 'X-Request-Id' => 'look-for-me', Authorization => 'Bearer tok3n' });
	ok(logged(qr/look-for-me/), 'the request has its line');
	my @lines = $gw->log_lines;
	my @bad = grep { !eval { decode_json($_); 1 } } @lines;
	is_deeply(\@bad, [], 'each line is JSON');
	my ($line) = map { decode_json($_) } grep { /look-for-me/ } @lines;
	is_deeply([ sort keys %$line ],
		[ qw(bytes duration_ms event level method path request_id status time) ], 'keys');
	is($line->{path}, '/v1/secrets', 'the path alone');
	like($line->{time}, qr/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, 'time');
	my $all = join "\n", @lines;
	unlike($all, qr/Lovelace|example\.org|tok3n|Then the|At last/, 'no names, tokens, details');
	is((decode_json($lines[0]))->{event}, 'started', 'the first line');
};

subtest 'an ordered end' => sub {
	is(request('GET', '/v1/echo')->{status}, 200, 'before');
	my $working = in_background('POST', '/v1/sleep/2');
	wait_for("SELECT count(*) = 1 $sleeping");
	my $idle = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gw->{port});
	kill 'TERM', $gw->{pid};
	sleep 0.3;
	my $refused = raw($gw, "GET /v1/x HTTP/1.1\r\nHost: h\r\n\r\n", 5);
	raw_problem_ok($refused, 503, 'unavailable', 'a new request is turned away', closes => 1);
	my ($status) = outcome($working);
	is($status, 200, 'the request in flight is answered');
	my $start = time;
	waitpid(delete $gw->{pid}, 0);
	is($?, 0, 'exit status 0, no signal');
	cmp_ok(time - $start, '<', 6 * $patience, 'soon after');
	my @lines = $gw->log_lines;
	is(decode_json($lines[-1])->{event}, 'stopped', 'the last line');
	is($gw->errors, '', 'nothing on stderr') unless @wrapper;
	$node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM pg_stat_activity
		WHERE application_name = 'booking_gateway'});
	pass('its connections are closed');

	$gw = gateway_start(GATEWAY_STOP_TIMEOUT_MS => 500, GATEWAY_LOG_LEVEL => 'error');
	$working = in_background('POST', '/v1/sleep/4');
	wait_for("SELECT count(*) = 1 $sleeping");
	my ($code, $seconds) = $gw->stop;
	is($code, 1, 'a request that takes too long: exit status 1') unless @wrapper;
	cmp_ok($seconds, '<', 3 * $patience, 'after the stop timeout');
	outcome($working);
	my @quiet = $gw->log_lines;
	ok(!(grep { !/"level":"error"/ } @quiet), 'the log level is kept');
};

$node->stop;
done_testing();
