# The guide's commands as it prints them, on containers whose first start is killed on the way. Only its ports are others.

use strict;
use warnings;

use Compose;
use JSON::PP ();
use Test::More;
use Time::HiRes qw(time);

my %guide_port = (4000 => 'gateway', 5432 => 'primary', 5433 => 'hot_backup', 5434 => 'reports');

# A command of the guide succeeds and says what is expected.
sub guide
{
	my ($command, $expected) = @_;
	my $ours = $command =~ s/-p \K(\d+)/$port{ $guide_port{$1} }/gr;
	my ($status, $said) = run($ours);

	ok(!$status && $said =~ $expected, $command =~ s/\s+/ /gr) or diag "status $status\n" . substr($said, -2000);
	return $said;
}

# A service killed while its data directory is still being made.
sub kill_first_start
{
	my ($service, $unfinished) = @_;

	compose("up -d --no-deps $service");
	ok(wait_until(60, sub { !(run("docker compose exec -T $service test -e $unfinished"))[0] }), "$service: first start under way");
	compose("kill $service");
	my ($status) = run("docker compose run --rm --no-deps -T $service bash -c '[ ! -e \$PGDATA ] || [ -e \$PGDATA/standby.signal ]'");
	is($status, 0, "$service: nothing is half made after the kill");
	return;
}

# ---------------------------------------------------------------- first start

kill_first_start('primary_db', '/var/lib/postgresql/data/pgdata.new/postmaster.pid');
compose('up -d --wait primary_db');
kill_first_start('hot_backup_db', '/var/lib/postgresql/data/pgdata.tmp');
kill_first_start('reports_db', '/var/lib/postgresql/data/pgdata.new/postmaster.pid');

my $begun = time;
guide('docker compose up -d', qr/Started|Healthy/);
note sprintf 'up -d after the primary: %.0f s', time - $begun;
ok(wait_until(300, sub { healthy() == 4 }), 'four services are healthy');
for my $service (qw(app_server primary_db hot_backup_db reports_db))
{
	guide('docker compose ps', qr/\Q$service\E.*\(healthy\)/);
	my ($status, $said) = run("docker compose logs -f $service", 3);
	ok($status == 124 && $said =~ /\Q$service\E/, "docker compose logs -f $service follows");
}
is((run('docker compose logs -f', 3))[0], 124, 'docker compose logs -f follows');
{
	my ($status, $said) = api('GET', '/readyz');

	is($status, 200, 'the gateway is ready') or diag explain $said;
}

# ---------------------------------------------------------------- the guide, in its order

guide(q{psql -h localhost -p 5432 -U postgres -d flight_booking -c "SELECT * FROM pg_stat_replication;"}, qr/hot_backup_db/);
guide(q{psql -h localhost -p 5432 -U postgres -d flight_booking -c "SELECT * FROM pg_publication_tables WHERE pubname = 'reports_publication';"},
	qr/booking_items/);
guide(q{psql -h localhost -p 5434 -U postgres -d flight_booking_reports -c "SELECT * FROM pg_stat_subscription;"},
	qr/reports_subscription/);
sql('primary_db', 'SELECT pg_switch_wal()');
guide('docker compose exec primary_db ls -lh /var/lib/postgresql/wal_archive/', qr/ [0-9A-F]{24}$/m);
guide('psql -h localhost -p 5433 -U postgres -d flight_booking -c "SELECT pg_is_in_recovery()"', qr/^ t$/m);
guide(q{docker compose exec primary_db psql -U postgres -d flight_booking -c \
  "INSERT INTO customers (full_name, email) VALUES ('Test User', 'test@example.com');"}, qr/INSERT 0 1/);
ok(wait_until(10, sub { sql('hot_backup_db', "SELECT count(*) FROM customers WHERE email = 'test\@example.com'") }), 'replicated');
guide(q{docker compose exec hot_backup_db psql -U postgres -d flight_booking -c \
  "SELECT * FROM customers WHERE email = 'test@example.com';"}, qr/Test User/);
my $count = qr/\n\s*(\d+)\n/;
my ($here) = guide('docker compose exec primary_db psql -U postgres -d flight_booking -c \
  "SELECT COUNT(*) FROM bookings;"', $count) =~ $count;
my ($there) = guide('docker compose exec reports_db psql -U postgres -d flight_booking_reports -c \
  "SELECT COUNT(*) FROM bookings;"', $count) =~ $count;
cmp_ok($here, '>', 100_000, 'there are bookings');
is($there, $here, 'and as many on the reports database');
guide('docker compose exec reports_db psql -U postgres -d flight_booking_reports -f \
  /docker-entrypoint-initdb.d/etl_master_pipeline.sql', qr/fact_booking_item/);
guide('docker compose ps primary_db', qr/\(healthy\)/);
guide('docker compose logs hot_backup_db', qr/started streaming WAL/);
guide(q{docker compose exec primary_db psql -U postgres -c \
     "SELECT * FROM pg_replication_slots WHERE slot_name = 'hot_backup_slot';"}, qr/hot_backup_slot .* t /);
guide('docker compose exec reports_db psql -U postgres -d flight_booking_reports -c \
     "SELECT * FROM pg_stat_subscription;"', qr/reports_subscription/);
guide('docker compose exec primary_db psql -U postgres -d flight_booking -c \
     "SELECT * FROM pg_publication;"', qr/reports_publication/);

# ---------------------------------------------------------------- as its user

my ($status, $flights) = api('GET', "/v1/flights?origin=LHR&destination=JFK&departure_date=" . sql('primary_db', 'SELECT current_date + 14'));
is($status, 200, 'flights are found over HTTP');
my ($created, $customer) = api('POST', '/v1/customers', { full_name => 'Ada Lovelace' });
is($created, 201, 'a customer');
($created, my $booking) = api('POST', '/v1/bookings', { type => 'hold', customer_id => $customer->{customer_id},
		slices => [ { flight_id => $flights->{flights}[0]{flight_id}, passengers => [ { name => 'Ada Lovelace', cabin_class => 'economy' } ] } ] });
is($created, 201, 'a hold');
my ($paid, $payment) = api('POST', "/v1/bookings/$booking->{booking_id}/payments", { amount => $booking->{total_amount}, currency => $booking->{currency} });
is("$paid $payment->{status}", '201 confirmed', 'paid');
ok(wait_until(10, sub { sql('reports_db', "SELECT status FROM bookings WHERE booking_id = $booking->{booking_id}") eq 'confirmed' }),
	'and confirmed on the reports database');
($status, my $said) = host_sql('hot_backup_db', q{INSERT INTO customers (full_name) VALUES ('x')});
like($said, qr/25006/, 'the hot backup refuses writes');
is(sql('primary_db', 'SELECT count(*) FROM booking.check_invariants()'), 0, 'no invariant is broken');
ok(wait_until(30, sub { data_hash('reports_db') eq data_hash('primary_db') }), 'the tables of reports equal the primary\'s');

# ---------------------------------------------------------------- closed where it can be

is(sql('primary_db', q{SELECT count(*) FROM pg_stat_replication JOIN pg_stat_ssl USING (pid) WHERE ssl}), 2, 'both replications are encrypted');
is(sql('primary_db', q{SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE usename = 'booking_app' AND NOT ssl}), 0,
	'and the gateway\'s connections');
for my $service (qw(primary_db hot_backup_db reports_db))
{
	is(sql($service, q{SELECT count(*) FROM pg_hba_file_rules WHERE auth_method IN ('trust', 'md5', 'password') OR type IN ('host', 'hostnossl') OR error IS NOT NULL}),
		0, "$service lets nobody in without scram and TLS");
	like((host_sql($service, 'SELECT 1', 'PGSSLMODE=disable'))[1], qr/no encryption/, "$service refuses an open connection");
}
for my $service (qw(app_server primary_db hot_backup_db reports_db))
{
	my $id = compose("ps -q $service");
	chomp $id;
	my ($failed, $facts) = run("docker inspect -f '{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{.HostConfig.Memory}}' $id");
	like($facts, qr/^true \[ALL\] \[no-new-privileges:true\] [1-9]/, "$service: read-only, no capabilities, a memory limit");
	unlike(exec_in($service, 'id -u'), qr/^0$/, "$service does not run as root");
	my ($none, $env) = run("docker inspect -f '{{.Config.Env}}' $id; docker exec $id cat /proc/1/environ");
	unlike($env, qr/yourpassword/, "$service: no password in the environment");
}
{
	my $services = JSON::PP::decode_json(docker(q{compose --profile '*' -f compose.yaml -f docker/ha/compose.yaml config --format json}))->{services};

	cmp_ok(scalar keys %$services, '>=', 10, 'all services are looked at');
	is_deeply([ grep { !$services->{$_}{logging}{options}{'max-size'} } sort keys %$services ], [], 'the log of each is limited');
}
my ($open, $ports) = run("docker compose ps --format '{{.Ports}}'");
unlike($ports, qr/0\.0\.0\.0/, 'ports are published on the loopback address only');
($status, $said) = run('docker compose run --rm --no-deps -T -e BOOKING_DEV=0 app_server');
ok($status && $said =~ /BOOKING_DEV/, 'the gateway refuses the development password outside development');
for my $set ('-e BOOKING_DEV=1', '-e BOOKING_DEV=0')
{
	($status, $said) = run("docker compose run --rm --no-deps -T -e BIND_ADDRESS=192.0.2.1 $set primary_db");
	ok($status && $said =~ /192\.0\.2\.1.*secrets are those of development/, "a database does so where others reach it, $set");
}

done_testing();
