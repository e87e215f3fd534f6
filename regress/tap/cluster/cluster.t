# The native cluster end to end: first start (killed twice on the way), replication, archive, restart, moved ports.
# The real docker/native/cluster, on free ports and a directory of its own; as root its servers belong to the user postgres.

use strict;
use warnings;

use File::Basename qw(basename);
use HTTP::Tiny;
use IO::Socket::INET;
use NativeCluster;
use POSIX qw(setsid);
use Test::More;
use Time::HiRes qw(sleep time);

$ENV{CERTIFICATE_DAYS} = 20; # of the first start

# ---------------------------------------------------------------- the tools

# Starts `cluster up`, waits until the file is there and for the given time, then kills all of it.
sub kill_up_at
{
	my ($file, $seconds) = @_;
	my $pid = fork // die;

	if ($pid == 0)
	{
		setsid();
		open STDOUT, '>', "$base/killed.log";
		open STDERR, '>&', \*STDOUT;
		exec "$tree/docker/native/cluster", 'up';
	}
	my $seen = wait_for(sub { -e $file }, 240);
	sleep $seconds;
	kill 'KILL', -$pid;
	waitpid $pid, 0;
	return $seen && !-e "$run/reports";
}

sub sql_error
{
	my ($node, $sql) = @_;

	open my $stderr, '>&', \*STDERR or die;
	open STDERR, '>', "$base/stderr" or die;
	sql($node, $sql);
	open STDERR, '>&', $stderr or die;
	return slurp("$base/stderr");
}

sub seen_on
{
	my ($node, $email) = @_;

	return wait_for(sub { sql($node, "SELECT count(*) FROM customers WHERE email = '$email'") eq '1' });
}

sub identities
{
	return join ' ', map {
		sql($_, 'SELECT system_identifier FROM pg_control_system()') . '/'
		  . (split /\n/, slurp("$run/$_/postmaster.pid"))[0]
	} @nodes;
}

# A process of the servers' user that is none of ours to stop.
sub bystander
{
	my @command = ('sleep', '600');
	my $pid = fork // die;

	if ($pid == 0)
	{
		exec $> == 0 ? ('setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', @command) : @command;
	}
	return $pid;
}

# A shell command as the user of the servers; its status.
sub as_server
{
	my ($command) = @_;
	my @user = $> == 0 ? ('runuser', '-u', 'postgres', '--') : ();

	return system(@user, 'bash', '-c', "cd '$run' && { $command\n} >/dev/null 2>&1") >> 8;
}

# The processes that run for the cluster.
sub processes
{
	return grep { (readlink("/proc/$_/cwd") // '') =~ m{^\Q$run\E/} || slurp("/proc/$_/cmdline") =~ m{\Q$run\E/} }
	  map { m{(\d+)$} } glob '/proc/[0-9]*';
}

sub user_of { my ($pid) = @_; return scalar getpwuid((stat "/proc/$pid")[4]) }

# Owner, mode, size, change time and content of what root alone may change.
sub precious { return map { my $file = $_; (join ' ', (stat $file)[ 2, 4, 5, 7, 10 ]) . (-d $file ? join ' ', glob "$file/*" : slurp($file)) } glob "$base/precious*" }

# ---------------------------------------------------------------- before anything is there

{
	my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port{hot_backup});

	isnt(cluster('up'), 0, 'up refuses while a port is taken');
	like($said, qr/port $port{hot_backup} is taken.*HOT_BACKUP_PORT=/, 'and names the port and the variable that moves it');
	ok(!-e $run, 'and has made nothing');
}
{
	local $ENV{BOOKING_DEV} = 0;

	isnt(cluster('up'), 0, 'up refuses the guide\'s password outside development');
	like($said, qr/POSTGRES_PASSWORD=/, 'and names the variable that gives another');
	ok(!-e $run, 'and has made nothing');
}
isnt(cluster('status'), 0, 'status without a cluster is an error');
like($said, qr/there is no cluster/, 'that says so');

# ---------------------------------------------------------------- first start

ok(kill_up_at("$run/primary.new/postmaster.pid", 4), 'killed while the primary was being made');
ok(!-e "$run/primary", 'and there is no primary');
# Where root works, what the servers' user has put there meanwhile is not followed.
my @precious;
if ($> == 0)
{
	open my $out, '>', "$base/precious" or die;
	print $out "content\n";
	close $out;
	mkdir "$base/precious_directory";
	@precious = precious();
	as_server("rm -f lock; ln -s '$base/precious' lock; ln -s '$base/precious' settings.new; ln -s '$base/precious' gateway.pid;"
		  . " ln -s '$base/precious_directory' app.new; ln -s '$base/precious_directory' gateway");
	ok(-l "$run/lock" && -l "$run/gateway", 'links are planted');
}

ok(kill_up_at("$run/reports.new/postmaster.pid", 2), 'killed while the replicas were being made');
ok(-e "$run/primary", 'and the primary is whole');

my $begun = time;
$said = qx(make -s -C '$tree' up POSTGRES_PASSWORD=$password 2>&1);
is($?, 0, 'up') or BAIL_OUT($said);
note sprintf '%.1f s', time - $begun;
note $said;
like($said, qr{http://localhost:$port{gateway}/}, 'it prints the URL');
like($said, qr/psql -h localhost -p $port{$_} -U postgres -d $database{$_}\b/, "and how to reach $_") for @nodes;
SKIP:
{
	skip 'only root has another user for the servers', 2 if $> != 0;
	is_deeply([ precious() ], \@precious, 'no link of the servers\' user was followed');
	as_server('rm -f lock settings.new gateway.pid app.new');
	is_deeply([ map { as_server("mv $_ mine") } qw(app gateway settings) ], [ 1, 1, 1 ], 'and that user cannot replace what root runs and reads');
}
is_deeply([ glob("$run/*.new $run/*.tmp") ], [], 'nothing unfinished is left');

# ---------------------------------------------------------------- four servers

is(sql($_, 'SELECT pg_is_in_recovery()'), $_ eq 'hot_backup' ? 't' : 'f', "role of $_") for @nodes;
is(sql($_, 'SHOW data_checksums'), 'on', "checksums on $_") for @nodes;
is(sql($_, "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method IN ('trust', 'md5', 'password') OR error IS NOT NULL"),
	'0', "no weak authentication on $_")
  for @nodes;
is(sql($_, 'SHOW listen_addresses'), 'localhost', "$_ listens on loopback") for @nodes;
for my $page ('/readyz', '/')
{
	is(HTTP::Tiny->new->get("http://localhost:$port{gateway}$page")->{status}, 200, "gateway: $page");
}
{
	my %wanted = (agent => '/v1/customers/1', operator => '/v1/replication', analyst => '/v1/reports', admin => '/v1/api_keys');
	my $status = sub {
		my ($path, $role) = @_;
		my %headers = $role ? (Authorization => 'Bearer ' . slurp("$run/keys/$role") =~ s/\s//r) : ();
		return HTTP::Tiny->new->get("http://localhost:$port{gateway}$path", { headers => \%headers })->{status};
	};

	is(join(' ', map { sprintf '%s %04o', basename($_), (stat)[2] & oct(7777) } sort glob "$run/keys/*"), 'admin 0600 agent 0600 analyst 0600 operator 0600', 'a development key for each role, for its owner alone');
	is_deeply([ map { $status->($wanted{$_}, $_) } sort keys %wanted ], [ (200) x 4 ], 'each is good for what its role may, on the reports database too');
	is_deeply([ map { $status->($wanted{$_}, $_ eq 'agent' ? 'admin' : 'agent') } sort keys %wanted ], [ (403) x 4 ], 'and for nothing else');
	is_deeply([ map { $status->($_) } values %wanted ], [ (401) x 4 ], 'a stranger is told to bring one');
}
{
	local $NativeCluster::password = 'wrong';
	like(sql_error('primary', 'SELECT 1'), qr/password authentication failed/, 'a wrong password is refused');
}
like(
	qx(PGPASSWORD=$password psql -X 'host=localhost port=$port{primary} user=postgres replication=true' -c IDENTIFY_SYSTEM 2>&1),
	qr/no pg_hba.conf entry for replication/,
	'only the role replicator streams');

# ---------------------------------------------------------------- secrets

{
	my @roles = split /\n/, slurp("$tree/docker/secrets/login_roles");
	my %secret = map { chomp(my $text = slurp("$run/secrets/$_")); $_ => $text } @roles;
	my $shown = join '', qx(ps -eo args), map { slurp($_) } glob("$run/log/*");

	is((grep { length >= 32 } values %secret), 8, 'eight passwords');
	is((grep { (stat "$run/secrets/$_")[2] & 077 } @roles, 'pgpass'), 0, 'in files that only their owner reads');
	is((grep { index($shown, $_) >= 0 } values %secret), 0, 'and in no command line and no log');
	my @processes = processes();
	cmp_ok(scalar @processes, '>', 20, 'the cluster runs');
	is_deeply([ map { slurp("/proc/$_/cmdline") } grep { slurp("/proc/$_/environ") =~ /$password|POSTGRES_PASSWORD/ } @processes ],
		[], 'and none of its processes has the superuser\'s in its environment');
	is(qx(PGPASSWORD='$secret{monitor}' psql -XAt 'host=localhost port=$port{primary} user=monitor dbname=flight_booking' -c 'SELECT 1'),
		"1\n", 'a role logs in with its password');
}

# ---------------------------------------------------------------- the gateway's user

{
	my ($gateway) = grep { slurp("/proc/$_/cmdline") =~ /booking_gateway\0$/ } processes();

	is(user_of($gateway), $> == 0 ? 'booking_gateway' : scalar getpwuid($>), 'the gateway runs as a user of its own, if root started it');
	SKIP:
	{
		skip 'an ordinary user runs all as itself', 7 if $> != 0;
		my @readable = split /\n/, qx(setpriv --reuid=booking_gateway --regid=booking_gateway --clear-groups find '$run' -type f -readable 2>/dev/null);
		is_deeply([ grep { !m{^\Q$run\E/(?:app/.*|settings|tls/(?:ca|server)\.crt|gateway/(?:(?:webhooks\.)?pid|booking_app|reports_app|booking_webhooks|log/(?:gateway|webhooks).*))$} } @readable ],
			[], 'which reads nothing of the servers\'');
		for my $role (qw(booking_app reports_app booking_webhooks))
		{
			ok((grep { $_ eq "$run/gateway/$role" } @readable), "but its own password as $role");
			is(slurp("$run/gateway/$role"), slurp("$run/secrets/$role"), 'and no other');
		}
	}
}

# ---------------------------------------------------------------- replication, by the guide's commands

is(sql('primary', "SELECT state FROM pg_stat_replication WHERE application_name = 'hot_backup_db'"), 'streaming', 'hot backup streams');
is(sql('primary', "SELECT slot_name, slot_type, active FROM pg_replication_slots ORDER BY 1"),
	"hot_backup_slot|physical|t\nreports_slot|logical|t",
	'both slots are there and in use, and no other');
is(sql('primary', "SELECT count(*) FROM pg_publication_tables WHERE pubname = 'reports_publication' AND schemaname = 'public'"),
	sql('primary', "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"),
	'every business table is published');
is(sql('primary', "SELECT schemaname, tablename FROM pg_publication_tables WHERE schemaname <> 'public'"), 'booking_private|api_keys', 'and of the others the keys');
is(sql('reports', "SELECT count(*) FROM pg_stat_subscription WHERE subname = 'reports_subscription' AND pid IS NOT NULL"),
	'1', 'the subscription runs');
is(sql('reports', "SELECT count(*) FROM pg_subscription_rel WHERE srsubstate <> 'r'"), '0', 'and has copied all tables');
for my $table (qw(flights seats bookings booking_items payments))
{
	my $count = sql('primary', "SELECT count(*) FROM $table");

	cmp_ok($count, '>', 0, "sample data in $table");
	is(sql($_, "SELECT count(*) FROM $table"), $count, "$table on $_") for qw(hot_backup reports);
}
is(sql('primary', 'SELECT count(*) FROM booking.check_invariants()'), '0', 'the sample data breaks no rule');
is(sql($_, 'SELECT * FROM booking.check_schema()'), '', "$_: tables, owners, grants and version are as they should be") for qw(primary hot_backup reports);

sql('primary', "INSERT INTO customers (full_name, email) VALUES ('Test User', 'test\@example.com')");
ok(seen_on($_, 'test@example.com'), "a new customer is seen on $_") for qw(hot_backup reports);
like(sql_error('hot_backup', "INSERT INTO customers (full_name, email) VALUES ('X', 'x\@example.com')"), qr/25006/, 'the hot backup is read only');

# ---------------------------------------------------------------- archive, ETL, jobs

{
	my $file = sql('primary', 'SELECT pg_walfile_name(pg_switch_wal())');

	ok(wait_for(sub { -s "$run/wal_archive/$file" }), 'a finished WAL file is archived');
	is(sql('primary', 'SELECT failed_count FROM pg_stat_archiver'), '0', 'no archiving failed');
	is(sql('primary', 'SHOW archive_timeout'), '1h', 'WAL is archived hourly');
	is((stat "$run/wal_archive")[2] & 077, 0, 'the archive is closed to others');
}
is(cluster('etl'), 0, 'etl') or diag $said;
is( system({ 'env' } 'env', "PGPASSWORD=$password", 'psql', '-Xq', '-h', 'localhost', '-p', $port{reports}, '-U', 'postgres', '-d',
		$database{reports}, '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-f', "$tree/warehouse/etl_master_pipeline.sql"),
	0, 'psql -f etl_master_pipeline.sql');
SKIP:
{
	skip 'no pg_cron here', 7 if sql('primary', "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_cron'") eq '0';
	like(sql('primary', 'SELECT command FROM cron.job'), qr/expire_holds/, 'the hold sweeper is scheduled');
	like(sql('reports', 'SELECT command FROM cron.job'), qr/etl_run/, 'the ETL is scheduled');
	like(sql($_, 'SELECT command FROM cron.job'), qr/forget_responses/, "$_: stored responses are forgotten") for qw(primary reports);
	is(sql($_, 'SELECT command FROM cron.job JOIN pg_roles ON rolname = username WHERE rolsuper'), '', "$_: no job runs as a superuser")
	  for qw(primary reports);
	sql('primary', q{UPDATE bookings SET payment_required_by = now() - interval '1 second' WHERE status = 'held'});
	ok(wait_for(sub { sql('primary', q{SELECT count(*) FROM bookings WHERE status = 'held'}) eq '0' }, 130), 'the hold sweeper sweeps');
}

for my $node (qw(primary reports))
{
	is(cluster('psql', $node, '-qAt', '-f', "$tree/regress/escalate.sql"), 0, "$node: every role that logs in tries to get more");
	is($said, '', 'and gets nothing');
}

# ---------------------------------------------------------------- looking

is(cluster('status'), 0, 'status');
like($said, qr/hot_backup +$port{hot_backup} +up +standby/, 'shows the standby');
like($said, qr/hot_backup_db +\| streaming/, 'the replication');
like($said, qr/reports_subscription +\| t +\| t/, 'the subscription');
like($said, qr{gateway +$port{gateway} +up +\S+ +/readyz 200}, 'the gateway');
like($said, qr{webhooks +up +sender}, 'the sender of webhooks');
is(sql('primary', q{SELECT count(*) FROM pg_stat_activity WHERE usename = 'booking_webhooks'}), '1', 'which asks the primary');
like($said, $> == 0 ? qr/gateway .* booking_gateway +\S+ 200$/m : qr/gateway .* as the servers' user/, 'and whether it has a user of its own');
is(cluster('psql', 'reports', '-XAtc', 'SELECT current_database()'), 0, 'psql');
is($said, "flight_booking_reports\n", 'goes to the node that was named');

# ---------------------------------------------------------------- logs

{
	my $logs = qx(timeout 3 '$tree/docker/native/cluster' logs 2>&1);

	like($logs, qr{==> \Q$run\E/\S*/$_\.log <==}, "logs follows $_") for @nodes, 'gateway', 'primary.first-start';
	sql('primary', q{DO $$ BEGIN FOR i IN 1 .. 80 LOOP RAISE LOG '%', repeat('x', 1000000); END LOOP; RAISE LOG 'the last line'; END $$});
	ok(wait_for(sub { slurp("$run/log/primary.log") =~ /the last line/ }), 'a flood of lines is logged');
	my $bytes = 0;
	$bytes += -s $_ for grep { !/first-start|primary\.log$/ } glob "$run/log/primary*";
	cmp_ok($bytes, '>', 30_000_000, 'the last lines are kept');
	cmp_ok($bytes, '<', 60_000_000, 'and the oldest have gone');
}

# ---------------------------------------------------------------- up again, down, up

{
	my $before = identities();
	my $start = time;

	is(cluster('up'), 0, 'up on a running system');
	cmp_ok(time - $start, '<', 5, 'is quick');
	is(identities(), $before, 'and changes nothing');
	local $ENV{PRIMARY_PORT} = (free_ports(1))[0];
	isnt(cluster('up'), 0, 'up with another port is refused');
	like($said, qr/make down/, 'with the way to do it');
}

# ---------------------------------------------------------------- monitoring, and a certificate that ends soon

# The one value of a query, as text; nothing where there is none.
sub ask_prometheus
{
	my ($query) = @_;
	my $http = HTTP::Tiny->new;
	my $answer = $http->get("http://localhost:$port{prometheus}/api/v1/query?" . $http->www_form_urlencode({ query => $query }));

	return ($answer->{content} =~ /"value":\[[^,]*,"([^"]*)"\]/)[0] // '';
}

sub shown_certificate { my ($node) = @_; return qx(openssl s_client -starttls postgres -connect localhost:$port{$node} </dev/null 2>/dev/null | openssl x509 -noout -serial) }

is(cluster('monitoring'), 0, 'monitoring') or diag $said;
ok(wait_for(sub { ask_prometheus('sum(up) + sum(pg_up)') eq '8' }, 40), 'the gateway, what it says of replication, and three exporters are scraped');
is(ask_prometheus('count(booking_disk_free_bytes > 0 and booking_disk_free_bytes <= booking_disk_size_bytes)'), '7',
	'the space for data, archive and backup of primary and hot backup, and for the data of reports');
is(ask_prometheus('count(booking_certificate_days_left > 18 and booking_certificate_days_left < 20)'), '3', 'the days that the certificate has left');
ok(wait_for(sub { ask_prometheus('count(ALERTS{alertname="CertificateEnds"})') eq '3' }, 40), 'are an alert');
is(cluster('status'), 0, 'status');
like($said, qr/^prometheus +$port{prometheus} +up/m, 'shows it');
{
	local $ENV{CERTIFICATE_DAYS};
	my $sessions = q{SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity WHERE usename IN ('booking_app', 'replicator', 'reports_sub')};
	my $before = sql('primary', $sessions);
	my %old = map { $_ => shown_certificate($_) } @nodes;

	is(cluster('certificates'), 0, 'certificates') or diag $said;
	for my $node (@nodes)
	{
		ok(wait_for(sub { my $new = shown_certificate($node); $new =~ /serial/ && $new ne $old{$node} }), "$node shows another certificate");
		is(sql($node, q{SELECT booking.certificate_expires_at() > now() + interval '3000 days'}), 't', "$node: which lasts");
		is(qx(PGPASSWORD=$password psql -XAt 'host=localhost port=$port{$node} user=postgres dbname=$database{$node} sslmode=verify-full sslrootcert=$run/tls/ca.crt' -c 'SELECT 1' 2>&1), "1\n",
			"$node: and can be verified");
	}
	is(sql('primary', $sessions), $before, 'no connection has ended');
}

my $identifiers = system_identifiers();
my $bystander = bystander();

is(cluster('down'), 0, 'down') or diag $said;
ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port{$_}), "$_ is down") for @nodes, 'gateway', @monitors;
isnt(cluster('status'), 0, 'status says so');

# as after a crash of the machine: the pids in the files belong to someone else by now
for my $file ('gateway/pid', 'primary/postmaster.pid')
{
	open my $out, '>', "$run/$file" or die;
	print $out "$bystander\n";
}
is(cluster('down'), 0, 'down when all is down');
ok(kill(0, $bystander), 'stops nobody else');

set_ports(primary => free_ports(1));
{
	local $ENV{BOOKING_DEV} = 0;

	is(cluster('up'), 0, 'up again, the primary on another port') or diag $said;
	like(slurp("$run/settings"), qr/^BOOKING_DEV=1$/m, 'for development, as the first start was');
}
kill 'KILL', $bystander;
is(system_identifiers(), $identifiers, 'with the same data');
ok(seen_on($_, 'test@example.com'), "nothing is lost on $_") for @nodes;
sql('primary', "INSERT INTO customers (full_name, email) VALUES ('Test User', 'second\@example.com')");
ok(seen_on($_, 'second@example.com'), "$_ follows the primary to its port") for qw(hot_backup reports);
is(HTTP::Tiny->new->get("http://localhost:$port{gateway}/readyz")->{status}, 200, 'and so does the gateway');

delete @ENV{ map { uc($_) . '_PORT' } keys %port };
is(cluster('up'), 0, 'up without variables keeps the ports');

# ---------------------------------------------------------------- the edge

{
	my $ask = sub { return qx(curl -s --cacert '$run/edge/state/tls/ca.crt' -o /dev/null -w '%{http_code} %{http_version}' https://localhost:$port{edge}$_[0]) };
	local $ENV{EDGE} = 1;
	is(cluster('up'), 0, 'up with an edge') or diag $said;
	is($ask->('/v1/fares'), '200 2', 'HTTP/2 over TLS');
	is($ask->('/metrics'), '404 2', 'and no metrics');
	delete $ENV{EDGE};
	{
		local @ENV{qw(EDGE_ADDRESS EDGE_PORT)} = ('0.0.0.0', free_ports(1));
		cluster('down');
		isnt(cluster('up'), 0, 'with the keys of development it listens for nobody else');
		like($said, qr/0\.0\.0\.0 is open to others/, 'and says so');
	}
	is(cluster('up'), 0, 'up for this machine') or diag $said;
	is(cluster('status'), 0, 'status');
	like($said, qr/^gateway 2 +$port{second_gateway} +up .*^edge +$port{edge} +up/ms, 'shows both');
	my ($edge) = grep { slurp("/proc/$_/cmdline") =~ /haproxy\0/ } processes();
	is(user_of($edge), $> == 0 ? 'haproxy' : scalar getpwuid($>), 'which runs as a user of its own, if root started it');
	is(cluster('down'), 0, 'down');
	is(cluster('up'), 0, 'up keeps it') or diag $said;
	is($ask->('/v1/fares'), '200 2', 'there it is');
	local $ENV{EDGE} = 0;
	is(cluster('up'), 0, 'up without') or diag $said;
	is($ask->('/v1/fares'), '000 0', 'and it is gone');
	is(HTTP::Tiny->new->get("http://localhost:$port{gateway}/readyz")->{status}, 200, 'and the gateway is there');
}

# ---------------------------------------------------------------- another password

{
	my $login = sub { qx(PGPASSWORD='$_[1]' psql -XAt 'host=localhost port=$port{$_[0]} user=booking_ro dbname=$database{$_[0]}' -c 'SELECT 1' 2>&1) };
	chomp(my $old = slurp("$run/secrets/booking_ro"));

	is(cluster('monitoring'), 0, 'monitoring');
	as_server("echo regress-new-password >secrets/$_") for qw(booking_ro booking_app reports_app booking_webhooks replicator reports_sub monitor);
	is(cluster('passwords'), 0, 'passwords') or diag $said;
	for my $node (@nodes)
	{
		ok(wait_for(sub { $login->($node, 'regress-new-password') eq "1\n" }), "$node: the new password opens");
		like($login->($node, $old), qr/password authentication failed/, "$node: the old one does not");
	}
	is(HTTP::Tiny->new->get("http://localhost:$port{gateway}/readyz")->{status}, 200, 'the gateway has its new one');
	like(HTTP::Tiny->new->get("http://localhost:" . $port{ $_ . '_exporter' } . '/metrics')->{content}, qr/^pg_up(?:\{.*\})? 1$/m, "the exporter of $_ too") for @nodes;
	is(cluster('down'), 0, 'down');
	is(cluster('up'), 0, 'up') or diag $said;
	sql('primary', "INSERT INTO customers (full_name, email) VALUES ('Test User', 'third\@example.com')");
	ok(seen_on($_, 'third@example.com'), "$_ follows with its new one") for qw(hot_backup reports);
}

# ---------------------------------------------------------------- the end

is(cluster('reset'), 0, 'reset');
is_deeply([ glob("$run/*") ], [], 'leaves nothing');

done_testing();
