# pgBackRest with docker/backup/pgbackrest.conf, on a server that archived by basic_archive before: a full and an incremental
# backup, a restore to a time between two transactions, and damage to the repository, which is found.

use strict;
use warnings;

use FindBin;
use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

plan skip_all => 'pgbackrest is not installed' if system('pgbackrest version >/dev/null 2>&1') != 0;

my $docker = "$FindBin::RealBin/../../../docker/backup";
my $base = PostgreSQL::Test::Utils::tempdir;
my $repository = "$base/repository";
mkdir $_ or die for $repository, "$base/wal_archive";

@ENV{ map { "PGBACKREST_$_" } qw(CONFIG STANZA REPO1_PATH LOCK_PATH SPOOL_PATH PG1_USER) } =
  ("$docker/pgbackrest.conf", 'flight_booking', $repository, "$base/lock", "$base/spool", scalar getpwuid($<));
my $node = start_node(
	'backrest',
	initdb => ['--data-checksums'],
	conf => <<"CONF");
wal_level = logical
max_wal_senders = 5
archive_mode = on
archive_library = 'basic_archive'
basic_archive.archive_directory = '$base/wal_archive'
CONF
@ENV{qw(PGBACKREST_PG1_PATH PGBACKREST_PG1_PORT PGBACKREST_PG1_SOCKET_PATH)} = ($node->data_dir, $node->port, $node->host);
add_flights($node, 101, 101);
my $client = (connect_clients($node, 1))[0];

# ---------------------------------------------------------------- the tools

my $said;

sub pgbackrest
{
	$said = qx(pgbackrest @{[ map { "'$_'" } @_ ]} 2>&1 </dev/null);
	return $? >> 8;
}

sub book
{
	my ($seat) = @_;

	return $client->value('SELECT booking_id FROM booking.create_booking('
		  . wish('instant', [ [ 101, $seat ] ], payment => { amount => 100, currency => 'EUR' }) . ')');
}

sub hashes
{
	my ($server) = @_;

	return $server->safe_psql('booking', slurp_file("$docker/table-hashes.sql"));
}

sub archive_wal
{
	my $file = $node->safe_psql('booking', 'SELECT pg_current_xact_id(); SELECT pg_walfile_name(pg_switch_wal())') =~ s/.*\n//r;

	ok($node->poll_query_until('booking', "SELECT last_archived_wal >= '$file' FROM pg_stat_archiver"), "$file is archived");
	return $file;
}

# Restores into the directory of a new server, which does not archive; returns the server, not started.
sub restored
{
	my ($name, $target) = @_;
	my $server = PostgreSQL::Test::Cluster->new($name);

	pgbackrest('--job-retry=0', '--pg1-path=' . $server->data_dir, '--archive-mode=off', '--type=time', "--target=$target", '--target-action=promote',
		'--recovery-option=restore_command=pgbackrest --pg1-path=' . $server->data_dir . ' archive-get %f "%p"', 'restore') == 0
	  or return;
	$server->append_conf('postgresql.conf',
		'port = ' . $server->port . "\nunix_socket_directories = '" . $server->host . "'\n");
	return $server;
}

sub flip_byte
{
	my ($file) = @_;

	open my $handle, '+<:raw', $file or die "$file: $!";
	seek $handle, (-s $file) / 2, 0;
	read $handle, my $byte, 1;
	seek $handle, (-s $file) / 2, 0;
	print $handle chr(ord($byte) ^ 1);
	close $handle;
	return;
}

sub largest
{
	my ($directory) = @_;
	my ($file) = sort { -s $b <=> -s $a } split /\n/, qx(find '$directory' -type f);

	return $file;
}

# ---------------------------------------------------------------- the switch from basic_archive, as the README has it

is(pgbackrest('stanza-create'), 0, 'stanza-create') or diag $said;
$node->safe_psql('postgres', $_)
  for q{ALTER SYSTEM SET archive_library = ''},
  "ALTER SYSTEM SET archive_command = 'pgbackrest --stanza=flight_booking --pg1-path=" . $node->data_dir . " archive-push %p'",
  'SELECT pg_reload_conf()';
is(pgbackrest('check'), 0, 'check') or diag $said;
is(pgbackrest('--type=full', 'backup'), 0, 'a full backup') or diag $said;
book('1A');
is(pgbackrest('--type=incr', 'backup'), 0, 'an incremental backup') or diag $said;
is(pgbackrest('--output=json', 'info'), 0, 'info') or diag $said;
is_deeply([ $said =~ /"type":"(full|incr|diff)"/g ], [ 'full', 'incr' ], 'lists both');

# ---------------------------------------------------------------- restore to a time

my $in = book('2A');
my $expected = hashes($node);
sleep 0.01;
my $moment = $node->safe_psql('booking', 'SELECT clock_timestamp()');
sleep 0.01;
my $out = book('3A');
my $last = archive_wal();
is(pgbackrest('verify'), 0, 'verify finds nothing') or diag $said;

my $copy = restored('restored', $moment) or diag $said;
$copy->start;
ok($copy->poll_query_until('booking', 'SELECT NOT pg_is_in_recovery()'), 'restored to a time');
like($expected, qr/^bookings\|2\|/m, 'the hashes are of the tables');
is(hashes($copy), $expected, 'every table is as it was then');
is($copy->safe_psql('booking', "SELECT booking_id FROM bookings WHERE booking_id IN ($in, $out)"), $in, 'with the booking before, without the one after');
invariants_hold($copy, 'restored');
$copy->stop;

# ---------------------------------------------------------------- damage

# verify ends with status 0 whatever it finds: its words count.
my ($wal) = glob("$repository/archive/flight_booking/*/*/$last-*");
my $file = largest("$repository/backup");

rename $wal, "$base/wal" or die;
$copy = restored('gap', $moment) or diag $said;
$copy->start(fail_ok => 1);
for (1 .. 300)
{
	last if !-e $copy->data_dir . '/postmaster.pid';
	sleep 0.1;
}
ok(!-e $copy->data_dir . '/postmaster.pid', 'with a WAL file missing the server ends');
$copy->_update_pid(0);
like(slurp_file($copy->logfile), qr/recovery ended before configured recovery target was reached/, 'and says why');
rename "$base/wal", $wal or die;
flip_byte($_) for $wal, $file;
pgbackrest('--output=text', 'verify');
like($said, qr/checksum invalid: 1.*backup: .*status: invalid/s, 'verify finds a flipped bit in archive and backup');
ok(!restored('damaged', $moment), 'and the damaged backup is not restored');
# What a flipped bit breaks first, the compressed stream or only the checksum, depends on where it falls.
like($said, qr/does not match expected checksum|zst error/, 'and it says why');
done_testing();
