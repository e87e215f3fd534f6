# The page in a real browser, on the real extension and the sample data: a booking from search to cancellation with the
# keyboard alone, what it says to assistive technology, its layout on a telephone and a desk, and its errors.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use HTTP::Tiny;
use JSON::PP qw(decode_json encode_json);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use Browser;
use Gateway;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $chromium = Browser::find() or die "this test needs a Chromium: install the package chromium, or set CHROMIUM\n";

# ---------------------------------------------------------------- the system

my $node = PostgreSQL::Test::Cluster->new('page');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = 128MB\nmax_wal_size = 1GB\nmax_connections = 60\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE flight_booking');

sub load
{
	my ($db, @files) = @_;
	$node->psql($db, "\\i $tree/$_", on_error_die => 1) for @files;
	return;
}

sub sql
{
	my ($query) = @_;
	return $node->safe_psql('flight_booking', $query);
}

load('flight_booking', 'sql/flights_oltp_schema.sql');
sql('CREATE EXTENSION booking');
load('flight_booking', qw(sql/roles.sql sql/db_data.sql));
sql(q{INSERT INTO booking_private.payment_providers (provider, secret) VALUES ('simulated', sha256('simulated'))});
my $key = sql(q{SELECT api_key FROM booking.issue_api_key('page', '{agent,analyst}')});
$node->safe_psql('postgres', 'CREATE DATABASE flight_booking_reports TEMPLATE flight_booking');
load('flight_booking_reports', qw(warehouse/ddl_warehouse_schema.sql sql/roles.sql));
$node->safe_psql('flight_booking_reports', 'SELECT booking.etl_run(true)');

my $gateway = Gateway->start(
	DATABASE_URL => $node->connstr('flight_booking') . ' user=booking_app',
	REPORTS_DATABASE_URL => $node->connstr('flight_booking_reports') . ' user=reports_app');
my $base = $gateway->url('');
my $http = HTTP::Tiny->new(timeout => 30, default_headers => { Authorization => "Bearer $key" });

sub api
{
	my ($method, $path, $body) = @_;
	my $response = $http->request($method, $gateway->url($path), $body
		? { content => encode_json($body), headers => { 'Content-Type' => 'application/json' } } : {});
	return decode_json($response->{content});
}

# A flight with seats to choose from, weeks away.
my ($flight, $number, $origin, $destination, $date) = split /\|/, sql(q{
	SELECT f.flight_id, f.flight_number, f.origin, f.destination, (f.scheduled_departure AT TIME ZONE a.time_zone)::date
	  FROM flights f JOIN airports a ON a.iata = f.origin
	 WHERE f.status = 'scheduled' AND f.scheduled_departure BETWEEN now() + interval '14 days' AND now() + interval '40 days'
	   AND f.sales_open_at < now()
	   AND (SELECT count(*) FROM seats s WHERE s.flight_id = f.flight_id AND s.cabin_class = 'economy' AND s.status = 'available') >= 40
	 ORDER BY f.scheduled_departure, f.flight_id LIMIT 1});
ok($flight, "flight $number $origin-$destination on $date");

my $browser = Browser->start($chromium);
$browser->size(1280, 900);

# ---------------------------------------------------------------- what is looked at on every view

# Elements of the page that break a rule of WCAG 2.2 which can be measured.
my $measure = <<'JS';
(() => {
	const bad = [];
	const shown = (e) => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden';
	const what = (e) => `${e.tagName} ${e.className} "${(e.getAttribute('aria-label') ?? e.textContent).trim().slice(0, 40)}"`;
	if (document.documentElement.scrollWidth > innerWidth) bad.push(`scrolls sideways: ${document.documentElement.scrollWidth}`);
	for (const e of document.querySelectorAll('a, button, input, select')) {
		const b = e.getBoundingClientRect();
		const inline = e.tagName === 'A' && getComputedStyle(e).display === 'inline';
		const hidden = e.matches('.skip') || e.disabled;
		if (shown(e) && !inline && !hidden && (b.width < 24 || b.height < 24)) bad.push(`small target: ${what(e)} ${b.width}x${b.height}`);
	}
	const parse = (c) => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const behind = (e) => {
		for (let n = e; n; n = n.parentElement) {
			const s = getComputedStyle(n);
			if (s.backgroundImage !== 'none') return null;
			const c = parse(s.backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
		}
		return [255, 255, 255];
	};
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement;
		if (!walker.currentNode.data.trim() || !shown(e) || e.closest('.visually-hidden, .skip, option, datalist, svg, [disabled]')) continue;
		const back = behind(e);
		if (!back) continue;
		const s = getComputedStyle(e);
		const [a, b] = [light(parse(s.color)), light(back)].sort((x, y) => y - x);
		const size = parseFloat(s.fontSize);
		const enough = size >= 24 || (size >= 18.66 && Number(s.fontWeight) >= 700) ? 3 : 4.5;
		if ((a + 0.05) / (b + 0.05) < enough) bad.push(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${what(e)}`);
	}
	const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
	ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => bad.push(`id twice: ${id}`));
	for (const e of document.querySelectorAll('[aria-describedby], [aria-labelledby], label[for]')) {
		for (const name of ['aria-describedby', 'aria-labelledby', 'for']) {
			for (const id of (e.getAttribute(name) ?? '').split(' ').filter(Boolean)) if (!ids.includes(id)) bad.push(`no id ${id}`);
		}
	}
	if (document.querySelectorAll('h1').length !== 1) bad.push('not one h1');
	return bad;
})()
JS

sub view_ok
{
	my ($name) = @_;

	subtest $name => sub {
		for my $look ([ 360, 'light' ], [ 360, 'dark' ], [ 1280, 'light' ], [ 1280, 'dark' ])
		{
			my ($width, $scheme) = @$look;
			$browser->size($width, 800);
			$browser->color_scheme($scheme);
			is_deeply($browser->js($measure), [], "$width px, $scheme");
		}
		my @nameless = map { $_->{role} } grep { $_->{name} eq '' }
		  grep { $_->{role} =~ /^(button|link|textbox|combobox|checkbox|heading|img|image|Date|DateTime|navigation|region|table)$/ } $browser->accessible;
		@nameless = grep { $_ ne 'table' } @nameless;
		is_deeply(\@nameless, [], 'everything that can be used has a name');
		is_deeply([ $browser->trouble ], [], 'nothing in the console');
		$browser->size(1280, 900);
	};
	return;
}

sub text { return $browser->js("document.querySelector('#view').innerText") }

sub heading { return $browser->js("document.querySelector('h1')?.innerText") }

# Presses Tab until the condition holds for the element that has the focus (e).
sub tab_to
{
	my ($condition) = @_;
	for (1 .. 80)
	{
		$browser->press('Tab');
		return 1 if $browser->js("((e) => $condition)(document.activeElement)");
	}
	die "Tab does not lead to $condition";
}

sub said
{
	my ($pattern) = @_;
	my $text;
	for (1 .. 60)
	{
		$text = $browser->js("document.querySelector('#status').textContent");
		return 1 if $text =~ $pattern;
		sleep 0.05;
	}
	diag("said: $text");
	return 0;
}

# ---------------------------------------------------------------- a booking with the keyboard alone

my $reference;

subtest 'search' => sub {
	$browser->goto("$base/");
	is(heading(), 'Where would you like to go?', 'the page is there');
	$browser->press('Tab');
	is($browser->js('document.activeElement.className'), 'skip', 'the first stop skips to the content');
	is($browser->js("document.querySelectorAll('#airports option').length"), sql('SELECT count(*) FROM airports'), 'all airports are offered');

	tab_to("e.name === 'origin'");
	$browser->type('nowhere at all');
	tab_to("e.name === 'destination'");
	$browser->type($destination);
	$browser->press('Enter');
	like($browser->js("document.querySelector('[name=origin]').validationMessage"), qr/Choose an airport/, 'an unknown airport is refused');
	$browser->enter('[name=origin]', $origin);
	tab_to("e.name === 'date'");
	$browser->js("document.activeElement.value = '$date'");
	tab_to("e.name === 'passengers'");
	$browser->press('ArrowDown');
	is($browser->js('document.activeElement.value'), '2', 'two passengers');
	tab_to("e.textContent === 'Search flights'");
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('.flights')");
	ok(said(qr/flights? found/), 'the result is announced');
	is($browser->js('document.activeElement.tagName'), 'H1', 'the focus is on the heading');

	my $found = api('GET', "/v1/flights?origin=$origin&destination=$destination&departure_date=$date&passengers=2");
	my ($mine) = grep { $_->{flight_id} == $flight } @{ $found->{flights} };
	my $text = text();
	is($browser->js("document.querySelectorAll('.flight').length"), scalar @{ $found->{flights} }, 'every flight is shown');
	my $clock = sub { return substr $_[0], 11, 5 };
	ok(index($text, $_) >= 0, "shows $_")
	  for $number, $clock->($mine->{scheduled_departure_local}), $clock->($mine->{scheduled_arrival_local}), map { $_->{price_from} =~ /(\d+\.\d\d)$/ ? substr($1, -6) : () } @{ $mine->{cabins} };
};
view_ok('search results');

subtest 'seat map' => sub {
	tab_to("e.matches('.cabin') && e.textContent.startsWith('Economy') && e.closest('.flight').textContent.includes('$number')");
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('.seat-map')");

	my $map = api('GET', "/v1/flights/$flight/seat_map");
	my ($cabin) = grep { $_->{cabin_class} eq 'economy' } @{ $map->{cabins} };
	my @seats = map { my $row = $_; map { { %$_, row => $row->{row} } } map { @$_ } @{ $row->{sections} } } @{ $cabin->{rows} };
	my %state = (available => 'available', held => 'held by someone', booked => 'taken', blocked => 'not for sale');
	my @expected = map {
		my $seat = $_;
		my %trait = map { $_ => 1 } @{ $seat->{characteristics} };
		my ($letter) = $seat->{seat_number} =~ /([A-Z])$/;
		my $position = $trait{W} ? 'window' : $trait{A} ? 'aisle' : 'middle';
		qr/^Row $seat->{row}, seat $letter, (?:.*, )?$position, (?:.*, )?$state{$seat->{status}}/;
	} @seats;
	my @buttons = grep { $_->{role} eq 'button' && $_->{name} =~ /^Row / } $browser->accessible;
	is(scalar @buttons, scalar @seats, 'a button for every seat');
	is(scalar(grep { $buttons[$_]{name} =~ $expected[$_] } 0 .. $#expected), scalar @seats,
		'named by row, letter, position and state')
	  or diag $buttons[0]{name};
	my @free = grep { $_->{status} eq 'available' } @seats;
	is(scalar(grep { $_->{name} =~ /, available, [\d,]+\.\d\d EUR$/ } @buttons), scalar @free, 'free seats with their price');
	is($browser->js("document.querySelectorAll('.seat-map .seat[tabindex=\"0\"]').length"), 1, 'one Tab stop');
	is($browser->js(q{[...document.querySelectorAll('.seat-map .seat:not(.available)')].filter((e) => /^[A-Z]$/.test(e.textContent)).length}),
		0, 'a taken seat differs by its sign, not by colour alone');

	tab_to("e.matches('.seat')");
	my $first = $browser->js('document.activeElement.dataset.seat');
	$browser->press(' ');
	is($browser->js('document.activeElement.getAttribute("aria-pressed")'), 'true', "Space chooses seat $first");
	ok(said(qr/1 of 2 seats chosen: $first/), 'which is announced');
	$browser->press('ArrowDown');
	my $below = $browser->js('document.activeElement.dataset.seat');
	is($below =~ s/\d+//r, $first =~ s/\d+//r, 'down keeps the letter');
	$browser->press('ArrowUp');
	is($browser->js('document.activeElement.dataset.seat'), $first, 'up leads back');
	$browser->press('End');
	my $last = $browser->js('document.activeElement.dataset.seat');
	$browser->press('Home');
	isnt($browser->js('document.activeElement.dataset.seat'), $last, 'Home and End lead to the ends of the row');

	my ($taken) = grep { $_->{status} eq 'booked' } @seats;
	$browser->click(".seat[data-seat='$taken->{seat_number}']");
	ok(said(qr/Seat $taken->{seat_number} is taken/), 'a taken seat says so');
	is($browser->js("document.querySelectorAll('.seat-map [aria-pressed=true]').length"), 1, 'and is not chosen');

	tab_to("e.textContent === 'Choose for me'");
	$browser->press('Enter');
	is($browser->js("document.querySelectorAll('.seat-map [aria-pressed=true]').length"), 2, 'two seats are chosen for us');
	ok(said(qr/2 of 2 seats chosen/), 'which is announced');
	my @chosen = @{ $browser->js(q{[...document.querySelectorAll('.seat-map [aria-pressed=true]')].map((e) => e.dataset.seat)}) };
	my %price = map { $_->{seat_number} => $_->{price} } @seats;
	my $total = sprintf '%.2f', $price{ $chosen[0] } + $price{ $chosen[1] };
	like(text() =~ tr/,//dr, qr/Total\s+\Q$total\E EUR/, 'their sum');
};
view_ok('seat map with a choice');

subtest 'passengers, and a hold' => sub {
	tab_to("e.textContent === 'Continue to passengers'");
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('[name=name-0]')");
	is(heading(), 'Who is travelling?', 'the next step');
	tab_to("e.name === 'name-0'");
	$browser->type("Zo\x{eb} <b>O'Neil</b>");
	tab_to("e.name === 'name-1'");
	$browser->type('Charles Babbage');
	tab_to("e.name === 'email'");
	$browser->type('zoe@example.org');
};
view_ok('passengers');

subtest 'held' => sub {
	$browser->js("document.querySelector('[name=email]').focus()");
	$browser->press('Enter');
	sleep 0.5;
	is(sql("SELECT count(*) FROM bookings WHERE contact_email = 'zoe\@example.org'"), 0, 'the Enter key in a field books nothing');
	tab_to("e.value === 'hold'");
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('.reference-code')");
	is(heading(), 'Your seats are held for you.', 'held');
	$reference = $browser->js("document.querySelector('.reference-code').textContent");
	like($reference, qr/^[A-Z0-9]{6}$/, 'the booking reference');
	like(text(), qr/Zo\x{eb} <b>O'Neil<\/b>/, 'a name is text, whatever it holds');
	is($browser->js("document.querySelectorAll('#view b').length"), 0, 'and never HTML');
	like(text(), qr/Pay by .*1\d min \d\d s left/, 'the time that is left');
	is(sql("SELECT status, channel, contact_email FROM bookings WHERE booking_reference = '$reference'"),
		'held|web|zoe@example.org', 'so says the database');
	is(sql("SELECT count(*) FROM seats s JOIN booking_items USING (flight_id, seat_number) JOIN bookings b USING (booking_id)
		 WHERE b.booking_reference = '$reference' AND s.status = 'held'"), 2, 'two seats are held');
};
view_ok('a held booking');

subtest 'a reload, and a flight that is late' => sub {
	my $other = sql("SELECT g.flight_number FROM flights f JOIN flights g ON g.flight_id <> f.flight_id AND g.currency = f.currency AND g.scheduled_departure < f.scheduled_arrival
		   AND f.scheduled_departure < g.scheduled_arrival, LATERAL (SELECT i.passenger_name, b.customer_id FROM bookings b JOIN booking_items i USING (booking_id) WHERE b.booking_reference = '$reference' LIMIT 1) p,
		   LATERAL booking.create_booking(jsonb_build_object('type', 'hold', 'customer_id', p.customer_id, 'slices', jsonb_build_array(jsonb_build_object('flight_id', g.flight_id,
		     'passengers', jsonb_build_array(jsonb_build_object('name', p.passenger_name, 'cabin_class', 'economy')))))) WHERE f.flight_id = $flight LIMIT 1");
	sql("UPDATE flights SET status = 'delayed', estimated_departure = scheduled_departure + interval '95 minutes', estimated_arrival = scheduled_arrival + interval '95 minutes' WHERE flight_id = $flight");
	$browser->js('window.isOld = true; location.reload()');
	$browser->wait_for("!window.isOld && document.querySelector('.reference-code')");
	is($browser->js("document.querySelector('.reference-code').textContent"), $reference, 'the booking is there again');
	like(text(), qr/$number $origin.$destination: Delayed: leaves /, 'the delay is said');
	like(text(), qr/Flight $number overlaps flight $other, which passenger/, 'and that the passenger is to be on two flights at once');
	sql("UPDATE flights SET status = 'cancelled' WHERE flight_id = $flight; UPDATE booking_items AS i SET fee_amount = 12.50 FROM bookings AS b WHERE b.booking_id = i.booking_id AND booking_reference = '$reference' AND item_no = 1");
	$browser->js('window.isOld = true; location.reload()');
	$browser->wait_for("!window.isOld && document.querySelector('.reference-code')");
	like(text(), qr/$number $origin.$destination: Cancelled/, 'and that it does not go');
	like(text(), qr/Change fees\s+12\.50/, 'and the fee of a change');
	sql("UPDATE booking_items AS i SET fee_amount = 0 FROM bookings AS b WHERE b.booking_id = i.booking_id AND booking_reference = '$reference'");
	sql("UPDATE flights SET status = 'scheduled', estimated_departure = NULL, estimated_arrival = NULL WHERE flight_id = $flight");
	$browser->js('window.isOld = true; location.reload()');
	$browser->wait_for("!window.isOld && document.querySelector('.reference-code')");
};

subtest 'pay' => sub {
	$browser->js("document.querySelector('h1').focus()");
	tab_to("e.textContent.startsWith('Pay ')");
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('.badge.confirmed')");
	ok(said(qr/confirmed/), 'announced');
	is(sql("SELECT b.status, sum(p.amount) = b.total_amount FROM bookings b JOIN payments p USING (booking_id)
		 WHERE b.booking_reference = '$reference' GROUP BY b.booking_id"), 'confirmed|t', 'paid in full');
};
view_ok('a confirmed booking');

# ---------------------------------------------------------------- later: retrieve and cancel

subtest 'retrieve' => sub {
	$browser->goto("$base/#/retrieve");
	$browser->goto("$base/");
	$browser->click("[data-nav=retrieve]");
	$browser->wait_for("document.querySelector('[name=booking_reference]')");
	$browser->enter('[name=booking_reference]', $reference);
	$browser->enter('[name=last_name]', 'Nobody');
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('#problem .problem')");
	like($browser->js("document.querySelector('#problem').innerText"), qr/Not found.*Reference: [0-9a-f]{32}/s,
		'a wrong name: an error with its reference');
	is($browser->js("document.querySelector('#problem').getAttribute('role')"), 'alert', 'as an alert');
	ok((grep { /404/ } $browser->trouble), 'the browser notes the 404');
	view_ok('retrieve, with an error');

	$browser->enter('[name=booking_reference]', lc $reference);
	$browser->enter('[name=last_name]', 'Babbage');
	$browser->press('Enter');
	$browser->wait_for("document.querySelector('.reference-code')");
	is($browser->js("document.querySelector('.reference-code').textContent"), $reference, 'found by reference and last name');
	is($browser->js("document.querySelector('#problem').innerText"), '', 'the error is gone');
};

subtest 'cancel' => sub {
	$browser->click('.actions .danger');
	$browser->wait_for("document.querySelector('.quote h2')");
	my $quote = sql("SELECT refund_amount || ' EUR' FROM cancellations JOIN bookings USING (booking_id) WHERE booking_reference = '$reference'");
	like(text() =~ tr/,//dr, qr/You get back\s+\Q$quote\E/, "the quote: $quote");
	is($browser->js('document.activeElement.innerText'), 'Cancel this booking?', 'has the focus');
	view_ok('a cancellation quote');
	is(sql("SELECT status FROM bookings WHERE booking_reference = '$reference'"), 'confirmed', 'nothing has happened yet');
	$browser->js(q{[...document.querySelectorAll('.quote button')].find((e) => e.textContent === 'Keep the booking').click()});
	is($browser->js("document.querySelector('.quote').children.length"), 0, 'it can be kept');
	$browser->click('.actions .danger');
	$browser->wait_for("document.querySelector('.quote h2')");
	$browser->click('.quote .danger');
	$browser->wait_for("document.querySelector('.badge.cancelled')");
	is(sql("SELECT b.status, count(s.*) FROM bookings b JOIN booking_items USING (booking_id) JOIN seats s USING (flight_id, seat_number)
		 WHERE booking_reference = '$reference' AND s.status = 'available' GROUP BY b.booking_id"), 'cancelled|2', 'cancelled, the seats are free');
	is($browser->js("document.querySelectorAll('.actions button').length"), 0, 'and nothing is left to do');
};
view_ok('a cancelled booking');

# ---------------------------------------------------------------- others are booking too

sub to_passengers
{
	my ($count) = @_;
	$browser->goto("$base/#/");
	$browser->js("location.hash = '#/flights/$flight/seats?cabin=economy&passengers=$count'");
	$browser->wait_for("document.querySelector('.seat-map')");
	$browser->js(q{[...document.querySelectorAll('button')].find((e) => e.textContent === 'Choose for me').click()});
	my $seats = $browser->js(q{[...document.querySelectorAll('.seat-map [aria-pressed=true]')].map((e) => e.dataset.seat)});
	$browser->js(q{[...document.querySelectorAll('button')].find((e) => e.textContent === 'Continue to passengers').click()});
	$browser->wait_for("document.querySelector('[name=name-0]')");
	return @$seats;
}

subtest 'a seat that is taken meanwhile' => sub {
	my ($seat) = to_passengers(1);
	my $other = api('POST', '/v1/bookings', { type => 'hold', customer_id => 1, slices =>
		[ { flight_id => $flight + 0, passengers => [ { name => 'Quick Hand', seat => $seat } ] } ] });
	is($other->{status}, 'held', "someone takes seat $seat");
	$browser->enter('[name=name-0]', 'Late Comer');
	$browser->enter('[name=email]', 'late@example.org');
	$browser->click('button[value=instant]');
	$browser->wait_for("document.querySelector('#problem .problem') && document.querySelector('.seat-map')");
	like($browser->js("document.querySelector('#problem').innerText"), qr/$seat/, 'the error names the seat');
	like($browser->js("document.querySelector('.seat[data-seat=\"$seat\"]').getAttribute('aria-label')"), qr/held by someone/,
		'the map shows it as held');
	is(sql("SELECT count(*) FROM booking_items WHERE passenger_name = 'Late Comer'"), 0, 'nothing was booked');
	ok((grep { /409/ } $browser->trouble), 'the browser notes the 409');
};

subtest 'pay at once, as a guest whose address is known' => sub {
	my ($seat) = to_passengers(1);
	$browser->enter('[name=name-0]', "Zo\x{eb} O'Neil");
	$browser->enter('[name=email]', 'ZOE@example.org');
	$browser->click('button[value=instant]');
	$browser->wait_for("document.querySelector('.badge.confirmed')");
	is(heading(), 'Your booking is confirmed.', 'confirmed');
	is(sql("SELECT count(*) FROM customers WHERE lower(email) = 'zoe\@example.org' AND is_guest"), 2, 'is another guest');
	is(sql("SELECT status FROM seats WHERE flight_id = $flight AND seat_number = '$seat'"), 'booked', "seat $seat is booked");
};

subtest 'one thing at a time' => sub {
	my ($seat) = to_passengers(1);
	$browser->enter('[name=name-0]', 'Double ' . 'Click' x 30);
	$browser->enter('[name=email]', 'double@example.org');
	$browser->js(q{document.querySelector('button[value=instant]').click(); document.querySelector('button[value=hold]').click()});
	$browser->wait_for("document.querySelector('.reference-code')");
	sleep 0.5;
	is(sql("SELECT string_agg(status, ',') FROM bookings WHERE contact_email = 'double\@example.org'"), 'confirmed', 'paying and holding are not both sent');
	$browser->size(390, 844);
	is($browser->js('document.documentElement.scrollWidth <= innerWidth'), JSON::PP::true, 'a long name does not widen a telephone\'s page');
	cmp_ok($browser->js("document.querySelector('.stack tbody td').getBoundingClientRect().height"), '<', 40, 'nor breaks what is beside it');
	$browser->size(1280, 900);
};

subtest 'answers that are lost, and a clock that is ahead' => sub {
	my ($seat) = to_passengers(1);
	$browser->enter('[name=name-0]', 'Unlucky Traveller');
	$browser->enter('[name=email]', 'unlucky@example.org');
	# The answers of bookings are lost at first, and those of flights for good; the keys are written down.
	$browser->js(q{{
		const real = window.fetch;
		window.keys = [];
		window.fetch = async (path, options) => {
			const answer = await real(path, options);
			if (path === '/v1/bookings' && options.method === 'POST') {
				window.keys.push(options.headers['Idempotency-Key']);
				if (window.keys.length <= 3) { throw new TypeError('lost'); }
			}
			if (/^\/v1\/flights\/\d+$/.test(path)) { throw new TypeError('lost'); }
			return answer;
		};
		const now = Date.now;
		Date.now = () => now() + 30 * 60 * 1000;
	}});
	$browser->click('button[value=hold]');
	$browser->wait_for("document.querySelector('#problem .problem')");
	$browser->click('button[value=hold]');
	$browser->wait_for("document.querySelector('.reference-code')");
	is($browser->js('new Set(window.keys).size + " of " + window.keys.length'), '1 of 4', 'pressed again the request has the same key');
	is(sql("SELECT count(*) FROM bookings WHERE contact_email = 'unlucky\@example.org'"), 1, 'and takes effect once');
	sleep 2.5;
	like(text(), qr/Pay by .*1\d min \d\d s left/, 'the time that is left is the server\'s');
	is($browser->js("document.querySelectorAll('.actions button:not([disabled])').length"), 2, 'and the hold can be paid and cancelled');
	$browser->goto("$base/#/retrieve");
	$browser->js('location.reload()');
	$browser->trouble;
};

subtest 'a hold that lapses on the page' => sub {
	my ($seat) = to_passengers(1);
	$browser->enter('[name=name-0]', 'Slow Payer');
	$browser->enter('[name=email]', 'slow@example.org');
	sql("ALTER DATABASE flight_booking SET booking.hold_duration = '4s'; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'booking_app'");
	$browser->click('button[value=hold]');
	$browser->wait_for("document.querySelector('.badge.held')");
	$browser->wait_for("document.querySelector('.badge.expired')");
	is($browser->js("document.querySelectorAll('#view .actions button').length"), 0, 'is shown as expired, and cannot be paid any more');
	sql("ALTER DATABASE flight_booking RESET booking.hold_duration; SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'booking_app'");
};

subtest 'the chosen seat under the pointer' => sub {
	my ($seat) = to_passengers(1);
	$browser->js("history.back()");
	$browser->wait_for("document.querySelector('.seat-map')");
	$browser->click('.seat.available');
	my ($under, $away) = map { $browser->js("getComputedStyle(document.querySelector('$_')).backgroundColor") } '.seat-map [aria-pressed=true]', '.legend [aria-pressed=true]';
	is($under, $away, 'looks chosen');
};

subtest 'reports ask for a key' => sub {
	$browser->js("location.hash = '#/reports/load-factor'");
	$browser->wait_for("document.querySelector('[name=key]')");
	view_ok('a key is asked for');
	$browser->enter('[name=key]', 'bk_1_wrong');
	$browser->click('.actions .main');
	$browser->wait_for("document.querySelector('#problem .problem')");
	like($browser->js("document.querySelector('#problem').innerText"), qr/credential is not valid/, 'a wrong one is refused');
	ok((grep { /401/ } $browser->trouble), 'the browser notes the 401');
	$browser->enter('[name=key]', $key);
	$browser->click('.actions .main');
	$browser->wait_for("document.querySelector('.output table')");
	is($browser->js("[...Array(sessionStorage.length).keys()].filter((i) => sessionStorage.getItem(sessionStorage.key(i)) === '$key').length"), 1, 'the tab keeps it');
};

subtest 'a report by date' => sub {
	$browser->js("location.hash = '#/reports/load-factor'");
	$browser->wait_for("document.querySelector('.output table')");
	$browser->js(q{document.querySelector('[name=group_by]').value = 'date'; document.querySelector('.output').replaceChildren(); document.querySelector('section form button').click()});
	$browser->wait_for("document.querySelector('.output svg.bars')");
	my @dates = @{ $browser->js(q{[...document.querySelectorAll('.output svg.bars text[text-anchor=end]')].map((e) => e.textContent)}) };
	cmp_ok(scalar @dates, '>', 3, 'has its dates');
	is_deeply(\@dates, [ sort @dates ], 'in their order');
};

# ---------------------------------------------------------------- reports

for my $report ([ 'load-factor', 'route' ], [ 'revenue', 'month' ], [ 'booking-curve', 'total' ])
{
	my ($name, $group) = @$report;

	subtest "report $name" => sub {
		my $answer = api('GET', "/v1/reports/$name?group_by=$group");
		$browser->goto("$base/#/reports/$name");
		$browser->js("location.hash = '#/'");
		$browser->wait_for("document.querySelector('.hero')");
		$browser->js("location.hash = '#/reports/$name'");
		$browser->wait_for("document.querySelector('.output table')");
		my $rows = scalar @{ $answer->{rows} };
		cmp_ok($rows, '>', 0, "$rows rows");
		is($browser->js("document.querySelectorAll('.output tbody tr').length"), $rows, 'all are in the table');
		my @bars = grep { $_->{role} =~ /^(img|image)$/ && $_->{name} =~ /bars of/ } $browser->accessible;
		is(scalar @bars, 1, 'the drawing has a name');
		is($browser->js("document.querySelectorAll('.bars .bar').length"), $rows > 20 ? 20 : $rows, 'a bar for each, 20 at most');
		$browser->js('(() => { const make = URL.createObjectURL; window.saved = null; URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; window.savedType = blob.type; }); return make.call(URL, blob); }; })()');
		$browser->click('.output .link');
		$browser->wait_for('window.saved');
		is($browser->js('window.savedType'), 'text/csv', 'a file of CSV is given');
		is(scalar(() = $browser->js('window.saved') =~ /\n/g), $rows + 1, 'of as many rows and a head');
		view_ok("report $name");
	};
}

# ---------------------------------------------------------------- errors, and what leaves the page

subtest 'the service goes away' => sub {
	$browser->goto("$base/#/");
	$browser->js("location.hash = '#/'");
	$browser->wait_for("document.querySelector('.hero')");
	$gateway->stop;
	$browser->js("location.hash = '#/flights?origin=$origin&destination=$destination&date=$date&passengers=1'");
	$browser->wait_for("document.querySelector('#problem .problem')");
	like($browser->js("document.querySelector('#problem').innerText"), qr/cannot be reached/, 'the page says so');
	ok((grep { /ERR_CONNECTION_REFUSED/ } $browser->trouble), 'the browser notes it');
	like(text(), qr/Try again/, 'and offers to try again');
};

is_deeply([ grep { !m{^(\Q$base\E/|about:|data:)} } $browser->requests ], [], 'nothing was asked of another host');
is(sql('SELECT * FROM booking.check_invariants()'), '', 'no invariant is broken');
$browser->stop;
$node->stop;
done_testing();
