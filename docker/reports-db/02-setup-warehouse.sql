-- First start of the reports database: the empty tables, the subscription that fills them, the warehouse and its first
-- ETL run. BOOKING_HOME holds docker/, sql/ and warehouse/; PRIMARY_CONNINFO is the subscription's connection string.

\set ON_ERROR_STOP on
\getenv home BOOKING_HOME
\getenv primary_conninfo PRIMARY_CONNINFO
\set file :home/sql/flights_oltp_schema.sql
\i :file
CREATE EXTENSION booking;
\set file :home/sql/roles.sql
\i :file
\set file :home/docker/secrets/passwords.sql
\i :file

\set copy_data true
\set file :home/docker/reports-db/subscription.sql
\i :file

DO $$
DECLARE
    give_up timestamptz := clock_timestamp() + interval '10 minutes';
BEGIN
    WHILE EXISTS (SELECT FROM pg_catalog.pg_subscription_rel WHERE srsubstate <> 'r') LOOP
        PERFORM pg_catalog.pg_stat_clear_snapshot();
        IF EXISTS (SELECT FROM pg_catalog.pg_stat_subscription_stats WHERE sync_error_count > 3) THEN
            RAISE EXCEPTION 'the subscription cannot copy %', (SELECT string_agg(srrelid::regclass::text, ', ')
                                                                  FROM pg_catalog.pg_subscription_rel WHERE srsubstate NOT IN ('r', 's'))
                USING HINT = 'The log says why.';
        END IF;
        IF clock_timestamp() > give_up THEN
            RAISE EXCEPTION 'the subscription has not copied all tables in 10 minutes'
                USING HINT = 'The servers'' logs say why.';
        END IF;
        PERFORM pg_sleep(0.2);
    END LOOP;
END
$$;
ANALYZE;

\set file :home/warehouse/ddl_warehouse_schema.sql
\i :file
\set file :home/sql/roles.sql
\i :file
SELECT booking.etl_run(true);

SELECT count(*) > 0 AS has_cron FROM pg_catalog.pg_available_extensions WHERE name = 'pg_cron' \gset
\if :has_cron
CREATE EXTENSION pg_cron;
SELECT FROM cron.schedule_in_database('etl', '*/5 * * * *', 'SELECT booking.etl_run()', current_database(), 'reports_etl');
SELECT FROM cron.schedule_in_database('forget-responses', '7 * * * *', 'SELECT booking.forget_responses()', current_database(), 'booking_jobs');
\endif
