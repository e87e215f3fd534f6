#!/bin/bash
# May the server of this data directory start? Primary and hot backup ask before every start. A standby may. What would
# take writes may not while the other node takes them, nor after the other node was promoted in its absence: two nodes
# that take writes would sell the same seats twice. The server's configuration names the other node (primary_conninfo)
# and the archive that both share.
#   PGDATA  the data directory
set -eu

refuse() { # REASON
	printf 'guard: %s\n  bring this one back as its standby: make rejoin\n' "$1" >&2
	exit 1
}

configured() { # PARAMETER
	postgres -D "$PGDATA" -C "$1"
}

other_takes_writes() {
	psql -X -q -d "$(configured primary_conninfo) replication=true target_session_attrs=read-write connect_timeout=5" \
		-c IDENTIFY_SYSTEM >/dev/null 2>&1
}

# A history file in the archive tells where a timeline was left. The timeline that this node itself began it knows: that
# file is in its own pg_wal too, even if it was killed before its first checkpoint there.
successor() { # the timeline that continues ours and is not ours
	local timeline file
	timeline=$(pg_controldata -D "$PGDATA" | sed -n "s/^Latest checkpoint's TimeLineID: *//p")
	for file in "$(configured basic_archive.archive_directory)"/????????.history; do
		if [ -e "$file" ] && [ ! -e "$PGDATA/pg_wal/${file##*/}" ] && grep -q "^${timeline}[[:space:]]" "$file"; then
			basename "$file" .history
			return
		fi
	done
}

export LC_ALL=C
if [ -e "$PGDATA/standby.signal" ]; then exit 0; fi
if other_takes_writes; then refuse "the other node takes writes"; fi
if [ -e "$PGDATA/recovery.signal" ]; then exit 0; fi # it is being restored, and begins a timeline of its own
timeline=$(successor)
if [ -n "$timeline" ]; then refuse "the other node was promoted while this one was down, to timeline $timeline"; fi
