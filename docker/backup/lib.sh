# shellcheck shell=bash
# Shared by the scripts of this directory, which run on a database node as the user that
# runs its server, in every topology, and take from the environment:
#   BACKUP_DIR   base backups, each a directory named by its moment in UTC; what is half made, or scratch, is called *.tmp
#   WAL_ARCHIVE  the archive of basic_archive
#   PGHOST, PGPORT, PGUSER, PGDATABASE   the server, by its Unix socket, and the superuser

# shellcheck source=docker/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

: "${BACKUP_DIR:=/var/lib/postgresql/backup}"
: "${WAL_ARCHIVE:=/var/lib/postgresql/wal_archive}"
: "${PGUSER:=postgres}"
: "${PGDATABASE:=flight_booking}"
export LC_ALL=C BACKUP_DIR WAL_ARCHIVE PGUSER PGDATABASE
umask 077

# psql on the server, for one value or lines of them.
run_psql() {
	psql -X -q -A -t -v ON_ERROR_STOP=1 --no-password "$@"
}

# Prints the whole backups, the oldest first.
list_backups() {
	find "$BACKUP_DIR" -mindepth 1 -maxdepth 1 -type d -name '*Z' | sort
}

# Locks BACKUP_DIR until the script ends: exclusive (-x) for whoever makes and removes backups, shared (-s) for whoever
# reads one. Ends the script where another has it. A child that outlives its
# killed parent keeps the lock until it has ended too.
lock_backups() {
	mkdir -p "$BACKUP_DIR"
	exec 8>>"$BACKUP_DIR/.lock"
	flock -n "$1" 8 || die "another backup, drill or export is at work on $BACKUP_DIR"
}

# Prints the first WAL file that a backup needs.
start_segment() { # BACKUP
	sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\))$/\1/p' "$1/backup_label"
}
