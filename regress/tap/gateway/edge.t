# The edge: HAProxy with our settings before two gateways on the real extension. TLS, what it hides, whose address the gateways hear,
# clients that are slow or many, a gateway that is killed under load.
# Runs alone: its figures want a quiet machine.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP qw(decode_json encode_json);
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;
use Gateway;

my $docker = abs_path(dirname(abs_path(__FILE__)) . '/../../../docker');
my $patience = $Gateway::patience;
my $dir = tempdir(CLEANUP => 1);
my $node = start_node('edge', roles => 1);
add_flights($node, 100, 103);
$node->safe_psql('booking', q{UPDATE booking_private.rate_limits SET requests = 0, bookings = 0, held_seats = 0});

sub sql { return $node->safe_psql('booking', $_[0]) }

sub start_gateway
{
	my (%port) = @_;
	return Gateway->start(%port, DATABASE_URL => $node->connstr('booking') . ' user=booking_app', GATEWAY_PROXIES => '127.0.0.1', GATEWAY_CONNECTIONS => 16);
}
my @gateways = map { start_gateway() } 1 .. 2;
my $port = Gateway::free_port();

# ---------------------------------------------------------------- the edge

is(system("$docker/secrets/certificates", "$dir/tls", 'localhost'), 0, 'certificates');
$ENV{PATH} .= ':/usr/sbin';
my %settings = (EDGE_ADDRESS => '127.0.0.1', EDGE_PORT => $port, EDGE_TLS => "$dir/tls", EDGE_CONNECTIONS => 200, EDGE_REQUESTS => 1_000_000,
	GATEWAY_PORT => $gateways[0]{port}, GATEWAY_ADMIN_PORT => $gateways[0]{admin_port}, SECOND_GATEWAY_PORT => $gateways[1]{port}, SECOND_GATEWAY_ADMIN_PORT => $gateways[1]{admin_port});
my $edge;

sub start_edge
{
	my (%other) = @_;

	$edge = fork // die;
	if ($edge == 0)
	{
		%ENV = (%ENV, %settings, %other);
		open STDOUT, '>>', "$dir/edge.log" or die;
		open STDERR, '>&', \*STDOUT;
		exec('haproxy', '-db', '-f', "$docker/edge/haproxy.cfg") or POSIX::_exit(127);
	}
	for (1 .. 100)
	{
		last if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
		sleep 0.1;
	}
	for (1 .. 50) { last if curl('/healthz') =~ /^200/; sleep 0.1 }
	return;
}

sub stop_edge { kill 'TERM', $edge; return waitpid $edge, 0 }
END { local $?; kill 'KILL', $edge if $edge }

# What curl says of a path: "status version", and what is asked for besides.
sub curl
{
	my ($path, @options) = @_;
	open my $pipe, '-|', 'curl', '-s', '--cacert', "$dir/tls/ca.crt", '-o', "$dir/body", '-D', "$dir/head", '-w', '%{http_code} %{http_version}', '--max-time', 20, @options, "https://localhost:$port$path" or die;
	my $said = do { local $/; <$pipe> } // '';
	close $pipe;
	return $said;
}
sub body { return slurp_file("$dir/body") }
sub head { return slurp_file("$dir/head") }

start_edge();

subtest 'TLS' => sub {
	is(curl('/v1/fares'), '200 2', 'HTTP/2, with a certificate that is verified');
	is(curl('/v1/fares', '--http1.1'), '200 1.1', 'HTTP/1.1');
	is(curl('/healthz', '--tlsv1.0', '--tls-max', $_) . " $_", "000 0 $_", "no TLS $_") for '1.0', '1.1';
	is(curl('/healthz', '--tlsv1.0', '--tls-max', $_) . " $_", "200 2 $_", "TLS $_") for '1.2', '1.3';
	unlike(qx(curl -s -o /dev/null -w '%{http_code}' http://localhost:$port/healthz 2>&1), qr/^200/, 'and nothing without');
};

subtest 'what it passes on' => sub {
	curl('/v1/fares', '--compressed');
	like(head(), qr/^content-encoding: gzip\r$/mi, 'compressed');
	ok(decode_json(body())->{fares}, 'and whole');
	is(curl($_), '404 2', "$_ is not there") for qw(/metrics /v1/metrics /METRICS /%6detrics /v1//metrics /v1/metrics/ //metrics /v1/%2e%2e/metrics);
	curl('/metrics');
	is(decode_json(body())->{code}, 'route_not_found', 'with a problem like any other');
	is(decode_json(body())->{instance}, (head() =~ /^x-request-id: (\S+)\r$/mi)[0], 'and its id');
	curl('/v1/nothing', '-H', 'X-Request-Id: mine-1');
	is(decode_json(body())->{instance}, 'mine-1', 'or the client\'s');
	ok((grep { /"request_id":"mine-1"/ } map { $_->log_lines } @gateways) == 1, 'which the gateway logs');
	my @logged = grep { /"request_id":"mine-1"/ } split /\n/, slurp_file("$dir/edge.log");
	is(decode_json($logged[0])->{path}, '/v1/nothing', 'and the edge, as JSON');
	# a booking, by a body that grows: HTTP/2 to the edge and a length to the gateway
	is(curl('/v1/bookings', '-H', 'Content-Type: application/json', '-d', encode_json({ type => 'hold', customer => { full_name => 'Ada Lovelace', email => 'ada@example.com' },
		slices => [ { flight_id => 100, passengers => [ map { { name => "Ada $_" . 'a' x 100, cabin_class => 'economy' } } 1 .. 9 ] } ] })), '201 2', 'a booking');
	my $booking = decode_json(body());
	my ($token) = head() =~ /^booking-token: (\S+)\r$/mi;
	curl("/v1/bookings/$booking->{booking_id}", '--compressed', '-H', "Authorization: Bearer $token");
	my ($tag) = head() =~ /^etag: (.*?)\r$/mi;
	like($tag, qr{^W/"1-}, 'a tag that compression makes weak');
	is(curl("/v1/bookings/$booking->{booking_id}", '--compressed', '-H', "Authorization: Bearer $token", '-H', "If-None-Match: $tag"), '304 2', 'is known again') or diag head();
	is(curl("/v1/bookings/$booking->{booking_id}/items/1/seat", '-X', 'PUT', '-H', 'Content-Type: application/json', '-d', '{"seat":"30A"}', '-H', "Authorization: Bearer $token", '-H', "If-Match: $tag"), '200 2', 'and good for a change');
	unlike(head(), qr/^content-encoding/mi, 'whose answer is not compressed') if curl('/v1/booking_tokens', '--compressed', '-H', 'Content-Type: application/json', '-d', encode_json({ booking_reference => $booking->{booking_reference}, last_name => 'A' . 'a' x 100 }));
};

subtest 'whose address' => sub {
	sql(q{UPDATE booking_private.rate_limits SET requests = 5 WHERE caller = 'stranger'});
	sleep 11; # a change counts within ten seconds
	my @codes = map { (curl('/v1/fares', '-H', "X-Forwarded-For: 192.0.2.$_", '-H', 'Forwarded: for=192.0.2.9'))[0] } 1 .. 12;
	ok((grep { /^429/ } @codes) > 0, 'a client cannot name its own: ' . join ' ', map { substr $_, 0, 3 } @codes);
	like(curl('/v1/fares', '--interface', '127.0.0.9'), qr/^200/, 'another one is another');
	sql(q{UPDATE booking_private.rate_limits SET requests = 0});
	sleep 11;
};

# ---------------------------------------------------------------- limits

subtest 'limits per address' => sub {
	stop_edge();
	start_edge(EDGE_CONNECTIONS => 5, EDGE_REQUESTS => 50);
	my @codes = map { substr curl('/healthz'), 0, 3 } 1 .. 60;
	is($codes[20], 200, 'requests are answered');
	is($codes[-1], 429, 'and after fifty in ten seconds refused');
	is(decode_json(body())->{code}, 'too_many_requests', 'with a problem');
	like(head(), qr/^retry-after: 10\r$/mi, 'that says when to come back');
	like(curl('/healthz', '--interface', '127.0.0.9'), qr/^200/, 'of that address alone');
	my @held = map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, LocalAddr => '127.0.0.8') } 1 .. 5;
	sleep 0.3;
	is(curl('/healthz', '--interface', '127.0.0.8'), '000 0', 'who has five connections gets no sixth');
	like(curl('/healthz', '--interface', '127.0.0.9'), qr/^200/, 'others do');
	stop_edge();
	start_edge();
};

# The time that 99 of 100 requests of so many seconds take at most.
sub p99_of_health
{
	my ($seconds) = @_;
	my $end = time + $seconds;
	my @took;

	while (time < $end)
	{
		my $start = time;
		my $said = curl('/healthz', '-4');
		$said =~ /^200/ or die "/healthz: $said";
		push @took, time - $start;
	}
	@took = sort { $a <=> $b } @took;
	return $took[ 0.99 * $#took ];
}

# As many slow clients as an address may have, from four addresses: slow in the handshake, the header and the body; idle; and those
# that read nothing. Others hear at once.
subtest 'slow clients' => sub {
	my $before = p99_of_health(2);
	my @slow;
	for my $address (map { "127.0.1.$_" } 1 .. 4)
	{
		push @slow, map { IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, LocalAddr => $address) } 1 .. 90;
		for my $text ("GET /v1/fares HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", "POST /v1/bookings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{")
		{
			for (1 .. 10)
			{
				my $pid = fork // die;
				if ($pid == 0)
				{
					open STDOUT, '>', '/dev/null';
					open STDERR, '>', '/dev/null';
					open my $pipe, '|-', 'openssl', 's_client', '-quiet', '-connect', "localhost:$port", '-bind', "$address:0" or POSIX::_exit(1);
					local $SIG{PIPE} = 'IGNORE';
					$pipe->autoflush;
					print $pipe $text;
					for (1 .. 20) { sleep 0.5; print $pipe 'x' or last }
					POSIX::_exit(0);
				}
			}
		}
	}
	sleep 1;
	my $during = p99_of_health(8);
	note sprintf '%d slow clients: /healthz through the edge p99 %.0f ms, before %.0f ms, with the start of curl and a TLS handshake', 4 * 110, 1000 * $during, 1000 * $before;
	cmp_ok($during, '<', ($before < 0.06 ? 0.2 : 3 * $before) * $patience, 'p99 of /healthz is 200 ms at most, or three times as undisturbed');
	my ($busy) = HTTP::Tiny->new->get("http://127.0.0.1:$gateways[0]{admin_port}/metrics")->{content} =~ /^booking_http_requests_in_flight (\d+)/m;
	cmp_ok($busy, '<', 5, 'no gateway has one of them');
	close $_ for @slow;
	1 while waitpid(-1, WNOHANG) > 0;
};

# ---------------------------------------------------------------- a gateway is killed

subtest 'a gateway is killed under load' => sub {
	my $key = "Authorization: Bearer $BookingTest::key";
	my $end = time + 8;
	my @clients;

	for my $client (1 .. 6)
	{
		pipe(my $read, my $write) or die;
		my $pid = fork // die;
		if ($pid == 0)
		{
			my %seen;
			$dir = tempdir(CLEANUP => 0);
			symlink "$dir/../" . (split m{/}, $settings{EDGE_TLS})[-2] . '/tls', "$dir/tls";
			for (my $n = 0; time < $end; $n++)
			{
				if ($client % 2)
				{
					$seen{ 'read ' . substr curl('/v1/fares'), 0, 3 }++;
					next;
				}
				my @post = ('-H', $key, '-H', 'Content-Type: application/json', '-H', "Idempotency-Key: k$client-$n",
					'-d', encode_json({ type => 'hold', customer_id => 4 + $client, slices => [ { flight_id => 101 + $n % 3, passengers => [ { name => "Client $client $n", cabin_class => 'economy' } ] } ] }));
				my $code = substr curl('/v1/bookings', @post), 0, 3;
				my $problem = eval { decode_json(body())->{code} } // '';
				$seen{"write $code $problem"}++;
				for (1 .. 5)
				{
					last if $problem !~ /^(?:unknown_outcome|unavailable|idempotency_key_in_use)$/;
					sleep 0.5;
					$code = substr curl('/v1/bookings', @post), 0, 3;
					$problem = eval { decode_json(body())->{code} } // '';
					$seen{"again $code $problem"}++;
				}
				$seen{settled}++ if $code eq '201' || $problem eq 'seat_unavailable';
				$seen{asked}++;
			}
			syswrite $write, encode_json(\%seen);
			POSIX::_exit(0);
		}
		close $write;
		push @clients, [ $pid, $read ];
	}
	sleep 2;
	my $victim = $gateways[1];
	my %port = (GATEWAY_PORT => $victim->{port}, GATEWAY_ADMIN_PORT => $victim->{admin_port});
	$victim->stop('KILL');
	sleep 2;
	$gateways[1] = start_gateway(%port);
	my %all;
	for (@clients)
	{
		my ($pid, $read) = @$_;
		my $seen = decode_json(do { local $/; <$read> } || '{}');
		waitpid $pid, 0;
		$all{$_} += $seen->{$_} for keys %$seen;
	}
	note join ', ', map { "$_: $all{$_}" } sort keys %all;
	cmp_ok($all{'read 200'}, '>', 50, 'reads');
	is_deeply([ grep { /^read/ && $_ ne 'read 200' } keys %all ], [], 'none sees an error');
	is_deeply([ grep { /^write/ && !/^write (?:201 $|409 seat_unavailable|503 (?:unknown_outcome|unavailable))/ } keys %all ], [], 'a write succeeds, or its outcome is unknown');
	is($all{settled}, $all{asked}, 'which the same key resolves');
	is(sql(q{SELECT count(*) FROM (SELECT passenger_name FROM booking_items WHERE passenger_name ~ '^Client' GROUP BY passenger_name HAVING count(*) > 1) AS twice}), '0', 'and nothing is booked twice');
	is(sql(q{SELECT count(*) FROM booking_items WHERE passenger_name ~ '^Client'}), ($all{'write 201 '} // 0) + ($all{'again 201 '} // 0), 'all of it is there');
};

# The gateways stand still when the request comes, and go before they answer.
subtest 'an answer that is lost' => sub {
	my %port = map { $_ => [ GATEWAY_PORT => $gateways[$_]{port}, GATEWAY_ADMIN_PORT => $gateways[$_]{admin_port} ] } 0, 1;
	my @post = ('-H', "Authorization: Bearer $BookingTest::key", '-H', 'Content-Type: application/json', '-H', 'Idempotency-Key: lost',
		'-d', encode_json({ type => 'hold', customer_id => 50, slices => [ { flight_id => 100, passengers => [ { name => 'Lost And Found', cabin_class => 'economy' } ] } ] }));
	kill 'STOP', map { $_->{pid} } @gateways;
	my $killer = fork // die;
	if ($killer == 0)
	{
		sleep 0.7;
		kill 'KILL', map { $_->{pid} } @gateways;
		POSIX::_exit(0);
	}
	is(substr(curl('/v1/bookings', @post), 0, 3), 503, 'a write');
	is(decode_json(body())->{code}, 'unknown_outcome', 'whose outcome is unknown');
	unlike(head(), qr/^x-edge/mi, 'which is said as the gateways say it');
	waitpid $killer, 0;
	$_->stop('KILL') for @gateways;
	@gateways = map { start_gateway(@{ $port{$_} }) } 0, 1;
	for (1 .. 50) { last if curl('/healthz') =~ /^200/; sleep 0.1 }
	is(substr(curl('/v1/bookings', @post), 0, 3), 201, 'the same key resolves it');
	is(sql(q{SELECT count(*) FROM booking_items WHERE passenger_name = 'Lost And Found'}), '1', 'once');
};

subtest 'no gateway' => sub {
	$_->stop('KILL') for @gateways;
	sleep 3;
	is(substr(curl('/v1/fares'), 0, 3), 503, 'without a gateway');
	is(decode_json(body())->{code}, 'unavailable', 'it is unavailable');
};
invariants_hold($node, 'after all that');
stop_edge();
done_testing();
