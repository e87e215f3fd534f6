# The WAL archive, by basic_archive: a file appears under its name when it is whole and on disk, is never overwritten, and
# what could not be archived stays with the server until it can. On PostgreSQL 15 a copy cut short leaves an archtemp
# file, which docker/backup/backup removes (backup.t).

use strict;
use warnings;

use File::Compare qw(compare);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;

my $archive = PostgreSQL::Test::Utils::tempdir . '/wal_archive';
my $segment_size = 16 * 1024 * 1024;

mkdir $archive or die;
my $node = PostgreSQL::Test::Cluster->new('archive');
$node->init;
$node->append_conf('postgresql.conf', <<"CONF");
wal_level = replica
archive_mode = on
archive_library = 'basic_archive'
basic_archive.archive_directory = '$archive'
restart_after_crash = on
fsync = on
CONF
$node->start;
$node->safe_psql('postgres', 'CREATE TABLE filler (n int)');

# Ends a WAL file that has something in it; returns its name. The archiver wakes up.
sub switch_wal
{
	return $node->safe_psql('postgres', 'INSERT INTO filler VALUES (1); SELECT pg_walfile_name(pg_switch_wal())');
}

sub next_wal
{
	return $node->safe_psql('postgres', 'INSERT INTO filler VALUES (1); SELECT pg_walfile_name(pg_current_wal_lsn())');
}

sub is_archived { return -e $node->data_dir . "/pg_wal/archive_status/$_[0].done" }

sub wait_for
{
	my ($condition, $seconds) = @_;
	my $end = time + ($seconds // 30);

	until ($condition->())
	{
		return 0 if time > $end;
		sleep 0.05;
	}
	return 1;
}

sub failures { return $node->safe_psql('postgres', 'SELECT failed_count FROM pg_stat_archiver') }

# Archiving of this file fails, now and for the right reason, and the server keeps it.
sub archiving_fails
{
	my ($file, $before, $log_end, $reason, $name) = @_;

	ok(wait_for(sub { failures() > $before }), "$name: archiving fails");
	ok(wait_for(sub { slurp_file($node->logfile, $log_end) =~ $reason }), "$name: the log says why");
	is($node->safe_psql('postgres', 'SELECT last_failed_wal FROM pg_stat_archiver'), $file, "$name: pg_stat_archiver names it");
	ok(-e $node->data_dir . "/pg_wal/$file" && !is_archived($file), "$name: the server keeps the file");
	return;
}

sub archtemps { my @files = glob("$archive/archtemp.*"); return @files }

# ---------------------------------------------------------------- new, identical, different

my $file = switch_wal();
ok(wait_for(sub { is_archived($file) }), 'new: archived');
is(compare("$archive/$file", $node->data_dir . "/pg_wal/$file"), 0, 'new: the archive has its bytes');
is(failures(), 0, 'new: nothing failed');

# As after a crash between the archiving of the file and the note of it
my @before = stat "$archive/$file";
my $status = $node->data_dir . "/pg_wal/archive_status/$file";
rename "$status.done", "$status.ready" or die;
my $other = switch_wal();
ok(wait_for(sub { is_archived($file) && is_archived($other) }), 'identical: archived again');
is_deeply([ (stat "$archive/$file")[ 1, 7, 9 ] ], [ @before[ 1, 7, 9 ] ], 'identical: the file is untouched');
is(failures(), 0, 'identical: nothing failed');

$file = next_wal();
append_to_file("$archive/$file", 'the content of another server');
my $log_end = -s $node->logfile;
is(switch_wal(), $file, 'the next file has the name that was foreseen');
archiving_fails($file, 0, $log_end, qr/archive file ".*$file" already exists/, 'different');
is(slurp_file("$archive/$file"), 'the content of another server', 'different: the bytes are unchanged');
unlink "$archive/$file";
$other = switch_wal();
ok(wait_for(sub { is_archived($file) && is_archived($other) }), 'different: archived once that is out of the way');
is_deeply([ archtemps() ], [], 'no temporary file is left');

# ---------------------------------------------------------------- no directory

my $failed = failures();
rename $archive, "$archive.away" or die;
$log_end = -s $node->logfile;
$file = switch_wal();
archiving_fails($file, $failed, $log_end, qr/could not .*archtemp\.$file.*No such file or directory/, 'no directory');
ok(!-e $archive, 'no directory: none is made');
rename "$archive.away", $archive or die;
switch_wal();
ok(wait_for(sub { is_archived($file) }), 'no directory: archived once it is back');

# ---------------------------------------------------------------- killed in the middle of a copy

my $caught;
for (1 .. 20)
{
	my $archiver = $node->safe_psql('postgres', q{SELECT pid FROM pg_stat_activity WHERE backend_type = 'archiver'});

	kill 'STOP', $archiver;
	$file = switch_wal();
	my $end = time + 5;
	kill 'CONT', $archiver;
	1 until archtemps() || -e "$archive/$file" || time > $end;
	kill 'STOP', $archiver;
	sleep 0.05;
	$caught = archtemps() && !-e "$archive/$file";
	last if $caught;
	kill 'CONT', $archiver;
	wait_for(sub { is_archived($file) });
}
ok($caught, 'the archiver was caught in the middle of a copy');
my $postmaster = $node->{_pid};
$node->kill9;    # the postmaster, so that nothing is archived again; then the archiver, which is stopped, and the others
my @orphans = grep { (slurp_stat($_) // '') =~ /\barchiver/ } map { m{/proc/(\d+)} } glob('/proc/[0-9]*');

sub slurp_stat    # the command line of a process of this cluster
{
	my $line = eval { slurp_file("/proc/$_[0]/cmdline") } // return;
	my $cwd = readlink("/proc/$_[0]/cwd") // return;

	return $cwd eq $node->data_dir ? $line : undef;
}
is(scalar @orphans, 1, 'its archiver is found');
kill 'KILL', @orphans;
sleep 0.2;
ok(!-e "$archive/$file", 'killed: there is no file of the final name');
ok(archtemps() && -s (archtemps())[0] <= $segment_size, 'killed: what was copied has another name');
wait_for(sub { !kill(0, $postmaster) && $node->start(fail_ok => 1) }, 60) or die 'the server does not start';
ok(wait_for(sub { -e "$archive/$file" }), 'killed: archived after the start');
is(-s "$archive/$file", $segment_size, 'killed: as a whole');
unlink archtemps();
$node->stop;

# ---------------------------------------------------------------- a full disk

my @as_ourselves = qw(unshare --user --map-current-user --keep-caps --mount);
SKIP:
{
	my $no_namespace = system("@as_ourselves mount -t tmpfs tmpfs '$archive' >/dev/null 2>&1");
	skip 'no mount namespace can be made here', 1 if $no_namespace;
	subtest 'full disk' => sub {
		my $pg_ctl = join ' ', 'pg_ctl -w -D', $node->data_dir, '-l', $node->logfile, 'start';

		system_or_bail(@as_ourselves, 'sh', '-c', "mount -t tmpfs -o size=20m tmpfs '$archive' && exec $pg_ctl");
		$node->_update_pid(1);
		my $list = "SELECT name FROM pg_ls_dir('$archive') AS name WHERE name !~ '^archtemp' ORDER BY 1";
		$file = switch_wal();
		ok(wait_for(sub { is_archived($file) }), 'there is room for one file');
		$failed = failures();
		$log_end = -s $node->logfile;
		my $second = switch_wal();
		archiving_fails($second, $failed, $log_end, qr/No space left on device/, 'full disk');
		is($node->safe_psql('postgres', $list), $file, 'full disk: there is no file of the final name');
		is($node->safe_psql('postgres', 'INSERT INTO filler VALUES (2) RETURNING n'), 2, 'full disk: the database goes on');
		$node->safe_psql('postgres', "COPY (SELECT) TO PROGRAM 'rm $archive/*'");
		switch_wal();
		ok(wait_for(sub { is_archived($second) }), 'full disk: archived once there is room');
		$node->stop;
	};
}

# ---------------------------------------------------------------- on disk before it has its name

my $trace = PostgreSQL::Test::Utils::tempdir . '/trace';
SKIP:
{
	skip 'no process can be traced here', 1 if system("strace -qq -o '$trace' true 2>/dev/null") != 0;
	subtest 'on disk' => sub {
		my @command = (
			qw(strace -f -y -qq --seccomp-bpf -e), 'trace=fsync,fdatasync,rename,renameat,renameat2', '-o', $trace,
			 qw(pg_ctl -w -D), $node->data_dir, '-l', $node->logfile, 'start');
		my $tracer = fork // die;
		if ($tracer == 0)
		{
			open STDOUT, '>', '/dev/null';
			exec @command;
		}
		wait_for(sub { $node->poll_query_until('postgres', 'SELECT true') }, 60);
		$node->_update_pid(1);
		$file = switch_wal();
		ok(wait_for(sub { is_archived($file) }), 'archived');
		$node->stop;
		waitpid $tracer, 0;

		my @steps;
		for (split /\n/, slurp_file($trace))
		{
			push @steps, 'sync temporary' if m{ f(?:data)?sync\(\d+<\Q$archive\E/archtemp\.$file};
			push @steps, 'sync final' if m{ f(?:data)?sync\(\d+<\Q$archive\E/$file>};
			push @steps, 'rename' if m{ rename\w*\(.*"\Q$archive\E/archtemp\.$file[^"]*", .*"\Q$archive\E/$file"};
			push @steps, 'sync directory' if m{ f(?:data)?sync\(\d+<\Q$archive\E>} && @steps;
		}
		note join ', ', @steps;
		like(join(', ', @steps), qr/^sync temporary, (sync temporary, )?rename, (sync final, )?sync directory$/,
			'the file is synced, then renamed, then the directory synced');
	};
}

# How old is what follows a position whose file has been removed? Unknown, and no error, also by a server that was restarted
# since and has forgotten what it removed.
my $removing = start_node('removing', conf => "min_wal_size = 32MB\nmax_wal_size = 48MB\n");
my $position = $removing->safe_psql('booking', 'SELECT pg_current_wal_lsn()');
my $file = $removing->safe_psql('booking', "SELECT pg_walfile_name('$position')");
for (1 .. 6)
{
	$removing->safe_psql('booking', 'UPDATE customers SET updated_at = now(); SELECT pg_switch_wal(); CHECKPOINT');
}
ok(!-e $removing->data_dir . "/pg_wal/$file", 'an old WAL file is gone');
$removing->restart;
is($removing->safe_psql('booking', "SELECT booking.wal_commit_age('$position') IS NULL"), 't', 'the age of what followed it is unknown');

done_testing();
