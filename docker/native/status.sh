# shellcheck shell=bash
# What the native cluster shows of itself. `servers` sources this.

: "${run:?}" "${nodes?}" "${monitors[*]?}" "${guide_password:?}"

# psql on the node's Unix socket, as the superuser.
run_psql() { # NODE ARGUMENT...
	local node=$1
	shift
	psql -h "$SOCKET_DIR" -p "$(port_of "$node")" -U postgres -d "${database[$node]}" "$@"
}

# Where to look, after a start.
summary() {
	local note=() node
	for node in primary hot_backup; do
		if is_standby "$node"; then note+=("          (read only)"); else note+=(''); fi
	done
	cat <<-END

		The flight booking system is up.

		  page and API   http://localhost:$GATEWAY_PORT/
		  primary        psql -h localhost -p $PRIMARY_PORT -U postgres -d flight_booking${note[0]}
		  hot backup     psql -h localhost -p $HOT_BACKUP_PORT -U postgres -d flight_booking${note[1]}
		  reports        psql -h localhost -p $REPORTS_PORT -U postgres -d flight_booking_reports
	END
	if [ -n "$EDGE" ]; then echo "  edge           https://localhost:$EDGE_PORT/, with the certificate in $run/edge/state/tls"; fi
	if [ -n "$BOOKING_DEV" ]; then
		echo "  password       $guide_password, for development only"
		echo "  API keys       $run/keys/, one for each role, for development only"
	fi
	echo "  data, logs     $run"
}

# One line of the table of nodes.
row() { # NODE PORT STATE ROLE USER DETAIL
	printf '%-12s %-6s %-9s %-9s %-16s %s\n' "$@"
}

# Prints the user that a process runs as; nothing where there is none.
user_of() { # [PID]
	if [ -n "$1" ]; then stat -c %U "/proc/$1"; fi
}

# Shows nodes, replication, slots, archive and subscription. Fails unless all run.
status() {
	local node writer
	writer=$(find_writer) || true
	row NODE PORT STATE ROLE USER DETAIL
	for node in "${nodes[@]}"; do server_status "$node" "$writer"; done
	gateway_status gateway
	if [ -n "$EDGE" ]; then gateway_status second_gateway; fi
	program_status webhooks sender
	if [ -n "$EDGE" ]; then program_status edge HTTPS "$EDGE_PORT"; fi
	monitoring_status
	if [ -n "$writer" ]; then replication_status "$writer"; fi
	if server_runs reports; then subscription_status; fi
	all_run
}

server_status() { # NODE WRITER
	local state=down role='' detail='' pid
	if pid=$(server_pid "$run/$1"); then
		state=up
		role=$(query "$1" "SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END" 2>&1) || state='no answer'
		detail=$(query "$1" "SELECT pg_size_pretty(pg_database_size('${database[$1]}')) || ', '
			|| (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') || ' sessions'" 2>&1) || true
	elif [ "$1" != reports ] && [ -n "$2" ] && ! is_standby "$1"; then
		detail='fell out: make rejoin'
	fi
	row "$1" "$(port_of "$1")" "$state" "$role" "$(user_of "$pid")" "$detail"
}

# A cluster that root has started gives the gateway a user of its own; an ordinary user's cannot, and that is shown.
gateway_status() { # gateway|second_gateway
	local state=down detail='' pid user=''
	if pid=$(app_pid "$1"); then
		state=up
		user=$(user_of "$pid")
		detail="/readyz $(gateway_says "$1" /readyz)"
		if [ "$user" = "$(id -un)" ]; then detail+=", as the servers' user: it can read their data and passwords"; fi
	fi
	row "${1/second_gateway/gateway 2}" "$(port_of "$1")" "$state" '' "$user" "$detail"
}

program_status() { # webhooks|edge ROLE [PORT]
	local state=down pid
	if pid=$(pid_of "$1"); then state=up; fi
	row "$1" "${3:-}" "$state" "$2" "$(user_of "$pid")" ''
}

# Nothing where monitoring does not run.
monitoring_status() {
	local monitor pid
	for monitor in "${monitors[@]}"; do
		if pid=$(monitor_pid "$monitor"); then row "${monitor%_exporter}" "$(port_of "$monitor")" up metrics "$(user_of "$pid")" ''; fi
	done
}

replication_status() { # WRITER
	echo
	run_psql "$1" -X -q -P footer=off <<-'SQL'
		SELECT application_name AS replica, state,
		       pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)) AS behind,
		       COALESCE(replay_lag, '0') AS replay_lag
		  FROM pg_stat_replication ORDER BY 1;
		SELECT slot_name AS slot, slot_type AS type, active, wal_status,
		       pg_size_pretty(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)) AS retained
		  FROM pg_replication_slots ORDER BY 1;
		SELECT archived_count AS archived, last_archived_wal, last_archived_time, failed_count AS failed FROM pg_stat_archiver;
	SQL
}

subscription_status() {
	run_psql reports -X -q -P footer=off <<-'SQL'
		SELECT s.subname AS subscription, s.subenabled AS enabled, a.pid IS NOT NULL AS running, a.latest_end_time,
		       (SELECT count(*) FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid AND r.srsubstate = 'r') AS tables_ready,
		       (SELECT count(*) FROM pg_subscription_rel AS r WHERE r.srsubid = s.oid) AS tables
		  FROM pg_subscription AS s LEFT JOIN pg_stat_subscription AS a ON a.subid = s.oid AND a.relid IS NULL;
	SQL
}

# psql at a node that the user names; default the primary.
interactive() { # [NODE] [ARGUMENT...]
	local node=${1:-primary}
	if [ $# -gt 0 ]; then shift; fi
	if [ -z "${database[$node]:-}" ]; then die "there is no database node \"$node\": primary, hot_backup or reports"; fi
	run_psql "$node" "$@"
}

# Follows all logs, those of first starts included.
logs() {
	exec tail -n 20 -F "$run"/log/*.log "$run"/{gateway,edge}/log/*.log
}
