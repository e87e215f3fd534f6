#!/bin/bash
# A base backup of the server into BACKUP_DIR, verified before it gets its name; then the oldest beyond BACKUP_KEEP
# (default 2) go, and with them the WAL that only they needed. An error removes nothing. See backup-lib.sh.
set -euo pipefail

# shellcheck source=docker/backup-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/backup-lib.sh"
keep=${BACKUP_KEEP:-2}

make_backup() { # pg_basebackup syncs what it writes
	local name
	while name=$(date -u +%Y%m%dT%H%M%SZ) && [ -e "$BACKUP_DIR/$name" ]; do sleep 0.1; done
	pg_basebackup -D "$BACKUP_DIR/$name.tmp" -X stream -c fast --manifest-checksums=SHA256 --no-password
	pg_verifybackup --quiet "$BACKUP_DIR/$name.tmp"
	mv -T "$BACKUP_DIR/$name.tmp" "$BACKUP_DIR/$name"
	sync "$BACKUP_DIR"
	sleep 1 # its label tells its time by the second: from now on it is older than any moment to restore to
	echo "$BACKUP_DIR/$name $(du -sh "$BACKUP_DIR/$name" | cut -f 1)"
}

remove_old() {
	local backups old
	mapfile -t backups < <(list_backups)
	for old in "${backups[@]:0:$((${#backups[@]} > keep ? ${#backups[@]} - keep : 0))}"; do
		mv -T "$old" "$old.tmp"
		rm -rf "$old.tmp"
		echo "removed $old"
	done
}

# basic_archive leaves an archtemp file where a copy was cut short, by a crash or by a full disk.
clean_archive() {
	local backups
	mapfile -t backups < <(list_backups)
	pg_archivecleanup "$WAL_ARCHIVE" "$(start_segment "${backups[0]}")"
	find "$WAL_ARCHIVE" -maxdepth 1 -name 'archtemp.*' -mmin +60 -delete
}

[[ $keep =~ ^[1-9][0-9]*$ ]] || die "BACKUP_KEEP is the number of backups to keep, at least 1, not \"$keep\""
lock_backups -x
rm -rf "$BACKUP_DIR"/*.tmp
make_backup
remove_old
if [ -d "$WAL_ARCHIVE" ]; then clean_archive; fi
