#!/bin/bash
# Makes the reports database follow the primary again when it cannot go on by itself: a promoted node has no reports_slot, and
# the slot of reports that were away for too long is given up, and a row that is there already, or a table that is not, stops
# the worker at the same change for ever. What was never sent is copied, what the primary does not have is removed, in one
# transaction; the ETL finds both in its queue. Does nothing while the subscription goes on.
#   PGHOST, PGPORT  where the server of reports listens, if not at libpq's defaults
#   FORCE           1: in any case
set -euo pipefail

here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=docker/lib.sh
. "$here/../lib.sh"

# psql on the reports database, as the superuser.
reports() { # ARGUMENT...
	psql -X -q -A -t -v ON_ERROR_STOP=1 -U postgres -d flight_booking_reports "$@"
}

# psql on the node that takes writes, by the subscription's own connection string.
primary() { # ARGUMENT...
	psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$conninfo" "$@"
}

# Can the subscription go on by itself?
goes_on() {
	[ "$enabled" = t ] &&
		[ "$(primary -c "SELECT count(*) FROM pg_replication_slots
		                  WHERE slot_name = 'reports_slot' AND wal_status <> 'lost'")" = 1 ] &&
		moves
}

# Prints the errors of the subscription so far, and its worker.
worker() {
	reports -c "SELECT apply_error_count + sync_error_count, pid
	              FROM pg_stat_subscription_stats AS e LEFT JOIN pg_stat_subscription AS w ON w.subid = e.subid AND relid IS NULL
	             WHERE e.subname = 'reports_subscription'"
}

# Does the worker get past what is written by now, or go on trying to? One that fails is started again after five seconds,
# and fails at the same change.
moves() {
	local here errors before pid
	here=$(primary -c "SELECT pg_current_wal_flush_lsn()")
	IFS='|' read -r before pid < <(worker)
	for _ in {1..75}; do
		if [ "$(primary -c "SELECT confirmed_flush_lsn >= '$here' FROM pg_replication_slots WHERE slot_name = 'reports_slot'")" = t ]; then
			return 0
		fi
		IFS='|' read -r errors pid < <(worker)
		if [ "$errors" != "$before" ]; then return 1; fi
		sleep 0.2
	done
	[ -n "$pid" ]
}

# Ends the script where the primary publishes what is not here; only who made it there knows what it is to be here.
refuse_what_is_missing() {
	local published present missing
	published="SELECT format('%s.%s.%s', schemaname, tablename, a)
	             FROM pg_publication_tables, unnest(attnames) AS a WHERE pubname = 'reports_publication'"
	present="SELECT format('%s.%s.%s', table_schema, table_name, column_name) FROM information_schema.columns"
	missing=$(LC_ALL=C comm -23 <(primary -c "$published" | LC_ALL=C sort) <(reports -c "$present" | LC_ALL=C sort))
	if [ -n "$missing" ]; then
		die "reports lack $(paste -sd ' ' <<<"$missing"), which the primary publishes" \
			"make it here as it is there, or take it out of reports_publication; then make rejoin"
	fi
}

# Waits until a command that counts prints 0; ends the script after half a minute.
wait_until_none() { # COMMAND...
	for _ in {1..150}; do
		if [ "$("$@")" = 0 ]; then return; fi
		sleep 0.2
	done
	die "the subscription is disabled, but goes on"
}

# Disables the subscription and waits until nobody uses its slot. A worker that tries to reach a host that is gone takes
# no notice of the subscription.
stop_worker() {
	reports -c "ALTER SUBSCRIPTION reports_subscription DISABLE"
	wait_until_none reports -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_subscription WHERE pid IS NOT NULL"
	wait_until_none primary -c "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'reports_slot' AND active"
}

# Makes the tables equal to the primary's and subscribes anew, in one transaction. The script is run as it is written.
# Only its last line, which comes when all went well, makes it count.
copy_difference() {
	{
		psql -X -q -d "$conninfo replication=database" -f "$here/copy.sql" && cat <<-END
			ALTER SUBSCRIPTION reports_subscription SET (slot_name = NONE);
			DROP SUBSCRIPTION reports_subscription;
			\\set primary_conninfo '${conninfo//\'/\\\'}'
			\\set copy_data false
			\\i $here/subscription.sql
			COMMIT;
		END
	} | psql -X -v ON_ERROR_STOP=1 -U postgres -d flight_booking_reports |
		awk '/^DELETE/ {deleted += $2} /^INSERT/ {inserted += $3}
		     END {printf "reports: removed %d rows that are not the primary'\''s, wrote %d\n", deleted, inserted}'
}

IFS='|' read -r enabled conninfo < <(
	reports -c "SELECT subenabled, subconninfo FROM pg_subscription WHERE subname = 'reports_subscription'"
) || die "there is no reports_subscription"
if ! primary -c 'SELECT 1' >/dev/null; then die "no node takes writes"; fi
if [ "${FORCE:-}" != 1 ] && goes_on; then exit 0; fi
refuse_what_is_missing
stop_worker
primary -o /dev/null -f "$here/drop-slots.sql"
copy_difference
