# The description of the API is true: its examples are sent to a gateway on the real extension, and every answer, refusals
# too, is one that it describes, with all its members and no others.

use strict;
use warnings;

use HTTP::Tiny;
use IPC::Open2 qw(open2);
use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Utils;
use Cwd qw(abs_path);
use Digest::SHA qw(hmac_sha256_hex sha256);
use File::Basename qw(dirname);
use Test::More;

use BookingTest;
use Gateway;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $http = HTTP::Tiny->new(timeout => 30, default_headers => { Authorization => "Bearer $key" });

# ---------------------------------------------------------------- the system: flights as the examples have them

my $node = start_node('openapi', roles => 1);
$node->safe_psql('booking', <<'SQL');
INSERT INTO aircraft (aircraft_code, model, range_km) VALUES ('789', 'Boeing 787-9', 14000);
INSERT INTO aircraft_seats (aircraft_code, seat_number, cabin_class, characteristics)
SELECT '789', row || letter, CASE WHEN row < 10 THEN 'business' ELSE 'economy' END, CASE WHEN letter IN ('A', 'F') THEN 'W' WHEN letter IN ('C', 'D') THEN 'A' ELSE '' END
  FROM generate_series(1, 30) AS row, unnest('{A,B,C,D,E,F}'::text[]) AS letter WHERE row < 3 OR row >= 20;
INSERT INTO flights (flight_id, flight_number, origin, destination, scheduled_departure, scheduled_arrival, aircraft_code,
                     base_price, currency, sales_open_at, sales_close_at, distance_km)
SELECT id, 'FB' || id, origin, destination, d.departure, d.departure + interval '7 hours', '789', 292, 'EUR', now() - interval '1 day', d.departure - interval '1 hour', km
  FROM (VALUES (1170, 'LHR', 'JFK', 0, 5540), (1676, 'LHR', 'JFK', 24, 5540), (1700, 'JFK', 'LAX', 10, 3974)) AS f (id, origin, destination, hours, km),
       LATERAL (SELECT date_trunc('day', now()) + interval '20 days 12 hours' + make_interval(hours => hours)) AS d (departure);
INSERT INTO seats (flight_id, seat_number, cabin_class, characteristics, price)
SELECT flight_id, seat_number, cabin_class, characteristics, CASE WHEN cabin_class = 'business' THEN 1022 WHEN seat_number IN ('25A', '25C') OR flight_id = 1676 THEN 310 ELSE 292 END
  FROM flights JOIN aircraft_seats USING (aircraft_code) WHERE aircraft_code = '789';
SQL
$node->safe_psql('postgres', 'CREATE DATABASE reports TEMPLATE booking');
$node->psql('reports', "\\i $tree/$_", on_error_die => 1) for qw(warehouse/ddl_warehouse_schema.sql sql/roles.sql);
$node->safe_psql('booking', q{INSERT INTO booking_private.payment_providers (provider, secret) VALUES ('simulated', sha256('simulated'))});
my $gateway = Gateway->start(
	DATABASE_URL => $node->connstr('booking') . ' user=booking_app',
	REPORTS_DATABASE_URL => $node->connstr('reports') . ' user=reports_app');

# Sends absolute targets, as to a proxy.
my $proxied = HTTP::Tiny->new(timeout => 30, default_headers => { Authorization => "Bearer $key" }, proxy => $gateway->url(''));

# ---------------------------------------------------------------- the description

my $text = $http->get($gateway->url('/openapi.json'))->{content};
my $api = decode_json($text);
my $file = "$ENV{TESTDATADIR}/openapi.json";
append_to_file($file, $text);
my $pid = open2(my $faults, my $checks, "$tree/regress/tap/lib/validate", $file);

# What is wrong with a value, by a schema.
sub faults
{
	my ($schema, $value) = @_;
	print $checks JSON::PP->new->allow_nonref->utf8->encode([ $schema, $value ]), "\n";
	$checks->flush;
	return @{ decode_json(scalar(<$faults>) // die "the validator has ended\n") };
}

sub resolve
{
	my ($thing) = @_;
	my $path = $thing->{'$ref'} or return $thing;
	my $target = $api;
	$target = $target->{$_} for split m{/}, $path =~ s{^#/}{}r;
	return $target;
}

my %operation;    # operationId => what it is, with method, path and parameters
for my $path (keys %{ $api->{paths} })
{
	my $item = $api->{paths}{$path};
	for my $method (grep { /^(?:get|post|put|patch|delete)$/ } keys %$item)
	{
		my @parameters = map { resolve($_) } @{ $item->{parameters} // [] }, @{ $item->{$method}{parameters} // [] };
		$operation{ $item->{$method}{operationId} } = { %{ $item->{$method} }, method => uc $method, path => $path, parameters => \@parameters };
	}
}
my %status_of_code;    # code => { status => 1 }, as the table of errors has them
while ($api->{info}{description} =~ /^\| ((?:`\w+`(?:, )?)+) \| (\d{3}) \|/mg)
{
	my ($codes, $status) = ($1, $2);
	$status_of_code{$_}{$status} = 1 for $codes =~ /\w+/g;
}

# The description of an answer: of its status, or of all like it.
sub described
{
	my ($of, $status) = @_;
	my $found = $of->{responses}{$status} // $of->{responses}{ substr($status, 0, 1) . 'XX' };
	return $found && resolve($found);
}

# Checks an answer against its description.
sub answer_ok
{
	my ($of, $answer, $name) = @_;
	my $as = described($of, $answer->{status}) or return fail("$name: $answer->{status} is described: $answer->{content}");
	my ($type) = ($answer->{headers}{'content-type'} // '') =~ /^([^;]*)/;
	my $content = $as->{content} or return is($answer->{content} // '', '', "$name: $answer->{status} without a body");
	my $media = $content->{$type} or return fail("$name: $answer->{status} is described as $type");
	my $json = $type =~ /json$/ ? decode_json($answer->{content}) : $answer->{content};
	my @faults = faults($media->{schema}, $json);

	push @faults, "status $answer->{status} for $json->{code}" if $type eq 'application/problem+json' && !$status_of_code{ $json->{code} }{ $answer->{status} };
	return is_deeply(\@faults, [], "$name: $answer->{status} " . ($type eq 'application/problem+json' ? $json->{code} : $type));
}

my %succeeded;    # operationId => 1

# What a provider signs an event with
sub signature
{
	my ($event) = @_;
	my $time = time;
	return "t=$time,v1=" . hmac_sha256_hex(join('.', $time, map { $_ // '' } @$event{qw(event_id type intent_id amount currency)}), sha256('simulated'));
}

# Sends a request and checks its answer; returns what it holds. Options: id, a value for each parameter of the path, in order;
# query, body, text, headers, method; host, which an absolute target names.
sub send_request
{
	my ($id, %option) = @_;
	my $of = $operation{$id} // die "there is no operation $id\n";
	my @ids = @{ $option{id} // [] };
	my $path = $of->{path} =~ s/\{\w+\}/shift @ids/ger;
	my $query = $option{query} ? '?' . $http->www_form_urlencode($option{query}) : '';
	my $method = $option{method} // $of->{method};
	my $text = $option{text} // ($option{body} ? encode_json($option{body}) : undef);
	my %headers = ($method eq 'GET' ? () : ('Content-Type' => 'application/json'), %{ $option{headers} // {} });
	$headers{'Payment-Signature'} = signature($option{body}) if $id eq 'takePaymentEvent' && $option{body};
	my ($client, $server) = $option{host} ? ($proxied, "http://$option{host}:$gateway->{port}") : ($http, $gateway->url(''));
	my $answer = $client->request($method, "$server$path$query", { defined $text ? (content => $text) : (), headers => \%headers });

	answer_ok($of, $answer, $option{name} // $id);
	$succeeded{$id} = 1 if $answer->{success};
	$answer->{json} = eval { decode_json($answer->{content}) };
	return $answer;
}

# The same for one that must succeed.
sub done
{
	my ($id, %option) = @_;
	my $answer = send_request($id, %option);
	ok($answer->{success}, ($option{name} // $id) . ': done') or diag($answer->{content});
	return $answer->{json};
}

# ---------------------------------------------------------------- the tests

subtest 'the checks find faults' => sub {
	my $airport = { iata => 'LHR', name => 'Heathrow', city => 'London', country => 'GB', time_zone => 'Europe/London' };
	my $schema = { '$ref' => '#/components/schemas/Airport' };
	is_deeply([ faults($schema, $airport) ], [], 'a good one');
	isnt(scalar faults($schema, { %$airport, $_->[0] => $_->[1] }), 0, "$_->[0] $_->[1]") for ([ iata => 'LH' ], [ name => 1 ], [ terminal => '5' ]);
	delete $airport->{city};
	isnt(scalar faults($schema, $airport), 0, 'a member is missing');
	isnt(scalar faults({ '$ref' => '#/components/schemas/Instant' }, '2026-11-25T09:30:00+01:00'), 0, 'an instant that is not in UTC');
};

subtest 'the description is whole' => sub {
	my %tag = map { $_->{name} => $_->{description} } @{ $api->{tags} };
	my %used;
	my @operations = map { my $item = $_; map { $item->{$_}{operationId} // () } grep { ref $item->{$_} eq 'HASH' } keys %$item } values %{ $api->{paths} };

	$used{$_} = 1 for $text =~ m{"\$ref":"#/components/(\w+/\w+)"}g;
	is_deeply([ grep { !$used{$_} } map { my $kind = $_; map { "$kind/$_" } sort keys %{ $api->{components}{$kind} } } grep { $_ ne 'securitySchemes' } keys %{ $api->{components} } ], [], 'every component is used');
	is_deeply([ sort keys %{ { map { $_ => 1 } map { keys %$_ } map { @{ $_->{security} // [] } } values %operation } } ], [ sort keys %{ $api->{components}{securitySchemes} } ], 'every scheme too');
	is_deeply([ grep { my ($kind, $name) = split m{/}; !$api->{components}{$kind}{$name} } sort keys %used ], [], 'every reference leads somewhere');
	is(scalar @operations, scalar keys %operation, 'no operationId twice');
	for my $id (sort keys %operation)
	{
		my $of = $operation{$id};
		my @named = sort $of->{path} =~ /\{(\w+)\}/g;
		my @faults = (
			grep({ !$of->{$_} } qw(summary tags responses)), grep({ !$tag{$_} } @{ $of->{tags} }), grep({ !described($of, $_) } (grep { $of->{responses}{$_} } 201, 204), 404), $of->{responses}{200} || $of->{responses}{201} || $of->{responses}{204} ? () : 'success',
			join(' ', @named) eq join(' ', sort map { $_->{name} } grep { $_->{in} eq 'path' && $_->{required} } @{ $of->{parameters} }) ? () : 'parameters of the path');
		is_deeply(\@faults, [], $id);
	}
};

# Examples that say what an answer or a schema is like.
sub check_examples
{
	my ($node, $place) = @_;
	if (ref $node eq 'ARRAY') { check_examples($node->[$_], "$place/$_") for 0 .. $#$node; return }
	return if ref $node ne 'HASH';
	my $schema = $node->{schema} // $node;
	my %example = (exists $node->{example} ? (example => $node->{example}) : (),
		ref $node->{examples} eq 'HASH' ? map { $_ => $node->{examples}{$_}{value} } keys %{ $node->{examples} } : ());
	is_deeply([ faults($schema, $example{$_}) ], [], "$place, $_") for ref $schema eq 'HASH' ? sort keys %example : ();
	if (ref $node->{examples} eq 'ARRAY') { is_deeply([ faults($node, $_) ], [], "$place, $_") for @{ $node->{examples} } }
	check_examples($node->{$_}, "$place/$_") for sort grep { !/^examples?$/ } keys %$node;
	return;
}
subtest 'examples are as their schemas say' => sub { check_examples($api, '') };

# The body of a passenger's hold at 292 a seat; a passenger is once on the flight.
sub hold
{
	my (@names) = @_;
	@names = ('Ada Lovelace', 'Charles Babbage') if !@names;
	return { type => 'hold', customer_id => 2, slices => [ { flight_id => 1170, passengers => [ map { { name => $_, cabin_class => 'economy' } } @names ] } ] };
}

# Where an example of a body goes: the numbers of its path, from what is made for it.
my %goes_to = (
	createCustomer => sub { [] },
	updateCustomer => sub { [3] },
	createBooking => sub { [] },
	createBookings => sub { [] },
	payBooking => sub { [ done('createBooking', body => hold())->{booking_id} ] },
	changeSeat => sub { [ done('createBooking', body => hold('Grace Hopper'))->{booking_id}, 1 ] },
	quoteChange => sub { [ done('createBooking', body => hold('Jean Bartik'))->{booking_id} ] },
	quoteCancellation => sub { [ done('createBooking', body => hold('Kay McNulty'))->{booking_id} ] },
	confirmChange => sub {
		my $booking = done('createBooking', body => { %{ hold('Alan Turing') }, type => 'instant', payment => { amount => '292.00', currency => 'EUR' } });
		return [ done('quoteChange', id => [ $booking->{booking_id} ], body => { items => [ { item_no => 1, flight_id => 1676, seat => '20B' } ] })->{change_id} ];
	},
	runEtl => sub { [] },
	takePaymentEvent => sub { [] },
	simulatePayment => sub {
		done('createPaymentIntent', id => [ done('createBooking', body => hold('Radia Perlman'))->{booking_id} ]);
		return [];
	},
	createBookingToken => sub {
		my $booking = done('createBooking', body => hold('Augusta Ada Lovelace'));
		$node->safe_psql('booking', "UPDATE bookings SET booking_reference = 'K7M2QX' WHERE booking_id = $booking->{booking_id}");
		return [];
	},
	createWebhook => sub { [] },
	issueApiKey => sub { [] });

subtest 'examples of bodies are taken' => sub {
	for my $id (sort keys %operation)
	{
		my $body = $operation{$id}{requestBody} or next;
		my $media = $body->{content}{'application/json'};
		my %example = $media->{examples} ? map { $_ => $media->{examples}{$_}{value} } keys %{ $media->{examples} } : exists $media->{example} ? (example => $media->{example}) : ();

		ok(%example && $goes_to{$id}, "$id has an example, and the test knows where it goes") or next;
		for my $name (sort keys %example)
		{
			my $answer = send_request($id, id => $goes_to{$id}->(), body => $example{$name}, name => "$id, $name");
			ok($answer->{success}, "$id, $name: done") or diag($answer->{content});
			my $made = $answer->{headers}{location} or next;
			my ($there) = grep { $operation{$_}{method} eq 'GET' && $made =~ ('^' . $operation{$_}{path} =~ s/\{\w+\}/\\d+/gr . '$') } keys %operation;
			ok($there, "$made is described") and done($there, id => [ $made =~ /(\d+)$/ ], name => $there);
		}
	}
};

subtest 'all that can be read' => sub {
	my $booking = done('createBooking', body => hold('Ada King', 'Henry Babbage'));
	my $day = substr $booking->{items}[0]{scheduled_departure_local}, 0, 10;
	my %wish = (origin => 'LHR', destination => 'JFK', departure_date => $day);
	my %examples = map { my $p = $_; map { $p->{name} => $_ } $p->{example} // $p->{schema}{examples}[0] // () } grep { $_->{in} eq 'query' } @{ $operation{searchFlights}{parameters} };

	done('findAirports', query => { query => 'london heathrow' });
	like(send_request('findAirports', query => { limit => 1 })->{headers}{link}, qr/^<.*>; rel="next"$/, 'a Link to the next page');
	send_request('searchFlights', query => \%examples, name => 'searchFlights, examples of parameters');
	is(scalar @{ done('searchFlights', query => \%wish)->{flights} }, 1, 'a flight');
	is(scalar @{ done('searchFlights', query => { %wish, destination => 'LAX', max_connections => 1 })->{connections} }, 1, 'a connection');
	for my $read ([ 'getFlight', 1170 ], [ 'getSeatMap', 1170 ], [ 'getBooking', $booking->{booking_id} ])
	{
		my ($id, $number) = @$read;
		my $tag = send_request($id, id => [$number])->{headers}{etag};
		is(send_request($id, id => [$number], headers => { 'If-None-Match' => $tag }, name => "$id, again")->{status}, 304, "$id: 304 for $tag");
	}
	done('listFares');
	done('listFares', host => 'localhost', name => 'listFares, by an absolute target');
	done('findCustomers', query => { email => 'customer1@example.com' });
	done('getCustomer', id => [1]);
	done('findBooking', query => { booking_reference => $booking->{booking_reference}, last_name => 'babbage' });
	done('findBooking', query => { customer_id => 2, limit => 2 }, name => 'findBooking, list');
	done('createBookingToken', body => { booking_reference => $booking->{booking_reference}, last_name => 'babbage' });
	my $paid = done('createBooking', body => { %{ hold('Frances Allen') }, type => 'instant', payment => { amount => '292.00', currency => 'EUR' } });
	my $dearer = done('quoteChange', id => [ $paid->{booking_id} ], body => { items => [ { item_no => 1, seat => '25C' } ] });
	done('getPaymentIntent', id => [ done('createChangePaymentIntent', id => [ $dearer->{change_id} ])->{intent_id} ]);
	send_request('revokeBookingTokens', id => [ $booking->{booking_id} ]);
	done('anonymiseCustomer', id => [ done('createCustomer', body => { full_name => 'Nobody' })->{customer_id} ]);
	is(scalar @{ done('listEvents', query => { limit => 2 })->{events} }, 2, 'events');
	my $hook = done('createWebhook', body => { url => 'https://desk.example/', after => 0 })->{webhook_id};
	$node->safe_psql('booking', 'SELECT count(*) FROM booking.due_deliveries()');
	done('redeliver', id => [ $hook, done('listDeliveries', id => [$hook], query => { limit => 1 })->{deliveries}[0]{delivery_id} ]);
	done('listWebhooks');
	send_request('deleteWebhook', id => [$hook]);
	done('listApiKeys');
	done('revokeApiKey', id => [ done('issueApiKey', body => { client => 'Partner', roles => ['analyst'] })->{key_id} ]);
	done('confirmCancellation', id => [ done('quoteCancellation', id => [ $booking->{booking_id} ])->{cancellation_id} ]);
	done('runEtl');
	done('listEtlRuns', query => { limit => 1 });
	for my $report (@{ done('listReports')->{reports} })
	{
		done('runReport', id => [ $report->{name} ], name => "runReport, $report->{name}");
		send_request('runReport', id => [ $report->{name} ], query => { format => 'csv' }, name => "runReport, $report->{name}, csv");
	}
	send_request($_) for qw(getDatabaseHealth getReplication getDatabaseMetrics getLiveness getReadiness getMetrics);
	is_deeply([ grep { !$succeeded{$_} } sort keys %operation ], [], 'every operation has succeeded');
};

subtest 'refusals' => sub {
	my ($known) = done('findBooking', query => { customer_id => 2, limit => 1 })->{bookings}[0]{booking_id};
	for my $id (sort keys %operation)
	{
		my $of = $operation{$id};
		my @ids = map { $_->{schema}{enum} ? 'nothing' : 999999 } grep { $_->{in} eq 'path' } @{ $of->{parameters} };
		my $api_path = $of->{path} =~ m{^/v1/};

		like(send_request($id, id => \@ids, body => $of->{method} eq 'GET' ? undef : {}, name => "$id, nothing there")->{status}, qr/^4(?:04|22)$/, "$id: refused") if @ids;
		is(send_request($id, id => \@ids, host => 'evil.example.com', name => "$id, another host")->{status}, 421, "$id: 421");
		my $refused = send_request($id, id => \@ids, method => $of->{method} eq 'DELETE' ? 'PATCH' : 'DELETE', name => "$id, another method");
		is($refused->{status}, 405, "$id: 405");
		like($refused->{headers}{allow}, qr/\b$of->{method}\b.*, OPTIONS$/, "$id: Allow");
		next if !$api_path;
		is(send_request($id, id => \@ids, query => [ a => 1, a => 2 ], name => "$id, a parameter twice")->{status}, 400, "$id: 400");
		next if $of->{method} eq 'GET';
		is(send_request($id, id => \@ids, text => '{', name => "$id, half a body")->{status}, 400, "$id: 400");
		is(send_request($id, id => \@ids, text => 'a', headers => { 'Content-Type' => 'text/plain' }, name => "$id, text")->{status}, 415, "$id: 415");
		is(send_request($id, id => \@ids, body => {}, headers => { Origin => 'http://evil.example.com' }, name => "$id, from another site")->{status}, 403, "$id: 403");
	}
	is(send_request('quoteChange', id => [$known], body => { items => [ { item_no => 1, seat => '20A' } ] }, headers => { 'If-Match' => '"77"' })->{status}, 412, 'stale');
	send_request('createBooking', body => { %{ hold() }, fare => 'flex' }, name => 'createBooking, an unknown member');
	send_request('createBooking', body => { %{ hold() }, type => 'instant', payment => { amount => '1.00', currency => 'EUR' } }, name => 'createBooking, another price');
	send_request('createBooking', body => { type => 'hold', customer_id => 2, slices => [ { flight_id => 1170, passengers => [ { name => 'Ada Byron', seat => '25A' } ] } ] }, name => 'createBooking, a seat that is taken');
	send_request('createCustomer', body => { full_name => 'Ada', email => 'customer1@example.com' }, name => 'createCustomer, a known address');
	my $batch = done('createBookings', body => { mode => 'each', bookings => [ hold('Emmy Noether'), { type => 'hold' } ] });
	ok($batch->{results}[1]{error}, 'a batch with a booking that is refused');
	$node->safe_psql('booking', 'ALTER FUNCTION booking.booking_api(text, text, jsonb, jsonb, jsonb) RENAME TO nothing');
	is(send_request('listFares', name => 'listFares, a fault of ours')->{status}, 500, 'is a 500');
	$node->safe_psql('booking', 'ALTER FUNCTION booking.nothing(text, text, jsonb, jsonb, jsonb) RENAME TO booking_api');
};

invariants_hold($node, 'at the end');
close $checks;
waitpid $pid, 0;
is($?, 0, 'the validator ends well');
is(($gateway->stop)[0], 0, 'the gateway stops with status 0');
done_testing();
