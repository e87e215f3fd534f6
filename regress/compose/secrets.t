# A system with passwords of its own (docker/secrets/new-secrets), outside development.

use strict;
use warnings;

use Compose;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use List::Util qw(uniq);
use Test::More;

compose('down -v');
my $secrets = tempdir('/tmp/flight_booking_secrets.XXXXXX', CLEANUP => 1) . '/secrets';
my ($status, $said) = run("docker/secrets/new-secrets $secrets");
is($status, 0, 'new-secrets') or diag $said;
my %password = map { $_ => (run("cat $secrets/$_"))[1] =~ s/\s+$//r } map { s{.*/}{}r } glob "$secrets/*";
is(scalar(grep { length >= 32 } values %password), 9, 'nine random passwords');
is(scalar(uniq values %password), 9, 'no two alike');
@ENV{qw(SECRETS_DIR BOOKING_DEV)} = ($secrets, 0);
compose('up -d');
ok(wait_until(300, sub { healthy() == 4 }), 'all are healthy');
($status, $said) = host_sql('primary_db', 'SELECT 1');
like($said, qr/password authentication failed/, 'the guide\'s password opens nothing');
is((host_sql($_, 'SELECT current_user', "PGPASSWORD='$password{postgres}'"))[1], "postgres\n", "$_ takes its own")
  for qw(primary_db hot_backup_db reports_db);
is((api('POST', '/v1/customers', { full_name => 'Ada Lovelace' }))[0], 401, 'nor does a development key');
my $key = sql('primary_db', q{SELECT api_key FROM booking.issue_api_key('test', '{agent}')});
sub add_customer { return (api('POST', '/v1/customers', { full_name => 'Ada Lovelace' }, Authorization => "Bearer $key"))[0] }
is(add_customer(), 201, 'the gateway writes');
ok(wait_until(60, sub { data_hash('reports_db') eq data_hash('primary_db') }), 'and reports follow');
is(exec_in($_, q{sh -c 'grep -rl yourpassword /run/secrets || true'}), '', "$_ has not the guide's")
  for qw(app_server primary_db hot_backup_db reports_db);

run("echo regress-new-password >$secrets/$_") for qw(booking_ro booking_app reports_app booking_webhooks replicator reports_sub);
($status, $said) = run('make -s passwords TOPOLOGY=compose');
is($status, 0, 'passwords') or diag $said;
ok(wait_until(300, sub { healthy() == 4 }), 'all are healthy again');
is((run("PGPASSWORD=regress-new-password psql -XAt -h localhost -p $port{primary} -U booking_ro -d flight_booking -c 'SELECT 1'"))[1], "1\n", 'a new password opens');
ok(wait_until(60, sub { add_customer() eq '201' }), 'the gateway writes with its own');
ok(wait_until(60, sub { data_hash('reports_db') eq data_hash('primary_db') }), 'and reports follow');

compose('stop app_server');
{
	my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', LocalPort => $port{gateway});

	($status, $said) = run('make -s up TOPOLOGY=compose');
	ok($status && $said =~ /port $port{gateway} is taken.*GATEWAY_PORT=/, 'a port that is taken is named, with what moves it') or diag $said;
}

done_testing();
