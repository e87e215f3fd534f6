#!/bin/bash
# First start of the reports database, before the schema: access rules and settings, and on the primary a fresh
# reports_slot for the subscription that 02-setup-warehouse.sql makes.
#   PRIMARY_CONNINFO  connection string of the primary's database for the role reports_sub, password by passfile
set -eu

# shellcheck source=docker/first-start.sh
. "${BOOKING_HOME:-/usr/share/flight_booking}/docker/first-start.sh"

# What an earlier subscription left behind, its slots for the first copy included, must not hold WAL. A slot in use is
# another reports database's, and an error.
fresh_slot() {
	psql -X -q -v ON_ERROR_STOP=1 -d "$PRIMARY_CONNINFO" >/dev/null <<-'SQL'
		SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots
		 WHERE database = current_database()
		   AND (slot_name = 'reports_slot' OR slot_name ~ '^pg_[0-9]+_sync_[0-9]+_[0-9]+$');
		SELECT pg_create_logical_replication_slot('reports_slot', 'pgoutput');
	SQL
}

configure_server postgresql.conf reports-db/postgresql.conf
fresh_slot
