#!/bin/bash
# Makes the running standby of this data directory the primary. Refuses while the old primary's port is open. Run again
# on a promoted node, it does what is missing.
# usage: promote.sh [LSN]   first waits until this much is replayed: the last checkpoint of a primary stopped cleanly
#   PGDATA          the data directory; its configuration names the old primary (primary_conninfo) and the archive
#   PGHOST, PGPORT  where the server listens, if not at libpq's defaults
set -eu

# shellcheck source=docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

query() { # SQL
	psql -X -A -t -q -v ON_ERROR_STOP=1 -U postgres -d postgres -c "$1"
}

configured() { # PARAMETER
	query "SELECT pg_catalog.current_setting('$1')"
}

wait_until() { # SECONDS COMMAND...
	local i
	for ((i = $1 * 5; i > 0; i--)); do
		if "${@:2}"; then return; fi
		sleep 0.2
	done
	return 1
}

# Also a primary that is frozen, starting or stopping: whoever accepts a connection is not known to be down.
refuse_while_open() {
	local answer address status=0
	answer=$(pg_isready -t 3 -d "$(configured primary_conninfo)") || status=$?
	address=${answer%% - *}
	if [ $status = 3 ]; then die "primary_conninfo does not name the other node: ${answer:-it is empty}"; fi
	if [ $status != 2 ] ||
		timeout 3 bash -c ": <>/dev/tcp/${address%:*}/${address##*:}" 2>/dev/null; then
		die "the other node's port is open ($answer)" "stop it first; nothing has been changed"
	fi
}

has_replayed() { # LSN
	[ "$(query "SELECT pg_last_wal_replay_lsn() > '$1'")" = t ]
}

# A standby takes what it receives for archived. What the primary had no time to archive would be missing for good.
archive_rest() {
	local status=$PGDATA/pg_wal/archive_status file name
	for file in "$status"/*.done; do
		name=$(basename "$file" .done)
		if [[ $name =~ ^[0-9A-F]{24}$ ]] && [ ! -e "$archive/$name" ] && [ -e "$PGDATA/pg_wal/$name" ]; then
			mv "$file" "$status/$name.ready"
		fi
	done
}

history_archived() { # a timeline's history file keeps the old primary from starting
	[ -e "$archive/$history" ]
}

if [ "$(query 'SELECT pg_is_in_recovery()')" = t ]; then
	refuse_while_open
	if [ $# = 1 ] && ! wait_until 60 has_replayed "$1"; then
		die "the standby has not replayed the primary's last $1 in 60 s" "nothing has been changed"
	fi
	query "SELECT 'promoting after ' || pg_last_wal_replay_lsn() ||
	              COALESCE(', committed at ' || pg_last_xact_replay_timestamp(), '')"
	if [ "$(query 'SELECT pg_promote(true, 60)')" != t ]; then die "the server was not promoted in 60 s"; fi
fi

# pg_rewind reads the timeline from the last checkpoint, and so does guard.sh.
query CHECKPOINT
query "SELECT FROM pg_create_physical_replication_slot('hot_backup_slot', true)
        WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'hot_backup_slot')"
archive=$(configured basic_archive.archive_directory)
history=$(query "SELECT lpad(upper(to_hex(timeline_id)), 8, '0') || '.history' FROM pg_control_checkpoint()")
archive_rest
query "SELECT FROM pg_switch_wal()" # which wakes the archiver
if ! wait_until 60 history_archived; then
	die "promoted, but $history is not in $archive after 60 s" "nothing but that file keeps the old primary from starting"
fi
