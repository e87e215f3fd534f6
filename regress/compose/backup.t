# Backup, drill, export and restore in containers, by make. What the scripts promise is regress/tap/engine/backup.t's to test.

use strict;
use warnings;

use Compose;
use File::Temp qw(tempdir);
use Test::More;

# Runs make with that target; returns what it said.
sub make
{
	my ($target) = @_;
	my ($status, $said) = run("make -s TOPOLOGY=compose $target");

	is($status, 0, "make $target") or diag $said;
	return $said;
}

like(make('backup'), qr{^/var/lib/postgresql/backup/\d{8}T\d{6}Z }, 'into its volume');
my $said = make('restore-drill');
note $said;
is(() = $said =~ /tables as they were, invariants hold, pg_amcheck finds nothing/g, 2, 'by name and by time');
my $outside = tempdir('/tmp/flight_booking_export.XXXXXX', CLEANUP => 1) . '/archive';
make("export-archive DEST=$outside");
like(make("export-archive DEST=$outside"), qr/^0 copied/m, 'copies nothing twice');
my ($manifest) = glob "$outside/backup/*Z/backup_manifest";
ok($manifest && -s $manifest, 'the backup is outside');

# Back to a moment: what was booked after it is gone, and the replicas are made anew.
my ($then, $point) = ('', 'moment');
until (data_hash('primary_db') eq $then)    # a hold may lapse meanwhile
{
	$then = data_hash('primary_db');
	sql('primary_db', "SELECT pg_create_restore_point('" . ++$point . "')");
}
sql('primary_db', q{INSERT INTO customers (full_name) VALUES ('A mistake')});
isnt(data_hash('primary_db'), $then, 'the tables have changed');
sql('primary_db', 'SELECT pg_switch_wal()');
ok(wait_until(30, sub { sql('primary_db', q{SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name ~ '[.]ready'}) eq '0' }),
	'archived');
isnt((run('make -s TOPOLOGY=compose restore POINT=name=' . $point))[0], 0, 'nothing is restored while the servers run');
compose('down');
make("restore POINT=name=$point");
compose('up -d');
ok(wait_until(300, sub { healthy() == 4 }), 'all are healthy');
is(data_hash('primary_db'), $then, 'the tables are as they were');
is(sql('primary_db', 'SELECT count(*) FROM booking.check_invariants()'), 0, 'no invariant is broken');
ok(wait_until(60, sub { data_hash('reports_db') eq data_hash('primary_db') }), 'and so are those of reports');
is(sql('hot_backup_db', 'SELECT timeline_id FROM pg_control_checkpoint()'), sql('primary_db', 'SELECT timeline_id FROM pg_control_checkpoint()'),
	'the hot backup follows the new timeline');

done_testing();
