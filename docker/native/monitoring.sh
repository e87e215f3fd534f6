# shellcheck shell=bash
# Prometheus, and an exporter beside each database, of the native cluster: what compose.yaml has as the profile monitoring.
# `cluster` sources this; it runs as the owner of RUN_DIR. All listen on the loopback address. In root's cluster they run as
# the user of Debian's package.
#
# RUN_DIR/monitoring/ prometheus.yml, NAME.pid   the owner's
#                     monitor                    the password of the role in the databases; the monitoring user's
#                     data/, log/                the monitoring user's; the servers' user reads the logs

: "${home:?}" "${owner=}" "${server_user=}" "${monitors[*]?}" "${database[*]?}"

# Sets who runs it.
find_monitoring_user() {
	monitoring_user=$owner
	if [ "$owner" = root ]; then monitoring_user=prometheus; fi
}

# Starts what does not run, and waits until Prometheus answers.
start_monitoring() {
	local monitor node
	"$home/docker/install-packages" monitoring
	find_monitoring_user
	check_monitoring_ports
	make_monitoring_dir
	for node in primary hot_backup reports; do
		start_monitor "${node}_exporter" DATA_SOURCE_USER=monitor DATA_SOURCE_PASS_FILE="$RUN_DIR/monitoring/monitor" \
			DATA_SOURCE_URI="localhost:$(port_of "$node")/${database[$node]}?sslmode=verify-full&sslrootcert=$RUN_DIR/tls/ca.crt" \
			prometheus-postgres-exporter --extend.query-path="$RUN_DIR/app/docker/monitoring/queries.yml"
	done
	start_monitor prometheus prometheus --config.file="$RUN_DIR/monitoring/prometheus.yml" --storage.tsdb.path="$RUN_DIR/monitoring/data"
	for monitor in "${monitors[@]}"; do
		await_monitor "$monitor" || die "$monitor does not run; its log is $RUN_DIR/monitoring/log/$monitor.log"
	done
	echo "Prometheus is on http://localhost:$PROMETHEUS_PORT/alerts"
}

check_monitoring_ports() {
	local monitor complaints=()
	for monitor in "${monitors[@]}"; do
		if ! monitor_pid "$monitor" >/dev/null && port_is_taken "$(port_of "$monitor")"; then
			complaints+=("port $(port_of "$monitor") is taken; move $monitor: make down, make up ${port_setting[$monitor]}=…, make monitoring")
		fi
	done
	if [ ${#complaints[@]} -gt 0 ]; then die "cannot start" "${complaints[@]}"; fi
}

# Makes RUN_DIR/monitoring. What is scraped is what the containers scrape, elsewhere.
make_monitoring_dir() {
	local dir=$RUN_DIR/monitoring
	make_own_dir "$dir"
	as_user "$owner" install -d -m 2750 -o "$monitoring_user" -g "$(id -gn "$server_user")" "$dir/log"
	as_user "$owner" install -d -m 700 -o "$monitoring_user" -g "$(id -gn "$monitoring_user")" "$dir/data"
	as_user "$server_user" cat "$RUN_DIR/secrets/monitor" |
		as_user "$owner" install -m 400 -o "$monitoring_user" -g "$(id -gn "$monitoring_user")" /dev/stdin "$dir/monitor"
	sed -e "s|app_server:4000|localhost:$GATEWAY_PORT|; s|app_server:4001|localhost:$GATEWAY_ADMIN_PORT|" \
		-e "s|primary_exporter:9187|localhost:$PRIMARY_EXPORTER_PORT|; s|hot_backup_exporter:9187|localhost:$HOT_BACKUP_EXPORTER_PORT|" \
		-e "s|reports_exporter:9187|localhost:$REPORTS_EXPORTER_PORT|; s|alerts.yml|$RUN_DIR/app/docker/monitoring/alerts.yml|" \
		"$RUN_DIR/app/docker/monitoring/prometheus.yml" | as_user "$owner" tee "$dir/prometheus.yml" >/dev/null
}

# Starts a part of monitoring if it does not run, with no environment but its own.
start_monitor() { # MONITOR [VARIABLE=VALUE]... COMMAND...
	local monitor=$1 as_monitor=()
	shift
	if monitor_pid "$monitor" >/dev/null; then return; fi
	if [ "$(id -un)" != "$monitoring_user" ]; then
		as_monitor=(setpriv --reuid="$monitoring_user" --regid="$(id -g "$monitoring_user")" --clear-groups --no-new-privs --)
	fi
	cd /
	umask 027
	open_log "$RUN_DIR/monitoring/log/$monitor.log" "${as_monitor[@]}"
	"${as_monitor[@]}" env -i PATH="$PATH" HOME=/nonexistent setsid env "$@" --web.listen-address="127.0.0.1:$(port_of "$monitor")" \
		</dev/null >&8 2>&1 8>&- 9>&- &
	close_log
	umask 022
	echo $! | as_user "$owner" tee "$RUN_DIR/monitoring/$monitor.pid" >/dev/null
}

# Waits until it listens; fails after half a minute, or when it has ended.
await_monitor() { # MONITOR
	for _ in {1..150}; do
		if port_is_taken "$(port_of "$1")"; then return; fi
		sleep 0.2
	done
	return 1
}

# Stops what runs of it.
stop_monitoring() {
	local monitor pid
	find_monitoring_user
	for monitor in "${monitors[@]}"; do
		if pid=$(monitor_pid "$monitor"); then as_user "$monitoring_user" bash -c "kill -TERM $pid"; fi
	done
	for monitor in "${monitors[@]}"; do
		for _ in {1..100}; do
			if ! monitor_pid "$monitor" >/dev/null; then break; fi
			sleep 0.1
		done
	done
}
