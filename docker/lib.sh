# shellcheck shell=bash
# Shared by the scripts of this directory and of ../regress.

# Ends the script: says its name and the first line, and the other lines below it as advice.
die() { # LINE...
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	shift
	if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
	exit 1
}

# Does somebody listen on the port of this host?
port_is_taken() { # PORT
	(: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null || (: <"/dev/tcp/::1/$1") 2>/dev/null
}

# Runs a command as root, by sudo if the caller is not; ends the script where neither is possible.
as_root() { # COMMAND...
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed, and there is no sudo here; as root run: $*"
	fi
}

# Prints the pid of the server that runs in a data directory, and fails if none does. After a crash of the machine a pid
# file alone proves nothing: the process must also work in that directory.
server_pid() { # DIRECTORY
	local pid
	pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) &&
		[ "/proc/$pid/cwd" -ef "$1" ] && echo "$pid"
}

# Reads what pg_controldata says, and prints the last checkpoint of a server that was stopped cleanly; fails for another.
clean_checkpoint() {
	awk -F ': *' '/^Database cluster state/ {clean = $2 == "shut down"} /^Latest checkpoint location/ {lsn = $2}
	              END {if (clean) print lsn; exit !clean}'
}

# Prints PG_MAJOR, or else the major version of the distribution's PostgreSQL: 15 on Debian 12, 17 on Debian 13.
pg_major() {
	if [ -n "${PG_MAJOR:-}" ]; then
		echo "$PG_MAJOR"
		return
	fi
	apt-cache show postgresql 2>/dev/null |
		awk -F '[-, ]+' '/^Depends: postgresql-/ && !major {major = $3} END {print major; exit !major}'
}

# Prints the path of the pg_config that the caller's PG_CONFIG names, or else of the distribution's.
find_pg_config() {
	command -v "${PG_CONFIG:-/usr/lib/postgresql/$(pg_major)/bin/pg_config}" ||
		die "there is no pg_config at ${PG_CONFIG:-its place}: name one by PG_CONFIG=, or run docker/install-packages build run"
}
