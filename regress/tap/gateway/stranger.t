# A stranger with an HTTP client, on the real extension: what they cannot read, guess, alter, learn or use again.

use strict;
use warnings;

use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use List::Util qw(sum);
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use BookingTest;
use Gateway;

my $node = start_node('stranger', roles => 1);
add_flights($node, 100, 103);
$node->safe_psql('booking', q{UPDATE booking_private.rate_limits SET requests = 0, bookings = 0, held_seats = 0 WHERE caller = 'stranger'});
my $gateway = Gateway->start(DATABASE_URL => $node->connstr('booking') . ' user=booking_app');
my $patience = $Gateway::patience;
my $http = HTTP::Tiny->new(timeout => 30);

sub sql { return $node->safe_psql('booking', $_[0]) }

# A request; status, decoded body, response. Without a credential unless one is given.
sub ask
{
	my ($method, $path, $body, $credential) = @_;
	my $answer = $http->request($method, $gateway->url($path), {
		headers => { 'Content-Type' => 'application/json', $credential ? (Authorization => "Bearer $credential") : () },
		$body ? (content => encode_json($body)) : () });

	return ($answer->{status}, eval { decode_json($answer->{content}) } // {}, $answer);
}

sub guest { my ($name, $email) = @_; return { full_name => $name, email => $email } }

sub wish_of
{
	my ($flight, $name, $email) = @_;
	return { type => 'hold', customer => guest($name, $email), slices => [ { flight_id => $flight, passengers => [ { name => $name, cabin_class => 'economy' } ] } ] };
}

# ---------------------------------------------------------------- somebody's bookings

my (undef, $mine, $answer) = ask('POST', '/v1/bookings', wish_of(100, 'Grace Hopper', 'grace@example.com'));
my $token = $answer->{headers}{'booking-token'};
$node->safe_psql('booking', q{INSERT INTO booking_private.payment_providers (provider, secret) VALUES ('simulated', sha256('simulated'))});
my (undef, $intent) = ask('POST', "/v1/bookings/$mine->{booking_id}/payment_intents", {}, $token);
is((ask('POST', '/v1/simulated_payments', { intent_id => $intent->{intent_id}, type => 'succeeded' }, $token))[1]->{status}, 'succeeded', 'a guest books and pays');
my (undef, $quote) = ask('POST', "/v1/bookings/$mine->{booking_id}/cancellations", {}, $token);
my (undef, $change) = ask('POST', "/v1/bookings/$mine->{booking_id}/changes", { items => [ { item_no => 1, seat => '30F' } ] }, $token);
is((ask('GET', "/v1/cancellations/$quote->{cancellation_id}", undef, $token))[0], 200, 'and reads what is theirs');

# What a stranger might have changed
sub state_of_all
{
	return sql(q{SELECT md5(string_agg(b::text, '' ORDER BY booking_id)) FROM bookings AS b}) . sql(q{SELECT md5(string_agg(c::text, '' ORDER BY customer_id)) FROM customers AS c})
	  . sql('SELECT count(*) FROM payments') . sql('SELECT count(*) FROM booking_changes') . sql('SELECT count(*) FROM cancellations');
}
my $before = state_of_all();

subtest 'enumeration' => sub {
	my %seen;
	my $last = $mine->{booking_id} + 3;

	for my $path (qw(bookings payments cancellations changes))
	{
		for my $id (1 .. $last)
		{
			my ($status, $json) = ask('GET', "/v1/$path/$id");
			delete @$json{qw(instance)};
			$seen{ "$path $status " . JSON::PP->new->canonical->encode($json) =~ s/\b$id\b/N/gr }++;
		}
	}
	is(scalar keys %seen, 4, 'whatever is there answers as what is not') or diag join "\n", %seen;
	is((ask('GET', $_))[0], 401, "$_ needs a key") for "/v1/customers/1", '/v1/customers?email=grace@example.com', '/v1/bookings?customer_id=1', '/v1/api_keys', '/v1/replication';
};

subtest 'altering' => sub {
	my %answers;
	my @requests = (
		[ POST => "/v1/bookings/$mine->{booking_id}/payment_intents", {} ], [ POST => '/v1/simulated_payments', { intent_id => $intent->{intent_id}, type => 'failed' } ], [ GET => "/v1/payment_intents/$intent->{intent_id}" ],
		[ POST => '/v1/payment_events', { event_id => 'e', type => 'succeeded', intent_id => $intent->{intent_id}, amount => '100.00', currency => 'EUR' } ], [ POST => "/v1/bookings/$mine->{booking_id}/payments", { amount => '100.00', currency => 'EUR' } ], [ POST => "/v1/bookings/$mine->{booking_id}/cancellations", {} ],
		[ POST => "/v1/cancellations/$quote->{cancellation_id}/actions/confirm" ], [ POST => "/v1/changes/$change->{change_id}/actions/confirm" ],
		[ POST => "/v1/bookings/$mine->{booking_id}/changes", { items => [ { item_no => 1, seat => '30E' } ] } ], [ PUT => "/v1/bookings/$mine->{booking_id}/items/1/seat", { seat => '30D' } ],
		[ DELETE => "/v1/bookings/$mine->{booking_id}/tokens" ], [ PATCH => '/v1/customers/1', { email => 'mine@example.com' } ], [ POST => '/v1/etl_runs', {} ],
		[ POST => '/v1/api_keys', { client => 'me', roles => ['admin'] } ], [ POST => '/v1/booking_batches', { mode => 'all', bookings => [ wish_of(100, 'X', 'x@example.com') ] } ]);

	$answers{ (ask(@$_))[0] }++ for @requests;
	is_deeply(\%answers, { 404 => 9, 401 => 5, 503 => 1 }, 'is refused; the ETL has no database here') or diag explain \%answers;
	is(state_of_all(), $before, 'and nothing has changed');
	is((ask('GET', "/v1/bookings/$mine->{booking_id}", undef, $token))[0], 200, 'the token still holds');
};

# ---------------------------------------------------------------- guessing

subtest 'guessing a last name, eight at a time' => sub {
	my $reference = $mine->{booking_reference};
	my @names = map { my $first = $_; map { $first . $_ } 'a' .. 'z' } 'A' .. 'Z';
	my @guessers;
	my $begun = time;

	for my $number (1 .. 8)
	{
		pipe(my $read, my $write) or die $!;
		my $pid = fork() // die $!;
		if ($pid == 0)
		{
			my %count;
			my $client = HTTP::Tiny->new(timeout => 30);

			for my $name (@names[ grep { $_ % 8 == $number - 1 } 0 .. $#names ])
			{
				my $said = $client->post($gateway->url('/v1/booking_tokens'), { headers => { 'Content-Type' => 'application/json' },
					content => encode_json({ booking_reference => $reference, last_name => $name }) });
				$count{ $said->{status} }++;
			}
			syswrite($write, join ' ', %count);
			POSIX::_exit(0);
		}
		close $write;
		push @guessers, [ $pid, $read ];
	}
	my %count;
	for (@guessers)
	{
		my ($pid, $read) = @$_;
		my %one = split / /, scalar <$read>;

		waitpid $pid, 0;
		$count{$_} += $one{$_} for keys %one;
	}
	my $seconds = time - $begun;
	note sprintf('%d guesses in %.1f s, %.0f a second: %s', sum(values %count), $seconds, sum(values %count) / $seconds, join ', ', map { "$count{$_} x $_" } sort keys %count);
	is($count{201} // 0, 0, 'none is right');
	is($count{404}, 5, 'five were judged');
	is(sum(map { $count{$_} // 0 } 404, 429, 503), scalar @names, 'and no other was');
	my ($status, $json, $said) = ask('POST', '/v1/booking_tokens', { booking_reference => $reference, last_name => 'Hopper' });
	is("$status $json->{code}", '429 too_many_attempts', 'nor is the right one now');
	cmp_ok($said->{headers}{'retry-after'}, '>', 3000, 'for the rest of the hour');
	is((ask('GET', "/v1/bookings/$mine->{booking_id}", undef, $token))[0], 200, 'a token of the booking is heard');
	is((ask('GET', "/v1/bookings?booking_reference=$reference&last_name=hopper", undef, $key))[0], 200, 'and so is an agent');
};

subtest 'guessing references' => sub {
	my %count;

	sql('DELETE FROM booking_private.failed_attempts');
	$count{ (ask('GET', "/v1/bookings?last_name=hopper&booking_reference=ZZ$_"))[0] }++ for 'AAAA' .. 'AABF';
	is_deeply(\%count, { 404 => 20, 429 => 12 }, 'twenty of an hour are judged');
	sql('DELETE FROM booking_private.failed_attempts');
};

# ---------------------------------------------------------------- learning

# A POST in one piece: a client that sends head and body apart waits for the acknowledgement of the head.
sub post_at_once
{
	my ($path, $body) = @_;
	my $text = encode_json($body);
	my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->{port}) or die $!;

	$socket->syswrite("POST $path HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: " . length($text) . "\r\n\r\n$text");
	my $answer = do { local $/; <$socket> };
	my ($status, $json) = $answer =~ m{\AHTTP/1.1 (\d+).*?\r\n\r\n(.*)\z}s;
	return ($status, decode_json($json));
}

# The median milliseconds of what each of two does, in turn.
sub compare
{
	my ($times, @works) = @_;
	my @took;

	for my $n (1 .. $times)
	{
		for my $i (0 .. $#works)
		{
			my $begun = time;
			$works[$i]->($n);
			push @{ $took[$i] }, 1000 * (time - $begun);
		}
	}
	return map { (sort { $a <=> $b } @$_)[ $times / 2 ] } @took;
}

sub alike
{
	my ($one, $other, $name) = @_;
	note sprintf('%s: %.2f and %.2f ms', $name, $one, $other);
	return cmp_ok(abs($one - $other), '<', 0.3 * $one + 0.3, "$name take as long");
}

subtest 'who has an e-mail address' => sub {
	my %answers;
	sql(q{INSERT INTO customers (full_name, email) VALUES ('Known', 'known@example.com')});
	my $book = sub {
		my ($whose, $flight, $email) = @_;
		my $n = 0;
		return sub {
			my ($status, $json) = post_at_once('/v1/bookings', wish_of($flight, "$whose " . chr(65 + $n / 26) . chr(65 + $n++ % 26), $email->($n)));
			$answers{$whose}{ join ' ', $status, sort keys %$json }++;
		};
	};

	alike(compare(60, $book->('Known', 101, sub { 'known@example.com' }), $book->('Unknown', 102, sub { "unknown$_[0]\@example.com" })), 'a known and an unknown address');
	is_deeply($answers{Known}, $answers{Unknown}, 'and answer alike');
	is(sql(q{SELECT count(*) FROM customers WHERE email = 'known@example.com' AND NOT is_guest}), 1, 'the customer is as before');
};

subtest 'probing keys and tokens' => sub {
	my %answers;
	my $try = sub { my ($credential) = @_; return sub { $answers{ join ' ', (ask('GET', '/v1/fares', undef, $credential))[1]->@{qw(code detail)} }++ } };
	my $wrong = 'cd' x 32;

	alike(compare(100, $try->("bk_1_$wrong"), $try->("bk_77_$wrong")), 'a key with a wrong secret and one that is not there');
	alike(compare(100, $try->("bt_$mine->{booking_id}_" . 'cd' x 16), $try->('bt_999999_' . 'cd' x 16)), 'tokens too');
	is(scalar keys %answers, 1, 'all are answered alike') or diag explain \%answers;
};

# ---------------------------------------------------------------- exhausting

subtest 'all seats, and all of the service' => sub {
	my (%holds, %reads);
	my $unbounded = $gateway;
	my $free = q{SELECT count(*) FROM seats WHERE flight_id = 103 AND status = 'available'};

	sql(q{UPDATE booking_private.rate_limits SET requests = 600, bookings = 30, held_seats = 54 WHERE caller = 'stranger'});
	$gateway = Gateway->start(DATABASE_URL => $node->connstr('booking') . ' user=booking_app', GATEWAY_CONNECTIONS => 4);
	for my $n (1 .. 10)
	{
		my $wish = wish_of(103, 'Greedy', "greedy$n\@example.com");
		$wish->{slices}[0]{passengers} = [ map { { name => "Greedy $n " . chr 64 + $_, cabin_class => 'economy' } } 1 .. 9 ];
		my ($status, $json) = ask('POST', '/v1/bookings', $wish);
		$holds{ $json->{code} // $status }++;
	}
	cmp_ok($holds{201}, '<=', 6, 'no more than 54 seats are held from an address');
	is(join(' ', grep { !/^(201|hold_quota_exceeded)$/ } keys %holds), '', 'what is more is refused') or diag explain \%holds;
	cmp_ok(sql($free), '>=', 180 - 54, 'the others are free');
	is((ask('POST', '/v1/bookings', { %{ wish_of(103, 'Customer', 'x@example.com') }, customer => undef, customer_id => 7 }, $key))[0], 201, 'an agent books one');
	$reads{ (ask('GET', '/v1/fares'))[0] }++ for 1 .. 1300;
	cmp_ok($reads{429} // 0, '>', 50, 'who asks for more than 600 a minute has to wait') or diag explain \%reads;
	is((ask('GET', '/v1/fares', undef, $key))[0], 200, 'and who has a key has not');
	is(($gateway->stop)[0], 0, 'the gateway stops with status 0');
	$gateway = $unbounded;
	sql(q{UPDATE booking_private.rate_limits SET requests = 0 WHERE caller = 'stranger'});
};

# ---------------------------------------------------------------- again

subtest 'replay' => sub {
	my ($status, $issued) = ask('POST', '/v1/api_keys', { client => 'Partner', roles => ['agent'] }, $key);
	is((ask('GET', '/v1/customers/1', undef, $issued->{api_key}))[0], 200, 'a key holds');
	is((ask('POST', "/v1/api_keys/$issued->{key_id}/actions/revoke", undef, $key))[0], 200, 'is revoked');
	is((ask('GET', '/v1/customers/1', undef, $issued->{api_key}))[0], 401, 'and holds no more');
	is((ask('DELETE', "/v1/bookings/$mine->{booking_id}/tokens", undef, $token))[0], 204, "a booking's tokens are ended");
	is((ask('GET', "/v1/bookings/$mine->{booking_id}", undef, $token))[0], 401, 'and hold no more');
	is(sql(q{SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query ~ 'b[kt]_[0-9]'}), 0, 'no query shows one');
	unlike(slurp_file($gateway->{log}) . slurp_file($node->logfile), qr/b[kt]_\d+_[0-9a-f]{32}/, 'nor do the logs');
};

invariants_hold($node, 'at the end');
is(($gateway->stop)[0], 0, 'the gateway stops with status 0');
done_testing();
