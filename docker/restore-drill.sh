#!/bin/bash
# Proves, on the running system, that backup and archive restore what they should: marks a moment by a restore point and
# by a time, hashes every business table as it is then, lets a transaction and the archive go on, restores the newest
# backup to each mark on a copy, and compares. The copies are checked by check_invariants() and pg_amcheck, and removed.
# The system's data is only read; bookings wait for the mark a few milliseconds. See backup-lib.sh for the environment.
set -euo pipefail

docker=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=docker/backup-lib.sh
. "$docker/backup-lib.sh"

# The locks see to it that what the snapshot shows is what the WAL holds up to the restore point, whoever is booking. They
# are gone at once, and the hashes are made on the snapshot. A lock that is not to be had shortly is given up long before
# anyone could take us for one side of a deadlock.
write_mark() {
	run_psql -v ON_ERROR_STOP=1 -v VERBOSITY=sqlstate -v mark="$mark" -v hashes="$work/expected" -v docker="$docker" <<-'SQL'
		SELECT string_agg(format('%I.%I', schemaname, tablename), ', ' ORDER BY tablename) AS tables
		  FROM pg_catalog.pg_tables WHERE schemaname = 'public' \gset
		\set file :docker/table-hashes.sql
		BEGIN ISOLATION LEVEL REPEATABLE READ;
		SAVEPOINT unlocked;
		SET LOCAL lock_timeout = '50ms';
		LOCK TABLE :tables IN SHARE MODE;
		SELECT clock_timestamp() AS moment FROM pg_create_restore_point(:'mark');
		ROLLBACK TO SAVEPOINT unlocked;
		\o :hashes
		\i :file
		COMMIT;
	SQL
}

mark_moment() {
	local try
	for try in {1..200}; do
		if moment=$(write_mark 2>"$work/errors"); then return; fi
		grep -q 55P03 "$work/errors" || break
		sleep 0.0$((RANDOM % 9 + 1))
	done
	cat "$work/errors" >&2
	die "the moment could not be marked in $try tries"
}

# A transaction after the mark, for recovery to stop before; it changes nothing. Then all up to it goes to the archive.
go_on() {
	local file
	later=$(run_psql -c "SELECT pg_current_xact_id()")
	file=$(run_psql -c "SELECT pg_walfile_name(pg_switch_wal())")
	for _ in {1..600}; do
		if [ -e "$WAL_ARCHIVE/$file" ]; then return; fi
		sleep 0.1
	done
	die "$file has not been archived in a minute" "the server's log says why"
}

check_copy() { # on the restored server
	local violations
	run_psql -f "$docker/table-hashes.sql" >"$work/restored"
	diff "$work/expected" "$work/restored" >&2 || die "the restored tables differ from what they were"
	[ -s "$work/restored" ] || die "there are no tables to compare"
	[ "$(run_psql -c "SELECT CASE WHEN pg_snapshot_xmax(pg_current_snapshot()) > '$later'
		THEN pg_xact_status('$later') = 'committed' ELSE false END")" = f ] || die "a later transaction is there as well"
	violations=$(run_psql -c "SELECT * FROM booking.check_invariants()")
	[ -z "$violations" ] || die "invariants do not hold" "$violations"
	pg_amcheck -j "$(nproc)" --heapallindexed --install-missing -d "$PGDATABASE"
	echo "  $(wc -l <"$work/restored") tables as they were, invariants hold, pg_amcheck finds nothing"
}

archived_since() { # BACKUP: WAL files
	find "$WAL_ARCHIVE" -maxdepth 1 -printf '%f\n' | grep -E '^[0-9A-F]{24}$' |
		awk -v from="$(start_segment "$1")" 'substr($0, 9) >= substr(from, 9)' | wc -l
}

if [ "${1:-}" = check ]; then
	check_copy
	exit
fi
mkdir -p "$BACKUP_DIR"
if [ -z "$(list_backups)" ]; then "$docker/backup.sh"; fi
lock_backups -s
backup=$(list_backups | tail -n 1)
work=$(mktemp -d "$BACKUP_DIR/drill.XXXXXX.tmp")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mark=drill_$(date -u +%Y%m%dT%H%M%SZ)
mark_moment
go_on
echo "backup ${backup##*/}: $(du -sh "$backup" | cut -f 1), and $(archived_since "$backup") WAL files since"
export work later
for point in "name=$mark" "time=$moment"; do
	"$docker/restore.sh" "$backup" "$work/copy" "$point" "$docker/restore-drill.sh" check
done
