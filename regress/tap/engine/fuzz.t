# Mutated requests to booking_api in a live backend: paths, queries, bodies and contexts that were right once. Whatever comes, it
# is answered or refused with a SQLSTATE of ours or for bad data; no internal error, no crash, no broken invariant.

use strict;
use warnings;

use BookingTest;
use JSON::PP ();
use PostgreSQL::Test::Utils;
use Test::More;

my $calls = $ENV{FUZZ_CALLS} // 6000;
my $seed = $ENV{FUZZ_SEED} // 90;
my $json = JSON::PP->new->canonical->allow_nonref->latin1;
my $node = start_node('fuzz');
add_flights($node, 100, 101);
my ($session) = connect_clients($node, 1);
srand $seed;
note "seed $seed, $calls calls";

$session->value("SELECT status FROM booking.create_booking('{\"type\":\"hold\",\"customer_id\":1,\"slices\":[{\"flight_id\":100,\"passengers\":[{\"name\":\"A\",\"seat\":\"1A\"}]}]}')");
my $passenger = { name => 'Ada Lovelace', type => 'adult', seat => '2A' };
my $booking = { type => 'hold', customer_id => 1, fare_code => 'standard', channel => 'web', contact => { email => 'a@b', phone => '1' },
	slices => [ { flight_id => 100, passengers => [ $passenger, { name => 'B', cabin_class => 'economy' } ] } ] };
my $payment = { amount => '100.00', currency => 'EUR', method => 'card' };
my @requests = (
	[ 'POST', '/v1/bookings', {}, $booking, {} ],
	[ 'POST', '/v1/bookings', {}, { %$booking, type => 'instant', payment => { %$payment, amount => 200 } }, { idempotency_key => 'k' } ],
	[ 'POST', '/v1/booking_batches', {}, { mode => 'each', bookings => [ $booking, $booking ] }, {} ],
	[ 'POST', '/v1/booking_batches', {}, { mode => 'all', bookings => [$booking] }, {} ],
	[ 'POST', '/v1/bookings/1/payments', {}, $payment, { if_match => '"1"' } ],
	[ 'POST', '/v1/bookings/1/cancellations', {}, { items => [ 1, 2 ] }, {} ],
	[ 'POST', '/v1/bookings/1/changes', {}, { items => [ { item_no => 1, flight_id => 101, seat => '3A' } ] }, {} ],
	[ 'PUT', '/v1/bookings/1/items/1/seat', {}, { seat => '4A', payment => $payment }, {} ],
	[ 'POST', '/v1/customers', {}, { full_name => 'X', email => 'x@y', phone => '1', country => 'GB' }, {} ],
	[ 'GET', '/v1/flights', { origin => 'LHR', destination => 'JFK', departure_date => '2026-12-01', passengers => '2', cabin_class => 'economy',
			limit => '5', after => '1.1', max_connections => '1', after_connection => '1.1.1' }, undef, {} ],
	[ 'GET', '/v1/flights/100/seat_map', {}, undef, {} ],
	[ 'GET', '/v1/bookings', { booking_reference => 'ABCDEF', last_name => 'Lovelace' }, undef, {} ],
	[ 'GET', '/v1/airports', { query => 'lon' }, undef, {} ]);
my @odd = (undef, \1, \0, 0, -1, 1.5, 1e30, 9223372036854775807, '', ' ', 'x' x 300, "\x{e4}", '%', "'", '{}', '12A', '0A', '99Z', '1e400', '89.00',
	'-0.00', 'NaN', 'Infinity', '2026-02-30', [], {}, [ [] ], [ 1 .. 70 ], { a => { b => { c => [] } } });

sub copy { my ($value) = @_; return $json->decode($json->encode($value)) }

# Changes one place in a structure: another value, a field that is gone, doubled or misnamed.
sub mutate
{
	my ($value) = @_;

	if (ref $value eq 'HASH' && %$value && rand() < 0.9)
	{
		my $key = pick(sort keys %$value);
		my $dice = rand;

		if ($dice < 0.15) { delete $value->{$key} }
		elsif ($dice < 0.2) { $value->{ $key . 'x' } = delete $value->{$key} }
		else { $value->{$key} = mutate($value->{$key}) }
		return $value;
	}
	if (ref $value eq 'ARRAY' && @$value && rand() < 0.9)
	{
		my $at = int rand @$value;

		if (rand() < 0.2) { push @$value, copy($value->[$at]) for 1 .. pick(1, 9, 60) }
		else { $value->[$at] = mutate($value->[$at]) }
		return $value;
	}
	return rand() < 0.5 && defined $value && !ref $value ? mutate_text("$value") : copy(pick(@odd));
}

sub mutate_text
{
	my ($text) = @_;

	for (1 .. 1 + int rand 3)
	{
		my $at = int rand(1 + length $text);
		my $dice = rand;

		if ($dice < 0.3) { substr $text, $at, 1, '' if $at < length $text }
		elsif ($dice < 0.6) { substr $text, $at, 0, pick('0', '9', 'A', ' ', '/', '"', '.', '-', "\x{e4}", '{', '}', '%', "\t") }
		else { substr $text, $at, 0, substr($text, 0, int rand 20) }
	}
	return $text;
}

sub quoted { my ($text) = @_; $text =~ s/'/''/g; return utf8_bytes("'$text'") }
sub utf8_bytes { my ($text) = @_; utf8::encode($text); return $text }
sub as_json { my ($value) = @_; return defined $value ? quoted(JSON::PP->new->canonical->allow_nonref->encode($value)) . '::jsonb' : 'NULL' }

my %states;
my @bad;
for my $call (1 .. $calls)
{
	my ($method, $path, $query, $body, $context) = @{ copy(pick(@requests)) };

	$path = mutate_text($path) if rand() < 0.15;
	$query = mutate($query) if rand() < 0.6;
	$body = mutate($body) for 1 .. pick(0, 1, 1, 2);
	$context = mutate($context) if rand() < 0.2;
	my $sql = sprintf 'SELECT status FROM fixture.api(%s, %s, %s, %s, %s)', quoted($method), quoted($path), as_json($query), as_json($body), as_json($context);
	my ($state) = $session->ask($sql);

	$states{$state}++;
	push @bad, "$state: $sql" if $state !~ /^(ok|SB...|22...|23...)$/;
	last if $state eq '08000';
}
note join ', ', map { "$_ $states{$_}" } sort keys %states;
is_deeply(\@bad, [], 'every call was answered, or refused as it should');
cmp_ok($states{ok} // 0, '>', $calls / 50, 'some were right');
cmp_ok($states{SB010} // 0, '>', $calls / 10, 'many were not');
invariants_hold($node, 'after all of them');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|was terminated by signal|leak/, 'the server has nothing to complain of');
$node->stop;
done_testing();
