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
		'/openapi.yaml' => 'application/yaml', '/favicon.svg' => 'image/svg+xml');
	for my $path (sort keys %type)
	{
		my $file = request('GET', $path);
		is($file->{status}, 200, $path);
		like($file->{headers}{'content-type'}, qr/^\Q$type{$path}\E/, "$path: type");
		my $etag = $file->{headers}{etag};
		like($etag, qr/^"[0-9a-f]{16}"$/, "$path: ETag");
		my $source = dirname($Gateway::program) . ($path eq '/openapi.yaml' ? $path : "/web$path");
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

finish();
