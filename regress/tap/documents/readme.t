# The commands of README.md, of the README.md in each folder of the top level, of CONTRIBUTING.md and of CHANGELOG.md, run as
# they stand: every "sh" block, in order, in one shell and on one system, which the first document starts, on ports of our own.
# Each document begins in the top folder. The warehouse's "sql" blocks run on the reports database, those of sql/README.md in
# sql.t. And what the documents name is there: make targets, links, headings.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

my $tree = abs_path(dirname(abs_path(__FILE__)) . '/../../..');
my $base = tempdir('/tmp/flight_booking_readme.XXXXXX', CLEANUP => 1);
chmod 0755, $base;

my @sockets = map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') } 1 .. 9;
my @ports = map { $_->sockport } @sockets;
close $_ for @sockets;
my %port;
@port{ 5432, 5433, 5434, 4000, 4001, 9090, 9187, 9188, 9189 } = @ports;

delete @ENV{ grep { /^PG(?!_CONFIG$)/ } keys %ENV };
@ENV{qw(RUN_DIR PRIMARY_PORT HOT_BACKUP_PORT REPORTS_PORT GATEWAY_PORT GATEWAY_ADMIN_PORT PROMETHEUS_PORT PRIMARY_EXPORTER_PORT HOT_BACKUP_EXPORTER_PORT REPORTS_EXPORTER_PORT)} = ("$base/run", @ports);

END
{
	local $?;
	system("make -s -C '$tree' reset >'$base/reset.log' 2>&1") if -d "$base/run";
}

sub slurp
{
	open my $file, '<', $_[0] or die "$_[0]: $!";
	local $/;
	return <$file>;
}

# Runs a script in the tree; returns its status and all it says.
sub bash
{
	my ($script) = @_;

	open my $out, '>', "$base/script" or die $!;
	print $out "cd '$tree'\nset -euo pipefail\n$script";
	close $out;
	my $said = qx(bash '$base/script' 2>&1 </dev/null);
	return ($? >> 8, $said);
}

# ---------------------------------------------------------------- the documents and their blocks

my @documents = grep { -e "$tree/$_" } 'README.md', (map { s{^\Q$tree\E/}{}r } sort glob "$tree/*/README.md"), 'CONTRIBUTING.md',
  'CHANGELOG.md';
my %text = map { $_ => slurp("$tree/$_") } @documents;
my @blocks;    # [document, commands, what they said]
my @unknown;
for my $document (@documents)
{
	while ($text{$document} =~ /^```(\w*)\n(.*?)^```$/msg)
	{
		my ($language, $block) = ($1, $2);

		if ($language eq 'sql' && $document eq 'warehouse/README.md')
		{
			$block = "psql -h localhost -p 5434 -U postgres -d flight_booking_reports -v ON_ERROR_STOP=1 <<'SQL'\n${block}SQL\n";
		}
		elsif ($language ne 'sh')
		{
			push @unknown, "$document: $language" if $language !~ /^(text|c)$/ && "$language $document" ne 'sql sql/README.md';
			next;
		}
		push @blocks, [ $document, $block =~ s/(?<=localhost:)(\d+)|(?<=-p )(\d+)/$port{ $1 \/\/ $2 }/egr ];
	}
}
note scalar(@blocks), " blocks in @documents";
is("@unknown", '', 'a block is run, or says that it is text');

my $script = '';
my $document = '';
for my $block (@blocks)
{
	$script .= "cd '$tree'\n" if $block->[0] ne $document;
	$document = $block->[0];
	$script .= "echo '---- next block'\n$block->[1]";
}
my ($status, $said) = bash($script);
my (undef, @said) = split /^---- next block\n/m, $said, -1;
$blocks[$_][2] = $said[$_] for 0 .. $#said;
is($status, 0, 'every command succeeds') or diag "$blocks[$#said][0]:\n$blocks[$#said][1]\n", substr($said, -3000);
is(scalar @said, scalar @blocks, 'every block was run');

# What the block that holds a command said
sub says
{
	my ($command, $expected, $name) = @_;
	my @found = grep { index($_->[1], $command) >= 0 && ($_->[2] // '') =~ $expected } @blocks;

	ok(scalar @found, $name) or diag "no block has \"$command\" and said $expected";
	return;
}

says('make up', qr{http://localhost:$port{'4000'}/}, 'make up prints the URL');
says('/seat_map', qr/"flight_number"/, 'a flight is found');
says('"type\": \"hold', qr/"status": "held"/, 'held');
says('/actions/confirm', qr/"status": "confirmed".*"passenger_name": "Ada Lovelace".*"refund_amount".*"confirmed"/s, 'paid, found, quoted, cancelled');
says('payment_intents" -X POST -H "$mine" -H "$json" | jq .', qr/"code": "already_cancelled"/, 'refused with a problem document');
says('/etl_runs', qr/"status": "succeeded"/, 'the ETL ran');
says('/reports/revenue', qr/"net_revenue"/, 'and the booking is in the revenue report');
says('booking.check_invariants()', qr/Grace Hopper.*confirmed.*\(0 rows\)/s, 'the same by psql, with no violation');
says('pg_stat_replication', qr/hot_backup_db.*streaming/, 'replication is shown');
says("VALUES ('Test User'", qr/(test\@example\.com.*){2}/s, 'the guide\'s customer is on both replicas');
says('/v1/reports', qr/load-factor: /, 'reports are listed');
says('make monitoring', qr{http://localhost:$port{'9090'}/.*CertificateEnds}s, 'Prometheus knows the alerts');
says('make restore-drill', qr/(tables as they were, invariants hold.*){2}/s, 'a backup is restored to a name and to a time');

# ---------------------------------------------------------------- what they name

# A heading's anchor, as GitHub makes it
sub anchor { return lc($_[0]) =~ s/[^\w\s-]//gr =~ s/ /-/gr }

my ($made, $help) = bash('make -s help');
my %target = map { $_ => 1 } $help =~ /^([a-z-]+)/mg;
for my $name (@documents)
{
	my @targets = grep { !$target{$_} } $text{$name} =~ /`make ([a-z-]+)/g;
	my @links = grep { !/^https?:/ } $text{$name} =~ /\]\(([^)\s]+)\)/g;
	my @lost = grep {
		my ($file, $anchor) = /^([^#]*)(?:#(.*))?$/;
		my $path = $file eq '' ? "$tree/$name" : dirname("$tree/$name") . "/$file";

		!-e $path || defined $anchor && !grep { anchor($_) eq $anchor } slurp($path) =~ /^#+ (.*)$/mg
	} @links;

	is("@targets", '', "$name: its make targets exist");
	is("@lost", '', "$name: its links lead somewhere");
}

($status, $said) = bash('make status');
is($status, 0, 'make status') or diag $said;
($status, $said) = bash('make etl && make down && make up');
is($status, 0, 'make etl, down, up') or diag $said;

done_testing();
