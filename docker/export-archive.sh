#!/bin/bash
# Copies the base backups and the archived WAL to a directory outside, DEST, from which alone restore.sh can restore:
#   WAL_ARCHIVE=DEST/wal_archive restore.sh DEST/backup/…
# A file appears there when it is whole and synced, and is never overwritten: where DEST has another content under the
# same name it stays, and the export fails. What is there is verified again each time. See backup-lib.sh.
set -euo pipefail

# shellcheck source=docker/backup-lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/backup-lib.sh"
failed=0

complain() { # LINE
	printf '%s\n' "$1" >&2
	failed=1
}

export_backup() { # BACKUP
	local copy=$dest/backup/${1##*/}
	if [ ! -e "$copy" ]; then
		rm -rf "$copy.tmp"
		cp -a "$1" "$copy.tmp"
		pg_verifybackup --quiet "$copy.tmp"
		find "$copy.tmp" -print0 | xargs -0 sync
		mv -T "$copy.tmp" "$copy"
		copied=$((copied + 1))
	elif ! cmp -s "$1/backup_manifest" "$copy/backup_manifest"; then
		complain "$copy is another backup than $1"
	elif ! pg_verifybackup --quiet "$copy"; then
		complain "$copy is damaged"
	fi
}

export_wal() { # FILE
	local copy=$dest/wal_archive/${1##*/}
	if [ ! -e "$copy" ]; then
		cp -p "$1" "$copy.tmp"
		cmp "$1" "$copy.tmp"
		sync "$copy.tmp"
		mv -T "$copy.tmp" "$copy"
		copied=$((copied + 1))
	elif ! cmp -s "$1" "$copy"; then
		complain "$copy differs from $1"
	fi
}

dest=$(realpath -m "${1:?usage: export-archive.sh DEST}")
lock_backups -s
mkdir -p "$dest/backup" "$dest/wal_archive"
exec 7>>"$dest/.lock"
flock -n 7 || die "another export to $dest is at work"
copied=0
while read -r backup; do export_backup "$backup"; done < <(list_backups)
while read -r file; do
	export_wal "$file"
done < <(find "$WAL_ARCHIVE" -maxdepth 1 -regextype egrep -regex '.*/[0-9A-F]{8}([0-9A-F]{16}([.].*)?|[.]history)' | sort)
sync "$dest/backup" "$dest/wal_archive"
echo "$copied copied; $dest has $(find "$dest/backup" -maxdepth 1 -name '*Z' | wc -l) backups and \
$(find "$dest/wal_archive" -type f | wc -l) archived files, $(du -sh "$dest" | cut -f 1)"
exit $failed
