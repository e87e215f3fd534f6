# The profile edge: HAProxy with TLS before two gateways. It finds them, tells them whose address it is, and goes on with one.

use strict;
use warnings;

use Compose;
use File::Temp qw(tempdir);
use Test::More;

@ENV{qw(EDGE_PORT EDGE_NETWORK)} = (0, '10.213.78'); # any; and beside an edge that is up
my $dir = tempdir(CLEANUP => 1);

compose('--profile edge build edge');
compose('--profile edge up -d --wait'); # the four servers too
my ($port) = compose('port edge 4443') =~ /:(\d+)$/m;
exec_in('edge', "cat /var/lib/flight_booking_edge/tls/ca.crt >$dir/ca.crt");
sub curl { my ($path, $options) = @_; return (run("curl -s --max-time 20 --cacert $dir/ca.crt " . ($options // '') . " https://localhost:$port$path"))[1] }
sub status { my ($path, $options) = @_; return curl($path, "-o /dev/null -w '%{http_code} %{http_version}' " . ($options // '')) }

is(status('/v1/fares'), '200 2', 'HTTP/2, with a certificate that is verified');
is(status('/', '--http1.1'), '200 1.1', 'the page');
is(status($_), '404 2', "$_ is not there") for qw(/metrics /v1/metrics);
is(status('/v1/fares', '-H "Host: elsewhere.example"'), '421 2', 'another host is refused');
is(scalar(() = compose('--profile edge ps -q edge_gateway') =~ /^\w+$/mg), 2, 'two gateways stand behind it');
my %asked;
for my $n (1 .. 20) { status('/v1/fares', "-H 'X-Request-Id: edge-$n' -H 'X-Forwarded-For: 192.0.2.1'") }
for (split /\n/, compose('--profile edge logs --no-log-prefix --no-color edge')) { $asked{$1}++ if /"request_id":"edge-\d+".*"gateway":"(\w+)"/ }
is(scalar keys %asked, 2, 'and both are asked');
is(sql('primary_db', q{UPDATE booking_private.rate_limits SET requests = 3 WHERE caller = 'stranger'}), '', 'a low limit');
ok(wait_until(15, sub { status('/v1/fares', "-H 'X-Forwarded-For: 192.0.2." . int(rand 250) . q{'}) =~ /^429/ }), 'counts whatever address a client names');
sql('primary_db', q{UPDATE booking_private.rate_limits SET requests = 0 WHERE caller = 'stranger'});
sleep 11; # until no session has the low one any more

my ($victim) = compose('--profile edge ps -q edge_gateway') =~ /^(\w+)$/m;
my $reader = fork // die;
if ($reader == 0)
{
	my @failed = grep { !/^200/ } map { status('/v1/fares') } 1 .. 150;
	print "# failed: @failed\n";
	require POSIX;
	POSIX::_exit(@failed ? 1 : 0);
}
sleep 2;
docker("kill $victim");
waitpid $reader, 0;
is($?, 0, 'a gateway is killed, and no reader sees an error');
compose('--profile edge rm -s -f edge edge_gateway');

done_testing();
