# The containers' hot backup takes over, and the old primary comes back: planned, after a crash, after the loss of its disk.

use strict;
use warnings;

use Compose;
use Test::More;
use Time::HiRes qw(time);

sub takes_over
{
	my ($new, $old, $name, $settings) = @_;
	my $begun = time;
	my ($status, $said) = run("$settings docker/compose/cluster promote");

	is($status, 0, "$name: promote") or diag $said;
	is(sql($new, 'SELECT pg_is_in_recovery()'), 'f', "$new takes writes");
	ok(wait_until(30, sub { (api('POST', '/v1/customers', { full_name => "$name" }))[0] == 201 }), 'the gateway follows');
	note sprintf '%s: %.1f s', $name, time - $begun;
	ok(wait_until(60, sub { data_hash('reports_db') eq data_hash($new) }), 'and so do the reports');
	return;
}

sub comes_back
{
	my ($old, $new) = @_;
	my ($status, $said) = run('docker/compose/cluster rejoin');

	is($status, 0, 'rejoin') or diag $said;
	is(sql($old, 'SELECT pg_is_in_recovery()'), 't', "$old is a standby");
	is(sql($new, 'SELECT slot_name, active FROM pg_replication_slots ORDER BY 1'), "hot_backup_slot|t\nreports_slot|t", 'both replicas are connected');
	return $said;
}

my ($status, $said) = run('docker/compose/cluster promote');
isnt($status, 0, 'promote refuses while the primary runs');
compose('pause primary_db');
($status, $said) = run('docker/compose/cluster promote');
isnt($status, 0, 'or is frozen');
compose('unpause primary_db');
takes_over('hot_backup_db', 'primary_db', 'switchover', 'SWITCHOVER=1');

compose('down');
compose('up -d');
ok(wait_until(300, sub { healthy() == 4 }), 'down, up');
is(sql('hot_backup_db', 'SELECT pg_is_in_recovery()'), 'f', 'starts the new primary');
like(compose('logs primary_db'), qr/promoted while this one was down/, 'and not the old one');
comes_back('primary_db', 'hot_backup_db');

compose('down');
compose('up -d');
ok(wait_until(60, sub { sql('hot_backup_db', 'SELECT slot_name, active FROM pg_replication_slots ORDER BY 1') eq "hot_backup_slot|t\nreports_slot|t" }),
	'down, up: the roles stay swapped');

compose('stop primary_db');
compose('kill hot_backup_db');
takes_over('primary_db', 'hot_backup_db', 'crash, and the standby was down too', '');
like(comes_back('hot_backup_db', 'primary_db'), qr/pg_rewind: Done/, 'rewound');

# Without its volume the primary does not begin a new database while the hot backup has the old one, nor holds up a promotion.
compose('rm -sfv primary_db');
docker("volume rm $ENV{COMPOSE_PROJECT_NAME}_primary_data");
compose('up -d --no-deps primary_db');
sleep 10;
isnt((run('docker compose exec -T primary_db pg_ctl status'))[0], 0, 'a primary without its volume does not start');
takes_over('hot_backup_db', 'primary_db', 'volume lost', '');
comes_back('primary_db', 'hot_backup_db');

# A planned promotion that cannot be carried out leaves the primary in charge.
sql('primary_db', 'SELECT pg_wal_replay_pause()');
($status, $said) = run('SWITCHOVER=1 docker/compose/cluster promote');
isnt($status, 0, 'a standby that replays nothing is not promoted');
like($said, qr/has not replayed/, 'the reason is given');
ok(wait_until(60, sub { sql('hot_backup_db', 'SELECT pg_is_in_recovery()') eq 'f' }), 'hot_backup_db takes writes again');
sql('primary_db', 'SELECT pg_wal_replay_resume()');
ok(wait_until(60, sub { sql('hot_backup_db', q{SELECT count(*) FROM pg_stat_replication WHERE application_name = 'primary_db'}) == 1 }),
	'and primary_db follows it');
takes_over('primary_db', 'hot_backup_db', 'switchover back', 'SWITCHOVER=1');
comes_back('hot_backup_db', 'primary_db');
ok(wait_until(300, sub { healthy() == 4 }), 'all are healthy');

done_testing();
