# shellcheck shell=bash
# What the first-start scripts of the primary and of the reports database share; they source it. They run under the
# contract of the official postgres image (PGDATA, POSTGRES_USER, POSTGRES_DB, a temporary server on the Unix socket)
# and take from the environment, besides:
#   BOOKING_HOME     holds docker/, sql/ and warehouse/
#   BOOKING_CONF     docker/ as the server's configuration names it; the native cluster says it relative to PGDATA
#   BOOKING_SECRETS  a file per role that logs in, holding its password

: "${BOOKING_HOME:=/usr/share/flight_booking}"
: "${BOOKING_CONF:=$BOOKING_HOME/docker}"
: "${BOOKING_SECRETS:=/run/secrets}"
export BOOKING_HOME BOOKING_SECRETS

# psql as the superuser, on the database that is being made; the first error ends it.
run_psql() {
	psql -X -v ON_ERROR_STOP=1 --no-password --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" "$@"
}

# Gives the server its access rules and the settings of these files under BOOKING_CONF, adds pg_cron where it is
# installed, and restarts it. The restarted server has no password in its environment.
configure_server() { # FILE...
	local file cron plugins
	cron=$(run_psql -tAc "SELECT 1 FROM pg_available_extensions WHERE name = 'pg_cron'")
	plugins=$(run_psql -tAc "SELECT setting FROM pg_settings WHERE name = 'output_plugin_libraries'")
	cp "$BOOKING_HOME/docker/node/pg_hba.conf" "$PGDATA/pg_hba.conf"
	printf 'server %s postgres\n' "$(id -un)" >"$PGDATA/pg_ident.conf"
	{
		for file; do printf "include '%s/%s'\n" "$BOOKING_CONF" "$file"; done
		if [ -n "$cron" ]; then
			printf "shared_preload_libraries = 'pg_cron'\ncron.database_name = '%s'\n" "$POSTGRES_DB"
		fi
		if [ -n "$plugins" ]; then printf "output_plugin_libraries = '%s, booking'\n" "$plugins"; fi # recent releases ask for it
		echo "include_if_exists 'node.conf'"
	} >>"$PGDATA/postgresql.conf"
	unset PGPASSWORD # not for the restarted server: it would go before the passfiles of replication
	pg_ctl -D "$PGDATA" -m fast -s -w restart
}
