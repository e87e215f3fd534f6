# A gateway process for a test: started with settings of its own on a free port, stopped by a signal.

package Gateway;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our $program = $ENV{GATEWAY} || dirname(abs_path(__FILE__)) . '/../../../gateway/booking_gateway';

# An instrumented run: GATEWAY_WRAPPER="valgrind --error-exitcode=99 ..."; all waits are then longer.
our @wrapper = split ' ', $ENV{GATEWAY_WRAPPER} || '';
our $patience = @wrapper ? 5 : 1;

my $dir = tempdir(CLEANUP => 1);
my $count = 0;

sub free_port
{
	return IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')->sockport;
}

# Returns when the gateway answers, or has ended: then {exit} is set. A setting that is undef is left out.
sub start
{
	my ($class, %setting) = @_;

	die "no gateway at $program: build it, or set GATEWAY\n" unless -x $program;
	$setting{$_} //= free_port() for qw(GATEWAY_PORT GATEWAY_ADMIN_PORT);
	my $self = bless { port => $setting{GATEWAY_PORT}, admin_port => $setting{GATEWAY_ADMIN_PORT}, log => "$dir/log." . ++$count }, $class;
	$self->{pid} = fork() // die "fork: $!";
	if ($self->{pid} == 0)
	{
		delete $ENV{$_} for grep { /^(GATEWAY_|DATABASE_|REPORTS_|BOOKING_|PGPASSWORD|PGAPPNAME)/ } keys %ENV;
		defined $setting{$_} and $ENV{$_} = $setting{$_} for keys %setting;
		open STDOUT, '>', $self->{log} or die $!;
		open STDERR, '>', "$self->{log}.err" or die $!;
		exec(@wrapper, $program) or POSIX::_exit(127);
	}
	for (1 .. 100 * $patience)
	{
		return $self if $self->alive;
		if (waitpid($self->{pid}, WNOHANG) > 0)
		{
			$self->{exit} = $? >> 8;
			delete $self->{pid};
			return $self;
		}
		sleep 0.05;
	}
	die 'the gateway does not answer: ' . $self->errors;
}

sub alive
{
	my ($self) = @_;
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port}) or return 0;

	print $socket "GET /healthz HTTP/1.0\r\n\r\n";
	return (<$socket> // '') =~ /^HTTP\S+ 200 /;
}

# Returns the exit status, negative for a signal, and the seconds it took.
sub stop
{
	my ($self, $signal) = @_;
	my $pid = delete $self->{pid} or return;
	my $start = time;

	kill $signal || 'TERM', $pid;
	waitpid($pid, 0);
	return ($? & 127 ? -($? & 127) : $? >> 8, time - $start);
}

sub url { my ($self, $path) = @_; return "http://127.0.0.1:$self->{port}$path" }

sub log_lines { my ($self) = @_; return split /\n/, slurp_file($self->{log}) }

sub errors { my ($self) = @_; return slurp_file("$self->{log}.err") }

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);
	$self->stop('KILL');
	return;
}

1;
