# Lag is bounded and visible: a primary with a standby and a subscription, at 200 bookings a second, and then with the one or
# the other paused, frozen, stopped. Whatever is wrong, the lag of that copy grows, and that of the other does not. A dead
# standby loses its slot, and the primary neither its disk nor a booking.
# Runs alone: it measures lag.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use IPC::Run;
use JSON::PP qw(decode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;
use Gateway;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');

# ---------------------------------------------------------------- primary, standby, subscriber, gateway

# Segments of 1 MB, so that a slot is lost after few of them.
my $primary = start_node('primary', roles => 1, initdb => ['--wal-segsize=1'], conf => <<'CONF');
wal_level = logical
max_wal_senders = 10
max_replication_slots = 10
track_commit_timestamp = on
wal_sender_timeout = 3s
archive_mode = on
archive_command = 'true'
CONF
add_flights($primary, 101, 130);
$primary->safe_psql('booking', 'VACUUM (ANALYZE)');
$primary->psql('booking', "\\i $tree/sql/publication.sql", on_error_die => 1);
$primary->safe_psql('booking', q{SELECT pg_create_physical_replication_slot('hot_backup_slot', true)});

$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->append_conf('postgresql.conf', "primary_slot_name = 'hot_backup_slot'\nwal_receiver_status_interval = 1s\n");
$standby->start;

my $reports = PostgreSQL::Test::Cluster->new('reports');
$reports->init;
$reports->append_conf('postgresql.conf', "wal_receiver_status_interval = 1s\n");
$reports->start;
$reports->safe_psql('postgres', 'CREATE DATABASE reports');
$reports->psql('reports', "\\i $tree/sql/flights_oltp_schema.sql", on_error_die => 1);
$reports->safe_psql('reports', 'CREATE EXTENSION booking');
$reports->safe_psql('reports', sprintf
	  q{CREATE SUBSCRIPTION reports_subscription CONNECTION $$%s$$ PUBLICATION reports_publication WITH (slot_name = 'reports_slot')},
	$primary->connstr('booking'));
$reports->wait_for_subscription_sync($primary, 'reports_subscription');
$primary->poll_query_until('booking', q{SELECT NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name ~ '_sync_')})
  or die 'the slots of the first copy stay';

my $gateway = Gateway->start(
	DATABASE_URL => $primary->connstr('booking') . ' user=booking_app',
	REPORTS_DATABASE_URL => $reports->connstr('reports'));

# ---------------------------------------------------------------- looking

sub get { return HTTP::Tiny->new(timeout => 10, default_headers => { Authorization => "Bearer $key" })->get($gateway->url($_[0])) }

# name => link, by the API
sub links
{
	return { map { $_->{name} => $_ } @{ decode_json(get('/v1/replication')->{content})->{links} } };
}

# The samples of a metric: labels => value
sub metric
{
	my ($name) = @_;
	return { get('/v1/metrics')->{content} =~ /^\Q$name\E\{(.*)\} (\S+)$/mg };
}

sub lag { return metric('booking_replication_lag_seconds')->{qq(target="$_[0]")} }
sub readiness { my $answer = get('/readyz'); return ($answer->{status}, decode_json($answer->{content})->{databases}) }
sub percentile { my ($share, @values) = @_; return (sort { $a <=> $b } @values)[ $share * $#values ] }
sub write_something { $primary->safe_psql('booking', q{INSERT INTO customers (full_name) VALUES ('Somebody')}) }

sub wait_until
{
	my ($condition, $seconds) = @_;
	my $end = time + $seconds;

	until ($condition->()) { return 0 if time > $end; sleep 0.1; }
	return 1;
}

# With a copy in the given state, a commit ages, in the metric and in JSON, and the other copy has it.
sub lag_grows
{
	my ($target, $other, $what) = @_;

	write_something();
	sleep 1.2;
	my $first = lag($target);
	cmp_ok($first, '>', 1, "$what: the lag is there");
	sleep 0.5;
	cmp_ok(lag($target), '>=', $first + 0.5, "$what: it grows");
	cmp_ok(links()->{$target}{lag_bytes}, '>', 0, "$what: in bytes too");
	cmp_ok(lag($other), '<', 1, "$what: $other has none");
}

# Both copies are connected and have all; slots of a first copy are gone.
sub all_is_well
{
	my ($what) = @_;
	my @problems;
	my $level = wait_until(sub {
		my ($status, $databases) = readiness();
		@problems = ($status == 200 ? () : $status, map { @{ $databases->{$_}{problems} } } sort keys %$databases);
		my @links = values %{ links() };
		!@problems && @links == 2 && !grep { $_->{lag_seconds} > 0 } @links;
	}, 30);

	ok($level, "$what: both copies catch up, /readyz has no problem") or diag join "\n", @problems;
}

# ---------------------------------------------------------------- at rest

all_is_well('at rest');
is_deeply([ map { [ @$_{qw(direction name type replica state connected wal_status)} ] } @{ links() }{qw(hot_backup_slot reports_slot)} ],
	[ [ 'to', 'hot_backup_slot', 'physical', 'standby', 'streaming', JSON::PP::true, 'reserved' ],
	  [ 'to', 'reports_slot', 'logical', 'reports_subscription', 'streaming', JSON::PP::true, 'reserved' ] ],
	'both copies are shown');
is_deeply(metric('booking_replication_connected'), { 'target="hot_backup_slot"' => 1, 'target="reports_slot"' => 1 }, 'and measured');
is($standby->safe_psql('booking', q{SELECT direction, name, connected, state, lag_bytes, lag_seconds FROM booking.replication_status() WHERE direction = 'from'}),
	'from|hot_backup_slot|t|streaming|0|0', 'the standby says where it copies from');
ok($reports->poll_query_until('reports', 'SELECT direction, name, type, connected, state, lag_seconds FROM booking.replication_status()',
	'from|reports_subscription|logical|t|streaming|'), 'and so does the subscriber, once its first copy is done');
like($standby->safe_psql('booking', q{SELECT body FROM fixture.api('GET', '/v1/replication')}), qr/"role":"standby","timeline":1,.*"problems":\[\]/,
	'the standby answers the API');

# ---------------------------------------------------------------- 200 bookings a second

my $script = PostgreSQL::Test::Utils::tempdir() . "/book.sql";
append_to_file($script, <<'SQL');
\set flight random(101, 130)
\set customer random(1, 100)
\set passenger random(1, 1000000000)
SELECT FROM booking.create_booking(jsonb_build_object('type', 'instant', 'customer_id', :customer,
    'payment', '{"amount": "100.00", "currency": "EUR"}'::jsonb, 'slices', jsonb_build_array(jsonb_build_object(
        'flight_id', :flight, 'passengers', jsonb_build_array(jsonb_build_object('name', 'Ada ' || :passenger, 'cabin_class', 'economy'))))));
SQL
{
	my $pgbench = IPC::Run::start([ qw(pgbench -n -c 4 -R 200 -T 15 -f), $script, $primary->connstr('booking') ], '>', \my $said, '2>', \my $cried);
	my ($session) = connect_clients($primary, 1);
	my %lag;

	while ($pgbench->pumpable)
	{
		my ($state, @rows) = $session->ask(
			'SELECT name, lag_seconds, replay_lag_seconds FROM booking.replication_status()');

		push @{ $lag{$_->[0]}{age} }, $_->[1] for @rows;
		push @{ $lag{$_->[0]}{reported} }, $_->[2] // 0 for @rows;
		$pgbench->pump_nb;
		sleep 0.05;
	}
	ok($pgbench->finish, 'pgbench books') or diag $cried;
	my ($rate) = $said =~ /^tps = ([\d.]+)/m;
	cmp_ok($rate, '>', 180, sprintf '%.0f bookings a second', $rate);
	for my $limit ([ hot_backup_slot => 1 ], [ reports_slot => 5 ])
	{
		my ($name, $most) = @$limit;

		for my $kind (sort keys %{ $lag{$name} })
		{
			my @seconds = @{ $lag{$name}{$kind} };
			my $p99 = percentile(0.99, @seconds);

			cmp_ok(scalar @seconds, '>', 100, "$name, $kind: samples");
			cmp_ok($p99, '<=', $most, sprintf '%s, %s: p50 %.3f s, p99 %.3f s', $name, $kind, percentile(0.5, @seconds), $p99);
		}
	}
	cmp_ok(percentile(1, @{ $lag{hot_backup_slot}{age} }), '>', 0, 'there was something to measure');
}
all_is_well('afterwards');
is($reports->safe_psql('reports', 'SELECT count(*) FROM booking_items'), $primary->safe_psql('booking', 'SELECT count(*) FROM booking_items'),
	'every booking is on the reports database');

# ---------------------------------------------------------------- a copy in trouble

# Books; how many of the last 100 events those who follow are not shown then.
sub unshown_events
{
	$primary->safe_psql('booking', 'SELECT booking_id FROM booking.create_booking(' . wish('hold', [ [ 130, 'economy' ] ]) . ')');
	return $primary->safe_psql('booking', q{WITH e AS (SELECT event_id FROM booking_events ORDER BY event_id DESC LIMIT 100)
		SELECT count(*) - (SELECT count(*) FROM booking.list_events((SELECT min(event_id) FROM e) - 1, 1000) JOIN e USING (event_id)) FROM e});
}

# Frozen is what a cut link looks like from the other end.
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
lag_grows('hot_backup_slot', 'reports_slot', 'standby paused');
is(unshown_events(), '0', 'events are shown that it has on disk');
$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
all_is_well('standby resumed');

my $receiver = $standby->safe_psql('postgres', 'SELECT pid FROM pg_stat_wal_receiver');
kill 'STOP', $receiver;
lag_grows('hot_backup_slot', 'reports_slot', 'standby cut off');
cmp_ok(unshown_events(), '>', 0, 'events that it lacks are not shown: it may take over');
ok(wait_until(sub { !links()->{hot_backup_slot}{connected} }, 10), 'it is given up');
ok(wait_until(sub { unshown_events() eq '0' }, 10), 'and no longer waited for');
lag_grows('hot_backup_slot', 'reports_slot', 'standby given up');
kill 'CONT', $receiver;
all_is_well('standby connected again');

my $worker = $reports->safe_psql('postgres', 'SELECT pid FROM pg_stat_subscription');
kill 'STOP', $worker;
lag_grows('reports_slot', 'hot_backup_slot', 'subscription frozen');
kill 'CONT', $worker;
all_is_well('subscription thawed');

$reports->safe_psql('reports', 'ALTER SUBSCRIPTION reports_subscription DISABLE');
ok(wait_until(sub { !links()->{reports_slot}{connected} }, 10), 'subscription disabled');
lag_grows('reports_slot', 'hot_backup_slot', 'subscription disabled');
{
	my ($status, $databases) = readiness();

	is($status, 200, '/readyz stays 200');
	is_deeply($databases->{primary}{problems}, ['nobody is connected to slot reports_slot'], 'and says what the primary sees');
	is_deeply($databases->{reports}{problems}, ['reports_subscription does not receive'], 'and what the reports database sees');
}
$reports->safe_psql('reports', 'ALTER SUBSCRIPTION reports_subscription ENABLE');
all_is_well('subscription enabled');

# ---------------------------------------------------------------- an archive in trouble

sub archive_age { my ($age) = get('/v1/metrics')->{content} =~ /^booking_archive_age_seconds (\S+)$/m; return $age }

sub archive_by
{
	$primary->safe_psql('postgres', "ALTER SYSTEM SET archive_command = '$_[0]'");
	$primary->reload;
	write_something();
	$primary->safe_psql('postgres', 'SELECT pg_switch_wal()');
}

archive_by('true');
ok(wait_until(sub { (archive_age() // 1) == 0 }, 10), 'all is archived');
archive_by('false');
ok(wait_until(sub { archive_age() > 1 }, 10), 'the archive falls behind');
like(get('/v1/metrics')->{content}, qr/^booking_archive_failed_total [1-9]/m, 'failures are counted');
like((readiness())[1]{primary}{problems}[0], qr/^archiving of WAL file [0-9A-F]{24} fails$/, 'and told');
archive_by('true');
ok(wait_until(sub { archive_age() == 0 }, 70), 'the archive catches up');
all_is_well('archiving again');

# ---------------------------------------------------------------- a dead standby

$standby->stop;
$primary->safe_psql('postgres', "ALTER SYSTEM SET max_slot_wal_keep_size = '4MB'");
$primary->reload;
my $kept = $primary->safe_psql('postgres', q{SELECT pg_walfile_name(restart_lsn) FROM pg_replication_slots WHERE slot_name = 'hot_backup_slot'});
lag_grows('hot_backup_slot', 'reports_slot', 'standby dead');
is_deeply((readiness())[1]{primary}{problems}, ['nobody is connected to slot hot_backup_slot'], '/readyz says so');
for (1 .. 8)
{
	$primary->safe_psql('postgres', q{SELECT pg_logical_emit_message(false, 'regress', repeat('x', 1000000)); CHECKPOINT});
	$primary->wait_for_catchup('reports_subscription');
}
ok(wait_until(sub { metric('booking_slot_wal_status')->{'slot="hot_backup_slot",status="lost"'} }, 10), 'past the limit its slot is lost, which is measured');
is(lag('hot_backup_slot'), undef, 'a lost slot has no lag that could be told');
is($primary->safe_psql('postgres', "SELECT count(*) FROM pg_ls_waldir() WHERE name = '$kept'"), '0', 'the WAL it held is gone');
{
	my ($status, $databases) = readiness();

	is($status, 200, '/readyz stays 200');
	is_deeply($databases->{primary}{problems}, ['slot hot_backup_slot is lost: its replica must be copied anew'], 'and says so');
}
is(metric('booking_slot_wal_status')->{'slot="reports_slot",status="reserved"'}, 1, 'the other slot is well');
is((connect_clients($primary, 1))[0]->value('SELECT count(*) FROM booking.create_booking(' . wish('hold', [ [ 101, 'economy' ] ]) . ')'), 1,
	'the primary goes on booking');
invariants_hold($primary, 'in the end');

done_testing();
