# The README's commands, run as they stand: every "sh" block, in order, in one shell, on ports of our own.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $base = tempdir('/tmp/flight_booking_readme.XXXXXX', CLEANUP => 1);
chmod 0755, $base;

my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. 4;
my @ports = map { $_->sockport } @sockets;
close $_ for @sockets;
my %port;
@port{ 5432, 5433, 5434, 4000 } = @ports;

delete @ENV{ grep { /^PG(?!_CONFIG$)/ } keys %ENV };
@ENV{qw(RUN_DIR PRIMARY_PORT HOT_BACKUP_PORT REPORTS_PORT GATEWAY_PORT)} = ("$base/run", @ports);

END
{
	local $?;
	system("make -s -C '$tree' reset >'$base/reset.log' 2>&1") if -d "$base/run";
}

open my $file, '<', "$tree/README.md" or die $!;
my $readme = do { local $/; <$file> };
close $file;

# Runs a script in the tree; returns its status and all it says.
sub bash
{
	my ($script) = @_;

	open my $out, '>', "$base/script" or die $!;
	print $out "cd '$tree'\nset -euo pipefail\n$script";
	close $out;
	my $said = qx(bash '$base/script' 2>&1 </dev/null);
	return ($? >> 8, $said);
}

my @blocks = $readme =~ /^```sh\n(.*?)^```$/msg;
cmp_ok(scalar @blocks, '>=', 9, 'the README has its blocks');
s/(?<=localhost:)(\d+)|(?<=-p )(\d+)/$port{ $1 \/\/ $2 }/eg for @blocks;

my ($status, $said) = bash(join "echo '---- next block'\n", @blocks);
is($status, 0, 'every command of the README succeeds') or diag substr($said, -3000);
my @said = split /^---- next block\n/m, $said;
is(scalar @said, scalar @blocks, 'every block was run');

like($said[0], qr{http://localhost:$port{'4000'}/}, 'make up prints the URL');
like($said[1], qr/"flight_number"/, 'a flight is found');
like($said[2], qr/"status": "held"/, 'held');
like($said[3], qr/"status": "confirmed".*"passenger_name": "Ada Lovelace".*"refund_amount".*"confirmed"/s, 'paid, found, quoted, cancelled');
like($said[4], qr/"code": "already_cancelled"/, 'refused with a problem document');
like($said[5], qr/"status": "succeeded"/, 'the ETL ran');
like($said[5], qr/"net_revenue"/, 'and the booking is in the revenue report');
like($said[6], qr/Grace Hopper.*confirmed.*\(0 rows\)/s, 'the same by psql, with no violation');
like($said[7], qr/hot_backup_db.*streaming/, 'replication is shown');
is(() = $said[7] =~ /test\@example\.com/g, 2, 'the guide\'s customer is on both replicas');
like($said[8], qr/load-factor: /, 'reports are listed');
is(() = $said[9] =~ /tables as they were, invariants hold/g, 2, 'a backup is restored to a name and to a time');

# The commands named in running text
for my $target ($readme =~ /`make ([a-z-]+)/g)
{
	my ($known) = bash("make -s help | grep -qw '^$target'");

	is($known, 0, "make $target exists");
}
($status, $said) = bash('make status');
is($status, 0, 'make status') or diag $said;
($status, $said) = bash('make etl && make down && make up');
is($status, 0, 'make etl, down, up') or diag $said;

done_testing();
