#!/bin/bash
# First start of the hot backup: a copy of the primary, verified, that appears as PGDATA only when it is whole. Does
# nothing where PGDATA is there, be it a standby or promoted, unless told to replace it: then the old one goes when the
# copy is whole. The server's configuration says primary_conninfo.
# usage: base-backup.sh [--replace]
#   PGDATA            the data directory to make
#   PRIMARY_CONNINFO  connection string of the primary for the role replicator, password by passfile
#   SLOT              the slot that keeps WAL for the copy; hot_backup_slot
set -eu

: "${SLOT:=hot_backup_slot}"

wait_for_primary() {
	local i
	for i in {1..300}; do
		if pg_isready -q -d "$PRIMARY_CONNINFO"; then return; fi
		sleep 1
	done
	echo "base-backup: the primary did not answer in $i s" >&2
	exit 1
}

# A slot of an earlier copy may have been given up (max_slot_wal_keep_size). One in use belongs to a running standby:
# then it stays, and pg_basebackup says so.
fresh_slot() {
	pg_receivewal -d "$PRIMARY_CONNINFO" --slot="$SLOT" --drop-slot 2>/dev/null || true
	pg_receivewal -d "$PRIMARY_CONNINFO" --slot="$SLOT" --create-slot --if-not-exists
}

if [ -s "$PGDATA/PG_VERSION" ] && [ "${1:-}" != --replace ]; then exit 0; fi
wait_for_primary
fresh_slot
rm -rf "$PGDATA.tmp"
pg_basebackup -d "$PRIMARY_CONNINFO" -D "$PGDATA.tmp" -X stream -c fast -S "$SLOT"
pg_verifybackup --quiet "$PGDATA.tmp"
touch "$PGDATA.tmp/standby.signal"
sync "$PGDATA.tmp/standby.signal" "$PGDATA.tmp"
if [ -d "$PGDATA" ]; then
	rm -rf "$PGDATA.old"
	mv -T "$PGDATA" "$PGDATA.old"
fi
mv -T "$PGDATA.tmp" "$PGDATA"
sync "$(dirname "$PGDATA")"
rm -rf "$PGDATA.old"
