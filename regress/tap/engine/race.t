# Sixty-four clients race for one flight of 180 seats: no seat sold twice, no deadlock, all invariants hold. Then the same
# race without the row lock and the unique index must sell seats twice, or this test proves nothing.
# Runs alone: its clients want the whole machine.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clients = 64;
my $seconds = $ENV{RACE_SECONDS} // 20;

# Serializable clients on a slow machine need many predicate locks.
my $node = start_node('race', conf => "deadlock_timeout = 100ms\nmax_pred_locks_per_transaction = 1024\n");
add_flights($node, 100, 104);

# One flight of 180 seats that everybody wants, four that few do. A client holds, books at once, asks for any seat, pays,
# cancels or lets lapse, and counts how each attempt ended by its SQLSTATE.
$node->safe_psql('booking', <<'SQL');
CREATE SCHEMA race;
CREATE UNLOGGED TABLE race.outcomes (what text, sqlstate text);
INSERT INTO customers (full_name) SELECT 'Racer ' || n FROM generate_series(1, 200) AS n;

CREATE FUNCTION race.a_seat() RETURNS text LANGUAGE sql VOLATILE AS
$$ SELECT (1 + floor(random() * 30))::int || substr('ABCDEF', 1 + floor(random() * 6)::int, 1) $$;

CREATE FUNCTION race.attempt() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    dice float8 := random();
    customer bigint := 1 + floor(random() * 200);
    flight bigint := CASE WHEN random() < 0.8 THEN 100 ELSE 101 + floor(random() * 4) END;
    what text;
    result text := 'ok';
    mine bigint;
BEGIN
    BEGIN
        IF dice < 0.35 THEN
            what := 'hold';
            PERFORM booking.create_booking(fixture.wish(flight, ARRAY(SELECT DISTINCT race.a_seat() FROM generate_series(1, 3)), customer => customer));
        ELSIF dice < 0.55 THEN
            what := 'instant';
            PERFORM booking.create_booking(fixture.wish(flight, ARRAY[race.a_seat()], 'instant', '100', customer => customer));
        ELSIF dice < 0.70 THEN
            what := 'any';
            PERFORM booking.create_booking(fixture.trip(customer, flight || ':economy', flight || ':economy'));
        ELSE
            SELECT booking_id INTO mine FROM bookings TABLESAMPLE SYSTEM_ROWS(50)
             WHERE status IN ('held', 'confirmed') ORDER BY random() LIMIT 1;
            IF mine IS NULL THEN RETURN; END IF;
            IF dice < 0.80 THEN
                what := 'pay';
                PERFORM booking.pay(mine, (SELECT total_amount FROM bookings WHERE booking_id = mine), 'EUR');
            ELSIF dice < 0.97 THEN
                what := 'cancel';
                PERFORM booking.cancel(mine);
            ELSE
                what := 'expire';
                PERFORM booking.expire_holds(20);
            END IF;
        END IF;
    EXCEPTION WHEN OTHERS THEN
        result := SQLSTATE;
    END;
    INSERT INTO race.outcomes VALUES (what, result);
END $$;

-- The mistake this engine exists to avoid: look first, then take, without a lock between.
CREATE FUNCTION race.naive() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    seat text := race.a_seat();
    id bigint;
BEGIN
    IF EXISTS (SELECT FROM seats WHERE flight_id = 100 AND seat_number = seat AND status = 'available') THEN
        UPDATE seats SET status = 'booked' WHERE flight_id = 100 AND seat_number = seat;
        INSERT INTO bookings (booking_reference, customer_id, status, total_amount, currency, confirmed_at)
        VALUES (translate(substr(md5(random()::text), 1, 6), '01abcdef', '23ABCDEF'), 1, 'confirmed', 100, 'EUR', now())
        RETURNING booking_id INTO id;
        INSERT INTO booking_items (booking_id, item_no, flight_id, seat_number, passenger_name, price, status)
        VALUES (id, 1, 100, seat, 'Somebody', 100, 'confirmed');
    END IF;
EXCEPTION WHEN unique_violation THEN
    NULL;
END $$;
SQL
$node->safe_psql('booking', q{SET client_min_messages = warning; CREATE EXTENSION IF NOT EXISTS tsm_system_rows});

sub race
{
	my ($statement, $time, $isolation) = @_;
	my $script = $node->basedir . '/race.sql';

	open my $file, '>', $script or die $!;
	print $file "$statement\n";
	close $file;
	local $ENV{PGOPTIONS} = "-c booking.hold_duration=1s -c default_transaction_isolation=$isolation";
	$node->command_ok(
		[ 'pgbench', '-n', '-M', 'prepared', '-c', $clients, '-j', 2, '-T', $time, '--max-tries=1', '-f', $script, 'booking' ],
		"$clients clients, $time s, $isolation");
	return;
}

sub outcomes
{
	my $counts = $node->safe_psql('booking',
		q{SELECT what, sqlstate, count(*) FROM race.outcomes GROUP BY 1, 2 ORDER BY 1, 2});
	note "outcomes:\n$counts";
	return $node->safe_psql('booking', q{SELECT string_agg(DISTINCT sqlstate, ' ' ORDER BY sqlstate) FROM race.outcomes});
}

sub free_the_seats
{
	$node->safe_psql('booking', 'SELECT fixture.reset(); TRUNCATE race.outcomes');
	return;
}

race('SELECT race.attempt()', $seconds, 'read\ committed');
like(outcomes(), qr/^(SB00[13458] ?)+ok$/, 'only business outcomes');
cmp_ok($node->safe_psql('booking', q{SELECT count(*) FROM race.outcomes WHERE sqlstate = 'ok' AND what IN ('hold', 'instant', 'any')}),
	'>', 180, 'the flight turned over');
is($node->safe_psql('booking', 'SELECT * FROM booking.check_invariants()'), '', 'no violation');
is($node->safe_psql('booking', q{SELECT deadlocks FROM pg_stat_database WHERE datname = 'booking'}), '0', 'no deadlock');
is($node->safe_psql('booking', q{SELECT count(*) <= 180 FROM booking_items WHERE flight_id = 100 AND status NOT IN ('cancelled', 'expired')}),
	't', 'sold no more than there is');

# Callers who chose a stricter isolation pay with serialization failures, and with nothing else.
free_the_seats();
race('SELECT race.attempt()', 4, 'serializable');
like(outcomes(), qr/^((SB00[13458]|40001|23505) ?)+ok$/, 'serializable: business outcomes and serialization failures');
is($node->safe_psql('booking', 'SELECT * FROM booking.check_invariants()'), '', 'serializable: no violation');

free_the_seats();
$node->safe_psql('booking', 'DROP INDEX booking_items_live_seat_key');
race('SELECT race.naive()', 4, 'read\ committed');
cmp_ok($node->safe_psql('booking', q{SELECT count(*) FROM booking.check_invariants() WHERE invariant = 'seat_sold_once'}),
	'>', 0, 'without lock and index seats are sold twice, and the check sees it');

$node->stop;
done_testing();
