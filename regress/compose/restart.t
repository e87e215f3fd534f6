# Restarts change nothing but the time: the same databases, slots and roles, no second base backup. RESTARTS, default 2.

use strict;
use warnings;

use Compose;
use Test::More;

sub what_stays
{
	return join "\n",
	  (map { "$_: " . sql($_, 'SELECT system_identifier, pg_is_in_recovery() FROM pg_control_system()')
			. ' made at ' . exec_in($_, 'stat -c %Y /var/lib/postgresql/data/pgdata/PG_VERSION') } qw(primary_db hot_backup_db reports_db)),
	  sql('primary_db', 'SELECT slot_name, slot_type, active FROM pg_replication_slots ORDER BY 1'),
	  sql('primary_db', 'SELECT count(*), max(booking_id) FROM bookings');
}

my $before;
ok(wait_until(60, sub { ($before = what_stays()) =~ /hot_backup_slot\|physical\|t\nreports_slot\|logical\|t/ }), 'both replicas are connected');
for my $time (1 .. $ENV{RESTARTS} // 2)
{
	compose('down');
	compose('up -d');
	my $after;
	ok(wait_until(60, sub { ($after = what_stays()) eq $before }), "down, up: nothing has changed (time $time)") or diag "$before\n--\n$after";
	is((api('GET', '/readyz'))[0], 200, 'and the gateway is ready');
}

compose('kill');
compose('up -d');
ok(wait_until(60, sub { what_stays() eq $before }), 'all killed at once, up: nothing has changed');

# A machine that loses its replica's disk: the node is made anew, the others stay.
compose('rm -sfv hot_backup_db');
run("docker volume rm $ENV{COMPOSE_PROJECT_NAME}_hot_backup_data");
compose('up -d --wait hot_backup_db');
is(sql('hot_backup_db', 'SELECT system_identifier FROM pg_control_system()'), sql('primary_db', 'SELECT system_identifier FROM pg_control_system()'),
	'a hot backup without its volume copies the primary anew');
compose('rm -sfv reports_db');
run("docker volume rm $ENV{COMPOSE_PROJECT_NAME}_reports_data");
compose('up -d --wait reports_db');
ok(wait_until(30, sub { data_hash('reports_db') eq data_hash('primary_db') }), 'a reports database without its volume is made anew');
is(sql('primary_db', q{SELECT string_agg(slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots}), 'hot_backup_slot reports_slot', 'no slot is left over');

# Reports that cannot go on, by a table and by a row, until rejoin makes them what the primary is.
sub reports_stop { return wait_until(60, sub { sql('reports_db', 'SELECT problem FROM booking.check_schema()') =~ /could not apply a change/ }) }

sub rejoin_heals
{
	my ($name) = @_;
	my ($status, $said) = run('make rejoin TOPOLOGY=compose');

	is($status, 0, "$name: rejoin") or diag $said;
	sql('primary_db', 'DROP TABLE IF EXISTS public.extra');
	ok(wait_until(30, sub { data_hash('reports_db') eq data_hash('primary_db') }), "$name: reports are what the primary is");
	is(sql('reports_db', 'SELECT * FROM booking.check_schema()'), '', "$name: nothing is left to tell");
	return;
}

sql('primary_db', 'CREATE TABLE public.extra (id integer PRIMARY KEY)');
sql('primary_db', 'ALTER PUBLICATION reports_publication ADD TABLE public.extra');
sql('primary_db', 'INSERT INTO public.extra VALUES (1)');
ok(reports_stop(), 'a table that reports lack is published: they say that they cannot go on');
rejoin_heals('published by hand');

sql('reports_db', q{INSERT INTO customers (customer_id, full_name) OVERRIDING SYSTEM VALUE VALUES (9000001, 'Somebody else')});
sql('primary_db', q{INSERT INTO customers (customer_id, full_name) OVERRIDING SYSTEM VALUE VALUES (9000001, 'Ada Lovelace')});
ok(reports_stop(), 'a row that is there already: they say so');
rejoin_heals('conflicting row');
is(sql('reports_db', 'SELECT full_name FROM customers WHERE customer_id = 9000001'), 'Ada Lovelace', 'the primary\'s row is there');

# Another certificate, while all go on.
{
	my $old = exec_in('primary_db', 'md5sum /etc/flight_booking/tls/server.crt');
	my $sessions = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE usename IN ('replicator', 'reports_sub')};
	my $connected = sql('primary_db', $sessions);
	my ($status, $said) = run('make certificates TOPOLOGY=compose');

	is($status, 0, 'certificates') or diag $said;
	isnt(exec_in('hot_backup_db', 'md5sum /etc/flight_booking/tls/server.crt'), $old, 'another certificate');
	is((api('GET', '/readyz'))[0], 200, 'the gateway is ready');
	is(sql('primary_db', $sessions), $connected, 'no replication has broken');
}

compose('up -d');
ok(wait_until(300, sub { healthy() == 4 }), 'all are healthy');

done_testing();
