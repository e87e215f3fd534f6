# What the stress tests share: a server with the small airline of the fixture, sessions that give each statement's SQLSTATE
# and rows, and clients that run at the same time, each a process with a session and a random sequence of its own.

package BookingTest;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use JSON::PP ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use Storable qw(store retrieve);
use Test::More;

our @EXPORT = qw($key start_node add_flights invariants_hold connect_clients run_clients tally shown pick
  wish api batch random_call is_business);

our $key = 'bk_1_' . 'ab' x 32;    # of all roles: fixture.key()

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');

# A running server whose database "booking" holds schema, fixture and extension, and 100 customers. Options: conf, lines
# for postgresql.conf; initdb, a list of arguments; roles, true for sql/roles.sql.
sub start_node
{
	my ($name, %option) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(extra => $option{initdb} // []);
	$node->append_conf('postgresql.conf', <<'CONF' . ($option{conf} // ''));
max_connections = 100
shared_buffers = 128MB
max_wal_size = 1GB
log_statement = none
log_min_error_statement = panic
autovacuum_naptime = 1s
CONF
	$node->start;
	$node->safe_psql('postgres', 'CREATE DATABASE booking');
	for my $file ('sql/flights_oltp_schema.sql', 'regress/fixture.sql')
	{
		$node->psql('booking', "\\i $tree/$file", on_error_die => 1);
	}
	$node->safe_psql('booking', 'CREATE EXTENSION booking');
	$node->psql('booking', "\\i $tree/sql/roles.sql", on_error_die => 1) if $option{roles};
	$node->safe_psql('booking', q{INSERT INTO customers (full_name) SELECT 'Customer ' || n FROM generate_series(4, 100) AS n});
	return $node;
}

# Flights of 180 economy seats, 1A to 30F, at 100 EUR each.
sub add_flights
{
	my ($node, $first, $last) = @_;

	$node->safe_psql('booking', <<"SQL");
INSERT INTO aircraft (aircraft_code, model, range_km) VALUES ('R80', 'Single aisle 180', 5000) ON CONFLICT DO NOTHING;
INSERT INTO aircraft_seats (aircraft_code, seat_number, cabin_class, characteristics)
SELECT 'R80', row || letter, 'economy', CASE WHEN letter IN ('A', 'F') THEN 'W' WHEN letter IN ('C', 'D') THEN 'A' ELSE '' END
  FROM generate_series(1, 30) AS row, unnest('{A,B,C,D,E,F}'::text[]) AS letter
    ON CONFLICT DO NOTHING;
INSERT INTO flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code,
                     base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT id, 'FB' || id, 'LHR', 'JFK', now() + interval '30 days', now() + interval '30 days 8 hours', 'R80',
       100, 'EUR', now() - interval '1 day', now() + interval '29 days', 5540
  FROM generate_series($first, $last) AS id;
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price)
SELECT flight_id, seat_number, cabin_class, characteristics, 100
  FROM flights JOIN aircraft_seats USING (aircraft_code) WHERE flight_id BETWEEN $first AND $last;
ANALYZE flights, seats;
SQL
	return;
}

sub invariants_hold
{
	my ($node, $name) = @_;

	return is($node->safe_psql('booking', 'SELECT * FROM booking.check_invariants()'), '', "$name: no violation");
}

# As many sessions. Settings are those of BookingTest::Session->new.
sub connect_clients
{
	my ($node, $count, %setting) = @_;

	return map { BookingTest::Session->new($node, %setting) } 1 .. $count;
}

# Runs $work->($session, $number) in a process per session, with srand($seed + $number), and $meanwhile->() here; returns
# what the clients returned. Their sessions stay connected. A client that dies fails the test.
sub run_clients
{
	my ($seed, $sessions, $work, $meanwhile) = @_;
	my $directory = tempdir(CLEANUP => 1);
	my (@pids, @results);

	for my $number (0 .. $#$sessions)
	{
		my $pid = fork // die "fork: $!";

		if ($pid == 0)
		{
			srand($seed + $number);
			my $ended = eval { store(\$work->($sessions->[$number], $number), "$directory/$number") };
			print STDERR "client $number: $@" if !$ended;
			POSIX::_exit($ended ? 0 : 1);
		}
		push @pids, $pid;
	}
	$meanwhile->() if $meanwhile;
	for my $number (0 .. $#pids)
	{
		waitpid $pids[$number], 0;
		if ($? == 0) { push @results, ${ retrieve("$directory/$number") } }
		else { fail("client $number ended with status $?") }
	}
	return @results;
}

# The sum of hashes of numbers.
sub tally
{
	my %sum;

	for my $counts (@_) { $sum{$_} += $counts->{$_} for keys %$counts }
	return \%sum;
}

sub shown { my ($counts) = @_; return join ', ', map { "$_ $counts->{$_}" } sort keys %$counts }

sub pick { return $_[ int rand @_ ] }

# The argument of booking.create_booking, as a SQL literal: a slice for each seat, [flight, seat number or cabin class],
# in the order given; customers take turns, and passengers are told apart by number, unless they are given.
my $passenger = 0;

sub wish
{
	my ($type, $seats, %field) = @_;
	my @slices = map {
		my ($flight, $seat, $name) = @$_;
		$passenger++;
		{
			flight_id => $flight + 0,
			passengers => [ { name => $name // "Pax $$ $passenger", ($seat =~ /^\d/ ? 'seat' : 'cabin_class') => $seat } ]
		}
	} @$seats;

	return q(') . JSON::PP->new->canonical->encode({ type => $type, customer_id => 1 + ($$ + $passenger) % 100, slices => \@slices, %field }) . q(');
}

# A statement as a caller might send it, on flights 101 to 104; $last is the number of a recent booking. Many want seats
# that others want too.
sub random_call
{
	my ($last) = @_;
	my $booking = $last > 10 ? $last - int rand 10 : $last;
	my $dice = rand;

	return 'SELECT booking_id FROM booking.create_booking(' . random_wish() . ')' if $dice < 0.25;
	return 'SELECT ' . api('POST', '/v1/bookings', undef, random_wish()) if $dice < 0.4;
	return 'SELECT ' . batch(pick('all', 'each'), random_wish(), random_wish()) if $dice < 0.45;
	return "SELECT b.booking_id FROM (SELECT total_amount FROM bookings WHERE booking_id = $booking) AS o,"
	  . " booking.pay($booking, o.total_amount, 'EUR') AS b" if $dice < 0.55;
	return "SELECT booking_id FROM booking.cancel($booking)" if $dice < 0.65;
	return 'SELECT ' . api('POST', "/v1/bookings/$booking/cancellations", undef, q('{}')) if $dice < 0.7;
	return "SELECT booking_id FROM booking.change_seat($booking, 1::smallint, '" . (1 + int rand 10) . pick('A' .. 'F') . q{')} if $dice < 0.75;
	return 'SELECT booking.expire_holds(100)' if $dice < 0.8;
	return 'SELECT count(*) FROM booking.seat_map(101)' if $dice < 0.85;
	return q{SELECT count(*) FROM booking.search_flights('LHR', 'JFK', current_date + 30)} if $dice < 0.9;
	return 'SELECT ' . api('GET', '/v1/flights/102/seat_map') if $dice < 0.95;
	return 'SELECT ' . api('GET', "/v1/bookings/$booking");
}

sub random_wish
{
	my ($flight, $row, $from) = (101 + int rand 4, 1 + int rand 10, int rand 4);
	my @seats = map { [ $flight, $row . ('A' .. 'F')[$_] ] } $from .. $from + 2;

	push @seats, map { [ 101 + ($flight + 1) % 4, $_->[1] ] } @seats if rand() < 0.3;
	@seats = map { [ $_, 'economy' ] } 101, 102, 101 if rand() < 0.3;
	return rand() < 0.3
	  ? wish('instant', \@seats, payment => { amount => 100 * @seats, currency => 'EUR' })
	  : wish('hold', \@seats);
}

# Calls, to stand after SELECT or FROM: an HTTP request, its query a JSON object or nothing, its body as wish gives it; a
# batch of wishes.
sub api
{
	my ($method, $path, $query, $body) = @_;

	return sprintf q(fixture.api('%s', '%s', '%s', %s)), $method, $path, $query // '{}', $body // 'NULL';
}

sub batch
{
	my ($mode, @wishes) = @_;

	return sprintf q(booking.create_bookings('{"mode": "%s", "bookings": [%s]}')), $mode, join ', ', map { substr $_, 1, -1 } @wishes;
}

# Whether a state is one that callers of random_call have to expect.
sub is_business { return $_[0] =~ /^(ok|SB00[1345]|SB010|SB011)$/ }

# A connection by DBD::Pg, which tells what psql and pgbench hide: the moment the server acknowledged a commit, and that a
# connection broke. A statement is one simple query, sent as it stands, so it commits by itself unless it said BEGIN.
# A forked child may use its parent's session; the parent must wait meanwhile.

package BookingTest::Session;

use DBI;
use IO::Select;

# Settings are connection keywords of libpq, such as user, application_name and options. Values come as psql prints them.
sub new
{
	my ($class, $node, %setting) = @_;
	my $where = join ' ', $node->connstr('booking'), map { "$_='$setting{$_}'" } sort keys %setting;
	my %attribute = (AutoInactiveDestroy => 1, PrintError => 0, PrintWarn => 0,
		pg_bool_tf => 1, pg_enable_utf8 => 0, pg_expand_array => 0);
	my $connection = DBI->connect("dbi:Pg:$where", undef, undef, \%attribute) or die 'cannot connect: ' . DBI->errstr . "\n";

	return bless { connection => $connection }, $class;
}

# Runs a statement. Returns 'ok' and the rows, each a list of strings; or the SQLSTATE, which is 08000 when the connection
# broke. 'ok' is said when the server is ready for the next statement, so after a commit.
sub ask
{
	my ($self, $sql) = @_;
	my $statement = $self->{connection}->prepare($sql, { pg_direct => 1 });

	return $statement->state if !$statement->execute;
	return ('ok', $statement->{Active} ? @{ $statement->fetchall_arrayref } : ());
}

# The only value of a statement that must not fail.
sub value
{
	my ($self, $sql) = @_;
	my ($state, @rows) = $self->ask($sql);

	die "SQLSTATE $state: $sql\n" if $state ne 'ok';
	return @rows ? $rows[0][0] : undef;
}

# The server's process
sub pid { return $_[0]{connection}{pg_pid} }

# Waits until the server ends the session by itself, at most that many seconds; returns the SQLSTATE it gave as the reason.
sub last_words
{
	my ($self, $seconds) = @_;
	my $connection = $self->{connection};

	IO::Select->new($connection->{pg_socket})->can_read($seconds);
	$connection->{pg_errorlevel} = 2;    # puts the SQLSTATE into the message: DBD::Pg gives that of the closed connection
	$self->ask('SELECT');
	return ($connection->errstr // '') =~ /^FATAL: +(\w{5}):/ ? $1 : undef;
}

1;
