# Base backups and archived WAL restore what they say, to a named point, to a time between two transactions and to the
# end; damage and gaps are found and nothing is restored from them; retention leaves every backup that it keeps whole.
# The scripts are those of docker/backup/, on a server of our own; the drill runs while clients book.

use strict;
use warnings;

use FindBin;
use BookingTest;
use Fcntl qw(:flock);
use File::Basename qw(basename);
use File::Temp ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

my $scripts = "$FindBin::RealBin/../../../docker/backup";
my $base = PostgreSQL::Test::Utils::tempdir;
my $archive = "$base/wal_archive";
my $backups = "$base/backup";
my $copy = "$base/copy";
mkdir $_ or die for $archive, $backups;
$ENV{RESTORE_SCRATCH} = File::Temp::tempdir('/tmp/flight_booking_backup.XXXXXX', CLEANUP => 1); # others restore on this machine too

my $node = start_node(
	'backup',
	initdb => ['--data-checksums'],
	conf => <<"CONF");
wal_level = logical
max_wal_senders = 5
archive_mode = on
archive_library = 'basic_archive'
basic_archive.archive_directory = '$archive'
track_commit_timestamp = on
fsync = on
CONF
add_flights($node, 101, 104);
my $client = (connect_clients($node, 1))[0];
@ENV{qw(PGHOST PGPORT PGUSER PGDATABASE BACKUP_DIR WAL_ARCHIVE)} =
  ($node->host, $node->port, scalar getpwuid($<), 'booking', $backups, $archive);

# ---------------------------------------------------------------- the tools

# Runs a script of docker/backup/; returns its exit status, and leaves what it said in $said.
my $said;

sub script
{
	my ($name, @arguments) = @_;

	$said = qx('$scripts/$name' @{[ join ' ', map { "'$_'" } @arguments ]} 2>&1 </dev/null);
	return $? >> 8;
}

sub whole_backups { my @all = glob("$backups/*Z"); return @all }

sub archived { return sort map { basename($_) } grep { /[0-9A-F]{24}$/ } glob("$archive/*") }

sub book
{
	my ($seat) = @_;

	return $client->value('SELECT booking_id FROM booking.create_booking('
		  . wish('instant', [ [ 101, $seat ] ], payment => { amount => 100, currency => 'EUR' }) . ')');
}

sub hashes { return qx(psql -XqAt -f '$scripts/table-hashes.sql') }

# Ends the current WAL file, and waits until it is archived; returns its name.
sub archive_wal
{
	my $file = $node->safe_psql('booking', 'SELECT pg_current_xact_id(); SELECT pg_walfile_name(pg_switch_wal())') =~ s/.*\n//r;
	my $end = time + 30;

	until (-e "$archive/$file" || time > $end) { sleep 0.05 }
	return $file;
}

# Restores a copy and returns its hashes; what restore.sh says itself is left in $said.
sub restored_hashes
{
	my ($backup, $point) = @_;

	script('restore', $backup, $copy, $point, 'psql', '-XqAt', '-f', "$scripts/table-hashes.sql");
	$said =~ s/\A(?:(?!\w+\|).*\n)*//;
	return $said;
}

sub not_restored
{
	my ($backup, $point, $reason, $name) = @_;

	isnt(script('restore', $backup, $copy, $point, 'true'), 0, "$name: not restored");
	like($said, $reason, "$name: it says why");
	is_deeply([ glob("$copy* $ENV{RESTORE_SCRATCH}/*") ], [], "$name: nothing is left");
	return;
}

sub flip_byte
{
	my ($file, $at) = @_;

	open my $handle, '+<:raw', $file or die "$file: $!";
	seek $handle, $at, 0;
	read $handle, my $byte, 1;
	seek $handle, $at, 0;
	print $handle chr(ord($byte) ^ 1);
	close $handle;
	return;
}

# ---------------------------------------------------------------- a backup

{
	open my $lock, '>>', "$backups/.lock" or die;
	flock $lock, LOCK_EX;
	isnt(script('backup'), 0, 'a backup while another is made is refused');
	like($said, qr/at work/, 'and says so');
}
is(script('backup'), 0, 'backup') or diag $said;
my ($backup) = whole_backups();
is(whole_backups(), 1, 'there is one');
command_ok([ 'pg_verifybackup', $backup ], 'it is what its manifest says');
like(slurp_file("$backup/backup_manifest"), qr/"Checksum-Algorithm": "SHA256"/, 'by SHA-256');

# ---------------------------------------------------------------- restore to a name, a time, the end

book('1A');
my $named = hashes();
$node->safe_psql('booking', q{SELECT pg_create_restore_point('after_1A')});
archive_wal();
my $in = book('2A');
my $timed = hashes();
sleep 0.01;
my $moment = $node->safe_psql('booking', 'SELECT clock_timestamp()');
sleep 0.01;
my $out = book('3A');
my $gap = archive_wal();
book('4A');
$node->safe_psql('booking', q{SELECT pg_create_restore_point('after_4A')});
my $final = hashes();
archive_wal();
my $last = (archived())[-1];

isnt($named, $timed, 'the hashes tell one booking from none');
is(restored_hashes($backup, 'name=after_1A'), $named, 'restored to a named point') or diag $said;
is(restored_hashes($backup, "time=$moment"), $timed, 'restored to a time') or diag $said;
is(restored_hashes($backup, 'end'), $final, 'restored to the end of the archive') or diag $said;
script('restore', $backup, $copy, "time=$moment", 'psql', '-XAtc', "SELECT booking_id FROM bookings WHERE booking_id IN ($in, $out)");
like($said, qr/^$in$/m, 'the transaction before that time is there');
unlike($said, qr/^$out$/m, 'and the one after it is not');
is(script('restore', $backup, $copy, 'end', 'false'), 1, 'the status of the command given is the status');
ok(!-e $copy && !-e "$copy.tmp", 'a copy to look at is removed');
is((archived())[-1], $last, 'no restore has written to the archive');
is_deeply([ glob("$archive/*.history") ], [], 'nor begun a timeline there');

# ---------------------------------------------------------------- damage

{
	my $damaged = "$base/damaged";

	system_or_bail('cp', '-a', $backup, $damaged);
	flip_byte("$damaged/" . $node->safe_psql('booking', q{SELECT pg_relation_filepath('seats')}), 5000);
	command_fails([ 'pg_verifybackup', $damaged ], 'pg_verifybackup sees a flipped bit');
	not_restored($damaged, 'end', qr/checksum mismatch.*is damaged: not restored/s, 'a flipped bit');

	local $ENV{WAL_ARCHIVE} = "$base/damaged_archive";
	not_restored($backup, 'end', qr/there is no WAL archive/, 'no archive');
	system_or_bail('cp', '-a', $archive, $ENV{WAL_ARCHIVE});
	unlink "$ENV{WAL_ARCHIVE}/$gap";
	not_restored($backup, 'name=after_4A', qr/recovery ended before configured recovery target was reached/, 'a missing WAL file, with a target');
	not_restored($backup, 'end', qr/before the end of the archive.*missing or damaged/s, 'a missing WAL file, without');
	is(restored_hashes($backup, 'name=after_1A'), $named, 'what lies before the gap can be restored');
	system_or_bail('cp', '-a', "$archive/$gap", $ENV{WAL_ARCHIVE});
	flip_byte("$ENV{WAL_ARCHIVE}/$gap", 500);
	not_restored($backup, 'end', qr/before the end of the archive/, 'a damaged WAL file');
	truncate "$ENV{WAL_ARCHIVE}/$gap", 1_000_000;
	not_restored($backup, 'end', qr/has wrong size/, 'a cut WAL file');
	unlink "$ENV{WAL_ARCHIVE}/$gap";
	mkdir "$ENV{WAL_ARCHIVE}/$gap";
	not_restored($backup, 'end', qr/could not restore file/, 'a WAL file that cannot be read');
}
not_restored($backup, 'name=never_made', qr/recovery ended before configured recovery target was reached/, 'a name that was never given');
not_restored($backup, 'time=2001-01-01 00:00:00+00', qr/before consistent recovery point|restore an older one/, 'a time before the backup');
mkdir $copy;
append_to_file("$copy/precious", 'data');
isnt(script('restore', $backup, $copy), 0, 'no restore over something');
is(slurp_file("$copy/precious"), 'data', 'which stays');
unlink "$copy/precious";
rmdir $copy;

# ---------------------------------------------------------------- killed in the middle, retention

{
	my $pid = fork // die;
	my $end = time + 30;

	if ($pid == 0)
	{
		setpgrp;
		open STDOUT, '>', '/dev/null';
		exec "$scripts/backup";
	}
	1 until glob("$backups/*.tmp/base") || time > $end;
	kill 'KILL', -$pid;
	waitpid $pid, 0;
}
my @half_made = glob("$backups/*.tmp");
is(@half_made, 1, 'killed in the middle: something half made is left');
is_deeply([ whole_backups() ], [$backup], 'and is not taken for a backup');

append_to_file("$archive/archtemp.old.1.1", 'half a file');
append_to_file("$archive/archtemp.new.1.1", 'half a file');
utime time - 7200, time - 7200, "$archive/archtemp.old.1.1";
{
	local $ENV{PGPORT} = 1;
	my @before = (whole_backups(), archived());

	isnt(script('backup'), 0, 'a backup that fails');
	is_deeply([ whole_backups(), archived() ], \@before, 'removes nothing');
}
is(script('backup'), 0, 'the next backup') or diag $said;
ok(!-e $half_made[0], 'removes what was half made');
is(whole_backups(), 2, 'two are kept');
ok(-e "$archive/archtemp.new.1.1" && !-e "$archive/archtemp.old.1.1", 'an old file of a cut copy is removed from the archive');
ok(-e "$archive/$gap", 'WAL that the older needs is kept');
book('5A');
archive_wal();
is(script('backup'), 0, 'a third backup') or diag $said;
ok(!-e $backup, 'the oldest goes');
is(whole_backups(), 2, 'two are kept');
ok(!-e "$archive/$gap", 'and the WAL that only the oldest needed goes');
book('6A');
$final = hashes();
archive_wal();
is(restored_hashes($_, 'end'), $final, 'each that is kept can be restored to the end') or diag $said for whole_backups();

# ---------------------------------------------------------------- the drill, while clients book

{
	my $stop = "$base/stop";
	my @sessions = connect_clients($node, 2);
	my $status;
	my @counts = run_clients(
		110, \@sessions,
		sub {
			my ($session) = @_;
			my %count;

			until (-e $stop)
			{
				my ($state, $row) = $session->ask('SELECT booking_id FROM booking.create_booking('
					  . wish('hold', [ [ 101 + int rand 4, 'economy' ], [ 101 + int rand 4, 'economy' ] ]) . ')');
				$session->ask("SELECT booking_id FROM booking.cancel($row->[0])") if $row;
				$count{$state}++;
				sleep 0.005;
			}
			return \%count;
		},
		sub { $status = script('restore-drill'); append_to_file($stop, '') });

	is($status, 0, 'the drill') or diag $said;
	note $said;
	note 'meanwhile: ' . shown(tally(@counts));
	cmp_ok(tally(@counts)->{ok} // 0, '>', 20, 'while clients book');
	is_deeply([ grep { !/^(ok|SB\d+)$/ } keys %{ tally(@counts) } ], [], 'without an error for them');
	is(() = $said =~ /tables as they were, invariants hold/g, 2, 'both restores are compared');
	is_deeply([ glob("$backups/*.tmp") ], [], 'and removed');
}
$node->safe_psql('booking', 'CREATE UNLOGGED TABLE public.lost (id int PRIMARY KEY); INSERT INTO lost VALUES (1)');
isnt(script('restore-drill'), 0, 'the drill fails where a table is not restored as it was');
like($said, qr/< lost\|1\|.*differ from what they were/s, 'and names it');
$node->safe_psql('booking', 'DROP TABLE lost');
invariants_hold($node, 'after the drill');

# ---------------------------------------------------------------- export

my $outside = "$base/outside";
$final = hashes();
archive_wal();
is(script('export-archive', $outside), 0, 'export') or diag $said;
is(script('export-archive', $outside), 0, 'export again') or diag $said;
like($said, qr/^0 copied/, 'copies nothing twice');
{
	my ($exported) = glob("$outside/backup/*Z");
	my ($wal) = reverse glob("$outside/wal_archive/????????????????????????");
	local @ENV{qw(BACKUP_DIR WAL_ARCHIVE)} = ('/nowhere', "$outside/wal_archive");

	is(restored_hashes($exported, 'end'), $final, 'what was exported can be restored by itself') or diag $said;
	flip_byte($wal, 100);
	@ENV{qw(BACKUP_DIR WAL_ARCHIVE)} = ($backups, $archive);
	my $other = slurp_file($wal);
	isnt(script('export-archive', $outside), 0, 'an exported file that differs is an error');
	like($said, qr/\Q$wal\E differs/, 'that names it');
	ok(slurp_file($wal) eq $other, 'and it is not overwritten');
}

# ---------------------------------------------------------------- the restored directory as the new server

my ($oldest) = whole_backups();
my $new = PostgreSQL::Test::Cluster->new('restored');
$node->stop;
is(script('restore', $oldest, $new->data_dir), 0, 'restored to be the new server') or diag $said;
$new->append_conf('postgresql.conf', 'port = ' . $new->port . "\nunix_socket_directories = '" . $new->host . q{'});
$new->start;
@ENV{qw(PGHOST PGPORT)} = ($new->host, $new->port);
is(hashes(), $final, 'it has all that was archived');
is($new->safe_psql('booking', 'SHOW track_commit_timestamp'), 'on', 'and its own settings');
isnt($new->safe_psql('booking', "SELECT pg_xact_commit_timestamp(xmin) FROM bookings WHERE booking_id = $in"), '', 'and commit timestamps');
invariants_hold($new, 'restored');
$node = $new;
($client) = connect_clients($node, 1);
book('7A');
$final = hashes();
like(archive_wal(), qr/^00000002/, 'it goes on in a timeline of its own');
ok(-e "$archive/00000002.history", 'which is archived');
is(restored_hashes($oldest, 'end'), $final, 'and an older backup is restored along it') or diag $said;
unlink "$archive/00000002.history";
not_restored($oldest, 'end', qr/its history file is missing/, 'a missing history file');

done_testing();
