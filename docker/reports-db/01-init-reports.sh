#!/bin/bash
# First start of the reports database, before the schema: access rules and settings, and on the primary a fresh
# reports_slot for the subscription that 02-setup-warehouse.sql makes.
#   PRIMARY_CONNINFO  connection string of the primary's database for the role reports_sub, password by passfile
set -eu

# shellcheck source=docker/node/first-start.sh
. "${BOOKING_HOME:-/usr/share/flight_booking}/docker/node/first-start.sh"

configure_server node/postgresql.conf reports-db/postgresql.conf
psql -X -q -v ON_ERROR_STOP=1 -d "$PRIMARY_CONNINFO" -o /dev/null -f "$BOOKING_HOME/docker/reports-db/drop-slots.sql" -f - <<'SQL'
SELECT CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ', failover => true' ELSE '' END AS failover \gset
SELECT pg_create_logical_replication_slot('reports_slot', 'booking' :failover);
SQL
