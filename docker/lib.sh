# shellcheck shell=bash
# Shared by the scripts of this directory and of ../regress.

login_roles=(booking_app booking_ro replicator reports_sub reports_etl monitor) # a secret each

die() { # LINE...
	printf '%s: %s\n' "${0##*/}" "$1" >&2
	shift
	if [ $# -gt 0 ]; then printf '  %s\n' "$@" >&2; fi
	exit 1
}

as_root() { # COMMAND...
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root is needed, and there is no sudo here; as root run: $*"
	fi
}

server_pid() { # DIRECTORY: the server that runs in it; a pid file alone proves nothing after a crash of the machine
	local pid
	pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) &&
		[ "/proc/$pid/cwd" -ef "$1" ] && echo "$pid"
}

clean_checkpoint() { # of what pg_controldata says: the last checkpoint of a server that was stopped cleanly
	awk -F ': *' '/^Database cluster state/ {clean = $2 == "shut down"} /^Latest checkpoint location/ {lsn = $2}
	              END {if (clean) print lsn; exit !clean}'
}

make_secrets() { # DIRECTORY [ROLE]...: a random password for each role that logs in, and for these, that has none yet
	local dir=$1 role
	shift
	install -d -m 700 "$dir"
	for role in "${login_roles[@]}" "$@"; do
		if [ -s "$dir/$role" ]; then continue; fi
		(umask 077 && head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$dir/$role.new")
		mv "$dir/$role.new" "$dir/$role"
	done
}

make_passfile() { # SECRETS FILE: for libpq, from a file per role
	local role
	(
		umask 077
		for role in "${login_roles[@]}"; do
			printf '*:*:*:%s:%s\n' "$role" "$(sed 's/[:\\]/\\&/g' "$1/$role")"
		done >"$2.new"
		mv "$2.new" "$2"
	)
}

pg_major() { # PG_MAJOR, else the distribution's PostgreSQL: 15 on Debian 12, 17 on Debian 13
	if [ -n "${PG_MAJOR:-}" ]; then
		echo "$PG_MAJOR"
		return
	fi
	apt-cache show postgresql 2>/dev/null |
		awk -F '[-, ]+' '/^Depends: postgresql-/ && !major {major = $3} END {print major; exit !major}'
}

find_pg_config() { # the one that the caller's PG_CONFIG names, else the distribution's
	command -v "${PG_CONFIG:-/usr/lib/postgresql/$(pg_major)/bin/pg_config}" ||
		die "there is no pg_config at ${PG_CONFIG:-its place}: name one by PG_CONFIG=, or run docker/install-packages build run"
}
