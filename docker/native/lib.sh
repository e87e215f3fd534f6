# shellcheck shell=bash
# What the two halves of the native cluster share: `cluster`, which runs as the owner of RUN_DIR, and `servers`, which
# runs as the user of the database servers. `cluster` exports RUN_DIR and the settings; nothing here reads a file that
# the other half writes.

declare -A port_setting=([primary]=PRIMARY_PORT [hot_backup]=HOT_BACKUP_PORT [reports]=REPORTS_PORT [gateway]=GATEWAY_PORT
	[gateway_admin]=GATEWAY_ADMIN_PORT [second_gateway]=SECOND_GATEWAY_PORT [second_gateway_admin]=SECOND_GATEWAY_ADMIN_PORT
	[edge]=EDGE_PORT [prometheus]=PROMETHEUS_PORT [primary_exporter]=PRIMARY_EXPORTER_PORT
	[hot_backup_exporter]=HOT_BACKUP_EXPORTER_PORT [reports_exporter]=REPORTS_EXPORTER_PORT)
# shellcheck disable=SC2034 # for the other files
monitors=(primary_exporter hot_backup_exporter reports_exporter prometheus)
declare -A database=([primary]=flight_booking [hot_backup]=flight_booking [reports]=flight_booking_reports)

# Prints the port that the node is to have.
port_of() { # NODE
	echo "${!port_setting[$1]}"
}

# Prints a connection string for whichever of primary and hot backup takes writes, without a password.
primary_conninfo() { # ROLE
	echo "host=localhost,localhost port=$PRIMARY_PORT,$HOT_BACKUP_PORT dbname=${database[primary]} user=$1" \
		"target_session_attrs=read-write connect_timeout=5 sslmode=verify-full sslrootcert=$RUN_DIR/tls/ca.crt"
}

# Opens a log as file descriptor 8. What is written there goes to files of 10 MB, of which five stay; FILE is the one that
# is being written. COMMAND, such as setpriv, runs the writer. The writer ends when the last process that has the log open
# does, and not by our signals.
open_log() { # FILE [COMMAND...]
	local file=$1
	shift
	exec 8> >(exec "$@" env -i PATH="$PATH" setsid rotatelogs -f -n 5 -L "$file" "${file%.log}" 10M >/dev/null 2>&1 9>&-)
	log_writer=$!
}

# Closes it; where all that wrote there has ended, waits until the log has it all.
close_log() { # [wait]
	exec 8>&-
	if [ "${1:-}" = wait ]; then wait "$log_writer" || true; fi
}

# Prints the pid of the running gateway or sender of webhooks, or fails. After a crash of the machine the pid in the file may be
# another process's. The command line tells, which other users may read too.
app_pid() { # gateway|second_gateway|webhooks
	local pid
	pid=$(head -n 1 "$(pid_file "$1")" 2>/dev/null) &&
		[ "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" = "$RUN_DIR/app/booking_${1#second_} " ] && echo "$pid"
}

# Prints the file with that pid; a gateway's has besides its ports, and whether the edge is before it.
pid_file() { # gateway|second_gateway|webhooks
	case $1 in
	gateway) echo "$RUN_DIR/gateway/pid" ;;
	*) echo "$RUN_DIR/gateway/$1.pid" ;;
	esac
}

# Prints the pid of the running edge, or fails.
edge_pid() {
	local pid
	pid=$(cat "$RUN_DIR/edge/pid" 2>/dev/null) &&
		[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *" -f $RUN_DIR/app/docker/edge/haproxy.cfg "* ]] && echo "$pid"
}

# Prints the programs that belong to the cluster besides its databases.
apps() {
	echo gateway webhooks ${EDGE:+second_gateway edge}
}

# Prints the pid of a running part of monitoring, or fails; its command line tells that the pid is its own.
monitor_pid() { # MONITOR
	local pid
	pid=$(cat "$RUN_DIR/monitoring/$1.pid" 2>/dev/null) &&
		[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *" --web.listen-address=127.0.0.1:$(port_of "$1") "* ]] && echo "$pid"
}

# Prints the port that a running gateway has, for clients or for operators.
gateway_port() { # [second_]gateway[_admin]
	case $1 in
	*_admin) sed -n 3p "$(pid_file "${1%_admin}")" ;;
	*) sed -n 2p "$(pid_file "$1")" ;;
	esac
}

# Asks a gateway on its port for operators and prints the HTTP status; nothing if nobody answers.
gateway_says() { # gateway|second_gateway PATH
	(
		exec 3<>"/dev/tcp/127.0.0.1/$(port_of "$1_admin")"
		printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
		read -r -t 5 _ status _ <&3
		echo "$status"
	) 2>/dev/null || true
}
