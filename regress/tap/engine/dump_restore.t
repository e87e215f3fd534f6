# What a dump and a restore, or DROP and CREATE EXTENSION, leave: the same rows, owners and grants, and a system that works.
# A dump does not carry the owners and grants of an extension's functions; the install script sets them.

use strict;
use warnings;

use BookingTest;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $files = PostgreSQL::Test::Utils::tempdir();
my @databases = qw(booking reports);

sub load
{
	my ($node, $database, @paths) = @_;

	$node->psql($database, "\\i $tree/$_", on_error_die => 1) for @paths;
}

# Rows of every table, and where every sequence stands.
sub content
{
	my ($node, $database) = @_;
	my @counted = split /\n/, $node->safe_psql($database, <<'SQL');
SELECT CASE relkind WHEN 'S' THEN format('SELECT %L, last_value, is_called FROM %s', oid::regclass, oid::regclass)
       ELSE format('SELECT %L, count(*), bit_xor(hashtextextended(t::text, 0)) FROM %s AS t', oid::regclass, oid::regclass) END
  FROM pg_class
 WHERE relnamespace::regnamespace::text IN ('public', 'booking_private', 'warehouse') AND relkind IN ('r', 'm', 'S')
 ORDER BY oid::regclass::text
SQL
	return $node->safe_psql($database, join(";\n", "SET timezone = 'UTC'", @counted));
}

# Owner and grants of every function, table, sequence, type and schema, each grant on a line of its own.
sub rights
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, <<'SQL');
SELECT kind, name, owner::regrole, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END, privilege_type, is_grantable
  FROM (SELECT 'function', oid::regprocedure::text, proowner, COALESCE(proacl, acldefault('f', proowner)), pronamespace FROM pg_proc
        UNION ALL
        SELECT relkind::text, oid::regclass::text, relowner,
               COALESCE(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)), relnamespace
          FROM pg_class WHERE relkind IN ('r', 'm', 'v', 'S')
        UNION ALL
        SELECT 'type', oid::regtype::text, typowner, COALESCE(typacl, acldefault('T', typowner)), typnamespace
          FROM pg_type WHERE typtype = 'd'
        UNION ALL
        SELECT 'schema', nspname, nspowner, COALESCE(nspacl, acldefault('n', nspowner)), oid FROM pg_namespace)
       AS object (kind, name, owner, acl, namespace), aclexplode(acl)
 WHERE namespace::regnamespace::text IN ('public', 'booking', 'booking_private', 'warehouse')
 ORDER BY 1, 2, 4, 5
SQL
}

# Who may connect, and the settings that come with a database.
sub settings
{
	my ($node, $database) = @_;

	return $node->safe_psql($database, <<'SQL');
SELECT grantee::regrole::text, privilege_type FROM pg_database, aclexplode(datacl) WHERE datname = current_database() ORDER BY 1, 2;
SELECT setrole::regrole::text, setting FROM pg_db_role_setting JOIN pg_database AS d ON d.oid = setdatabase, unnest(setconfig) AS setting
 WHERE datname = current_database() ORDER BY 1, 2
SQL
}

my $origin = start_node('origin', roles => 1);
my (%content, %rights, %settings);

# Everything is as on the origin, and in working order.
sub is_the_same
{
	my ($node, $database, $name) = @_;

	is(content($node, $database), $content{$database}, "$name: the same rows in $database");
	is(rights($node, $database), $rights{$database}, 'the same owners and grants');
	is(settings($node, $database), $settings{$database}, 'the same database settings');
	is($node->safe_psql($database, 'SELECT * FROM booking.check_schema()'), '', 'check_schema() has no complaint');
	is($node->safe_psql($database, 'SELECT * FROM booking.check_invariants()'), '', 'nor has check_invariants()');
	is($node->safe_psql($database, q{SELECT count(*) FROM pg_proc WHERE pronamespace = 'booking'::regnamespace AND prosecdef
		AND proowner <> to_regrole('booking_owner')}), 0, 'no function acts as a superuser');
}

sub works
{
	my ($node) = @_;

	is($node->safe_psql('booking', q{BEGIN; SET ROLE booking_app;
		SELECT status FROM fixture.api('POST', '/v1/bookings', '{}', fixture.wish(2, '{5D}'))}),
		201, 'the gateway\'s role books') if $node->safe_psql('booking', q{GRANT USAGE ON SCHEMA fixture TO booking_app}) eq '';
	is($node->safe_psql('reports', q{BEGIN; SET ROLE reports_etl; SELECT status FROM booking.etl_run(true)}), 'succeeded',
		'and the ETL runs');
}

# ---------------------------------------------------------------- a system with bookings, and its reports

$origin->safe_psql('booking', <<'SQL');
SELECT FROM booking.create_booking(fixture.wish(1, '{3A,3B}', 'instant', '200'));
SELECT FROM booking.create_booking(fixture.wish(1, '{4A}'));
SELECT FROM booking.cancel(1, '{2}');
SELECT FROM fixture.api('POST', '/v1/bookings', body => fixture.wish(1, '{5A}'), context => '{"idempotency_key": "kept"}');
SQL
$origin->safe_psql('postgres', 'CREATE DATABASE reports');
load($origin, 'reports', 'sql/flights_oltp_schema.sql', 'regress/fixture.sql');
$origin->safe_psql('reports', 'CREATE EXTENSION booking');
load($origin, 'reports', 'warehouse/ddl_warehouse_schema.sql', 'sql/roles.sql');
$origin->safe_psql('reports', q{SELECT FROM booking.create_booking(fixture.wish(1, '{3A,3B}', 'instant', '200')); SELECT booking.etl_run(true)});

for my $database (@databases)
{
	$content{$database} = content($origin, $database);
	$rights{$database} = rights($origin, $database);
	$settings{$database} = settings($origin, $database);
	is($origin->safe_psql($database, 'SELECT * FROM booking.check_schema()'), '', "$database: check_schema() has no complaint");
	$origin->command_ok([ 'pg_dump', '-Fc', '-f', "$files/$database", $database ], 'is dumped');
}
like($content{booking}, qr/^booking_private\.idempotency_keys\|1\|/m, 'a response that was kept is in it');
like($content{reports}, qr/^warehouse\.fact_booking_item\|2\|/m, 'and facts');
$origin->command_ok([ 'pg_dumpall', '--roles-only', '-f', "$files/roles.sql" ], 'roles are dumped');

# ---------------------------------------------------------------- a new server with the roles

my $copy = PostgreSQL::Test::Cluster->new('copy');
$copy->init;
$copy->start;
$copy->psql('postgres', "\\i $files/roles.sql", on_error_stop => 0); # the superuser is there
for my $database (@databases)
{
	$copy->command_ok([ 'pg_restore', '--create', '--exit-on-error', '-d', 'postgres', "$files/$database" ], "$database is restored");
	is_the_same($copy, $database, 'restored');
}
works($copy);
$copy->stop;

# ---------------------------------------------------------------- a new server that knows none of the roles

my $bare = PostgreSQL::Test::Cluster->new('bare');
$bare->init;
$bare->start;
for my $database (@databases)
{
	$bare->safe_psql('postgres', "CREATE DATABASE $database");
	$bare->command_ok([ 'pg_restore', '--no-owner', '--no-privileges', '--exit-on-error', '-d', $database, "$files/$database" ],
		"$database is restored without owners and grants");
	isnt($bare->safe_psql($database, 'SELECT * FROM booking.check_schema()'), '', 'check_schema() says so');
	is($bare->safe_psql($database, q{SELECT * FROM booking.check_schema() WHERE object ~ '^booking\..*\('}), '',
		'but the functions have theirs');
	load($bare, $database, 'sql/roles.sql');
	$bare->safe_psql('postgres', "ALTER DATABASE $database SET booking.$_ = 0") for qw(max_holds max_held_seats); # the fixture's own
	is_the_same($bare, $database, 'after roles.sql');
}
works($bare);
$bare->stop;

# ---------------------------------------------------------------- the extension dropped and made again

$origin->safe_psql('booking', 'DROP EXTENSION booking; CREATE EXTENSION booking');
is_the_same($origin, 'booking', 'made again');
$origin->safe_psql('reports', 'SET client_min_messages = warning; DROP EXTENSION booking CASCADE; CREATE EXTENSION booking');
is($origin->safe_psql('reports', q{SELECT count(*) FROM booking.check_schema() WHERE problem ~ 'capture_change'}), 7,
	'check_schema() misses the capture triggers');
load($origin, 'reports', 'warehouse/ddl_warehouse_schema.sql');
is_the_same($origin, 'reports', 'made again');
works($origin);
$origin->stop;

done_testing();
