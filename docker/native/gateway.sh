# shellcheck shell=bash
# The gateway of the native cluster: start and stop. `cluster` sources this; it runs as the owner of RUN_DIR and gives
# $owner, $server_user and $gateway_user. Where these differ, the gateway's user reads its own password and what all may
# read, and nothing else.
#
# RUN_DIR/gateway/ pid           the process, and its port; the owner's
#                  booking_app   the password of its role in the databases; the gateway's user's
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
	local dir=$RUN_DIR/gateway
	make_own_dir "$dir"
	as_user "$owner" install -d -m 2750 -o "$gateway_user" -g "$(id -gn "$server_user")" "$dir/log"
	as_user "$server_user" cat "$RUN_DIR/secrets/booking_app" |
		as_user "$owner" install -m 400 -o "$gateway_user" -g "$(id -gn "$gateway_user")" /dev/stdin "$dir/booking_app"
}

# What runs a command as the gateway's user, in $as_gateway. It leaves no process in between, unlike runuser.
find_as_gateway() {
	as_gateway=()
	if [ "$(id -un)" != "$gateway_user" ]; then
		as_gateway=(setpriv --reuid="$gateway_user" --regid="$(id -g "$gateway_user")" --clear-groups --no-new-privs --)
	fi
}

# Starts the gateway if it does not run, and waits until it answers that its databases do. It gets no environment but its
# own settings.
start_gateway() {
	local name settings=() log=$RUN_DIR/gateway/log/gateway.log
	if gateway_pid >/dev/null; then return; fi
	make_gateway_user
	make_gateway_dir
	find_as_gateway
	for name in "${!GATEWAY_@}"; do settings+=("$name=${!name}"); done
	cd /
	umask 027
	open_log "$log" "${as_gateway[@]}"
	"${as_gateway[@]}" env -i PATH="$PATH" HOME=/nonexistent "${settings[@]}" BOOKING_DEV="$BOOKING_DEV" \
		DATABASE_URL="$(primary_conninfo booking_app)" DATABASE_PASSWORD_FILE="$RUN_DIR/gateway/booking_app" \
		REPORTS_DATABASE_URL="host=localhost port=$REPORTS_PORT dbname=${database[reports]} user=booking_app \
			connect_timeout=5 sslmode=verify-full sslrootcert=$RUN_DIR/tls/ca.crt" \
		REPORTS_DATABASE_PASSWORD_FILE="$RUN_DIR/gateway/booking_app" \
		setsid "$RUN_DIR/app/booking_gateway" </dev/null >&8 2>&1 8>&- 9>&- &
	close_log
	umask 022
	printf '%s\n' $! "$GATEWAY_PORT" "$GATEWAY_ADMIN_PORT" | as_user "$owner" tee "$RUN_DIR/gateway/pid" >/dev/null
	for _ in {1..150}; do
		if [ "$(gateway_says /readyz)" = 200 ]; then return; fi
		sleep 0.2
		[ -n "$(tr -d '\0' 2>/dev/null <"/proc/$!/cmdline")" ] || break
	done
	as_user "$server_user" cat "$log" | grep -v '"event":"request"' | tail -n 3 >&2
	die "the gateway is not ready; its log is $log"
}

# Stops the gateway if it runs: requests in flight are finished, for at most fifteen seconds. The signal is its own
# user's, who could send it to no other's process.
stop_gateway() {
	local pid
	if ! pid=$(gateway_pid); then return; fi
	as_user "$gateway_user" bash -c "kill -TERM $pid"
	for _ in {1..150}; do
		if ! gateway_pid >/dev/null; then return; fi
		sleep 0.1
	done
	echo "the gateway did not end in 15 s: killing it"
	as_user "$gateway_user" bash -c "kill -KILL $pid"
}
