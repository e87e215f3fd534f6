# shellcheck shell=bash
# The database servers of the native cluster, one by one: first start, start, stop, and what ../cluster.sh asks for.
# `servers` sources this.

: "${run:?}" "${app:?}" "${nodes?}" "${database[*]?}"
by_tls="sslmode=verify-full sslrootcert=$run/tls/ca.crt passfile=$run/secrets/pgpass"

# shellcheck disable=SC2034 # for cluster.sh
make_end='' stop_all='make down' start_all='make up' tls=$run/tls
scripts=$app/docker

at() { # NODE COMMAND...
	local node=$1
	shift
	env PGDATA="$run/$node" PGHOST="$SOCKET_DIR" PGPORT="$(port_of "$node")" PRIMARY_CONNINFO="$(streaming_conninfo "$node")" \
		BACKUP_DIR="$run/backup" WAL_ARCHIVE="$run/wal_archive" "$@"
}

server_runs() { # NODE
	server_pid "$run/$1" >/dev/null
}

log_of() { # NODE
	echo "$run/log/$1.log"
}

# ---- first start -------------------------------------------------------------------------------------------------------

# Prints what the node streams from while it is a standby.
streaming_conninfo() { # NODE
	echo "host=localhost port=$(port_of "$(other_node "$1")") user=replicator application_name=${1}_db $by_tls"
}

# Prints node.conf: ports and paths, read after the settings that all topologies share.
node_conf() { # NODE
	cat <<-END
		# Written at every start.
		port = $(port_of "$1")
		listen_addresses = 'localhost'
		unix_socket_directories = '$SOCKET_DIR'
		cluster_name = '${1}_db'
		dynamic_shared_memory_type = mmap       # /dev/shm is small in containers, and swept at logout by systemd
		ssl_cert_file = '$run/tls/server.crt'
		ssl_key_file = '$run/tls/server.key'
		archive_timeout = $ARCHIVE_TIMEOUT
		basic_archive.archive_directory = '$run/wal_archive'
		restore_command = 'cp "$run/wal_archive/%f" "%p"'
		primary_conninfo = '$(streaming_conninfo "$1")'
	END
	if [ "$1" != reports ]; then echo "booking.backup_directory = '$run/backup'"; fi
}

# Makes a data directory by the scripts of a first start.
first_start() { # NODE SCRIPTS CONNINFO
	PGDATA=$run/$1 PGHOST=$SOCKET_DIR PGPORT=$(port_of "$1") POSTGRES_DB=${database[$1]} POSTGRES_PASSWORD=$POSTGRES_PASSWORD \
		NODE_CONF=$(node_conf "$1") PRIMARY_CONNINFO=$3 BOOKING_CONF=../app/docker "$scripts/node/make-database" "$2" 9>&-
}

# Makes the primary's. An archive and backups that are there are another database's: they are moved out of the way.
make_primary() {
	if [ -d "$run/hot_backup" ] || [ -d "$run/reports" ]; then
		die "$run/primary is gone, but not its replicas" \
			"let the hot backup take over: make promote; or start afresh: make reset up"
	fi
	local old
	for old in "$run/wal_archive" "$run/backup"; do
		if [ -n "$(ls "$old")" ]; then
			mv "$old" "$old.$(date +%Y%m%d%H%M%S)"
			mkdir -m 700 "$old"
		fi
	done
	first_start primary primary-db ''
}

make_hot_backup() {
	at hot_backup "$scripts/node/base-backup"
}

make_reports() {
	first_start reports reports-db "$(primary_conninfo reports_sub) passfile=$run/secrets/pgpass"
}

# Makes the node's data directory if there is none. In a process of its own, so that an error ends it and not us: what it
# says goes to a log, and to the user if it fails.
make_node() { # NODE
	local log=$run/log/$1.first-start.log
	if [ -d "$run/$1" ]; then return; fi
	echo "making $1"
	("make_$1") >"$log" 2>&1
}

# Waits for the process that makes the node; fails, and says why, if that does.
wait_for_node() { # NODE PID
	if wait "$2"; then return; fi
	grep -aE '(ERROR|FATAL|HINT):' "$run/log/$1.first-start.log" | tail -n 5 >&2 || tail -n 15 "$run/log/$1.first-start.log" >&2
	echo "making $1 failed; all of it is in $run/log/$1.first-start.log" >&2
	return 1
}

# Stops the servers of first starts that are not finished. On the way out, whatever the reason.
stop_unfinished() {
	local node
	trap - EXIT
	for node in "${nodes[@]}"; do
		if server_pid "$run/$node.new" >/dev/null; then pg_ctl -D "$run/$node.new" -m immediate -s stop; fi
	done
}

# ---- start and stop ----------------------------------------------------------------------------------------------------

# Removes a pid file that names a process which has nothing to do with PostgreSQL. After a crash of the machine that may
# be so, and the server would not start.
clear_stale_pid() { # DIRECTORY
	local pid exe
	if pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && exe=$(readlink "/proc/$pid/exe") && [[ $exe != */postgres* ]]; then
		rm "$1/postmaster.pid"
	fi
}

# Ends the script unless this PostgreSQL has the major version of the data.
check_version() { # DIRECTORY
	local major
	major=$(cat "$1/PG_VERSION")
	case $(postgres --version) in
	*" $major."* | *" $major"[a-z]*) ;;
	*) die "the data in $1 is PostgreSQL $major's, and $BINDIR has $(postgres --version)" "name the right one by PG_CONFIG=" ;;
	esac
}

# The server gets no environment but a path to its programs: what starts it knows passwords, and /proc shows them.
start_node() { # NODE
	local dir=$run/$1 log=$run/log/$1.log
	if server_runs "$1"; then return; fi
	check_version "$dir"
	clear_stale_pid "$dir"
	node_conf "$1" >"$dir/node.conf"
	if [ "$1" != reports ]; then PGDATA=$dir "$scripts/node/guard" || exit 1; fi
	open_log "$log"
	if ! env -i PATH="$PATH" HOME="$HOME" pg_ctl -D "$dir" -s -w -t 300 start >&8 2>&1 8>&- 9>&-; then
		close_log wait
		tail -n 10 "$log" >&2
		die "$1 did not start; its log is $log"
	fi
	close_log
}

stop_node() { # NODE
	if ! server_runs "$1"; then return; fi
	pg_ctl -D "$run/$1" -m fast -s -w -t 120 stop
}
