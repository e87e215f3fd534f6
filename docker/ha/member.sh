# shellcheck shell=bash
# A database node as a member of a Patroni cluster: Patroni starts, promotes, demotes and rewinds its server, and has the
# data directory made by entrypoint make-node: the cluster's by the first start of the primary, a member's by a copy. One
# that is there, it takes over. entrypoint sources this.
#   ETCD_HOSTS     where etcd is; etcd:2379
#   SYNCHRONOUS    off: a booking does not wait for the standby. Taken at the first start; later by patronictl edit-config

: "${docker:?}" "${tls:?}" "${PGHOST:?}" "${PEER:?}" "${PATRONICTL_CONFIG_FILE:?}"
# Patroni gives the slot of a member the member's name.
member=${BOOKING_NODE}_slot

# Prints a text as a YAML string.
quoted() { # TEXT
	printf "'%s'" "${1//\'/\'\'}"
}

# Does the server itself keep slots of logical replication on the standby? A slot is on the node where it was made; from
# PostgreSQL 17 on the server keeps it on the standby too, before, Patroni does. That reports gets nothing that the
# standby has not, its output plugin sees to.
has_slot_sync() {
	[ "$(postgres --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')" -ge 17 ]
}

# Prints the version of etcd's API to use. Before 3.0.3 a leader that had been frozen could take etcd's version 3 key of
# the leader from the one that had taken over, and with it what that one had acknowledged; not so the key of version 2.
etcd_api() {
	if printf '%s\n' "$(patroni --version | grep -o '[0-9.]*$')" 3.0.2 | sort -VC; then echo etcd; else echo etcd3; fi
}

# Prints the configuration of this member's Patroni; it holds a password.
patroni_config() {
	cat <<-END
		scope: flight_booking
		name: $member
		$(etcd_api):
		  hosts: ${ETCD_HOSTS:-etcd:2379}
		  protocol: https
		  cacert: $tls/ca.crt
		  cert: $tls/server.crt
		  key: $tls/server.key
		restapi:
		  listen: 0.0.0.0:8008
		  connect_address: ${BOOKING_NODE}_db:8008
		  verify_client: required
		  cafile: $tls/ca.crt
		  certfile: $tls/server.crt
		  keyfile: $tls/server.key
		ctl:
		  cacert: $tls/ca.crt
		  certfile: $tls/server.crt
		  keyfile: $tls/server.key
		postgresql:
		  listen: '*:5432'
		  connect_address: ${BOOKING_NODE}_db:5432
		  data_dir: $PGDATA
		  bin_dir: $(dirname "$(command -v postgres)")
		  pgpass: $PGHOST/patroni.pgpass
		  use_unix_socket: true
		  authentication:
		    superuser:
		      username: postgres
		    replication: &replicator
		      username: replicator
		      password: $(quoted "$(cat "$BOOKING_SECRETS/replicator")")
		      sslmode: verify-full
		      sslrootcert: $tls/ca.crt
		    rewind: *replicator
		  create_replica_methods: [copy]
		  copy:
		    command: env BOOKING_NODE=hot_backup SLOT=$member entrypoint make-node
		    no_params: true
	END
	if has_slot_sync; then
		cat <<-END
			  callbacks:
			    on_start: $docker/ha/on-role
			    on_role_change: $docker/ha/on-role
		END
	fi
	if [ "$BOOKING_NODE" = primary ]; then shared_config; fi
}

# Prints what the first start puts into etcd for all members. The smallest ttl that Patroni takes is 20. The slots of
# logical replication that it does not know, for the subscription's first copy, are not Patroni's to drop.
shared_config() {
	cat <<-END
		bootstrap:
		  method: first_start
		  first_start:
		    command: entrypoint make-node
		    no_params: true
		  dcs:
		    ttl: 20
		    loop_wait: 5
		    retry_timeout: 5
		    primary_start_timeout: 15
		    primary_stop_timeout: 10
		    maximum_lag_on_failover: 1048576
		    synchronous_mode: ${SYNCHRONOUS:-on}
		    failsafe_mode: true
		    check_timeline: true
		    ignore_slots:
		    - {type: logical, database: flight_booking}
	END
	if ! has_slot_sync; then
		printf '    %s\n' 'slots:' '  reports_slot: {type: logical, database: flight_booking, plugin: booking}'
	fi
	printf '    %s\n' 'postgresql:' '  use_pg_rewind: true' '  use_slots: true' '  parameters:'
	command_line_settings
	if has_slot_sync; then echo "        sync_replication_slots: 'on'"; fi
}

# Prints the settings that Patroni must be told. It gives these on the server's command line, and takes them from its
# own configuration only.
command_line_settings() {
	sed -nE "s/^(wal_(level|keep_size|log_hints)|track_commit_timestamp|max_(wal_senders|replication_slots|worker_processes)) = (\S+).*/        \1: '\4'/p" \
		"$docker/node/postgresql.conf"
}

# Takes back what a first start that was killed has left behind: word in etcd that it is under way. Nobody but this node
# makes one.
forget_killed_first_start() {
	python3 - "$PATRONICTL_CONFIG_FILE" <<-'END'
		import sys
		from patroni.config import Config
		from patroni.dcs import get_dcs
		dcs = get_dcs(Config(sys.argv[1]))
		if dcs.get_cluster().initialize == '':
		    dcs.cancel_initialization()
	END
}

# Waits until etcd has the shared configuration. Data that comes from a system without Patroni must not be served before
# the primary's Patroni has said how.
wait_for_shared_config() {
	until patronictl show-config >/dev/null 2>&1; do sleep 1; done
}

(umask 077 && patroni_config >"$PATRONICTL_CONFIG_FILE")
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	if [ "$BOOKING_NODE" = primary ]; then forget_killed_first_start; fi
elif [ "$BOOKING_NODE" != primary ] && [ ! -e "$PGDATA/patroni.dynamic.json" ]; then
	wait_for_shared_config
fi
