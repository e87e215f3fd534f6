# Automatic failover (docker/ha/compose.yaml): the node that takes writes is killed, loses its server, freezes, loses the
# network, hands over as planned; the standby is killed; reports are away meanwhile. Clients book through the gateway all
# the while, and repeat a request with its Idempotency-Key until it is answered. No booking they were told of may be lost,
# none may be there that they did not ask for, at no moment may both nodes take writes, and the reports database must have
# what the new primary has.
# FAILOVERS of each kind, default 1; KINDS, default all.

use strict;
use warnings;

use Compose;
use File::Temp qw(tempdir);
use HTTP::Tiny;
use IO::Handle;
use JSON::PP ();
use POSIX ();
use List::Util qw(max min sum0 uniq);
use Test::More;
use Time::HiRes qw(sleep time);

$ENV{COMPOSE_FILE} = 'compose.yaml:docker/ha/compose.yaml';
my $failovers = $ENV{FAILOVERS} // 1;
my $clients = 4;
my @nodes = qw(primary_db hot_backup_db);
my %peer = (primary_db => 'hot_backup_db', hot_backup_db => 'primary_db');
my %member = (primary_db => 'primary_slot', hot_backup_db => 'hot_backup_slot');
my $dir = tempdir(CLEANUP => 1);
my $main = $$;
my ($major, @children);
$SIG{$_} = sub { exit 1 } for qw(INT TERM);

END
{
	if ($$ == $main)
	{
		my $status = $?;
		kill 'TERM', @children;
		run('mkdir -p regress/output && docker compose logs --no-color --timestamps >regress/output/failover.log');
		run('docker compose down -v --remove-orphans');
		$? = $status;
	}
}

# ---------------------------------------------------------------- clients

sub in_child
{
	my ($work) = @_;
	my $pid = fork() // die "fork: $!";

	if (!$pid)
	{
		$SIG{$_} = 'DEFAULT' for qw(INT TERM);
		$work->();
		POSIX::_exit(0);
	}
	push @children, $pid;
	return;
}

sub lines_of { my ($file) = @_; open my $in, '<', $file or return; chomp(my @lines = <$in>); return @lines }

# Books one seat after the other and writes down what it asks for, before it asks, and what it was told: "asked KEY",
# "told KEY", "refused KEY", each with the moment; "took" how long each request was without an answer.
sub client
{
	my ($number, $customer, @seats) = @_;
	my $http = HTTP::Tiny->new(timeout => 30, default_headers => { Authorization => 'Bearer ' . key_of('agent') });
	open my $log, '>', "$dir/client.$number" or die $!;
	my $note = sub { printf $log "%s %s %.3f\n", @_; };

	$log->autoflush;
	while (my $seat = shift @seats)
	{
		my ($flight, $seat_number, $price, $currency) = split /\|/, $seat;
		my $key = "ha-$number-$flight-$seat_number";
		my $body = JSON::PP::encode_json({ type => 'instant', customer_id => $customer + 0, contact => { phone => $key },
				slices => [ { flight_id => $flight + 0, passengers => [ { name => "Ada $seat_number", seat => $seat_number } ] } ],
				payment => { amount => $price, currency => $currency } });
		my $status;

		if (-e "$dir/pause")
		{
			open my $here, '>', "$dir/paused.$number";
			sleep 0.1 while -e "$dir/pause";
			unlink "$dir/paused.$number";
		}
		$note->('asked', $key, time);
		do
		{
			my $begun = time;
			my $response = $http->post("http://localhost:$port{gateway}/v1/bookings",
				{ headers => { 'Content-Type' => 'application/json', 'Idempotency-Key' => $key }, content => $body });
			$status = $response->{status};
			$note->('took', $status, time - $begun);
			sleep 0.1 if $status >= 500;
		} while ($status >= 500);
		$note->($status == 201 ? 'told' : 'refused', $key, time);
		sleep 0.05;
	}
	die "client $number has no seats left\n";
}

# Writes to one node five times a second, at its own socket, and notes of what was acknowledged when it began and on which
# timeline.
sub probe
{
	my ($service) = @_;
	my $loop = q{while sleep 0.2; do timeout 20 psql -X -q -A -t -F ' ' -U postgres -d flight_booking -c }
	  . q{"INSERT INTO probe.writes VALUES (now()) RETURNING extract(epoch FROM at), left(pg_walfile_name(pg_current_wal_lsn()), 8)" 2>/dev/null; done};

	open my $log, '>>', "$dir/probe.$service" or die $!;
	$log->autoflush;
	open STDERR, '>', '/dev/null' or die $!;    # of a node that is not there
	while (1)
	{
		open my $pipe, '-|', 'docker', 'compose', 'exec', '-T', $service, 'bash', '-c', $loop or die $!;
		while (my $line = <$pipe>)
		{
			print $log $line if $line =~ /^[\d.]+ [0-9A-F]{8}$/;    # docker complains here, too
		}
		close $pipe;
		sleep 0.2;
	}
}

# ---------------------------------------------------------------- what the clients know

sub said
{
	my ($what) = @_;
	return map { [ (split / /)[ 1, 2 ] ] } grep { /^$what / } map { lines_of("$dir/client.$_") } 1 .. $clients;
}

sub keys_said { return map { $_->[0] } said(@_) }

sub without
{
	my ($list, $other) = @_;
	my %other = map { $_ => 1 } @$other;

	return grep { !$other{$_} } @$list;
}

# The longest time after a moment in which nobody was told of a booking; from the moment on, if it was silent then.
sub silence_after
{
	my ($moment) = @_;
	my ($longest, $last) = (0, $moment);

	for my $told (sort { $a <=> $b } map { $_->[1] } said('told'))
	{
		next if $told < $moment;
		$longest = max($longest, $told - $last);
		$last = $told;
	}
	return max($longest, time - $last);
}

# Writes begun, and acknowledged, on a timeline when there was a later one already
sub writes_on_two_timelines
{
	my ($late, $begun) = (0);

	for my $write (sort { $b->[1] cmp $a->[1] || $a->[0] <=> $b->[0] } @_)
	{
		my ($moment, $timeline) = @$write;
		if (!$begun || $begun->[1] ne $timeline)
		{
			$begun = [ $begun ? min($moment, $begun->[0]) : $moment, $timeline, $begun ? $begun->[0] : 9**9**9 ];
		}
		$late++ if $moment > $begun->[2];
	}
	return $late;
}

sub probed { return map { [split] } map { lines_of("$dir/probe.$_") } @nodes }

sub hold_clients
{
	open my $pause, '>', "$dir/pause" or die $!;
	wait_until(60, sub { $clients == grep { -e "$dir/paused.$_" } 1 .. $clients }) or die "the clients do not come to rest\n";
	return;
}

sub let_clients_go { unlink "$dir/pause"; return }

# ---------------------------------------------------------------- the nodes

sub leader
{
	for my $node (@nodes)
	{
		return $node if (eval { sql($node, 'SELECT pg_is_in_recovery()') } // '') eq 'f';
	}
	return;
}

# The other node could take over now with all that matters: it is the synchronous standby, and has the slot of reports.
sub standby_is_ready
{
	my $leader = leader() // return 0;
	my $standby = $peer{$leader};
	my ($synchronous, $xmin) = split /\|/, sql($leader, "SELECT sync_state, (SELECT catalog_xmin FROM pg_replication_slots WHERE slot_name = '$member{$standby}')"
		  . " FROM pg_stat_replication WHERE application_name = '$member{$standby}' AND state = 'streaming'");
	return 0 unless ($synchronous // '') eq 'sync' && $xmin;    # hot_standby_feedback has come through
	my $kept = $major >= 17 ? q{synced AND NOT temporary AND invalidation_reason IS NULL} : "catalog_xmin::text::bigint >= '$xmin'";

	return sql($standby, "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'reports_slot' AND $kept") == 1;
}

sub id_of { my ($service) = @_; return compose("ps -a -q $service") =~ s/\s+//gr }

sub networks
{
	my ($id) = @_;
	return split ' ', (run("docker inspect -f '{{range \$name, \$_ := .NetworkSettings.Networks}}{{\$name}} {{end}}' $id"))[1];
}

sub wait_for_bookings
{
	my ($moment) = @_;
	wait_until(90, sub { scalar grep { $_->[1] > $moment + 2 } said('told') });
	return;
}

# Takes a node off its networks; returns what brings it back.
sub cut_off
{
	my ($service) = @_;
	my $id = id_of($service);
	my @networks = networks($id);

	docker("network disconnect $_ $id") for @networks;
	return sub { docker("network connect --alias $service $_ $id") for @networks };
}

# Kills a node, and starts it when bookings are made without it; returns the moment.
sub kill_for_a_while
{
	my ($service) = @_;
	my $id = id_of($service);
	my $moment = time;

	docker("kill $id");
	wait_for_bookings($moment);
	docker("start $id");
	return $moment;
}

# What happens, mostly to the leader. Each gives the moment from which something is away, and brings it back.
my %break = (
	'node killed' => \&kill_for_a_while,
	'standby behind' => sub {    # what it never got, reports must not have either
		my ($leader) = @_;
		my $id = id_of($leader);
		my $reconnect = cut_off($peer{$leader});
		sleep 5;
		my $moment = time;
		docker("kill $id");
		$reconnect->();
		wait_for_bookings($moment);
		docker("start $id");
		return $moment;
	},
	'server killed' => sub {
		my ($leader) = @_;
		my $moment = time;
		exec_in($leader, q{bash -c 'kill -9 $(head -n 1 $PGDATA/postmaster.pid)'});
		wait_for_bookings($moment);
		return $moment;
	},
	'frozen' => sub {
		my ($leader) = @_;
		my $id = id_of($leader);
		my $moment = time;
		docker("pause $id");
		sleep 60;
		docker("unpause $id");
		return $moment;
	},
	'network cut' => sub {
		my ($leader) = @_;
		my $moment = time;
		my $reconnect = cut_off($leader);
		wait_for_bookings($moment);
		$reconnect->();
		return $moment;
	},
	'reports away' => sub {    # for two minutes, in which all that is for them must be kept, from both leaders
		my ($leader) = @_;
		my $reports = id_of('reports_db');
		docker("stop $reports");
		my $away = time;
		wait_for_bookings($away);
		my $moment = kill_for_a_while($leader);
		sleep max(0, $away + 120 - time);
		docker("start $reports");
		return $moment;
	},
	'standby killed' => sub { return kill_for_a_while($peer{ $_[0] }) },
	'switchover' => sub {
		my ($leader) = @_;
		my $moment = time;
		exec_in($peer{$leader}, 'patronictl switchover --force');
		return $moment;
	});
my @kinds = split /,/, $ENV{KINDS} // 'node killed,standby behind,server killed,frozen,network cut,reports away,standby killed,switchover';
my %longest = ((map { $_ => 40 } @kinds), 'server killed' => 15, 'switchover' => 5);
my %figures;

sub fail_over
{
	my ($kind, $name) = @_;

	ok(wait_until(120, \&standby_is_ready), "$name: the standby can take over") or return;
	my $before = leader();
	my $moment = $break{$kind}->($before);
	my $broken = time;
	ok(wait_until(120, \&standby_is_ready), "$name: there is a standby again");
	my $back = time - $broken;
	my $silence = silence_after($moment);
	my $after = leader();
	note "$before, then $after";

	hold_clients();
	my $drained = time;
	my $equal = wait_until(60, sub { data_hash('reports_db') eq data_hash($after) });
	my $reports = time - $drained;
	my @final = split /\n/, sql($after, "SELECT contact_phone FROM bookings WHERE contact_phone LIKE 'ha-%'");
	my @lost = without([ keys_said('told') ], \@final);
	my @unexpected = without(\@final, [ keys_said('asked') ]);
	my $two = writes_on_two_timelines(probed());

	is("@lost", '', "$name: no booking that a client was told of is lost");
	is("@unexpected", '', "$name: there is none that nobody asked for");
	is(scalar(uniq @final), scalar(@final), "$name: none is there twice");
	is($two, 0, "$name: at no moment did both nodes take writes");
	ok($equal, "$name: reports has what the primary has");
	is(sql($after, 'SELECT count(*) FROM booking.check_invariants()'), 0, "$name: no invariant is broken");
	cmp_ok($silence, '<=', $longest{$kind}, sprintf '%s: bookings again after %.1f s', $name, $silence);
	push @{ $figures{$kind} }, { silence => $silence, lost => scalar @lost, unexpected => scalar @unexpected,
		two => $two, back => $back, reports => $reports };
	let_clients_go();
	return;
}

sub middle { my @sorted = sort { $a <=> $b } @_; return $sorted[ $#sorted / 2 ] }

# ---------------------------------------------------------------- start

compose('down -v --remove-orphans');
compose('build');
compose('up -d');
$major = int(sql('primary_db', 'SHOW server_version_num') / 10_000);
ok(wait_until(120, \&standby_is_ready), 'two nodes, one a synchronous standby') or BAIL_OUT('there is no cluster');
is(leader(), 'primary_db', 'primary_db leads');
sql('primary_db', 'CREATE SCHEMA probe; CREATE TABLE probe.writes (at timestamptz)');
my @seats = split /\n/, sql('primary_db', "SELECT flight_id, seat_number, price, currency FROM seats JOIN flights USING (flight_id)"
	  . " WHERE seats.status = 'available' AND cabin_class = 'economy' AND flights.status = 'scheduled'"
	  . " AND scheduled_departure > now() + interval '2 days' AND now() BETWEEN sales_open_at AND sales_close_at ORDER BY md5(seats::text) LIMIT 60000");
my ($created, $customer) = api('POST', '/v1/customers', { full_name => 'Ada Lovelace' });
is($created, 201, 'a customer');
for my $number (1 .. $clients)
{
	in_child(sub { client($number, $customer->{customer_id}, @seats[ grep { $_ % $clients == $number - 1 } 0 .. $#seats ]) });
}
in_child(sub { probe('primary_db') });
in_child(sub { probe('hot_backup_db') });
ok(wait_until(30, sub { said('told') > 100 }), 'bookings are made');

# ---------------------------------------------------------------- failovers

for my $round (1 .. $failovers)
{
	fail_over($_, $failovers > 1 ? "$_ ($round)" : $_) for @kinds;
}

note sprintf '%-14s %9s %9s %5s %11s %14s %9s %9s', 'kind', 'RTO p50', 'max', 'lost', 'unexpected', 'two timelines', 'back', 'reports';
for my $kind (grep { $figures{$_} } @kinds)
{
	my @of = @{ $figures{$kind} };
	my $of = sub { my ($figure) = @_; return map { $_->{$figure} } @of };
	note sprintf '%-14s %7.1f s %7.1f s %5d %11d %14d %7.1f s %7.1f s', $kind, middle($of->('silence')), max($of->('silence')), sum0($of->('lost')),
	  sum0($of->('unexpected')), max($of->('two')), max($of->('back')), max($of->('reports'));
}
my @takeovers = map { $_->{silence} } map { @{ $figures{$_} // [] } } 'node killed', 'standby behind', 'frozen', 'network cut', 'reports away';
cmp_ok(middle(@takeovers), '<=', 25, sprintf 'a node is lost: bookings again after %.1f s at the median', middle(@takeovers)) if @takeovers;
my @took = sort { $a <=> $b } map { $_->[1] } said('took');
note sprintf '%d requests, %d bookings, %d refused; the longest request took %.1f s', scalar @took, scalar keys_said('told'), scalar keys_said('refused'), $took[-1];
cmp_ok($took[-1], '<=', 10, 'no request has hung');
cmp_ok(scalar(keys_said('told')), '>', 80 * $failovers * @kinds, 'the clients were at work');

# The checks have teeth.
my @told = keys_said('told');
is(scalar(without(\@told, [ @told[ 1 .. $#told ] ])), 1, 'a booking missing among the final would count as lost');
is(scalar(without([ @told, 'ha-unasked' ], [ keys_said('asked') ])), 1, 'one that nobody asked for would be seen');
my ($first, $last) = (sort { $a->[1] cmp $b->[1] } probed())[ 0, -1 ];
is(writes_on_two_timelines(probed(), [ $last->[0] + 1, $first->[1] ]), 1, 'and so would a write on an old timeline');

# ---------------------------------------------------------------- alone

# A node that led, started again where neither its peer nor etcd can tell that it does no longer
my $leader = leader();
hold_clients();
docker('kill ' . join ' ', map { id_of($_) } @nodes, 'etcd');
my $alone = time;
docker('start ' . id_of($leader));
sleep 40;
is(scalar(grep { $_->[0] > $alone } probed()), 0, "$leader alone, without etcd, takes no writes");
docker('start ' . join ' ', map { id_of($_) } $peer{$leader}, 'etcd');
let_clients_go();
ok(wait_until(120, sub { grep { $_->[1] > $alone + 5 } said('told') }), 'with etcd and its peer bookings are made again');
ok(wait_until(120, \&standby_is_ready), 'and there is a standby again');
hold_clients();
my @final = split /\n/, sql(leader(), "SELECT contact_phone FROM bookings WHERE contact_phone LIKE 'ha-%'");
is(join(' ', without([ keys_said('told') ], \@final)), '', 'nothing is lost after all were killed at once');
is(writes_on_two_timelines(probed()), 0, 'and at no moment did both nodes take writes');

# ---------------------------------------------------------------- without waiting for the standby

# What it costs to lose a leader that waits for no standby, whose link has broken a moment before: the bookings of that
# moment, at most what may be missing from a standby that takes over. Reports may have some of them.
exec_in($leader = leader(), 'patronictl edit-config --force --quiet -s synchronous_mode=off');
ok(wait_until(30, sub { sql($leader, 'SHOW synchronous_standby_names') eq '' }), 'asynchronous: the leader waits for nobody');
let_clients_go();
sleep 10;
my $id = id_of($leader);
my $reconnect = cut_off($peer{$leader});
my $killed = time;
docker("kill $id");
$reconnect->();
wait_for_bookings($killed);
my $silence = silence_after($killed);
hold_clients();
my $after = leader();
my %there = map { $_ => 1 } split /\n/, sql($after, "SELECT contact_phone FROM bookings WHERE contact_phone LIKE 'ha-%'");
my @lost = grep { !$there{ $_->[0] } } said('told');
my $oldest = max(0, map { $killed - $_->[1] } @lost);
note sprintf 'asynchronous: %d acknowledged bookings lost, the oldest %.2f s before the leader was killed; bookings again after %.1f s', scalar @lost, $oldest, $silence;
cmp_ok($oldest, '<=', 20, 'asynchronous: what is lost is younger than the leader\'s lease');
cmp_ok($silence, '<=', 40, 'asynchronous: bookings are made again');
note compose('exec -T -e FORCE=1 reports_db /usr/share/flight_booking/docker/reports-db/resubscribe.sh');
ok(wait_until(60, sub { data_hash('reports_db') eq data_hash($after) }), 'asynchronous: reports, compared with it, has what the new primary has');
is(sql($after, 'SELECT count(*) FROM booking.check_invariants()'), 0, 'asynchronous: no invariant is broken');
docker("start $id");

done_testing();
