# shellcheck shell=bash
# Shared by backup.sh, restore.sh, restore-drill.sh and export-archive.sh, which run on a database node as the user that
# runs its server, in every topology, and take from the environment:
#   BACKUP_DIR   base backups, each a directory named by its moment in UTC; what is half made, or scratch, is called *.tmp
#   WAL_ARCHIVE  the archive of basic_archive
#   PGHOST, PGPORT, PGUSER, PGDATABASE   the server, by its Unix socket, and the superuser

# shellcheck source=docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

: "${BACKUP_DIR:=/var/lib/postgresql/backup}"
: "${WAL_ARCHIVE:=/var/lib/postgresql/wal_archive}"
: "${PGUSER:=postgres}"
: "${PGDATABASE:=flight_booking}"
export LC_ALL=C BACKUP_DIR WAL_ARCHIVE PGUSER PGDATABASE
umask 077

run_psql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 --no-password "$@"
}

list_backups() { # whole ones, the oldest first
	find "$BACKUP_DIR" -mindepth 1 -maxdepth 1 -type d -name '*Z' | sort
}

# Exclusive (-x) for whoever makes and removes backups, shared (-s) for whoever reads one. A child that outlives its
# killed parent keeps the lock until it has ended too.
lock_backups() {
	mkdir -p "$BACKUP_DIR"
	exec 8>>"$BACKUP_DIR/.lock"
	flock -n "$1" 8 || die "another backup, drill or export is at work on $BACKUP_DIR"
}

start_segment() { # BACKUP: the first WAL file it needs
	sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$1/backup_label"
}
