# The first full ETL after an import into an empty start costs what a later one does, though the statistics are those of the
# empty tables and autovacuum has not come by yet.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $node = PostgreSQL::Test::Cluster->new('reports');

$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\nfsync = off\nmax_wal_size = 2GB\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE reports');
sub load { $node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('reports'), '-f', "$tree/$_[0]" ], $_[0]); return }

load('sql/flights_oltp_schema.sql');
$node->safe_psql('reports', 'CREATE EXTENSION booking');
load($_) for 'sql/roles.sql', 'warehouse/ddl_warehouse_schema.sql', 'sql/roles.sql';
$node->safe_psql('reports', 'SELECT FROM booking.etl_run(true); ANALYZE');
load('sql/db_data.sql');

my @seconds;
for (1, 2)
{
	my $run_id = $node->safe_psql('reports', 'SELECT run_id FROM booking.etl_run(true)');
	my %took = $node->safe_psql('reports', "SELECT step, duration_ms FROM warehouse.etl_run_steps WHERE run_id = $run_id AND step ~ '^fact_'") =~ /^(\w+)\|([\d.]+)$/mg;

	push @seconds, { map { $_ => $took{$_} / 1000 } keys %took };
}
for my $step (sort keys %{ $seconds[1] })
{
	my ($first, $later) = map { $_->{$step} } @seconds;

	cmp_ok($first, '<=', 10 * $later + 2, sprintf '%s: %.1f s, later %.1f s', $step, $first, $later);
}
cmp_ok(scalar keys %{ $seconds[1] }, '>=', 5, 'all steps were looked at');

done_testing();
