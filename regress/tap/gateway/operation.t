# What operators read: health, readiness, metrics, the log.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Utils;
use Test::More;

use GatewayTest;

start_databases();
$gw = start_gateway(GATEWAY_CONNECT_BUDGET_MS => 0);

# Something to count, and to keep out of the log
$node->stop;
post('/v1/x', '{}');
$node->start;
post("/v1/raise/$_", '{}') for qw(SB001 40001);
raw($gw, "BREW /v1/x HTTP/1.1\r\nHost: localhost\r\n\r\n");

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
	is(request('POST', '/healthz')->{headers}{allow}, 'GET, HEAD, OPTIONS', 'Allow');

	$node->safe_psql('reports', 'ALTER FUNCTION booking.booking_api RENAME TO gone');
	$ready = request('GET', '/readyz');
	is($ready->{status}, 200, 'ready without the reports database');
	ok(!$ready->{json}{databases}{reports}{ok}, 'which is reported');
	$node->safe_psql('reports', 'ALTER FUNCTION booking.gone RENAME TO booking_api');

	my $admin = sub { raw({ port => $gw->{admin_port} }, "GET $_[0] HTTP/1.0\r\n\r\n") };
	like($admin->($_), qr{^HTTP/1.1 200 OK\r}, "$_ on the port for operators") for qw(/healthz /readyz /metrics);
	like($admin->($_), qr{^HTTP/1.1 404 }, "$_ is not there") for qw(/v1/echo / /openapi.yaml);

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
	my $readme = slurp_file(dirname(abs_path(__FILE__)) . '/../../../gateway/README.md');
	is_deeply([ sort $readme =~ /^\| `(booking_(?:gateway|http|db|refusals)_\w+)` \|/mg ], [ sort keys %type ], 'the README has the same metrics');
	for my $line (grep { !/^#/ } split /\n/, $text)
	{
		my ($name) = $line =~ /^([a-z_]+)(\{[^{}]*\})? -?[\d.]+$/;
		$name //= "unreadable: $line";
		(my $family = $name) =~ s/_(bucket|sum|count)$//;
		ok($type{$name} || $type{$family}, "$name has a type");
	}
};

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

finish();
