# Errors of the database: SQLSTATE to HTTP, what is tried again, and the limits of time.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use GatewayTest;

start_databases();
$gw = start_gateway();

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
		[ 'SB021', 401, 'credential_invalid', 0, 1 ],
		[ 'SB022', 403, 'not_allowed', 0, 1 ],
		[ 'SB023', 429, 'too_many_attempts', 1, 1 ],
		[ 'SB024', 401, 'credential_required', 0, 1 ],
		[ 'SB025', 429, 'too_many_requests', 1, 1 ],
		[ 'SB026', 422, 'trips_ahead', 0, 1 ],
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
			is($json->{detail}, 'first the message' . ($sqlstate =~ /^2[23]/ ? '' : '. Then the detail.'), "$sqlstate: detail");
			is($json->{hint}, 'At last the hint.', "$sqlstate: hint");
		}
		else
		{
			unlike($response->{content}, qr/first the|Then the|At last/, "$sqlstate: nothing shown");
		}
		like($response->{headers}{'retry-after'} // '', $wait ? qr/^[1-9]\d*$/ : qr/^$/,
			"$sqlstate: Retry-After");
		is($response->{headers}{'www-authenticate'}, { SB021 => 'Bearer error="invalid_token"', SB024 => 'Bearer' }->{$sqlstate}, "$sqlstate: WWW-Authenticate");
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

	my $form = HTTP::Tiny->new;
	my $refused = request('GET', '/v1/refuse?' . $form->www_form_urlencode({ body => '{"sqlstate":"SB011","detail":"none of these","hint":null}' }));
	problem_ok($refused, 404, 'not_found', 'an error that was returned');
	is($refused->{json}{detail}, 'none of these', 'its words');
	$refused = request('GET', '/v1/refuse?' . $form->www_form_urlencode({ body => '{"sqlstate":"SB023","detail":"wait","hint":"Retry-After: 17"}' }));
	problem_ok($refused, 429, 'too_many_attempts', 'an error with a header');
	is_deeply([ $refused->{headers}{'retry-after'}, $refused->{json}{hint} ], [ 17, undef ], 'Retry-After is a header, and no hint');
	problem_ok(request('GET', '/v1/refuse?' . $form->www_form_urlencode({ body => $_ })), 500, 'internal_error', "returned: $_") for '{}', 'x', '{"sqlstate":"XX000","detail":"secret"}';

	my $late = post('/v1/late', '{}');
	problem_ok($late, 409, 'conflict', 'an error at commit, after the row');
	unlike($late->{content}, qr/\(1\)/, 'without the value');
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
	my $kept = $gw;

	limit_time(flight_booking => '300ms', reports => '3s');
	$gw = start_gateway(GATEWAY_CONNECTIONS => 1);
	problem_ok(post('/v1/sleep/5', '{}'), 504, 'timeout', 'statement_timeout');
	is(request('GET', '/v1/reports/sleep/1')->{content}, '{"slept":true}', 'the reports database has its own');

	# A server that is frozen does not end a statement; the gateway gives it up two seconds after it should have.
	my $pid = request('GET', '/v1/echo')->{json}{pid};
	my $start = time;
	kill 'STOP', $pid;
	problem_ok(post('/v1/x', '{}'), 503, 'unknown_outcome', 'no answer at all');
	kill 'CONT', $pid;
	cmp_ok(time - $start, '>', 2, 'not before the statement can have ended');
	cmp_ok(time - $start, '<', 2.3 + 2 * $patience, 'and soon after');
	is(post('/v1/x', '{}')->{status}, 200, 'the next has a new connection');

	$pid = request('GET', '/v1/echo')->{json}{pid};
	$start = time;
	kill 'STOP', $pid;
	problem_ok(request('GET', '/v1/x'), 504, 'timeout', 'a read that has no answer in its time is not sent again');
	kill 'CONT', $pid;
	cmp_ok(time - $start, '>', 2, 'it is waited for');
	is(request('GET', '/v1/echo')->{status}, 200, 'and the next has a new connection');
	$gw->stop;
	$gw = $kept;
};

finish();
