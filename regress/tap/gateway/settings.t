# The command line and the environment: what is taken, what is refused, and that no password shows.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

use Gateway;
use GatewayTest;

my $dir = tempdir(CLEANUP => 1);

start_databases();

subtest 'command line' => sub {
	my ($out, $err);
	IPC::Run::run([ $Gateway::program, '--version' ], '>', \$out, '2>', \$err);
	like($out, qr/^booking_gateway \d+\.\d+/, '--version');
	IPC::Run::run([ $Gateway::program, '--help' ], '>', \$out, '2>', \$err);
	is($? >> 8, 0, '--help succeeds');
	for my $name (
		qw(DATABASE_URL DATABASE_PASSWORD_FILE REPORTS_DATABASE_URL
		REPORTS_DATABASE_PASSWORD_FILE GATEWAY_REPORTS_PATHS GATEWAY_ADDRESS GATEWAY_PORT GATEWAY_PUBLISHED_ADDRESS GATEWAY_PROXIES
		GATEWAY_ADMIN_ADDRESS GATEWAY_ADMIN_PORT
		GATEWAY_WORKERS GATEWAY_CONNECTIONS GATEWAY_MAX_BODY GATEWAY_MAX_HEADER GATEWAY_MAX_QUERY
		GATEWAY_HEADER_TIMEOUT_MS GATEWAY_BODY_TIMEOUT_MS GATEWAY_KEEP_ALIVE_MS
		GATEWAY_READY_TIMEOUT_MS GATEWAY_CONNECT_BUDGET_MS GATEWAY_STOP_TIMEOUT_MS
		GATEWAY_LOG_LEVEL BOOKING_DEV))
	{
		like($out, qr/^  $name$/m, "--help names $name");
	}
	my %default = $out =~ /^  ([A-Z_]+)\n      .*(?:\n      default: (.+))?$/mg;
	my $readme = slurp_file(dirname(abs_path(__FILE__)) . '/../../../gateway/README.md');
	my %documented = $readme =~ /^\| `((?:GATEWAY|DATABASE|REPORTS_DATABASE|BOOKING)_\w+)` \| (?:`(.+?)`)? *\|/mg;
	is_deeply(\%documented, \%default, 'the README has the same settings and defaults');
	IPC::Run::run([ $Gateway::program, '--frobnicate' ], '>', \$out, '2>', \$err);
	is($? >> 8, 2, 'an unknown option is refused');
	like($err, qr/--help/, 'with a pointer to --help');
};

sub refused_ok
{
	my ($setting, $pattern, $name) = @_;
	my $self = start_gateway(%$setting);

	if (!defined $self->{exit})
	{
		fail("$name: it started");
		return;
	}
	my $err = $self->errors;
	is($self->{exit}, 2, "$name: exit status 2");
	like($err, $pattern, "$name: message");
	unlike($err, qr/s3cret|yourpassword/, "$name: no password shown");
	is(scalar(() = $err =~ /\n/g), 1, "$name: one line") unless @Gateway::wrapper;
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
	refused_ok({ BOOKING_DEV => 1, GATEWAY_ADDRESS => '0.0.0.0' }, qr/BOOKING_DEV=1 is for loopback/, 'development, for all to reach');
	refused_ok({ BOOKING_DEV => 1, GATEWAY_ADDRESS => '0.0.0.0', GATEWAY_PUBLISHED_ADDRESS => '192.0.2.1' }, qr/192\.0\.2\.1/, 'and published');
	refused_ok({ DATABASE_PASSWORD_FILE => "$dir/none" },
		qr/DATABASE_PASSWORD_FILE cannot be read/, 'no password file');
	refused_ok({ DATABASE_PASSWORD_FILE => file_of("\n") },
		qr/DATABASE_PASSWORD_FILE/, 'empty password file');
	refused_ok({ DATABASE_URL => 'postgresql://app:s3cret@localhost/d',
			DATABASE_PASSWORD_FILE => file_of("s3cret\n") },
		qr/both give a password/, 'two passwords');
	refused_ok({ GATEWAY_ADDRESS => 'localhost' }, qr/GATEWAY_ADDRESS/, 'address');
	refused_ok({ GATEWAY_ADDRESS => '1.2.3' }, qr/GATEWAY_ADDRESS/, 'short address');
	refused_ok({ GATEWAY_ADMIN_ADDRESS => 'localhost' }, qr/GATEWAY_ADMIN_ADDRESS must be/, 'admin address');
	refused_ok({ GATEWAY_ADMIN_PORT => '70000' }, qr/GATEWAY_ADMIN_PORT must be/, 'admin port');
	refused_ok({ GATEWAY_LOG_LEVEL => 'loud' }, qr/GATEWAY_LOG_LEVEL.*"loud"/, 'log level');
	refused_ok({ GATEWAY_REPORTS_PATHS => 'v1/reports' }, qr/GATEWAY_REPORTS_PATHS/, 'prefix');
	refused_ok({ GATEWAY_REPORTS_PATHS => join ' ', ('/a') x 9 },
		qr/GATEWAY_REPORTS_PATHS must be at most 8/, 'nine prefixes');
	for my $name (
		qw(GATEWAY_WORKERS GATEWAY_CONNECTIONS GATEWAY_MAX_BODY GATEWAY_MAX_HEADER GATEWAY_MAX_QUERY
		GATEWAY_HEADER_TIMEOUT_MS GATEWAY_BODY_TIMEOUT_MS GATEWAY_KEEP_ALIVE_MS
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
	$gw = start_gateway(
		DATABASE_URL => $node->connstr('flight_booking') . " password=yourpassword",
		GATEWAY_ADDRESS => '0.0.0.0',
		GATEWAY_PUBLISHED_ADDRESS => '127.0.0.1',
		BOOKING_DEV => 1);
	is(request('GET', '/v1/echo')->{status}, 200, "BOOKING_DEV=1 allows the guide's password");
	is(($gw->stop('INT'))[0], 0, 'SIGINT stops it with status 0');

	$gw = start_gateway(
		REPORTS_DATABASE_URL => undef,
		DATABASE_PASSWORD_FILE => file_of("other\n"));
	is(request('GET', '/v1/echo')->{status}, 200, 'a password file');
	problem_ok(request('GET', '/v1/reports'), 503, 'unavailable', 'no reports database');

	my $second = start_gateway(GATEWAY_PORT => $gw->{port});
	waitpid(delete $second->{pid}, 0);
	is($? >> 8, 1, 'a taken port: exit status 1');
	like($second->errors, qr/cannot listen on 127\.0\.0\.1:$gw->{port}/,
		'a taken port: message');
	$second = start_gateway(GATEWAY_ADMIN_PORT => $gw->{port});
	is($second->{exit}, 1, 'a taken port for operators: exit status 1');
	is($second->errors, "booking_gateway: cannot listen on 127.0.0.1:$gw->{port}\n", 'and its message');
	$gw->stop;

	$gw = start_gateway(GATEWAY_ADMIN_PORT => 0);
	is(request('GET', '/healthz')->{status}, 200, 'it works without a port for operators');
	$gw->stop;
};

$gw = start_gateway();
finish();
