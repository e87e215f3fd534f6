# Backup, drill and export in containers: the scripts of docker/ on the node that takes writes, by the README's commands.
# What they promise is regress/t/110_backup.t's to test.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib $FindBin::RealBin;
use Compose;
use Test::More;

my $scripts = '/usr/share/flight_booking/docker';
my ($primary) = grep { sql($_, 'SELECT pg_is_in_recovery()') eq 'f' } qw(primary_db hot_backup_db);
my $outside = tempdir('/tmp/flight_booking_export.XXXXXX', CLEANUP => 1);
chmod 0777, $outside;

my ($status, $said) = run("docker compose exec -T $primary $scripts/backup.sh");
is($status, 0, 'backup') or diag $said;
like($said, qr{^/var/lib/postgresql/backup/\d{8}T\d{6}Z }, 'into its volume');

($status, $said) = run("docker compose exec -T $primary $scripts/restore-drill.sh");
is($status, 0, 'drill') or diag $said;
note $said;
is(() = $said =~ /tables as they were, invariants hold, pg_amcheck finds nothing/g, 2, 'by name and by time');

my $export = "docker compose run -T --rm --no-deps -v $outside:/export $primary $scripts/export-archive.sh /export";
($status, $said) = run($export);
is($status, 0, 'export') or diag $said;
($status, $said) = run($export);
is($status, 0, 'export again') or diag $said;
like($said, qr/^0 copied/m, 'copies nothing twice');
run("docker compose run -T --rm --no-deps -v $outside:/export $primary bash -c 'rm -rf /export/* /export/.lock'");    # its owner is theirs

done_testing();
