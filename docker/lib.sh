# shellcheck shell=bash
# Shared by the scripts that run on the developer's machine: install-packages, cluster, nodes, ../regress/run.

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

pg_major() { # the distribution's PostgreSQL: 15 on Debian 12, 17 on Debian 13
	apt-cache show postgresql 2>/dev/null |
		awk -F '[-, ]+' '/^Depends: postgresql-/ && !major {major = $3} END {print major; exit !major}'
}

find_pg_config() { # the one that the caller's PG_CONFIG names, else the distribution's
	command -v "${PG_CONFIG:-/usr/lib/postgresql/$(pg_major)/bin/pg_config}" ||
		die "there is no pg_config at ${PG_CONFIG:-its place}: name one by PG_CONFIG=, or run docker/install-packages build run"
}
