# The hot backup takes over, twice: once planned, once after a crash that loses what it had not received. The old primary
# comes back as the standby, the reports become what the primary is, and no restart makes two nodes take writes. Clients
# book through the gateway all the while. RESTARTS: how often all goes down and up, default 2.
# Runs alone: it measures how long nobody takes bookings.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP ();
use NativeCluster;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

my $http = HTTP::Tiny->new(timeout => 15);    # with a key, once there is one
my $json = JSON::PP->new->canonical;

# ---------------------------------------------------------------- the tools

# A shell command as the user of the servers, with the PostgreSQL of the tests; its status and what it says.
sub as_server
{
	my ($command) = @_;
	my @user = $> == 0 ? ('runuser', '-u', 'postgres', '--') : ();

	open my $out, '-|', @user, 'env', "PATH=$ENV{PATH}", 'bash', '-c', "cd '$run' && { $command\n} 2>&1" or die;
	my $answer = do { local $/; <$out> } // '';
	close $out;
	return ($? >> 8, $answer);
}

sub node_script
{
	my ($script, $node) = @_;

	return as_server("PGDATA=$run/$node PGHOST=$run/socket PGPORT=$port{$node} app/docker/node/$script");
}

sub postmaster { my ($node) = @_; return (split /\n/, slurp("$run/$node/postmaster.pid"))[0] }

# All its processes at once, as when the machine loses power.
sub crash
{
	my ($node) = @_;
	my $pid = postmaster($node);

	kill 'KILL', $pid, split ' ', qx(ps -o pid= --ppid $pid);
	return wait_for(sub { !-e "/proc/$pid" || slurp("/proc/$pid/stat") =~ /\) Z/ });
}

sub stop { my ($node) = @_; return (as_server("pg_ctl -D $node -m fast -s -w stop"))[0] }

sub takes_writes { my ($node) = @_; return sql($node, 'SELECT NOT pg_is_in_recovery()') eq 't' }

sub slots { my ($node) = @_; return sql($node, 'SELECT slot_name, slot_type, active FROM pg_replication_slots ORDER BY 1') }

sub both_connected
{
	my ($node) = @_;

	return wait_for(sub { slots($node) eq "hot_backup_slot|physical|t\nreports_slot|logical|t" });
}

# Rows and hash of every business table.
sub content
{
	my ($node) = @_;

	local $ENV{PGPASSWORD} = $password;
	return scalar qx(psql -XAtq -h localhost -p $port{$node} -U postgres -d $database{$node} -v ON_ERROR_STOP=1 -f "$tree/docker/backup/table-hashes.sql");
}

# The seconds until reports has what the primary has; 60 are allowed.
sub reports_follow
{
	my ($node, $name) = @_;
	my $begun = time;

	my @content;

	ok(wait_for(sub { @content = map { content($_) } 'reports', $node; $content[0] eq $content[1] }, 60), "$name: the reports are what the primary is")
	  or diag join "\n--\n", @content;
	return note sprintf '%.1f s', time - $begun;
}

# A run of the ETL, which is refused while the scheduled one is under way.
sub etl
{
	my ($full) = @_;
	my $run;

	wait_for(sub { $run = sql('reports', "SELECT is_full, rows_inserted + rows_updated + rows_deleted FROM booking.etl_run($full)"); $run ne '' }, 60);
	return $run;
}

# The ETL takes up what has changed and nothing is left for a run over everything.
sub warehouse_follows
{
	my ($name) = @_;

	etl('false');
	is(etl('true'), 't|0', "$name: the ETL has found all that changed");
	return;
}

# ---------------------------------------------------------------- clients

my @offers; # [customer, flight], each for one booking

sub prepare_offers
{
	@offers = map { [ split /\|/ ] } split /\n/, sql('primary', <<'SQL');
WITH customer AS (INSERT INTO customers (full_name) SELECT 'Client ' || n FROM generate_series(1, 3000) AS n RETURNING customer_id),
     flight AS (SELECT flight_id FROM flights JOIN seats USING (flight_id)
                 WHERE scheduled_departure BETWEEN now() + interval '20 days' AND now() + interval '60 days'
                   AND cabin_class = 'economy' AND seats.status = 'available'
                 GROUP BY 1 HAVING count(*) > 20 LIMIT 300)
SELECT c.customer_id, f.flight_id
  FROM (SELECT customer_id, row_number() OVER () % 300 AS n FROM customer) AS c
  JOIN (SELECT flight_id, row_number() OVER () - 1 AS n FROM flight) AS f USING (n)
SQL
	return;
}

# Two clients that book, each in turn, until they are stopped. What a client was promised is in a file before its next request.
sub start_clients
{
	my ($name) = @_;
	my @clients;

	for my $number (0, 1)
	{
		my @mine = @offers[ map { 2 * $_ + $number } 0 .. 499 ];
		my $pid = fork // die;

		if ($pid == 0)
		{
			book(\@mine, "$base/$name.$number");
			POSIX::_exit(0);
		}
		push @clients, $pid;
	}
	splice @offers, 0, 1000;
	return { name => $name, pids => \@clients };
}

sub book
{
	my ($offers, $file) = @_;

	open my $promised, '>', $file or die;
	$promised->autoflush(1);
	for (@$offers)
	{
		my ($customer, $flight) = @$_;
		my %booking = (type => 'hold', customer_id => $customer + 0,
			slices => [ { flight_id => $flight + 0, passengers => [ { name => "Client $customer", cabin_class => 'economy' } ] } ]);
		my $sent = time;
		my $answer = $http->post("http://localhost:$port{gateway}/v1/bookings",
			{ headers => { 'Content-Type' => 'application/json', 'Idempotency-Key' => "$file $customer" }, content => $json->encode(\%booking) });

		printf $promised "%.3f %.3f %s %s\n", $sent, time, $answer->{status}, $answer->{success} ? $json->decode($answer->{content})->{booking_id} : 0;
		sleep 0.05;
	}
	return;
}

# Ends them, once they have booked again since the time given; returns their records [sent, answered, status, booking].
sub stop_clients
{
	my ($clients, $since) = @_;
	my $records = sub { map { [ split ' ' ] } map { split /\n/, slurp($_) } glob "$base/$clients->{name}.*" };
	my $again = wait_for(sub { grep { $_->[3] && $_->[0] > $since } $records->() }, 40);

	sleep 1;
	kill 'TERM', @{ $clients->{pids} };
	waitpid $_, 0 for @{ $clients->{pids} };
	ok($again, "$clients->{name}: the gateway books again");
	return sort { $a->[1] <=> $b->[1] } $records->();
}

# The longest time without a booking, the bookings that were promised and are not there, and the longest request.
sub judge_clients
{
	my ($name, $node, @records) = @_;
	my @promised = grep { $_->[3] } @records;
	my %there = map { $_ => 1 } split /\n/, sql($node, 'SELECT booking_id FROM bookings WHERE booking_id IN (' . join(', ', map { $_->[3] } @promised) . ')');
	my $lost = grep { !$there{ $_->[3] } } @promised;
	my ($still) = sort { $b <=> $a } map { $promised[$_][1] - $promised[ $_ - 1 ][1] } 1 .. $#promised;
	my ($longest) = sort { $b <=> $a } map { $_->[1] - $_->[0] } @records;

	note sprintf '%s: %.1f s without a booking, longest request %.1f s; %d bookings promised, %d of them lost; %d requests refused',
	  $name, $still, $longest, scalar @promised, $lost, @records - @promised;
	cmp_ok($longest, '<', 11, "$name: no request hangs");
	return ($still, $lost);
}

# ---------------------------------------------------------------- nothing by mistake

is(cluster('up'), 0, 'up') or BAIL_OUT($said);
$http->default_headers({ Authorization => 'Bearer ' . slurp("$run/keys/agent") =~ s/\s//r });
ok(both_connected('primary'), 'both replicas are connected');
prepare_offers();
my $identifiers = system_identifiers();

isnt(cluster('promote'), 0, 'promote refuses while the primary runs');
like($said, qr/SWITCHOVER=1/, 'and says how to go on');
{
	my $pid = postmaster('primary');

	kill 'STOP', $pid;
	my ($status, $said) = node_script('promote', 'hot_backup');
	kill 'CONT', $pid;
	isnt($status, 0, 'and so does the node itself while the other one is frozen');
	like($said, qr/port is open/, 'because it might go on');
}
ok(!takes_writes('hot_backup'), 'nothing has changed');

# ---------------------------------------------------------------- planned

{
	my $clients = start_clients('switchover');
	sleep 2;
	local $ENV{SWITCHOVER} = 1;
	my $begun = time;
	is(cluster('promote'), 0, 'promote SWITCHOVER=1') or diag $said;
	note sprintf '%.1f s, the reports included', time - $begun;
	like($said, qr/make rejoin/, 'it says what comes next');
	ok(takes_writes('hot_backup'), 'the hot backup takes writes');
	my ($still, $lost) = judge_clients('switchover', 'hot_backup', stop_clients($clients, $begun));
	is($lost, 0, 'no booking is lost');
	cmp_ok($still, '<=', 5, 'and none was taken for at most five seconds');
	reports_follow('hot_backup', 'switchover');
	is(slots('hot_backup'), "hot_backup_slot|physical|f\nreports_slot|logical|t", 'WAL is kept for the node that will come back');
}

# ---------------------------------------------------------------- the old primary stays out

isnt((node_script('guard', 'primary'))[0], 0, 'the old primary may not start beside the new one');
is(cluster('down'), 0, 'down');
{
	my ($status, $said) = node_script('guard', 'primary');

	isnt($status, 0, 'nor while that one is down');
	like($said, qr/timeline 00000002.*make rejoin/s, 'for the archive knows');
	is((node_script('guard', 'hot_backup'))[0], 0, 'the new one may');
	my ($moved) = as_server('mv wal_archive hidden; PGDATA=primary app/docker/node/guard; status=$?; mv hidden wal_archive; exit $status');
	is($moved, 0, 'and without the archive nobody would know');
}
is(cluster('up'), 0, 'up') or diag $said;
like($said, qr/hot_backup takes writes.*make rejoin/, 'starts the new primary alone');
ok(takes_writes('hot_backup'), 'which takes writes');
is(postmaster('primary'), undef, 'and leaves the old one down');
is(cluster('promote'), 0, 'promote again has nothing to do') or diag $said;

# ---------------------------------------------------------------- rejoin

is(cluster('rejoin'), 0, 'rejoin') or diag $said;
ok(both_connected('hot_backup'), 'both replicas are connected');
ok(!takes_writes('primary'), 'the old primary is a standby');
is(slots('primary'), '', 'without slots');

# ---------------------------------------------------------------- restarts

for my $time (1 .. $ENV{RESTARTS} // 2)
{
	my $made = join ' ', map { (stat "$run/$_/PG_VERSION")[9] } @nodes;

	cluster('down');
	is(cluster('up'), 0, "down, up (time $time)") or diag $said;
	ok(both_connected('hot_backup'), 'both replicas are connected, no slot has been added');
	is(system_identifiers(), $identifiers, 'the databases are the same');
	is(join(' ', map { (stat "$run/$_/PG_VERSION")[9] } @nodes), $made, 'and no node was copied');
	is(join(' ', map { takes_writes($_) ? 'writes' : 'reads' } @nodes), 'reads writes writes', 'in the same roles');
}

# ---------------------------------------------------------------- a crash: what the standby has not received is lost

{
	sql('hot_backup', q{ALTER SYSTEM SET archive_library = ''});
	sql('hot_backup', 'SELECT pg_reload_conf()');
	sleep 1;
	my $unarchived = sql('hot_backup', 'SELECT pg_walfile_name(pg_switch_wal())');
	my $clients = start_clients('crash');
	sleep 2;
	sql('primary', qq{ALTER SYSTEM SET primary_conninfo = 'host=localhost port=$port{hot_backup} user=cut_off'});
	sql('primary', 'SELECT pg_reload_conf()');
	ok(wait_for(sub { sql('primary', 'SELECT count(*) FROM pg_stat_wal_receiver') eq '0' }), 'the standby is cut off');
	sql('hot_backup', q{INSERT INTO customers (full_name, email) VALUES ('Phantom', 'phantom@example.com')});
	sql('hot_backup', q{UPDATE customers SET full_name = 'Phantom ' || full_name WHERE customer_id <= 3});
	sql('hot_backup', q{DELETE FROM waitlist_entries});
	ok(wait_for(sub { sql('reports', q{SELECT count(*) FROM customers WHERE full_name LIKE 'Phantom%'}) eq '4' }), 'the reports are ahead of the standby');
	etl('false');
	my $crashed = time;
	ok(crash('hot_backup'), 'the primary crashes');
	is(cluster('promote'), 0, 'promote') or diag $said;
	sql('primary', 'ALTER SYSTEM RESET primary_conninfo');
	my ($still) = judge_clients('crash', 'primary', stop_clients($clients, $crashed));
	cmp_ok($still, '<=', 25, 'bookings are taken again within 25 seconds');
	is(sql('primary', q{SELECT count(*) FROM customers WHERE full_name LIKE 'Phantom%'}), '0', 'what the standby had not received is lost');
	is(sql('reports', q{SELECT count(*) FROM customers WHERE full_name LIKE 'Phantom%'}), '0', 'and is gone from the reports');
	reports_follow('primary', 'crash');
	warehouse_follows('crash');
	is(sql('primary', 'SELECT count(*) FROM booking.check_invariants()'), '0', 'no rule is broken');
	ok(wait_for(sub { -s "$run/wal_archive/$unarchived" }), 'what the old primary had no time to archive is archived');
	is(sql('primary', 'SELECT failed_count FROM pg_stat_archiver'), '0', 'and nothing failed to be');
}
is(cluster('rejoin'), 0, 'rejoin') or diag $said;
like($said, qr/pg_rewind: Done/, 'rewinds the old primary');
ok(both_connected('primary'), 'both replicas are connected');
is(sql('hot_backup', q{SELECT count(*) FROM customers WHERE full_name LIKE 'Phantom%'}), '0', 'it has given up what it alone had');
is(system_identifiers(), $identifiers, 'the databases are the same');
ok(wait_for(sub { content('hot_backup') eq content('primary') }), 'with the same content');

# ---------------------------------------------------------------- replicas that are away for too long

{
	stop($_) for qw(hot_backup reports);
	sql('primary', "ALTER SYSTEM SET $_") for q{max_slot_wal_keep_size = '32MB'}, q{wal_keep_size = 0};
	sql('primary', 'SELECT pg_reload_conf()');
	my @files = map { sql('primary', 'CREATE TABLE wal_filler (); DROP TABLE wal_filler; SELECT pg_walfile_name(pg_switch_wal())') } 1 .. 5;
	sql('primary', q{INSERT INTO customers (full_name, email) VALUES ('Late', 'late@example.com')});
	sql('primary', 'CHECKPOINT');
	is(sql('primary', q{SELECT string_agg(wal_status, ' ') FROM pg_replication_slots}), 'lost lost', 'the slots of dead replicas are given up');
	is(sql('primary', q{SELECT count(*) FROM customers WHERE email = 'late@example.com'}), '1', 'and the primary goes on');
	sql('primary', 'ALTER SYSTEM RESET ALL');
	sql('primary', 'SELECT pg_reload_conf()');
	ok(wait_for(sub { -s "$run/wal_archive/$files[-1]" }), 'all is archived');
	unlink grep { /[0-9A-F]{24}$/ } glob "$run/wal_archive/*"; # as retention does; from there the standby would catch up
	my $copied = (stat "$run/hot_backup/PG_VERSION")[1];
	my $begun = time;
	is(cluster('up'), 0, 'up') or diag $said;
	ok(wait_for(sub { sql('reports', q{SELECT count(*) FROM customers WHERE email = 'late@example.com'}) eq '1' }), 'brings the reports back');
	is(cluster('rejoin'), 0, 'rejoin') or diag $said;
	note sprintf 'both rebuilt in %.1f s', time - $begun;
	cmp_ok(time - $begun, '<', 300, 'within five minutes');
	ok(both_connected('primary'), 'both replicas are connected');
	is(sql('hot_backup', q{SELECT count(*) FROM customers WHERE email = 'late@example.com'}), '1', 'the hot backup has all');
	isnt((stat "$run/hot_backup/PG_VERSION")[1], $copied, 'by a new copy');
	reports_follow('primary', 'absence');
}
is_deeply([ glob("$run/*.rewind $run/*.old $run/*.tmp") ], [], 'nothing unfinished is left');
is(cluster('rejoin'), 0, 'rejoin when all is well changes nothing');
is(cluster('status'), 0, 'all run');

done_testing();
