#!/bin/bash
# First start of the primary, before the schema: access rules and settings, and the slot that keeps WAL for the hot backup.
set -eu

# shellcheck source=docker/node/first-start.sh
. "${BOOKING_HOME:-/usr/share/flight_booking}/docker/node/first-start.sh"

configure_server node/postgresql.conf
run_psql -qc "SELECT FROM pg_create_physical_replication_slot('hot_backup_slot')"
