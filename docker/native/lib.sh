# shellcheck shell=bash
# What the two halves of the native cluster share: `cluster`, which runs as the owner of RUN_DIR, and `servers`, which
# runs as the user of the database servers. `cluster` exports RUN_DIR and the settings; nothing here reads a file that
# the other half writes.

declare -A port_setting=([primary]=PRIMARY_PORT [hot_backup]=HOT_BACKUP_PORT [reports]=REPORTS_PORT [gateway]=GATEWAY_PORT
	[gateway_admin]=GATEWAY_ADMIN_PORT [prometheus]=PROMETHEUS_PORT [primary_exporter]=PRIMARY_EXPORTER_PORT
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

# Prints the pid of the running gateway, or fails. After a crash of the machine the pid in the file may be another
# process's. The command line tells, which other users may read too.
gateway_pid() {
	local pid
	pid=$(head -n 1 "$RUN_DIR/gateway/pid" 2>/dev/null) &&
		[ "$(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline")" = "$RUN_DIR/app/booking_gateway " ] && echo "$pid"
}

# Prints the pid of a running part of monitoring, or fails; its command line tells that the pid is its own.
monitor_pid() { # MONITOR
	local pid
	pid=$(cat "$RUN_DIR/monitoring/$1.pid" 2>/dev/null) &&
		[[ $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline") == *" --web.listen-address=127.0.0.1:$(port_of "$1") "* ]] && echo "$pid"
}

# Prints the port that the running gateway has, for clients or for operators.
gateway_port() { # gateway|gateway_admin
	if [ "$1" = gateway ]; then sed -n 2p "$RUN_DIR/gateway/pid"; else sed -n 3p "$RUN_DIR/gateway/pid"; fi
}

# Asks the gateway on its port for operators and prints the HTTP status; nothing if nobody answers.
gateway_says() { # PATH
	(
		exec 3<>"/dev/tcp/127.0.0.1/$GATEWAY_ADMIN_PORT"
		printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
		read -r -t 5 _ status _ <&3
		echo "$status"
	) 2>/dev/null || true
}
