# shellcheck shell=bash
# The gateway of the native cluster, and the sender of webhooks: start and stop. `cluster` sources this; it runs as the owner of RUN_DIR and gives
# $owner, $server_user and $gateway_user. Where these differ, the gateway's user reads its own password and what all may
# read, and nothing else.
#
# RUN_DIR/gateway/ pid           the process, and its port; the owner's
#                  second_gateway.pid, webhooks.pid   the same of the second gateway, behind an edge, and of the sender
#                  booking_app, reports_app, booking_webhooks   the passwords of their roles in the databases; the gateway's user's
#                  log/          the gateway's user's, and read by the servers' user

: "${owner=}" "${server_user=}" "${gateway_user=}" "${database[*]?}"

# Makes the system user that the gateway of root's cluster runs as, where it is missing.
make_gateway_user() {
	if [ "$owner" != root ] || getent passwd "$gateway_user" >/dev/null; then return; fi
	useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
		--comment "flight booking gateway" "$gateway_user"
}

# Makes RUN_DIR/gateway.
make_gateway_dir() {
	local dir=$RUN_DIR/gateway role
	make_own_dir "$dir"
	as_user "$owner" install -d -m 2750 -o "$gateway_user" -g "$(id -gn "$server_user")" "$dir/log"
	for role in booking_app reports_app booking_webhooks; do
		as_user "$server_user" cat "$RUN_DIR/secrets/$role" |
			as_user "$owner" install -m 400 -o "$gateway_user" -g "$(id -gn "$gateway_user")" /dev/stdin "$dir/$role"
	done
}

# What runs a command as the gateway's user, in $as_gateway. It leaves no process in between, unlike runuser.
find_as_gateway() {
	as_gateway=()
	if [ "$(id -un)" != "$gateway_user" ]; then
		as_gateway=(setpriv --reuid="$gateway_user" --regid="$(id -g "$gateway_user")" --clear-groups --no-new-privs --)
	fi
}

# Starts a program of the gateway's user, with no environment but its own settings, and keeps its pid.
start_app() { # gateway|second_gateway|webhooks VARIABLE=VALUE...
	local app=$1 log=$RUN_DIR/gateway/log/$1.log
	shift
	find_as_gateway
	cd /
	umask 027
	open_log "$log" "${as_gateway[@]}"
	"${as_gateway[@]}" env -i PATH="$PATH" HOME=/nonexistent BOOKING_DEV="$BOOKING_DEV" "$@" \
		setsid "$RUN_DIR/app/booking_${app#second_}" </dev/null >&8 2>&1 8>&- 9>&- &
	close_log
	umask 022
	echo $! | as_user "$owner" tee "$(pid_file "$app")" >/dev/null
}

# Starts what does not run of them: the sender of webhooks, and the gateway, or two behind an edge. A gateway that was started with
# an edge before it, and has none now, or the other way round, is started anew: it believes the edge where its clients are.
start_gateway() {
	make_gateway_user
	make_gateway_dir
	if ! app_pid webhooks >/dev/null; then
		start_app webhooks DATABASE_URL="$(primary_conninfo booking_webhooks)" DATABASE_PASSWORD_FILE="$RUN_DIR/gateway/booking_webhooks"
	fi
	if app_pid gateway >/dev/null && [ "$(sed -n 4p "$(pid_file gateway)")" != "$EDGE" ]; then stop_apps gateway second_gateway; fi
	start_one_gateway gateway
	if [ -n "$EDGE" ]; then start_one_gateway second_gateway; fi
}

# Starts a gateway if it does not run, and waits until it answers that its databases do.
start_one_gateway() { # gateway|second_gateway
	local name settings=() log=$RUN_DIR/gateway/log/$1.log
	if app_pid "$1" >/dev/null; then return; fi
	for name in "${!GATEWAY_@}"; do settings+=("$name=${!name}"); done
	if [ -n "$EDGE" ]; then
		settings+=(GATEWAY_HOSTS="$EDGE_NAMES ${GATEWAY_HOSTS:-}" GATEWAY_PROXIES="127.0.0.1 ${GATEWAY_PROXIES:-}"
			GATEWAY_CONNECTIONS="${GATEWAY_CONNECTIONS:-24}")
	fi
	start_app "$1" "${settings[@]}" GATEWAY_PORT="$(port_of "$1")" GATEWAY_ADMIN_PORT="$(port_of "$1_admin")" \
		DATABASE_URL="$(primary_conninfo booking_app)" DATABASE_PASSWORD_FILE="$RUN_DIR/gateway/booking_app" \
		REPORTS_DATABASE_URL="host=localhost port=$REPORTS_PORT dbname=${database[reports]} user=reports_app \
			connect_timeout=5 sslmode=verify-full sslrootcert=$RUN_DIR/tls/ca.crt" \
		REPORTS_DATABASE_PASSWORD_FILE="$RUN_DIR/gateway/reports_app"
	printf '%s\n' "$(port_of "$1")" "$(port_of "$1_admin")" "$EDGE" | as_user "$owner" tee -a "$(pid_file "$1")" >/dev/null
	for _ in {1..150}; do
		if [ "$(gateway_says "$1" /readyz)" = 200 ]; then return; fi
		sleep 0.2
		app_pid "$1" >/dev/null || break
	done
	as_user "$server_user" cat "$log" | grep -v '"event":"request"' | tail -n 3 >&2
	die "the gateway is not ready; its log is $log"
}

# Stops all of them.
stop_gateway() {
	stop_apps gateway second_gateway webhooks
}

# Stops those that run: requests in flight are finished, for at most fifteen seconds. The signal is their own user's, who could
# send it to no other's process.
stop_apps() { # APP...
	local app pid
	for app; do
		if pid=$(app_pid "$app"); then as_user "$gateway_user" bash -c "kill -TERM $pid"; fi
	done
	for app; do
		for _ in {1..150}; do
			if ! pid=$(app_pid "$app"); then continue 2; fi
			sleep 0.1
		done
		echo "$app did not end in 15 s: killing it"
		as_user "$gateway_user" bash -c "kill -KILL $pid"
	done
}
