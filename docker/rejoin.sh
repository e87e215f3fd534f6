#!/bin/bash
# Brings the stopped server of this data directory back as the standby of the node that takes writes: rewound to where
# the two parted, or copied anew where that is not possible. What the old primary alone had is discarded. The data
# directory has its name while it is whole; it is rewound under another (PGDATA.rewind), and a copy replaces it when the
# copy is whole.
#   PGDATA            the data directory
#   PRIMARY_CONNINFO  connection string of the other node for the role replicator, password by passfile
#   FRESH             1: copy anew in any case
set -eu

# shellcheck source=docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

conninfo="$PRIMARY_CONNINFO dbname=flight_booking target_session_attrs=read-write connect_timeout=5"

primary_says() { # SQL
	psql -X -A -t -q -v ON_ERROR_STOP=1 -d "$conninfo" -c "$1"
}

is_same_database() {
	[ "$(primary_says 'SELECT system_identifier FROM pg_control_system()')" = \
		"$(pg_controldata -D "$PGDATA" | sed -n 's/^Database system identifier: *//p')" ]
}

# After a clean stop there is nothing to rewind, and slots are left: on a standby they would hold WAL for nobody. A pid file
# is one of a server that was killed, in its container or here; its number may be another process's.
rewind() {
	local dir=$PGDATA.rewind
	rm -rf "$dir" &&
		mv -T "$PGDATA" "$dir" &&
		rm -f "$dir/postmaster.pid" &&
		pg_rewind -D "$dir" --source-server="$conninfo" --restore-target-wal &&
		rm -rf "$dir"/pg_replslot/* &&
		touch "$dir/standby.signal" &&
		sync "$dir/standby.signal" "$dir" &&
		mv -T "$dir" "$PGDATA" &&
		sync "$(dirname "$PGDATA")"
}

copy() {
	"$(dirname "${BASH_SOURCE[0]}")/hot-backup-db/base-backup.sh" --replace && rm -rf "$PGDATA.rewind"
}

export LC_ALL=C
if server_pid "$PGDATA" >/dev/null; then die "the server of $PGDATA runs: stop it first"; fi
if ! slot=$(primary_says "SELECT wal_status FROM pg_replication_slots WHERE slot_name = 'hot_backup_slot'"); then
	die "the other node does not take writes: nothing has been changed"
fi
if [ -s "$PGDATA/PG_VERSION" ] && ! is_same_database; then
	die "the other node is another database: nothing has been changed" "move $PGDATA away if it is to be a copy of that one"
fi
if [ "${FRESH:-}" = 1 ] || [ ! -s "$PGDATA/PG_VERSION" ] || [ "${slot:-lost}" = lost ]; then
	copy
elif [ ! -e "$PGDATA/standby.signal" ]; then
	rewind || copy
fi
