# Random operations with a fixed seed. First one after the other, through sessions picked at random, each outcome compared
# with a model that knows nothing of SQL: seats, bookings, prices, penalties, refunds, errors. Then by several sessions at once,
# in rounds, the invariants checked after each.

use strict;
use warnings;

use BookingTest;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seed = $ENV{PROPERTY_SEED} // 75;
my $operations = $ENV{PROPERTY_OPERATIONS} // 2500;
my $rounds = $ENV{PROPERTY_ROUNDS} // 5;

my $node = start_node('property');
$node->safe_psql('booking', 'SELECT fixture.flight(3, 3), fixture.flight(4, 1)');
my @sessions = connect_clients($node, 6);
srand($seed);
note "seed $seed";

# ---------------------------------------------------------------- the model

# Amounts are in cents. Fees are percentages by fare and flight: flights 1 and 2 leave in a month, so a purchase of today is
# refunded in full; flight 3 leaves in three days, flight 4 tomorrow.
my %factor = (basic => 85, standard => 100, flex => 130);
my %cancellation_fee = (basic => [ 0, 0, 100, 100 ], standard => [ 0, 0, 30, 75 ], flex => [ 0, 0, 0, 0 ]);
my %change_fee = (standard => [ 0, 0, 20, 50 ], flex => [ 0, 0, 0, 0 ]);
my %price = (1 => { business => 49995, economy => 9999 }, 2 => { business => 50000, economy => 10000 },
	3 => { business => 33333, economy => 7333 }, 4 => { business => 61205, economy => 4105 });

my (%seat, %booking, @bookings, @lapsed, @quotes);
for my $flight (keys %price)
{
	for my $row (1 .. 5)
	{
		my $cabin = $row <= 2 ? 'business' : 'economy';

		$seat{"$flight:$row$_"} = { status => 'available', cabin => $cabin, price => $price{$flight}{$cabin} } for 'A' .. 'D';
		$node->safe_psql('booking', "UPDATE seats SET price = $price{$flight}{$cabin} / 100.0 WHERE flight_id = $flight AND seat_number ~ '^$row'");
	}
}

sub percent { my ($amount, $percent) = @_; return int(($amount * $percent + 50) / 100) }
sub money { my ($cents) = @_; return sprintf '%s%d.%02d', $cents < 0 ? '-' : '', abs($cents) / 100, abs($cents) % 100 }
sub live { return grep { $_->{status} eq 'held' || $_->{status} eq 'confirmed' } @{ $_[0]{items} } }
sub key { my ($item) = @_; return "$item->{flight}:$item->{seat}" }

# Who holds a seat after its deadline holds it no more.
sub claimable
{
	my ($seat) = @_;

	return $seat->{status} eq 'available' || ($seat->{status} eq 'held' && $booking{ $seat->{item}{booking} }{lapsed});
}

sub take
{
	my ($item) = @_;
	my $seat = $seat{ key($item) };

	$seat->{item}{status} = 'expired' if $seat->{status} eq 'held';
	@$seat{qw(status item)} = ($item->{status} eq 'held' ? 'held' : 'booked', $item);
	return;
}

# Who is on a flight already, over all bookings of the one customer
sub aboard
{
	my ($name, $flight) = @_;

	return grep { /^$flight:/ && !claimable($seat{$_}) && lc $seat{$_}{item}{name} eq lc $name } keys %seat;
}

sub release { my ($item) = @_; @{ $seat{ key($item) } }{qw(status item)} = ('available', undef); return }

sub total
{
	my ($booking) = @_;
	my $total = 0;

	for my $item (@{ $booking->{items} })
	{
		$total += $item->{fee} + ($item->{status} eq 'cancelled' ? $item->{penalty} : $item->{price});
	}
	return $total;
}

# What stands in the way of changing a booking, as an SQLSTATE; nothing if it is alive.
sub dead
{
	my ($booking) = @_;

	return 'SB011' if !$booking;
	return 'SB005' if $booking->{status} eq 'cancelled';
	return 'SB003' if $booking->{status} eq 'expired' || $booking->{lapsed};
	return;
}

sub settle
{
	my ($booking) = @_;

	$booking->{version}++;
	$booking->{total} = total($booking);
	$booking->{status} =
	    !live($booking) ? 'cancelled'
	  : $booking->{status} eq 'held' ? 'held'
	  : (grep { $_->{status} eq 'cancelled' } @{ $booking->{items} }) ? 'partially_cancelled'
	  : $booking->{status};
	return;
}

# Refund and penalty of cancelling items
sub terms
{
	my ($booking, @items) = @_;
	my ($refund, $penalty) = (0, 0);

	for my $item (@items)
	{
		next if $item->{status} eq 'held';
		my $kept = percent($item->{price}, $cancellation_fee{ $booking->{fare} }[ $item->{flight} - 1 ]);

		$penalty += $kept;
		$refund += $item->{price} - $kept;
	}
	return ($refund, $penalty);
}

sub cancel_items
{
	my ($booking, @items) = @_;

	for my $item (@items)
	{
		$item->{penalty} = (terms($booking, $item))[1];
		$booking->{paid} -= (terms($booking, $item))[0];
		$item->{status} = 'cancelled';
		release($item);
	}
	settle($booking);
	return;
}

# ---------------------------------------------------------------- the operations: each asks the engine and moves the model

my $operation = 0;
my (%outcomes, $wrong);

# Compares an outcome with the expected one: SQLSTATE, then the columns of the row.
sub same
{
	my ($what, $got, $expected) = @_;
	my ($got_text, $expected_text) = map { join ' ', map { $_ // 'null' } @$_ } $got, $expected;

	$outcomes{"$what $expected->[0]"}++;
	return 1 if $got_text eq $expected_text;
	$wrong = "operation $operation, $what: got $got_text, expected $expected_text";
	return 0;
}

sub ask
{
	my ($sql) = @_;
	my ($state, @rows) = pick(@sessions)->ask($sql);

	return $state eq 'ok' ? ($state, @{ $rows[0] // [] }) : ($state);
}

# Mostly one that has a seat; now and then one that there never was
sub a_booking
{
	my $item = $seat{ pick(1 .. 4) . ':' . (1 + int rand 5) . pick('A' .. 'D') }{item};

	return 999_999 if !@bookings || rand() < 0.01;
	return $item && rand() < 0.8 ? $item->{booking} : pick(@bookings);
}

sub first_refusal
{
	my (@items) = @_;

	for my $i (0 .. $#items)
	{
		for my $j ($i + 1 .. $#items)
		{
			next if $items[$i]{flight} != $items[$j]{flight};
			return 'SB008' if lc $items[$i]{name} eq lc $items[$j]{name};
			return 'SB010' if $items[$i]{seat} eq $items[$j]{seat};
		}
	}
	return 'SB008' if grep { aboard($_->{name}, $_->{flight}) } @items;
	return (grep { !claimable($seat{ key($_) }) } @items) ? 'SB001' : undef;
}

sub create
{
	my $instant = rand() < 0.4;
	my $fare = pick(qw(basic standard standard flex));
	my $flight = pick(1 .. 4);
	my @items = map { { flight => rand() < 0.8 ? $flight : pick(1 .. 4), seat => (1 + int rand 5) . pick('A' .. 'D'),
		name => pick('Ann', 'ann', 'Bob', 'Cy', 'Di', 'Ed', 'Flo', 'Gus', 'Ida') . pick('', map { " $_" } 1 .. 12), penalty => 0, fee => 0 } } 1 .. 1 + int rand 3;
	my $amount = 0;

	$items[-1]{name} = $items[0]{name} if rand() < 0.2;    # a round trip, perhaps
	for my $item (@items)
	{
		$item->{price} = percent($seat{ key($item) }{price}, $factor{$fare});
		$item->{status} = $instant ? 'confirmed' : 'held';
		$amount += $item->{price};
	}
	my $offer = rand() < 0.1 ? $amount + pick(-1, 1) : $amount;
	my $refusal = first_refusal(@items) // ($instant && $offer != $amount ? 'SB006' : undef);
	my ($state, $id, $status, $total) = ask('SELECT booking_id, status, total_amount FROM booking.create_booking('
		  . wish($instant ? 'instant' : 'hold', [ map { [ @$_{qw(flight seat name)} ] } @items ], customer_id => 1, fare_code => $fare,
			$instant ? (payment => { amount => money($offer), currency => 'EUR' }) : ()) . ')');

	same('create', [ $state, $status, $total ], defined $refusal ? [ $refusal, undef, undef ]
		: [ 'ok', $instant ? 'confirmed' : 'held', money($amount) ]) && !defined $refusal or return;
	$booking{$id} = { items => \@items, fare => $fare, status => $status, total => $amount, paid => $instant ? $amount : 0,
		lapsed => 0, version => 1 };
	push @bookings, $id;
	$_->{booking} = $id for @items;
	take($_) for @items;
	return;
}

# Any seats of a cabin: which ones is the engine's choice, as long as they can be had.
sub create_any
{
	my ($flight, $cabin, $count) = (pick(1 .. 4), pick('business', 'economy'), 1 + int rand 4);
	my $possible = $count <= grep { /^$flight:/ && $seat{$_}{cabin} eq $cabin && claimable($seat{$_}) } keys %seat;
	my @names = map { "Any $operation $_" } 1 .. $count;
	my ($state, $id) = ask('SELECT booking_id FROM booking.create_booking(' . wish('hold', [ map { [ $flight, $cabin, $_ ] } @names ], customer_id => 1) . ')');

	same('create any', [$state], [ $possible ? 'ok' : 'SB001' ]) && $possible or return;
	my @seats = split / /, (ask("SELECT string_agg(seat_number, ' ' ORDER BY item_no) FROM booking.booking_items($id)"))[1];
	my %different = map { $_ => 1 } grep { $seat{"$flight:$_"}{cabin} eq $cabin && claimable($seat{"$flight:$_"}) } @seats;

	same('any seats', [ scalar @seats, scalar keys %different ], [ $count, $count ]) or return;
	my @items = map { { booking => $id, flight => $flight, seat => $_, name => shift @names, price => $price{$flight}{$cabin},
		status => 'held', penalty => 0, fee => 0 } } @seats;

	$booking{$id} = { items => \@items, fare => 'standard', status => 'held', total => $count * $price{$flight}{$cabin}, paid => 0,
		lapsed => 0, version => 1 };
	push @bookings, $id;
	take($_) for @items;
	return;
}

sub pay
{
	my $id = a_booking();
	my $booking = $booking{$id};
	my $offer = ($booking ? $booking->{total} : 1) + (rand() < 0.1 ? 1 : 0);
	my $refusal = dead($booking);

	$refusal //= 'SB004' if $booking && $booking->{status} ne 'held';
	$refusal //= 'SB006' if $booking && $offer != $booking->{total};
	my ($state, $status) = ask("SELECT status FROM booking.pay($id, " . money($offer) . q{, 'EUR')});
	my $becomes = $booking && (grep { $_->{status} eq 'cancelled' } @{ $booking->{items} }) ? 'partially_cancelled' : 'confirmed';

	same('pay', [ $state, $status ], defined $refusal ? [ $refusal, undef ] : [ 'ok', $becomes ]) && !defined $refusal or return;
	@$booking{qw(status paid)} = ($becomes, $offer);
	$booking->{version}++;
	@{ $seat{ key($_) } }{qw(status)} = ('booked') for live($booking);
	$_->{status} = 'confirmed' for live($booking);
	return;
}

# Items to cancel by their numbers, and what stands in the way
sub some_items
{
	my ($booking) = @_;
	my @items = $booking ? @{ $booking->{items} } : ();
	my @numbers = rand() < 0.5 ? () : grep { rand() < 0.5 } 1 .. @items + (rand() < 0.1);
	my $refusal = dead($booking);

	$refusal //= 'SB010' if grep { !defined $items[ $_ - 1 ] || $items[ $_ - 1 ]{status} !~ /held|confirmed/ } @numbers;

	return ($refusal, @numbers ? sprintf(q{, '{%s}'}, join ',', @numbers) : '',
		defined $refusal ? () : @numbers ? @items[ map { $_ - 1 } @numbers ] : live($booking));
}

sub cancel
{
	my $id = a_booking();
	my ($refusal, $argument, @items) = some_items($booking{$id});
	my ($state, @amounts) = ask("SELECT refund_amount, penalty_amount FROM booking.cancel($id$argument)");

	same('cancel', [ $state, @amounts ], defined $refusal ? [$refusal] : [ 'ok', map { money($_) } terms($booking{$id}, @items) ])
	  && !defined $refusal or return;
	$_->{newest} = 0 for grep { $_->{booking} == $id } @quotes;
	cancel_items($booking{$id}, @items);
	return;
}

sub quote
{
	my $id = a_booking();
	my ($refusal, $argument, @items) = some_items($booking{$id});
	my ($state, $quote, @amounts) = ask("SELECT cancellation_id, refund_amount, penalty_amount FROM booking.quote_cancellation($id$argument)");

	same('quote', [ $state, @amounts ], defined $refusal ? [$refusal] : [ 'ok', map { money($_) } terms($booking{$id}, @items) ])
	  && !defined $refusal or return;
	$_->{newest} = 0 for grep { $_->{booking} == $id } @quotes;
	push @quotes, { id => $quote, booking => $id, version => $booking{$id}{version}, items => \@items, newest => 1, done => 0 };
	return;
}

sub confirm
{
	return if !@quotes;
	my $quote = rand() < 0.8 ? $quotes[-1] : pick(@quotes);
	my $booking = $booking{ $quote->{booking} };
	my $refusal = dead($booking) // ($quote->{done} ? 'SB005'
		: !$quote->{newest} || $quote->{version} != $booking->{version} ? 'SB007' : undef);
	my ($state, @amounts) = ask("SELECT refund_amount, penalty_amount FROM booking.confirm_cancellation($quote->{id})");

	same('confirm', [ $state, @amounts ], defined $refusal ? [$refusal] : [ 'ok', map { money($_) } terms($booking, @{ $quote->{items} }) ])
	  && !defined $refusal or return;
	$quote->{done} = 1;
	cancel_items($booking, @{ $quote->{items} });
	return;
}

# Moves an item to another seat or flight by quote and confirmation, paying what is due.
sub move
{
	my $id = a_booking();
	my $booking = $booking{$id};
	my $number = 1 + int rand($booking ? @{ $booking->{items} } : 1);
	my $item = $booking ? $booking->{items}[ $number - 1 ] : { flight => 1 };
	my %new = (%$item, flight => pick(1 .. 4, map { $_->{flight} } $booking ? @{ $booking->{items} } : ()), seat => (1 + int rand 5) . pick('A' .. 'D'));
	my $elsewhere = $new{flight} != $item->{flight};
	my $refusal = dead($booking);

	$refusal //= 'SB010' if $item->{status} && $item->{status} !~ /held|confirmed/;
	$refusal //= 'SB019' if $booking && $elsewhere && $booking->{fare} eq 'basic';
	my ($fee, $due) = (0, 0);
	if (!defined $refusal)
	{
		$new{price} = percent($seat{ key(\%new) }{price}, $factor{ $booking->{fare} });
		$fee = percent($item->{price}, $change_fee{ $booking->{fare} }[ $item->{flight} - 1 ]) if $elsewhere && $item->{status} eq 'confirmed';
		# What a cancellation would keep of a difference in the passenger's favour, the change keeps as well.
		$fee += percent($item->{price} - $new{price}, $cancellation_fee{ $booking->{fare} }[ $item->{flight} - 1 ])
		  if $new{price} < $item->{price} && $item->{status} eq 'confirmed';
		$due = $new{price} - $item->{price} + $fee;
	}
	my ($state, $change, @amounts) = ask('SELECT change_id, change_amount, fee_amount FROM booking.quote_change('
		  . qq|$id, '{"items": [{"item_no": $number, "flight_id": $new{flight}, "seat": "$new{seat}"}]}')|);

	same('quote change', [ $state, @amounts ], defined $refusal ? [$refusal] : [ 'ok', money($due), money($fee) ])
	  && !defined $refusal or return;
	my $pays = $booking->{status} ne 'held' && $due > 0;
	my $offer = $due + (rand() < 0.1 ? 1 : 0);

	$refusal = 'SB006' if $pays && $offer != $due;
	$refusal //= 'SB008' if $elsewhere && aboard($item->{name}, $new{flight});
	$refusal //= 'SB001' if !claimable($seat{ key(\%new) });
	($state) = ask("SELECT FROM booking.confirm_change($change" . ($pays ? ', ' . money($offer) . q{, 'EUR'} : '') . ')');
	same('confirm change', [$state], [ $refusal // 'ok' ]) && !defined $refusal or return;
	release($item);
	%$item = (%new, fee => $item->{fee} + $fee);
	take($item);
	settle($booking);
	$booking->{paid} += $due if $booking->{status} ne 'held';
	return;
}

sub lapse
{
	my $id = a_booking();

	return if !$booking{$id} || $booking{$id}{status} ne 'held' || $booking{$id}{lapsed};
	ask("SELECT fixture.lapse($id)");
	$booking{$id}{lapsed} = 1;
	push @lapsed, $booking{$id};
	return;
}

sub sweep
{
	my $limit = 1 + int rand 5;
	my @swept = splice @lapsed, 0, $limit;

	same('sweep', [ ask("SELECT booking.expire_holds($limit)") ], [ 'ok', scalar @swept ]) or return;
	for my $booking (@swept)
	{
		for my $item (live($booking))
		{
			$item->{status} = 'expired';
			release($item);
		}
		@$booking{qw(status total lapsed)} = ('expired', 0, 0);
		$booking->{version}++;
	}
	return;
}

sub search
{
	my ($flight, $cabin) = (pick(1 .. 4), pick('business', 'economy'));
	my $free = grep { /^$flight:/ && $seat{$_}{cabin} eq $cabin && claimable($seat{$_}) } keys %seat;

	same('search', [ ask(<<"SQL") ], [ 'ok', $free, $free > 0 ? money($price{$flight}{$cabin}) : undef ]);
SELECT COALESCE(max(s.seats_available), 0), min(s.price_from)
  FROM flights AS f,
       booking.search_flights('LHR', 'JFK', (f.scheduled_departure AT TIME ZONE 'Europe/London')::date, 1, '$cabin') AS s
 WHERE f.flight_id = $flight AND s.flight_id = f.flight_id
SQL
	return;
}

# Everything there is, in the engine and in the model
sub compare_all
{
	my $seats = join ' ', map { "$_=" . (claimable($seat{$_}) ? 'available' : $seat{$_}{status}) } sort keys %seat;
	my $bookings = join ' ', map {
		my $booking = $booking{$_};
		join ':', $_, $booking->{status}, money($booking->{total}), money($booking->{paid}),
		  map { "$_->{flight}/$_->{seat}/$_->{status}/" . money($_->{price}) . '/' . money($_->{penalty}) } @{ $booking->{items} }
	} @bookings;

	same('all seats', [ ask(<<'SQL') ], [ 'ok', $seats ]) or return;
SELECT string_agg(f || ':' || seat_number || '=' || status, ' ' ORDER BY f::text || ':' || seat_number COLLATE "C")
  FROM generate_series(1, 4) AS f, booking.seat_map(f)
SQL
	same('all bookings', [ ask(<<'SQL') ], [ 'ok', $bookings ]);
SELECT string_agg(concat_ws(':', b.booking_id, b.status, b.total_amount,
                            COALESCE((SELECT sum(amount) FROM payments AS p WHERE p.booking_id = b.booking_id), 0.00), i.items), ' '
                  ORDER BY b.booking_id)
  FROM bookings AS b,
       LATERAL (SELECT string_agg(concat_ws('/', flight_id, seat_number, status, price, penalty_amount), ':' ORDER BY item_no)
                  FROM booking_items AS i WHERE i.booking_id = b.booking_id) AS i (items)
SQL
	return;
}

my @weighted = ((\&create) x 8, (\&create_any) x 2, (\&pay) x 5, (\&cancel) x 6, (\&quote) x 3, (\&confirm) x 3, (\&move) x 4,
	(\&lapse) x 4, (\&sweep) x 1, (\&search) x 1);

while ($operation < $operations && !defined $wrong)
{
	$operation++;
	pick(@weighted)->();
	compare_all() if !defined $wrong && ($operation % 100 == 0 || $operation == $operations);
}
note shown(\%outcomes);
is($wrong, undef, "$operation operations do what the model does");
invariants_hold($node, 'one after the other');
is(join(' ', grep { !$outcomes{$_} } 'create ok', 'create SB001', 'create SB006', 'create SB008', 'create any ok', 'pay ok', 'pay SB003',
		'pay SB004', 'pay SB005', 'pay SB006', 'cancel ok', 'cancel SB003', 'cancel SB005', 'cancel SB010', 'confirm ok', 'confirm SB007',
		'confirm change ok', 'confirm change SB001', 'quote change SB019', 'sweep ok'),
	'', 'every kind of outcome came about');

# ---------------------------------------------------------------- at once

$node->safe_psql('booking', q{SELECT fixture.reset(); ALTER DATABASE booking SET booking.hold_duration = '1s'});
add_flights($node, 101, 104);
@sessions = connect_clients($node, 8);
for my $round (1 .. $rounds)
{
	my $count = tally(run_clients($seed * 1000 + $round * 10, \@sessions, sub {
		my ($session) = @_;
		my %count;
		my $last = 20;

		for (1 .. 150)
		{
			my $sql = random_call($last);
			my ($state, @rows) = $session->ask($sql);

			$last = $rows[0][0] if $state eq 'ok' && $sql =~ /^SELECT booking_id FROM booking.create/;
			$count{$state}++;
		}
		return \%count;
	}));

	note "round $round: " . shown($count);
	is(join(' ', grep { !is_business($_) } keys %$count), '', "round $round: only business outcomes");
	invariants_hold($node, "round $round");
}

$node->stop;
done_testing();
