# What sql/README.md says to do, run as it stands: its "sql" blocks, in order, on an empty airline; and its table of tables.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $readme = slurp_file("$tree/sql/README.md");
my $node = PostgreSQL::Test::Cluster->new('readme');

$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE flight_booking');
$node->psql('flight_booking', "\\i $tree/sql/flights_oltp_schema.sql", on_error_die => 1);
$node->safe_psql('flight_booking', 'CREATE EXTENSION booking');
$node->psql('flight_booking', "\\i $tree/sql/$_", on_error_die => 1) for 'roles.sql', 'publication.sql';

my @said = map { $node->safe_psql('flight_booking', $_) } $readme =~ /^```sql\n(.*?)^```$/msg;
is(scalar @said, 3, 'the blocks run');
like($said[1], qr/^public\.flights\|SELECT\|\{booking_ro,reports_sub\}$/m, 'who may what is shown');
unlike($said[1], qr/ lacks | has | belongs to /, 'and is what the database says');
is($said[2], 1, 'what was imported breaks no rule');
is($node->safe_psql('flight_booking', q{SET ROLE ada; SELECT count(*) FROM booking.seat_map(1)}), 2, 'the agent sees the seats');

my @named = sort $readme =~ m{^\| `((?:booking_private\.)?[a-z_]+)` \| [^|]*\| (?:[a-z_`,; ]|the e-mail address, regardless of case)*`[^|]*\|}mg;
is_deeply(\@named, [ split /\n/, $node->safe_psql('flight_booking', q{
	SELECT replace(object, 'public.', '') FROM booking.privileges()
	 WHERE object_type = 'TABLE' AND object !~ '^warehouse' ORDER BY replace(object, 'public.', '') COLLATE "C"}) ],
	'every table is described');

$node->stop;
done_testing();
