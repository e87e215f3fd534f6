# The reports database never has what the synchronous standby does not: whatever ends the wait for it, nothing is sent.

use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use BookingTest;

my $node = start_node('primary', conf => "wal_level = logical\nmax_wal_senders = 4\nmax_replication_slots = 4\n");
# Minor versions since 2026 ask for it, older ones do not know it.
if ($node->safe_psql('booking', q{SELECT count(*) FROM pg_settings WHERE name = 'output_plugin_libraries'}))
{
	$node->append_conf('postgresql.conf', "output_plugin_libraries = 'pgoutput, booking'\n");
	$node->reload;
	sleep 0.5;
}
$node->safe_psql('booking', q{CREATE PUBLICATION written FOR TABLE customers; SELECT pg_create_logical_replication_slot('written', 'booking')});

my $file = $node->basedir . '/received';

# A walsender with its receiver, which writes each message to the file.
sub receive
{
	unlink $file;
	my $receiver = IPC::Run::start([ 'pg_recvlogical', '-d', $node->connstr('booking'), '--slot', 'written', '--start', '--no-loop', '-F', '0',
			'-o', 'proto_version=1', '-o', 'publication_names=written', '-f', $file ], '2>', \my $errors);
	wait_for(sub { walsender() ne '' }) or die 'no walsender';
	return $receiver;
}

sub walsender { return $node->safe_psql('booking', q{SELECT active_pid FROM pg_replication_slots WHERE slot_name = 'written' AND active}) }
sub waits { return $node->safe_psql('booking', q{SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'walsender' AND wait_event IN ('Extension', 'SyncRep')}) }
sub received { return -e $file ? slurp_file($file) : '' }

sub wait_for
{
	my ($condition) = @_;
	my $end = time + 30;

	until ($condition->()) { return 0 if time > $end; sleep 0.1; }
	return 1;
}

# A customer whom only this server has: the standby that commits wait for is not there.
sub write_customer { $node->safe_psql('booking', "SET synchronous_commit = local; INSERT INTO customers (full_name) VALUES ('$_[0]')") }

# pgoutput's messages of a commit begin with C and a flag that is 0.
my $commit = qr/^C\0/m;

my $receiver = receive();
write_customer('Ada Lovelace');
ok(wait_for(sub { received() =~ $commit }), 'without a synchronous standby a transaction is sent');
$receiver->kill_kill;

$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'\n");
$node->reload;
ok(wait_for(sub { walsender() eq '' }), 'the receiver is gone');
$receiver = receive();
write_customer('Grace Hopper');
ok(wait_for(\&waits), 'with one that has not got it the walsender waits');
unlike(received(), $commit, 'and sends no commit');
$node->safe_psql('booking', 'SELECT pg_cancel_backend(' . walsender() . ')');
ok(wait_for(sub { walsender() eq '' }), 'a cancelled walsender ends');
$receiver->finish;
unlike(received(), $commit, 'and sends no commit');

$receiver = receive();
ok(wait_for(\&waits), 'the next one waits too');
my $begun = time;
$node->stop('fast');
cmp_ok(time - $begun, '<', 20, 'a fast shutdown does not wait for it');
$receiver->finish;
unlike(received(), $commit, 'and no commit is sent');

$node->start;
$receiver = receive();
ok(wait_for(\&waits), 'after a restart it waits again');
$node->append_conf('postgresql.conf', "synchronous_standby_names = ''\n");
$node->reload;
ok(wait_for(sub { received() =~ $commit }), 'until no standby is asked for');
$receiver->kill_kill;
$node->stop('fast');

done_testing();
