#!/bin/bash
# Makes a data directory of a base backup and archived WAL: copies, verifies, recovers to the point asked for, promotes.
# usage: restore.sh BACKUP TARGETDIR [end | name=RESTORE_POINT | time=TIMESTAMP | lsn=LSN [COMMAND...]]
#
# TARGETDIR appears when all is done and the server stopped, ready to start on a new timeline. With COMMAND it is a copy
# to look at, not synced to disk, and removed: COMMAND runs while its server does, which PGHOST, PGPORT and PGUSER name;
# its status is ours. The recovering server listens on a Unix socket of its own, runs no jobs, and reads the archive
# without ever writing to it. It does not use the backup's configuration, which names places of one machine.
#
# It fails, and leaves nothing, where the backup is not what its manifest says, WAL up to the point is missing or damaged,
# or the archive is not there. See backup-lib.sh for the environment.
set -euo pipefail

# shellcheck source=docker/backup-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/backup-lib.sh"

usage() {
	sed -n '/^# usage/,/^#$/s/^# \?//p' "${BASH_SOURCE[0]}" >&2
	exit 2
}

finish() {
	if [ -f "$new/postmaster.pid" ]; then pg_ctl -D "$new" -m immediate -s stop; fi
	rm -rf "$new" "$private"
}

copy_backup() { # verified after copying, which finds the damage of both
	cp -a "$backup" "$new"
	chmod 700 "$new"
	pg_verifybackup --quiet "$new" || die "$backup is damaged: not restored"
	touch "$new/recovery.signal"
}

# What recovery must not have less of than the server that wrote the WAL, and what must stay on to keep its data.
settings_of_backup() {
	pg_controldata "$new" | sed -nE '
		s/^max_prepared_xacts setting: +/max_prepared_transactions=/p
		s/^max_locks_per_xact setting: +/max_locks_per_transaction=/p
		s/^(wal_level|wal_log_hints|max_[a-z_]+|track_commit_timestamp) setting: +/\1=/p'
}

# A WAL file may also be archived as the last, partial one of a timeline that was left. Above 125 recovery ends with an
# error; else it would take a file that cannot be read for the end of the archive.
# shellcheck disable=SC2016 # the server's shell expands it
restore_command='test -d "$WAL_ARCHIVE" || exit 126; for file in "%f" "%f.partial"; do '\
'if test -e "$WAL_ARCHIVE/$file"; then cp "$WAL_ARCHIVE/$file" "%p" || exit 126; exit 0; fi; done; exit 1'

server_options() {
	local setting
	settings_of_backup | while read -r setting; do printf -- '-c %q ' "$setting"; done
	printf -- '-c %q ' config_file=/dev/null hba_file="$private/hba.conf" ident_file="$private/ident.conf" \
		listen_addresses= unix_socket_directories="$private" port="$port" cluster_name=restore ssl=off \
		shared_preload_libraries= logging_collector=off dynamic_shared_memory_type=mmap \
		archive_mode=off hot_standby=off max_logical_replication_workers=0 restore_command="$restore_command" \
		recovery_target_timeline=latest recovery_target_action=promote "${target[@]}" fsync="$fsync"
}

recover() {
	echo "local all all peer map=restore" >"$private/hba.conf"
	echo "restore $(id -un) $PGUSER" >"$private/ident.conf"
	export PGHOST=$private PGPORT=$port
	pg_ctl -D "$new" -l "$private/log" -s -w -t 86400 -o "$(server_options)" start 8>&- 9>&- || not_restored
	until [ "$(run_psql -d postgres -c "SELECT pg_is_in_recovery()" 2>/dev/null)" = f ]; do
		pg_ctl -D "$new" status >/dev/null || not_restored
		sleep 0.1
	done
}

not_restored() {
	grep -E 'FATAL|PANIC|ERROR|WARNING|HINT' "$private/log" | grep -v 'not accepting connections' | tail -n 5 >&2
	die "$backup was not restored to $point"
}

# Recovery takes the first record that it cannot read for the end of WAL. Without a target that is right only at the end
# of what is archived on the newest timeline.
check_end() {
	local last followed segment_size start
	last=$(find "$WAL_ARCHIVE" -maxdepth 1 -printf '%f\n' | grep -E '^[0-9A-F]{24}$' | sort | tail -n 1) || return 0
	followed=$(find "$new/pg_wal" -name '*.history' | sort | tail -n 1 | xargs tail -n 1 | cut -f 1)
	if ((16#${last:0:8} > followed)); then
		die "timeline $((16#${last:0:8})) has WAL in the archive, but was not followed: its history file is missing"
	fi
	if ((16#${last:0:8} < followed)); then return; fi
	segment_size=$(pg_controldata "$new" | sed -n 's/^Bytes per WAL segment: *//p')
	start=$(printf '%X/%X' "0x${last:8:8}" $((16#${last:16} * segment_size)))
	if [ "$(run_psql -d postgres -c "SELECT pg_last_wal_replay_lsn() >= '$start'")" != t ]; then
		die "recovery ended at $(run_psql -d postgres -c "SELECT pg_last_wal_replay_lsn()"), before the end of the archive" \
			"what comes next is missing or damaged; the archive goes on to $last"
	fi
}

# Recovery stops before the first commit after the target time, even if that is the first one after a later backup.
check_time() {
	local begun
	begun=$(sed -n 's/^START TIME: //p' "$backup/backup_label")
	if [ "$(run_psql -d postgres -c "SELECT '${point#time=}' >= timestamptz '$begun' + interval '1 second'")" != t ]; then
		die "$backup was begun at $begun, not before the time asked for: restore an older one"
	fi
}

# The timeline began while archiving was off: without its history file in the archive no later restore would follow it.
announce_timeline() {
	local history
	history=$(find "$new/pg_wal" -name '*.history' | sort | tail -n 1)
	touch "$new/pg_wal/archive_status/${history##*/}.ready"
	sync "$new/pg_wal/archive_status"
}

[ $# -ge 2 ] || usage
backup=$1
data=$(realpath -m "$2")
point=${3:-end}
new=$data.tmp
port=5432
case $point in
end) target=() ;;
name=?* | time=?* | lsn=?*) target=("recovery_target_$point") ;;
*) usage ;;
esac
shift $(($# > 3 ? 3 : $#))
fsync=$([ $# -gt 0 ] && echo off || echo on)
[ -f "$backup/backup_manifest" ] || die "there is no backup in $backup"
[ ! -e "$data" ] || rmdir "$data" 2>/dev/null || die "$data is there: nothing is restored over it"
[ -d "$WAL_ARCHIVE" ] || die "there is no WAL archive in $WAL_ARCHIVE"
begun=${EPOCHREALTIME/./}
private=$(mktemp -d /tmp/flight_booking_restore.XXXXXX)
trap finish EXIT
trap 'exit 130' INT TERM HUP
rm -rf "$new"
copy_backup
recover
case $point in
end) check_end ;;
time=*) check_time ;;
esac
tenths=$(((${EPOCHREALTIME/./} - begun) / 100000))
echo "restored ${backup##*/} to $point in $((tenths / 10)).$((tenths % 10)) s"
if [ $# -gt 0 ]; then
	"$@"
	exit
fi
pg_ctl -D "$new" -m fast -s -w stop
announce_timeline
mv -T "$new" "$data"
sync "$(dirname "$data")"
