# What the tests of the native cluster share: the real docker/native/cluster, on free ports and a directory of its own; as root
# its servers belong to the user postgres. What is left at the end of the test is removed.

package NativeCluster;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Time::HiRes qw(sleep time);

our @EXPORT = qw($tree $base $run $password $said @nodes @monitors %database %port cluster free_ports set_ports wait_for sql slurp system_identifiers);

our $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
our $base = tempdir('/tmp/flight_booking_cluster.XXXXXX', CLEANUP => 1);
our $run = "$base/run";
our $password = 'yourpassword';
our $said; # by the last call of cluster
our @nodes = qw(primary hot_backup reports);
our @monitors = ('prometheus', map { "${_}_exporter" } @nodes);
our %database = (
	primary => 'flight_booking',
	hot_backup => 'flight_booking',
	reports => 'flight_booking_reports');
our %port;

my $owner = $$;

chmod 0755, $base;
delete @ENV{ grep { /^PG(?!_CONFIG$)/ } keys %ENV };
$ENV{RUN_DIR} = $run;
{
	my @named = (@nodes, qw(gateway gateway_admin second_gateway second_gateway_admin edge), @monitors);
	my %free;

	@free{@named} = free_ports(scalar @named);
	set_ports(%free);
}
$SIG{INT} = $SIG{TERM} = sub { exit 1 };

END
{
	local $?;
	cluster('reset') if $$ == $owner && -d $run;
}

sub free_ports
{
	my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. shift;

	return map { $_->sockport } @sockets;
}

sub set_ports
{
	%port = (%port, @_);
	$ENV{ uc($_) . '_PORT' } = $port{$_} for keys %port;
	return;
}

# Runs docker/native/cluster; returns its exit status, and leaves what it said in $said.
sub cluster
{
	my $command = join ' ', map { "'$_'" } @_;

	$said = qx("$tree/docker/native/cluster" $command 2>&1 </dev/null);
	return $? >> 8;
}

sub wait_for
{
	my ($condition, $seconds) = @_;
	my $end = time + ($seconds || 30);

	while (time < $end)
	{
		return 1 if $condition->();
		sleep 0.1;
	}
	return 0;
}

# As a user would: over TCP, with the password of the guide.
sub sql
{
	my ($node, $sql) = @_;

	local $ENV{PGPASSWORD} = $password;
	open my $out, '-|', 'psql', '-XAtq', '-h', 'localhost', '-p', $port{$node}, '-U', 'postgres', '-d', $database{$node},
	  '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=sqlstate', '-c', $sql
	  or die;
	my $answer = do { local $/; <$out> };
	close $out;
	chomp $answer;
	return $answer;
}

sub slurp
{
	open my $in, '<', shift or return '';
	local $/;
	return <$in>;
}

sub system_identifiers
{
	return join ' ', map { sql($_, 'SELECT system_identifier FROM pg_control_system()') } @nodes;
}

1;
