# Drives a headless Chromium through its debugging pipe (Chrome DevTools Protocol: JSON texts ended by NUL on file
# descriptors 3 and 4), so that the browser test needs the browser and nothing else.
# Every wait has a limit and dies with what it waited for.

package Browser;

use strict;
use warnings;

use File::Temp qw(tempdir);
use IO::Select;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX qw(dup2 WNOHANG);
use Time::HiRes qw(sleep time);

my $json = JSON::PP->new->utf8->allow_nonref;
my %keys = (
	Enter => [ 13, "\r" ], Tab => [ 9, undef ], ' ' => [ 32, ' ' ], Escape => [ 27, undef ], End => [ 35, undef ], Home => [ 36, undef ],
	ArrowLeft => [ 37, undef ], ArrowUp => [ 38, undef ], ArrowRight => [ 39, undef ], ArrowDown => [ 40, undef ]);

# The browser to use: $CHROMIUM, else the first of the usual names; undef when there is none.
sub find
{
	for my $name ($ENV{CHROMIUM} || (), qw(chromium chromium-browser google-chrome))
	{
		for my $path ($name =~ m{/} ? $name : map { "$_/$name" } split /:/, $ENV{PATH})
		{
			return $path if -x $path && !-d $path;
		}
	}
	return undef;
}

sub start
{
	my ($class, $program) = @_;
	my $profile = tempdir(CLEANUP => 1);
	pipe(my $child_reads, my $we_write) or die "pipe: $!";
	pipe(my $we_read, my $child_writes) or die "pipe: $!";
	my $pid = fork() // die "fork: $!";

	if ($pid == 0)
	{
		# Out of the way of 3 and 4 first.
		my $in = POSIX::dup(fileno $child_reads);
		my $out = POSIX::dup(fileno $child_writes);
		$in = POSIX::dup($in) while $in < 5;
		$out = POSIX::dup($out) while $out < 5;
		dup2($in, 3);
		dup2($out, 4);
		open STDIN, '<', '/dev/null';
		open STDOUT, '>', "$profile/log";
		open STDERR, '>&', \*STDOUT;
		$ENV{HOME} = $profile;
		# The page is ours, and the tests may run as root or in a container, where there is no sandbox.
		exec $program, '--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
		  '--no-first-run', '--hide-scrollbars', '--force-prefers-reduced-motion', '--lang=en-GB', "--user-data-dir=$profile",
		  'about:blank'
		  or POSIX::_exit(127);
	}
	close $child_reads;
	close $child_writes;
	$we_write->autoflush(1);
	my $self = bless { pid => $pid, in => $we_read, out => $we_write, buffer => '', id => 0, events => [], trouble => [],
		profile => $profile }, $class;
	my $target = $self->call('Target.createTarget', { url => 'about:blank' });
	$self->{session} = $self->call('Target.attachToTarget',
		{ targetId => $target->{targetId}, flatten => JSON::PP::true })->{sessionId};
	$self->call($_) for qw(Page.enable Runtime.enable Log.enable Accessibility.enable Network.enable);
	return $self;
}

sub stop
{
	my ($self) = @_;
	my $pid = delete $self->{pid} or return;

	eval { local $self->{session}; $self->call('Browser.close') };
	for (1 .. 50)
	{
		return if waitpid($pid, WNOHANG) != 0;
		sleep 0.1;
	}
	kill 'KILL', $pid;
	waitpid($pid, 0);
	return;
}

sub DESTROY
{
	my ($self) = @_;
	local ($?, $@);
	$self->stop;
	return;
}

# One message of the browser, or undef when $seconds are over.
sub _read
{
	my ($self, $seconds) = @_;
	my $end = time + $seconds;

	while (1)
	{
		return $json->decode($1) if $self->{buffer} =~ s/\A([^\0]*)\0//;
		my $left = $end - time;
		return undef if $left <= 0 || !IO::Select->new($self->{in})->can_read($left);
		sysread($self->{in}, $self->{buffer}, 1 << 20, length $self->{buffer})
		  or die "the browser has ended: " . $self->_log;
	}
}

sub _log
{
	my ($self) = @_;
	open my $log, '<', "$self->{profile}/log" or return '';
	local $/;
	return <$log> // '';
}

# Sends a command and returns its result; what happens meanwhile is kept.
sub call
{
	my ($self, $method, $parameters) = @_;
	my $id = ++$self->{id};
	my $message = { id => $id, method => $method, params => $parameters || {} };
	my $end = time + 60;

	local $SIG{PIPE} = 'IGNORE';
	$message->{sessionId} = $self->{session} if $self->{session};
	print { $self->{out} } $json->encode($message) . "\0";
	while (time < $end)
	{
		my $answer = $self->_read($end - time) or last;
		if (!$answer->{id})
		{
			$self->_note($answer);
		}
		elsif ($answer->{id} == $id)
		{
			die "$method: $answer->{error}{message}" if $answer->{error};
			return $answer->{result};
		}
	}
	die "$method: no answer in time";
}

# What a user would find in the console: errors of scripts, and what the content policy or the network refused.
sub _note
{
	my ($self, $event) = @_;
	my $p = $event->{params};

	if ($event->{method} eq 'Runtime.exceptionThrown')
	{
		push @{ $self->{trouble} }, $p->{exceptionDetails}{exception}{description} // $p->{exceptionDetails}{text};
	}
	elsif ($event->{method} eq 'Log.entryAdded' && $p->{entry}{level} eq 'error')
	{
		push @{ $self->{trouble} }, join ' ', grep { defined } @{ $p->{entry} }{qw(text url)};
	}
	elsif ($event->{method} eq 'Network.requestWillBeSent')
	{
		push @{ $self->{requests} }, $p->{request}{url};
	}
	return;
}

# Returns and forgets the troubles so far.
sub trouble
{
	my ($self) = @_;
	$self->js('0');
	my @trouble = @{ $self->{trouble} };
	$self->{trouble} = [];
	return @trouble;
}

sub requests
{
	my ($self) = @_;
	return @{ $self->{requests} || [] };
}

# The value of a JavaScript expression; a promise is waited for.
sub js
{
	my ($self, $expression) = @_;
	my $result = $self->call('Runtime.evaluate',
		{ expression => $expression, awaitPromise => JSON::PP::true, returnByValue => JSON::PP::true });

	die "$expression: $result->{exceptionDetails}{exception}{description}" if $result->{exceptionDetails};
	return $result->{result}{value};
}

sub quote
{
	my ($self, $text) = @_;
	return JSON::PP->new->allow_nonref->ascii->encode($text);
}

# Waits until the expression is true and returns its value.
sub wait_for
{
	my ($self, $expression, $seconds) = @_;
	my $end = time + ($seconds || 15);

	while (1)
	{
		my $value = eval { $self->js($expression) };
		return $value if $value;
		die "waited in vain for $expression; the page says: " . ($self->js('document.body.innerText') // '')
		  if time > $end;
		sleep 0.05;
	}
}

sub goto
{
	my ($self, $url) = @_;
	$self->call('Page.navigate', { url => $url });
	$self->wait_for("document.readyState === 'complete' && !document.querySelector('[aria-busy]')");
	return;
}

sub size
{
	my ($self, $width, $height) = @_;
	$self->call('Emulation.setDeviceMetricsOverride',
		{ width => $width, height => $height, deviceScaleFactor => 1, mobile => JSON::PP::false });
	return;
}

sub color_scheme
{
	my ($self, $scheme) = @_;
	$self->call('Emulation.setEmulatedMedia', { features => [ { name => 'prefers-color-scheme', value => $scheme } ] });
	return;
}

# Writes a PNG of the whole page.
sub screenshot
{
	my ($self, $file) = @_;
	my $data = $self->call('Page.captureScreenshot', { format => 'png', captureBeyondViewport => JSON::PP::true })->{data};
	open my $out, '>:raw', $file or die "$file: $!";
	print $out decode_base64($data);
	close $out;
	return;
}

# Clicks where the element is, as a mouse does; dies when there is none or something covers it.
sub click
{
	my ($self, $selector) = @_;
	my $at = $self->js(sprintf q{(() => {
		const e = document.querySelector(%s);
		if (!e) return 'none';
		e.scrollIntoView({block: 'center'});
		const b = e.getBoundingClientRect();
		const x = b.x + b.width / 2, y = b.y + b.height / 2;
		return e.contains(document.elementFromPoint(x, y)) ? [x, y] : 'covered';
	})()}, $self->quote($selector));

	die "click $selector: $at" unless ref $at;
	$self->call('Input.dispatchMouseEvent',
		{ type => $_, x => $at->[0], y => $at->[1], button => 'left', clickCount => 1 })
	  for qw(mousePressed mouseReleased);
	return;
}

# Presses a key, with modifiers: 1 alt, 2 ctrl, 8 shift.
sub press
{
	my ($self, $key, $modifiers) = @_;
	my ($code, $text) = @{ $keys{$key} or die "no key $key" };
	my %event = (key => $key, code => $key eq ' ' ? 'Space' : $key, windowsVirtualKeyCode => $code,
		modifiers => $modifiers || 0);

	$self->call('Input.dispatchKeyEvent', { type => 'keyDown', %event, defined $text ? (text => $text) : () });
	$self->call('Input.dispatchKeyEvent', { type => 'keyUp', %event });
	return;
}

# Types into the element that has the focus.
sub type
{
	my ($self, $text) = @_;
	$self->call('Input.insertText', { text => $text });
	return;
}

# Puts text into a control as a user does: click, select all, type.
sub enter
{
	my ($self, $selector, $text) = @_;
	$self->js(sprintf '(() => { const e = document.querySelector(%s); e.focus(); e.select?.(); })()', $self->quote($selector));
	$self->type($text);
	return;
}

# The accessibility tree: what assistive technology is told. A list of {role, name, ...}.
sub accessible
{
	my ($self) = @_;
	my $nodes = $self->call('Accessibility.getFullAXTree')->{nodes};

	return map {
		+{ role => $_->{role}{value}, name => $_->{name}{value} // '',
			map { $_->{name} => $_->{value}{value} } @{ $_->{properties} || [] } }
	} grep { !$_->{ignored} } @$nodes;
}

1;
