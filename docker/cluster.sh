# shellcheck shell=bash
# What is done to primary, hot backup and reports together, whichever the topology: promote, rejoin, restore, backup. What
# happens at a node the scripts of node/, backup/ and reports-db/ do; this says in which order, and what must be true
# before. native/servers and compose/cluster source it and bring:
#
#   at NODE COMMAND...   runs a command at the node as its server's user, whether its server runs or not, with PGDATA and
#                        what else the scripts take; the scripts are under $scripts there
#   server_runs NODE     does its server run, or may it go on later? A frozen one may
#   start_node NODE      starts its server if it does not run, and waits until it answers
#   stop_node NODE       stops its server cleanly if it runs, and sees to it that it stays down
#   log_of NODE          prints where its log is, for the user
#   $scripts, $tls       docker/ at a node, and the directory of its certificate
#   $make_end            what ends a make command for this topology
#   $stop_all, $start_all   the commands that stop and start everything
#
# shellcheck disable=SC2016 # what is in single quotes, the node's shell expands

: "${scripts=}" "${tls=}" "${make_end=}" "${stop_all=}" "${start_all=}"
nodes=(primary hot_backup reports)

# Of primary and hot backup, the one that NODE is not.
other_node() { # NODE
	if [ "$1" = primary ]; then echo hot_backup; else echo primary; fi
}

# Answers a query at a node, as the superuser.
query() { # NODE SQL
	at "$1" psql -X -A -t -q -v ON_ERROR_STOP=1 -U postgres -d postgres -c "$2"
}

# Answers a query at a node, on the database of the bookings.
query_booking() { # NODE SQL
	at "$1" psql -X -A -t -q -v ON_ERROR_STOP=1 -U postgres -d flight_booking -c "$2"
}

# Is the node's data a standby's? The answer does not need its server.
is_standby() { # NODE
	at "$1" bash -c 'test -e "$PGDATA/standby.signal"' 2>/dev/null
}

# Prints the standby, whether it runs or not; fails where there is none.
find_standby() {
	local node
	for node in hot_backup primary; do
		if is_standby "$node"; then
			echo "$node"
			return
		fi
	done
	return 1
}

# Prints the node whose server runs and takes writes; fails where there is none.
find_writer() {
	local node
	for node in primary hot_backup; do
		if server_runs "$node" && [ "$(query "$node" 'SELECT pg_is_in_recovery()' 2>/dev/null)" = f ]; then
			echo "$node"
			return
		fi
	done
	return 1
}

# Does the standby stream from the writer, through a slot that keeps WAL for it?
streams() { # STANDBY WRITER
	[ "$(query "$2" "SELECT count(*) FROM pg_stat_replication AS r JOIN pg_replication_slots AS s ON s.active_pid = r.pid
	                  WHERE application_name = '${1}_db' AND state = 'streaming' AND wal_status <> 'lost'")" = 1 ]
}

# Makes the publication what booking.privileges() names, where it is not, as when a table was added by hand.
repair_publication() { # WRITER
	if [ -n "$(query_booking "$1" "SELECT object FROM booking.check_reports()")" ]; then
		at "$1" psql -X -q -v ON_ERROR_STOP=1 -U postgres -d flight_booking -f "$scripts/../sql/publication.sql"
	fi
}

# Makes the reports follow the node that takes writes, if they run. What is in order stays as it is.
resubscribe() { # WRITER
	repair_publication "$1"
	if server_runs reports; then at reports "$scripts/reports-db/resubscribe.sh"; fi
}

# Says what is left to do while there is no standby.
next_is_rejoin() { # WRITER
	echo "$1 takes writes, and there is no standby: make rejoin$make_end brings $(other_node "$1") back as one"
}

# Stops the writer and prints the place in its log that the standby must have reached then. A clean stop sends the standby
# all there is, so nothing is lost. Fails, and says why, where that cannot be promised.
stop_for_switchover() { # STANDBY WRITER
	if ! streams "$1" "$2"; then
		die "$1 does not stream from $2, and would lack what was written last" "make status$make_end shows both"
	fi
	stop_node "$2" >&2 || die "$2 does not stop"
	at "$2" env LC_ALL=C pg_controldata | clean_checkpoint || die "$2 did not stop cleanly"
}

# Lets the standby take over. Refuses while the other node runs, unless SWITCHOVER is set: then that one is stopped first,
# and started again if the standby cannot take over. Bookings are taken again as soon as the standby is promoted; the
# reports come after. Where there is no standby, what an earlier promotion has left undone is done.
promote() {
	local standby writer lsn=
	if standby=$(find_standby); then
		writer=$(other_node "$standby")
		start_node "$standby"
		if ! server_runs "$writer"; then
			stop_node "$writer"
		elif [ -z "${SWITCHOVER:-}" ]; then
			die "$writer runs" "make promote SWITCHOVER=1$make_end stops it cleanly first, and loses nothing"
		elif ! lsn=$(stop_for_switchover "$standby" "$writer"); then
			start_node "$writer"
			exit 1
		fi
	else
		standby=$(find_writer) || die "there is no standby, and no node that takes writes: $start_all"
	fi
	if ! at "$standby" "$scripts/node/promote" ${lsn:+"$lsn"}; then
		if [ -n "$lsn" ]; then start_node "$writer"; fi
		exit 1
	fi
	resubscribe "$standby"
	next_is_rejoin "$standby"
}

# Brings the node that fell out back as the standby, and the reports into line. What is in order is left alone. A node
# that does not stream after it was rewound is copied anew; FRESH asks for that at once.
rejoin() {
	local writer standby
	writer=$(find_writer) || die "no node takes writes: $start_all, or make promote$make_end"
	standby=$(other_node "$writer")
	if ! streams "$standby" "$writer"; then
		bring_back "$standby" "$writer" "${FRESH:-}" || bring_back "$standby" "$writer" 1 ||
			die "$standby does not stream from $writer; its log: $(log_of "$standby")"
	fi
	resubscribe "$writer"
}

# Stops the node, makes it a standby of the writer, starts it and waits until it streams; fails after a minute without.
bring_back() { # STANDBY WRITER FRESH
	stop_node "$1" && at "$1" env FRESH="$3" "$scripts/node/rejoin" && (start_node "$1") || return 1
	for _ in {1..120}; do
		if streams "$1" "$2"; then return; fi
		sleep 0.5
	done
	echo "$1 does not stream after a minute"
	return 1
}

# Makes a new primary from a backup (the newest) and the archive. The three data directories are kept under other names,
# and the replicas will be made anew. Nothing is touched unless the restore has succeeded.
restore() { # POINT [BACKUP]
	local node old
	for node in "${nodes[@]}"; do
		if server_runs "$node"; then die "$node runs: $stop_all first"; fi
	done
	at primary "$scripts/node/restore" "${1:-end}" ${2:+"$2"}
	old=$(date +%Y%m%d%H%M%S)
	for node in "${nodes[@]}"; do
		at "$node" bash -c '[ ! -d "$PGDATA" ] || mv -T "$PGDATA" "$PGDATA.$1"' keep "$old"
	done
	at primary bash -c 'mv -T "$PGDATA.restored" "$PGDATA"'
	echo "$start_all starts it; the data directories that were are beside the new ones, as *.$old"
}

# Gives the roles the passwords that the files have by now, where passwords are written: at the node that takes writes, whence
# the hot backup gets them, and at reports.
set_passwords() {
	local writer
	writer=$(find_writer) || die "no node takes writes: make status$make_end"
	server_runs reports || die "reports do not run: $start_all"
	at "$writer" psql -X -q -v ON_ERROR_STOP=1 -U postgres -d flight_booking -o /dev/null -f "$scripts/secrets/passwords.sql"
	at reports psql -X -q -v ON_ERROR_STOP=1 -U postgres -d flight_booking_reports -o /dev/null -f "$scripts/secrets/passwords.sql"
}

# Renews the servers' certificate and has every server that runs show it from now on; connections that are there go on. Who
# verifies the servers reads ca.crt anew for each connection.
certificates() {
	local node
	at primary "$scripts/secrets/certificates" renew "$tls"
	for node in "${nodes[@]}"; do
		if server_runs "$node"; then at "$node" psql -X -q -U postgres -d postgres -o /dev/null -c 'SELECT pg_reload_conf()'; fi
	done
}

# Runs a command at the node that takes writes.
at_writer() { # COMMAND...
	local writer
	writer=$(find_writer) || die "no node takes writes: make status$make_end"
	at "$writer" "$@"
}

# Takes a base backup of the node that takes writes.
backup() {
	at_writer env ${BACKUP_KEEP:+BACKUP_KEEP="$BACKUP_KEEP"} "$scripts/backup/backup"
}

# Proves on the running system that backup and archive restore.
restore-drill() {
	at_writer "$scripts/backup/restore-drill"
}
