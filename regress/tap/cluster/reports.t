# Reports that cannot go on: a table or a row that it cannot take, a column that it lacks. Bookings go on, the databases say what
# the matter is, and rejoin makes reports what the primary is.

use strict;
use warnings;

use HTTP::Tiny;
use JSON::PP qw(decode_json);
use NativeCluster;
use Test::More;
use Time::HiRes qw(time);

# What /readyz says of a database, in one text.
sub problems
{
	my ($database) = @_;
	my $answer = HTTP::Tiny->new->get("http://localhost:$port{gateway}/readyz");

	return join "\n", $answer->{status}, @{ decode_json($answer->{content})->{databases}{$database}{problems} // [] };
}

sub become { my ($database, $problem) = @_; return wait_for(sub { problems($database) =~ $problem }, 60) }

sub write_something
{
	my ($email) = @_;

	sql('primary', "INSERT INTO customers (full_name, email) VALUES ('Somebody', '$email')");
	return;
}

sub follows
{
	my ($email) = @_;

	return wait_for(sub { sql('reports', "SELECT count(*) FROM customers WHERE email = '$email'") eq '1' }, 20);
}

# After something that reports cannot take: it stands still, rejoin heals it, and nothing is left to tell.
sub heals
{
	my ($name, $email) = @_;

	write_something($email);
	is(cluster('rejoin'), 0, "$name: rejoin") or diag $said;
	ok(follows($email), "$name: reports follow again");
	ok(become($_, qr/^200$/), "$name: $_ has no problem") for qw(primary reports);
	is(sql($_, 'SELECT * FROM booking.check_schema()'), '', "$name: $_ is as it should be") for qw(primary reports);
	return;
}

is(cluster('up'), 0, 'up') or BAIL_OUT($said =~ s/\s+/ /gr);

# ---------------------------------------------------------------- a new table

sql('primary', 'CREATE TABLE public.extra (id integer PRIMARY KEY)');
sql('primary', 'INSERT INTO public.extra VALUES (1)');
write_something('first@example.com');
ok(follows('first@example.com'), 'a new table on the primary is none of reports\' business');

sql('primary', 'ALTER PUBLICATION reports_publication ADD TABLE public.extra');
sql('primary', 'INSERT INTO public.extra VALUES (2)');
ok(become('primary', qr/^public\.extra is published/m), 'published by hand: the primary says so') or diag problems('primary');
ok(become('reports', qr/^reports_subscription could not apply a change/m), 'and reports that it cannot go on') or diag problems('reports');
like(sql('primary', 'SELECT * FROM booking.check_schema()'), qr/^public\.extra\|is published/, 'check_schema() too');
heals('published by hand', 'second@example.com');

# ---------------------------------------------------------------- a row that is there already

sql('reports', q{INSERT INTO customers (customer_id, full_name) OVERRIDING SYSTEM VALUE VALUES (9000001, 'Somebody else')});
sql('primary', q{INSERT INTO customers (customer_id, full_name) OVERRIDING SYSTEM VALUE VALUES (9000001, 'Ada Lovelace')});
ok(become('reports', qr/^reports_subscription could not apply a change/m), 'a conflicting row: reports say that they cannot go on');
ok(wait_for(sub { sql('reports', 'SELECT problem FROM booking.check_schema()') =~ /could not apply a change/ }), 'check_schema() too');
heals('conflicting row', 'third@example.com');
is(sql('reports', 'SELECT full_name FROM customers WHERE customer_id = 9000001'), 'Ada Lovelace', 'the primary\'s row is there');

# ---------------------------------------------------------------- a transaction that takes long to apply

sql('reports', q{CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(18); RETURN new; END'});
sql('reports', 'CREATE TRIGGER slow BEFORE INSERT ON customers FOR EACH ROW EXECUTE FUNCTION slow()');
sql('reports', 'ALTER TABLE customers ENABLE ALWAYS TRIGGER slow');
write_something('slow@example.com');
ok(wait_for(sub { sql('reports', q{SELECT count(*) FROM customers WHERE email = 'slow@example.com'}) eq '1' }, 60), 'a slow transaction is applied');
unlike(slurp("$run/log/primary.log"), qr/terminating walsender process due to replication timeout/, 'and not cut off');
sql('reports', 'DROP FUNCTION slow() CASCADE');

# ---------------------------------------------------------------- a column that reports lack

sql('primary', 'ALTER TABLE fares ADD COLUMN note text');
sql('primary', q{UPDATE fares SET note = 'x'});
ok(become('reports', qr/^reports_subscription could not apply a change/m), 'a new column: reports say that they cannot go on');
isnt(cluster('rejoin'), 0, 'which rejoin cannot repair');
like($said, qr/reports lack public\.fares\.note/, 'and says what is missing');

# ---------------------------------------------------------------- and reports that cannot be made

is(cluster('backup'), 0, 'backup') or diag $said;
is(cluster('down'), 0, 'down') or diag $said;
is(cluster('restore', 'end'), 0, 'restore') or diag $said;
my $begun = time;
isnt(cluster('up'), 0, 'up cannot make reports');
cmp_ok(time - $begun, '<', 180, 'says so soon');
note $said;
like($said, qr/note/, 'and why');
is((split /\n/, problems('primary'))[0], '200', 'the gateway is up and ready');
is(sql('hot_backup', 'SELECT pg_is_in_recovery()'), 't', 'so is the hot backup');
sql('primary', 'ALTER TABLE fares DROP COLUMN note');
is(cluster('up'), 0, 'up makes reports when it can') or diag $said;
write_something('fourth@example.com');
ok(follows('fourth@example.com'), 'and they follow');

done_testing();
