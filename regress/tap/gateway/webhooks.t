# Events told to webhooks by the real sender: signed, in order, again and again until they arrive, and never lost; a receiver of ours
# answers, fails, waits or sends elsewhere, as its path says.

use strict;
use warnings;

use Digest::SHA qw(hmac_sha256_hex);
use File::Temp qw(tempdir);
use IO::Handle;
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;
use Gateway;

my $program = $Gateway::program =~ s/booking_gateway$/booking_webhooks/r;
my $patience = $Gateway::patience;
my $node = start_node('webhooks', roles => 1);
add_flights($node, 100, 103);

sub sql { return $node->safe_psql('booking', $_[0]) }

# ---------------------------------------------------------------- the receiver

my $dir = tempdir(CLEANUP => 1);
my $listener = IO::Socket::INET->new(Listen => 128, LocalAddr => '127.0.0.1', ReuseAddr => 1) or die $!;
my $there = 'http://127.0.0.1:' . $listener->sockport;

# Takes one request, and keeps it as a line: path, headers, body.
sub take
{
	my ($client) = @_;
	my ($method, $path) = (<$client> // return) =~ m{^(\w+) (\S+)} or return;
	my (%header, $body);

	while (defined(my $line = <$client>))
	{
		last if $line !~ /^([^:]+): *(.*?)\r?\n/;
		$header{ lc $1 } = $2;
	}
	read $client, $body, $header{'content-length'} // 0;
	if ($path eq '/slow') { for (1 .. 300) { last if -e "$dir/mended"; sleep 0.1 } }
	my $status = $path eq '/fails' && !-e "$dir/mended" ? '500 No' : $path eq '/elsewhere' ? "302 There\r\nLocation: $there/there" : '204 Yes';
	open my $out, '>>', "$dir/requests" or die;
	$out->autoflush;
	syswrite $out, JSON::PP->new->canonical->encode({ path => $path, method => $method, status => $status + 0, header => \%header, body => $body }) . "\n";
	print $client "HTTP/1.1 $status\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	return;
}

my $receiver = fork // die;
if ($receiver == 0)
{
	local $SIG{CHLD} = 'IGNORE';
	no warnings 'numeric';
	while (1)
	{
		my $client = $listener->accept or next;
		my $child = fork // die;
		if ($child == 0) { eval { take($client) }; POSIX::_exit(0) }
	}
}

# What has come in, of one path.
sub requests
{
	my ($path) = @_;
	return grep { $_->{path} eq $path } map { decode_json($_) } -e "$dir/requests" ? split /\n/, slurp_file("$dir/requests") : ();
}

# The events that have arrived on a path, as [ booking, type ], in their order; each the first time it came.
sub arrived
{
	my ($path) = @_;
	my %seen;
	return grep { !$seen{ $_->{event_id} }++ } map { @{ decode_json($_->{body})->{events} } } grep { $_->{status} == 204 } requests($path);
}

sub wait_until
{
	my ($seconds, $question) = @_;
	my $end = time + $seconds * $patience;
	my $answer;

	until ($answer = $question->()) { return 0 if time > $end; sleep 0.1 }
	return $answer;
}

# ---------------------------------------------------------------- the sender

my @senders;

sub start_sender
{
	my (%setting) = @_;
	my $pid = fork // die;

	if ($pid == 0)
	{
		delete $ENV{$_} for grep { /^(DATABASE_|BOOKING_|PGPASSWORD|https?_proxy$)/i } keys %ENV;
		%ENV = (%ENV, DATABASE_URL => $node->connstr('booking') . ' user=booking_webhooks', BOOKING_DEV => 1, %setting);
		open STDOUT, '>>', "$dir/sender.log" or die;
		exec(@Gateway::wrapper, $program) or POSIX::_exit(127);
	}
	push @senders, $pid;
	return $pid;
}

sub stop_sender
{
	my ($pid, $signal) = @_;
	@senders = grep { $_ != $pid } @senders;
	kill $signal, $pid;
	waitpid $pid, 0;
	return $?;
}

END { local $?; kill 'KILL', grep { $_ } $receiver, @senders }

# What is to be tried later is due now.
sub hurry { return sql(q{UPDATE booking_private.webhook_deliveries SET next_attempt_at = now(), taken_until = NULL WHERE status = 'pending'}) }

my $agent = sql(q{SELECT api_key FROM booking.issue_api_key('Desk', '{agent}')});

sub hook
{
	my ($path, @types) = @_;
	my $types = @types ? sprintf(q{, 'event_types', '{%s}'::text[]}, join ',', @types) : '';
	return split /\|/, sql(qq{SELECT body::json ->> 'webhook_id', body::json ->> 'secret' FROM booking.booking_api('POST', '/v1/webhooks', '{}',
		jsonb_build_object('url', '$there$path'$types), jsonb_build_object('authorization', 'Bearer $agent'))});
}

sub book { my ($seat) = @_; return sql("SELECT booking_id FROM booking.create_booking(fixture.wish(100, '{$seat}'))") }
sub pay_for { return sql("SELECT status FROM booking.pay($_[0], 100, 'EUR', 'cash')") }

# ---------------------------------------------------------------- the command line

for my $case ([ '--version', 0, qr/^booking_webhooks \d/ ], [ '--help', 0, qr/DATABASE_URL/ ], [ '--nonsense', 2, qr/Usage/ ], [ '', 2, qr/DATABASE_URL is not set/ ])
{
	my ($argument, $status, $says) = @$case;
	my $said = qx(env -u DATABASE_URL $program $argument 2>&1);
	is($? >> 8, $status, "booking_webhooks $argument: status $status");
	like($said, $says, 'and says so');
}

# ---------------------------------------------------------------- told

my (undef, $secret) = hook('/all');
my $sender = start_sender();
my $booking = book('1A');

ok(wait_until(15, sub { requests('/all') == 1 }), 'a hold is told');
is(pay_for($booking), 'confirmed', 'paid');
sql("SELECT booking.cancel($booking)");
ok(wait_until(15, sub { arrived('/all') == 3 }), 'what follows too');
is_deeply([ map { $_->{event_type} } arrived('/all') ], [qw(held confirmed cancelled)], 'in order');
for my $request (requests('/all'))
{
	my ($time, $digest) = $request->{header}{'booking-signature'} =~ /^t=(\d+),v1=([0-9a-f]{64})$/;
	is($digest, hmac_sha256_hex("$time.$request->{body}", $secret), 'signed with the secret');
	cmp_ok(abs($time - time), '<', 60, 'just now');
	is($request->{header}{'booking-delivery'}, decode_json($request->{body})->{delivery_id}, 'and named');
	is("$request->{method} $request->{header}{'content-type'}", 'POST application/json', 'as JSON');
}
ok(wait_until(15, sub { sql(q{SELECT count(*) FROM booking_private.webhook_deliveries WHERE status <> 'delivered'}) eq '0' }), 'and recorded');

my $metrics = sql(q{SELECT body FROM booking.booking_api('GET', '/v1/metrics')});
like($metrics, qr/^booking_webhook_lag_seconds 0$/m, 'nothing is behind');
like($metrics, qr/^booking_webhook_deliveries_pending 0$/m, 'nothing is pending');

# ---------------------------------------------------------------- what does not arrive

hook('/fails', 'held', 'confirmed');
hook('/elsewhere', 'held');
my ($one, $two) = (book('2A'), book('2B'));
ok(wait_until(15, sub { requests('/fails') == 2 && requests('/elsewhere') == 2 }), 'two bookings are told, to one who fails and one who sends elsewhere');
is(scalar requests('/there'), 0, 'where nobody follows');
is(pay_for($one), 'confirmed', 'one is paid');
ok(wait_until(15, sub { arrived('/all') == 6 }), 'others are told');
is(scalar requests('/fails'), 2, 'who failed is told later');
append_to_file("$dir/mended", '');
hurry();
ok(wait_until(15, sub { arrived('/fails') == 3 }), 'and all of it, once it answers');
is_deeply([ map { $_->{event_type} } grep { $_->{booking_id} == $one } arrived('/fails') ], [qw(held confirmed)], 'in order');
is(sql(q{SELECT string_agg(DISTINCT http_status::text, ',') FROM booking_private.webhook_deliveries AS d JOIN booking_private.webhooks USING (webhook_id) WHERE url ~ 'elsewhere'}), '302', 'and it stands with the delivery');
unlink "$dir/mended";

# ---------------------------------------------------------------- the sender is killed with a request under way

hook('/slow', 'held');
book('3A');
ok(wait_until(15, sub { sql(q{SELECT count(*) FROM booking_private.webhook_deliveries WHERE taken_until IS NOT NULL}) eq '1' }), 'a request is under way');
stop_sender($sender, 'KILL');
book('3C');
sleep 1;
like(sql(q{SELECT body FROM booking.booking_api('GET', '/v1/metrics')}), qr/^booking_webhook_lag_seconds [1-9]/m, 'without a sender events wait, which the metrics tell');
append_to_file("$dir/mended", '');
hurry();
$sender = start_sender();
ok(wait_until(15, sub { arrived('/slow') == 2 }), 'another sender sends them');
is(stop_sender($sender, 'TERM'), 0, 'TERM ends it well');
like(slurp_file("$dir/sender.log"), qr/"event":"stop"/, 'which it says');

# ---------------------------------------------------------------- addresses that are not for everybody

sql(q{DELETE FROM booking_private.webhooks WHERE url !~ '/all$'});
my ($secure) = hook('/secure', 'held');
sql("UPDATE booking_private.webhooks SET url = replace(url, 'http://127.0.0.1', 'https://localhost') WHERE webhook_id = $secure");
$sender = start_sender(BOOKING_DEV => 0);
book('3B');
ok(wait_until(15, sub { sql("SELECT count(*) FROM booking_private.webhook_deliveries WHERE webhook_id = $secure AND error IS NOT NULL") eq '1' }), 'outside development nothing goes to this machine');
ok(wait_until(15, sub { sql(q{SELECT count(*) FROM booking_private.webhook_deliveries AS d JOIN booking_private.webhooks USING (webhook_id) WHERE url ~ '/all$' AND error ~ 'rotocol'}) eq '1' }), 'and nothing without TLS');
stop_sender($sender, 'TERM');
sql("DELETE FROM booking_private.webhooks WHERE webhook_id = $secure");

# ---------------------------------------------------------------- nothing is lost

# Clients book, pay and cancel while the sender is killed again and again, beside another, and the server crashes once. Every event
# arrives at least once, and those of a booking in their order.
my $before = sql('SELECT max(event_id) FROM booking_events');
add_flights($node, 104, 104);
sub some_calls
{
	my ($session, $number) = @_;
	my $last = $session->value('SELECT max(booking_id) FROM bookings');

	for (1 .. 40)
	{
		my ($state, @rows) = $session->ask(random_call($last));
		return 1 if $state =~ /^(?:08|57)/;
		$last = $rows[0][0] if $state eq 'ok' && @rows && ($rows[0][0] // '') =~ /^\d+$/ && $rows[0][0] > $last;
	}
	return 1;
}
sub disturb
{
	for (1 .. 4)
	{
		my $pid = start_sender();
		sleep 0.4 + rand 0.4;
		stop_sender($pid, 'KILL');
	}
	return;
}
start_sender();
run_clients(11, [ connect_clients($node, 4) ], \&some_calls, \&disturb);
run_clients(22, [ connect_clients($node, 4) ], \&some_calls, sub { sleep 0.5; $node->stop('immediate'); $node->start });
run_clients(33, [ connect_clients($node, 4) ], \&some_calls, \&disturb);

my $all = sql("SELECT string_agg(event_id::text, ' ' ORDER BY event_id) FROM booking_events WHERE event_id > $before");
cmp_ok(scalar(split ' ', $all), '>', 100, 'events have happened: ' . split ' ', $all);
ok(wait_until(60, sub { hurry(); sleep 1; (join ' ', sort { $a <=> $b } grep { $_ > $before } map { $_->{event_id} } arrived('/all')) eq $all }), 'all of them arrive')
  or diag "$all\n" . join ' ', sort { $a <=> $b } map { $_->{event_id} } arrived('/all');
my (%last, @disordered);
for my $event (arrived('/all'))
{
	push @disordered, $event->{event_id} if ($last{ $event->{booking_id} } // 0) > $event->{event_id};
	$last{ $event->{booking_id} } = $event->{event_id};
}
is_deeply(\@disordered, [], 'those of a booking in order');
invariants_hold($node, 'after all that');
done_testing();
