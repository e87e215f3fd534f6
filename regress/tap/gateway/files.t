# The page and openapi.yaml, from memory. No database is asked.

use strict;
use warnings;

use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use Test::More;

use Gateway;
use GatewayTest;

$gw = Gateway->start(DATABASE_URL => 'host=localhost dbname=none');

subtest 'files' => sub {
	my $page = request('GET', '/');
	is($page->{status}, 200, 'the page');
	like($page->{headers}{'content-type'}, qr{^text/html; charset=utf-8}, 'its type');
	is(request('GET', '/index.html')->{content}, $page->{content}, 'under its name too');
	my %type = (
		'/style.css' => 'text/css', '/app.js' => 'text/javascript',
		'/openapi.yaml' => 'application/yaml', '/favicon.svg' => 'image/svg+xml',
		'/openapi.json' => 'application/json', '/docs' => 'text/html', '/docs.css' => 'text/css');
	for my $path (sort keys %type)
	{
		my $file = request('GET', $path);
		is($file->{status}, 200, $path);
		like($file->{headers}{'content-type'}, qr/^\Q$type{$path}\E/, "$path: type");
		my $etag = $file->{headers}{etag};
		like($etag, qr/^"[0-9a-f]{16}"$/, "$path: ETag");
		my $source = dirname($Gateway::program) . ($path =~ m{^/(?:openapi|docs)} ? $path : "/web$path");
		is($file->{content}, slurp_file($source), "$path: byte for byte") if -f $source;
		for my $tag ($etag, "\"x\", W/$etag", '*')
		{
			my $again = request('GET', $path, headers => { 'If-None-Match' => $tag });
			is($again->{status}, 304, "$path: 304 for $tag");
			is($again->{content} // '', '', "$path: nothing sent");
		}
		is(request('GET', $path, headers => { 'If-None-Match' => '"0"' })->{status}, 200,
			"$path: 200 for another tag");
		is(request('HEAD', $path)->{headers}{'content-length'}, length $file->{content},
			"$path: HEAD");
	}
	problem_ok(request('GET', $_), 404, 'not_found', $_)
	  for ('/nothing', '/web/app.js', '/v2/x', '/v1x', '/app.js/', '//etc/passwd');
	raw_problem_ok(raw($gw, "GET $_ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"), 404, 'not_found', $_)
	  for ('/../../etc/passwd', '/./.%2e/etc/passwd');
};

subtest 'the description of the API, for people' => sub {
	my $api = request('GET', '/openapi.json')->{json};
	my $page = request('GET', '/docs')->{content};
	my @operations = map { my $item = $_; map { $item->{$_}{operationId} // () } grep { ref $item->{$_} eq 'HASH' } keys %$item } values %{ $api->{paths} };
	my %anchor;

	$anchor{$_}++ for $page =~ /\bid="([\w-]+)"/g;
	cmp_ok(scalar @operations, '>', 30, scalar(@operations) . ' operations');
	is_deeply([ grep { !$anchor{$_} } @operations, map { "schema-$_" } keys %{ $api->{components}{schemas} } ], [], 'each operation and each schema has its place');
	is_deeply([ grep { $anchor{$_} > 1 } keys %anchor ], [], 'and only one');
	is_deeply([ grep { !$anchor{$_} } $page =~ /href="#([\w-]+)"/g ], [], 'links within the page lead somewhere');
	is(request('GET', "/$_")->{status}, 200, "it needs $_") for $page =~ /(?:href|src)="([^#"]+)"/g;
	unlike($page, qr/<script|<style|\sstyle=|\son\w+=|https?:\/\/[^\s<]*\.js/, 'nothing that the Content-Security-Policy forbids');
	like($page, qr/<td><code>seat_unavailable<\/code><\/td><td>409<\/td>/, 'the codes of errors');
	my $body = $page =~ s{<pre>.*?</pre>}{}gsr;
	unlike($body, qr/\*\*|`|^\|/m, 'no Markdown is left');
};

finish();
