# The profiles: Prometheus scrapes every part over TLS and has the lag of both copies; JMeter books without an error.

use strict;
use warnings;

use Compose;
use Test::More;

$ENV{PROMETHEUS_PORT} = 0; # any
$ENV{DURATION} = 10;
$ENV{P95_MS} = 10_000; # whether it works, not how fast

sub samples { return split /\n/, exec_in('prometheus', "promtool query instant http://localhost:9090 '$_[0]'") }

compose('--profile monitoring --profile load build prometheus load');

compose('--profile monitoring up -d --wait'); # the four servers too
ok(wait_until(90, sub { samples('up == 1') == 5 }), 'every target is up') or diag join "\n", samples('up');
ok(wait_until(30, sub { samples('pg_up == 1') == 3 }), 'and every exporter reaches its database');
for my $query ('booking_replication_lag_seconds{target="hot_backup_slot"}', 'booking_replication_lag_seconds{target="reports_slot"}',
	'booking_source_connected{name="reports_subscription"} == 1', 'booking_subscription_apply_errors_total', 'booking_archive_failed_total')
{
	ok(wait_until(30, sub { samples($query) == 1 }), $query);
}
is(scalar samples('booking_disk_free_bytes > 0'), 7, 'the space for data, archive and backup of primary and hot backup, and for the data of reports');
is(scalar samples('booking_certificate_days_left > 3000'), 3, 'the days that the certificate has left');
compose('stop -t 30 hot_backup_db');
sql('primary_db', q{INSERT INTO customers (full_name) VALUES ('Somebody')});
ok(wait_until(90, sub { samples('ALERTS{alertname="ReplicaLags",target="hot_backup_slot",alertstate="firing"}') == 1 }), 'a dead hot backup is an alert');
compose('up -d --wait hot_backup_db');
ok(wait_until(90, sub { samples('ALERTS{alertname="ReplicaLags"}') == 0 }), 'which goes when it is back');
compose('--profile monitoring rm -s -f prometheus primary_exporter hot_backup_exporter reports_exporter');

my ($status, $said) = run('docker compose run --rm -T load', 300);
is($status, 0, 'load') or diag substr($said, -2000);
note $1 if $said =~ /(^request .*)/ms;
like($said, qr/^read +\d+ +0 +0 /m, 'bookings are made and read');

done_testing();
