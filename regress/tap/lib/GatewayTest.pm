# The gateway as a black box: on a real server with a stand-in for booking_api (gateway/stub.sql), asked over HTTP.

package GatewayTest;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);
use Cwd qw(abs_path);
use HTTP::Tiny;
use IO::Select;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use Gateway;

our @EXPORT = qw($node $gw $patience $sleeping start_databases limit_time start_gateway raw drain request post problem_ok raw_problem_ok
  logged calls calls_reset in_background outcome wait_for finish);

our $node;                          # the server, with databases flight_booking and reports
our $gw;                            # the gateway that is asked
our $patience = $Gateway::patience; # what a time limit of a test is multiplied by

# Sessions of the gateway that are in /v1/sleep
our $sleeping = q{FROM pg_stat_activity WHERE application_name = 'booking_gateway'
	AND wait_event = 'PgSleep'};

my $http = HTTP::Tiny->new(timeout => 30);

sub start_databases
{
	my $stub = slurp_file(dirname(abs_path(__FILE__)) . '/../gateway/stub.sql');

	$node = PostgreSQL::Test::Cluster->new('primary');
	$node->init;
	$node->append_conf('postgresql.conf', 'max_connections = 60');
	$node->start;
	$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(flight_booking reports);
	$node->safe_psql($_, $stub) for qw(flight_booking reports);
	limit_time(flight_booking => '7s', reports => '70s');
	return;
}

# Sets what a role's settings would: the limits of later sessions.
sub limit_time
{
	my (%limit) = @_;

	$node->safe_psql('postgres', "ALTER DATABASE $_ SET statement_timeout = '$limit{$_}'; ALTER DATABASE $_ SET lock_timeout = '350ms'")
	  for keys %limit;
	return;
}

# A gateway on our databases, with other settings where they are given.
sub start_gateway
{
	return Gateway->start(
		DATABASE_URL => $node->connstr('flight_booking'),
		REPORTS_DATABASE_URL => $node->connstr('reports'),
		GATEWAY_WORKERS => 64,
		GATEWAY_CONNECTIONS => 16,
		GATEWAY_KEEP_ALIVE_MS => 1000,
		GATEWAY_HOSTS => 'booking.example.com',
		@_);
}

# Ends the file: the gateway stops as asked, which an instrumented one does only if it found nothing.
sub finish
{
	is(($gw->stop)[0], 0, 'the gateway stops with status 0');
	$node->stop if $node;
	done_testing();
	return;
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

# Returns what comes until the peer closes, or for as long as the timeout.
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

# The response, with {json} where the content is JSON.
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

# How often /v1/sleep, flaky or fatal was called.
sub calls
{
	return $node->safe_psql('flight_booking', 'SELECT last_value, is_called FROM booking.calls');
}

sub calls_reset
{
	$node->safe_psql($_, "ALTER SEQUENCE booking.calls RESTART") for qw(flight_booking reports);
	return;
}

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

# Status, code, Retry-After and seconds of a request in the background.
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

1;
