# shellcheck shell=bash
# The edge of the native cluster, and the second gateway that stands behind it: what compose.yaml has as the profile edge.
# `cluster` sources this; it runs as the owner of RUN_DIR. In root's cluster HAProxy runs as the user of Debian's package.
#
# RUN_DIR/edge/ pid          the process; the owner's
#               state/tls    the certificate, the edge user's: put your own server.crt and server.key there
#               log/         the edge user's; the servers' user reads it

: "${home:?}" "${owner=}" "${server_user=}"

# Sets who runs it.
find_edge_user() {
	edge_user=$owner
	if [ "$owner" = root ]; then edge_user=haproxy; fi
}

# Makes RUN_DIR/edge, and in it a certificate if there is none.
make_edge_dir() {
	local dir=$RUN_DIR/edge
	make_own_dir "$dir"
	as_user "$owner" install -d -m 2750 -o "$edge_user" -g "$(id -gn "$server_user")" "$dir/log"
	as_user "$owner" install -d -m 700 -o "$edge_user" -g "$(id -gn "$edge_user")" "$dir/state"
	# shellcheck disable=SC2086 # a word is a name
	as_user "$edge_user" "$RUN_DIR/app/docker/secrets/certificates" "$dir/state/tls" $EDGE_NAMES
}

# Ends the script where an edge would be open to others with what is for development.
require_own_secrets() {
	if [ -n "$EDGE" ] && [ -n "$BOOKING_DEV" ] && [[ $EDGE_ADDRESS != 127.* ]]; then
		die "EDGE_ADDRESS=$EDGE_ADDRESS is open to others, and the keys of the API are those of development" \
			"start afresh with a password of your own: make reset, make up EDGE=1 EDGE_ADDRESS=$EDGE_ADDRESS POSTGRES_PASSWORD=…"
	fi
}

# Starts it if it does not run, and waits until it listens.
start_edge() {
	local log=$RUN_DIR/edge/log/edge.log as_edge=()
	if edge_pid >/dev/null; then return; fi
	"$home/docker/install-packages" edge
	find_edge_user
	make_edge_dir
	if [ "$(id -un)" != "$edge_user" ]; then
		as_edge=(setpriv --reuid="$edge_user" --regid="$(id -g "$edge_user")" --clear-groups --no-new-privs --)
	fi
	cd /
	umask 027
	open_log "$log" "${as_edge[@]}"
	"${as_edge[@]}" env -i PATH="$PATH:/usr/sbin" HOME=/nonexistent EDGE_ADDRESS="$EDGE_ADDRESS" EDGE_PORT="$EDGE_PORT" EDGE_TLS="$RUN_DIR/edge/state/tls" \
		EDGE_CONNECTIONS="${EDGE_CONNECTIONS:-200}" EDGE_REQUESTS="${EDGE_REQUESTS:-1000}" \
		GATEWAY_PORT="$GATEWAY_PORT" GATEWAY_ADMIN_PORT="$GATEWAY_ADMIN_PORT" \
		SECOND_GATEWAY_PORT="$SECOND_GATEWAY_PORT" SECOND_GATEWAY_ADMIN_PORT="$SECOND_GATEWAY_ADMIN_PORT" \
		setsid haproxy -db -f "$RUN_DIR/app/docker/edge/haproxy.cfg" </dev/null >&8 2>&1 8>&- 9>&- &
	close_log
	umask 022
	echo $! | as_user "$owner" tee "$RUN_DIR/edge/pid" >/dev/null
	for _ in {1..100}; do
		if port_is_taken "$EDGE_PORT"; then return; fi
		sleep 0.1
		edge_pid >/dev/null || break
	done
	as_user "$server_user" tail -n 3 "$log" >&2
	die "the edge does not listen; its log is $log"
}

# Stops it if it runs: requests in flight are finished, for at most fifteen seconds.
stop_edge() {
	local pid
	find_edge_user
	if ! pid=$(edge_pid); then return; fi
	as_user "$edge_user" bash -c "kill -USR1 $pid"
	for _ in {1..170}; do
		if ! edge_pid >/dev/null; then return; fi
		sleep 0.1
	done
	as_user "$edge_user" bash -c "kill -KILL $pid"
}
