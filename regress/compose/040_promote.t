# The containers' hot backup takes over, and the old primary comes back: planned, and after a crash.

use strict;
use warnings;

use Compose;
use Test::More;
use Time::HiRes qw(time);

sub takes_over
{
	my ($new, $old, $name, $settings) = @_;
	my $begun = time;
	my ($status, $said) = run("$settings docker/compose promote");

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
	my ($status, $said) = run('docker/compose rejoin');

	is($status, 0, 'rejoin') or diag $said;
	is(sql($old, 'SELECT pg_is_in_recovery()'), 't', "$old is a standby");
	is(sql($new, 'SELECT slot_name, active FROM pg_replication_slots ORDER BY 1'), "hot_backup_slot|t\nreports_slot|t", 'both replicas are connected');
	return $said;
}

{
	my ($status, $said) = run('docker/compose promote');
	isnt($status, 0, 'promote refuses while the primary runs');
	compose('pause primary_db');
	($status, $said) = run('docker/compose promote');
	isnt($status, 0, 'or is frozen');
	compose('unpause primary_db');
}
takes_over('hot_backup_db', 'primary_db', 'switchover', 'SWITCHOVER=1');

compose('down');
compose('up -d');
ok(wait_until(60, sub { healthy() == 4 }), 'down, up');
is(sql('hot_backup_db', 'SELECT pg_is_in_recovery()'), 'f', 'starts the new primary');
like(compose('logs primary_db'), qr/promoted while this one was down/, 'and not the old one');
comes_back('primary_db', 'hot_backup_db');

compose('down');
compose('up -d');
ok(wait_until(60, sub { sql('hot_backup_db', 'SELECT slot_name, active FROM pg_replication_slots ORDER BY 1') eq "hot_backup_slot|t\nreports_slot|t" }),
	'down, up: the roles stay swapped');

compose('kill hot_backup_db');
takes_over('primary_db', 'hot_backup_db', 'crash', '');
like(comes_back('hot_backup_db', 'primary_db'), qr/pg_rewind: Done/, 'rewound');
ok(wait_until(60, sub { healthy() == 4 }), 'all are healthy');

done_testing();
