# What the container tests share: a project of its own on ports of its own, so that a system that is up is left alone.
# The tests of one run go on with what the one before has left; the last, or the first that ends badly, removes it.

package Compose;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(basename dirname);
use HTTP::Tiny;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw($tree %port run docker compose exec_in sql host_sql healthy wait_until api key_of data_hash);
$ENV{PGPASSWORD} = 'yourpassword';
our $tree = abs_path(dirname(abs_path(__FILE__)) . '/../..');
our %port = map { lc($_) => $ENV{"${_}_PORT"} // die "regress/test-compose runs this\n" } qw(GATEWAY PRIMARY HOT_BACKUP REPORTS);

my %database = (primary_db => 'flight_booking', hot_backup_db => 'flight_booking', reports_db => 'flight_booking_reports');

# Runs a shell command in the tree; returns its exit status and all that it says.
sub run
{
	my ($command, $seconds) = @_;

	open my $pipe, '-|', 'timeout', $seconds // 600, 'bash', '-c', "cd '$tree' && { $command\n} 2>&1 </dev/null" or die $!;
	my $said = do { local $/; <$pipe> } // '';
	close $pipe;
	return ($? >> 8, $said);
}

# Returns what docker said; dies, with that, if it fails.
sub docker
{
	my ($command) = @_;
	my ($status, $said) = run("docker $command");

	die "docker $command:\n$said" if $status;
	return $said;
}

sub compose
{
	my ($command) = @_;

	keep_logs() if $command =~ /^down\b/;
	return docker("compose $command");
}

# What the servers have said so far and how they ended, since "down" takes it away: regress/output/compose has it for a file that fails.
my $logs = "$tree/regress/output/compose/" . basename($0, '.t') . '-' . ($ENV{PG_MAJOR} // 'default') . '.log';

sub keep_logs
{
	run("mkdir -p '" . dirname($logs) . "'; { date -u +'==== %FT%TZ'; docker compose --profile '*' ps -a --format 'table {{.Name}}\t{{.Status}}'; docker compose --profile '*' logs --no-color --timestamps; } >>'$logs'");
	return;
}

END
{
	my $status = $?;

	keep_logs();
	unlink $logs if $status == 0 && Test::More->builder->is_passing;
	$? = $status;
}

sub exec_in
{
	my ($service, $command) = @_;

	return compose("exec -T $service $command");
}

# One value or more lines, as the superuser on the node's Unix socket.
sub sql
{
	my ($service, $sql) = @_;

	$sql =~ s/'/'\\''/g;
	my $said = exec_in($service, "psql -X -A -t -q -v ON_ERROR_STOP=1 -U postgres -d $database{$service} -c '$sql'");
	chomp $said;
	return $said;
}

# psql on the host, as the guide does it: status and output.
sub host_sql
{
	my ($service, $sql, $environment) = @_;
	my $node = $service =~ s/_db$//r;

	return run(($environment // '')
		  . " psql -X -A -t -h localhost -p $port{$node} -U postgres -d $database{$service} -v VERBOSITY=verbose -c \"$sql\"");
}

sub healthy
{
	return scalar grep { /\(healthy\)/ } split /\n/, compose('ps');
}

# Asks until the answer is true, or that many seconds have passed.
sub wait_until
{
	my ($seconds, $question) = @_;
	my $end = time + $seconds;
	my $answer;

	until ($answer = eval { $question->() })
	{
		return 0 if time > $end;
		sleep 0.5;
	}
	return $answer;
}

# The development key of a role
sub key_of
{
	my ($role) = @_;

	open my $in, '<', "$tree/docker/secrets/development/api_keys" or die;
	my ($key) = map { /^$role (\S+)$/ } <$in>;
	return $key;
}

# A REST call, by an agent unless the headers say otherwise: status and decoded body.
sub api
{
	my ($method, $path, $body, %headers) = @_;
	my $response = HTTP::Tiny->new(timeout => 10)->request($method, "http://localhost:$port{gateway}$path",
		{ headers => { 'Content-Type' => 'application/json', Authorization => 'Bearer ' . key_of('agent'), %headers }, $body ? (content => JSON::PP::encode_json($body)) : () });

	return ($response->{status}, eval { JSON::PP::decode_json($response->{content}) } // $response->{content});
}

# Content of every business table of a node: name, rows and hash.
sub data_hash
{
	my ($service) = @_;

	return exec_in($service, "psql -X -A -t -q -v ON_ERROR_STOP=1 -U postgres -d $database{$service} -f /usr/share/flight_booking/docker/backup/table-hashes.sql");
}

1;
