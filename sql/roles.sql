-- roles.sql: who may do what. Creates the roles where they are missing and sets owners and grants of what is there, so it
-- can be run again, on the primary and on the reports database, after the schema and the extension have been loaded.
-- Roles that log in have no password here; the first-start scripts set them from secrets.
--
--   booking_owner  owns tables and functions; nobody logs in as it
--   booking_app    the gateway: may execute booking_api and the SQL API, touches no table
--   booking_ro     reads the business tables
--   replicator     streaming replication and base backups, pg_rewind
--   reports_sub    the subscription: reads the published tables, decodes the log
--   reports_etl    owns the warehouse and runs the ETL
--   monitor        statistics views

\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- Two databases of one cluster, or two sessions, may run this at once: a role that appeared meanwhile is as good as ours.
DO $$
DECLARE
    role record;
BEGIN
    FOR role IN
        SELECT *
          FROM (VALUES ('booking_owner', 'NOLOGIN'),
                       ('booking_app', 'LOGIN CONNECTION LIMIT 64'),
                       ('booking_ro', 'LOGIN'),
                       ('replicator', 'LOGIN REPLICATION'),
                       ('reports_sub', 'LOGIN REPLICATION'),
                       ('reports_etl', 'LOGIN'),
                       ('monitor', 'LOGIN')) AS wanted (name, attributes)
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I %s', role.name, role.attributes);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
    END LOOP;
END
$$;

COMMENT ON ROLE booking_owner IS 'Owner of the booking tables and functions';
COMMENT ON ROLE booking_app IS 'The gateway: executes the booking API';
COMMENT ON ROLE booking_ro IS 'Reads the business tables';
COMMENT ON ROLE replicator IS 'Streaming replication and base backups';
COMMENT ON ROLE reports_sub IS 'Logical replication to the reports database';
COMMENT ON ROLE reports_etl IS 'Owner of the warehouse, runs the ETL';
COMMENT ON ROLE monitor IS 'Reads statistics';

GRANT pg_monitor TO monitor;
GRANT reports_etl TO booking_owner;
-- What the state of replication and archive takes, beyond what anybody may see
GRANT pg_read_all_stats TO booking_owner;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_archive_statusdir() TO booking_owner;

-- The API bounds every wait: a stuck client costs others half a second, not their evening. A row that several want has two
-- queues, for its tuple and for its holder's transaction, so the timeout is half of that.
ALTER ROLE booking_app SET statement_timeout = '5s';
ALTER ROLE booking_app SET lock_timeout = '250ms';
ALTER ROLE booking_app SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE booking_app SET default_transaction_isolation = 'read committed';
ALTER ROLE booking_ro SET default_transaction_read_only = on;
ALTER ROLE booking_ro SET statement_timeout = '30s';

SELECT format('ALTER DATABASE %I SET search_path = "$user", public, booking', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO booking_app, booking_ro, replicator, reports_sub, reports_etl, monitor', current_database()) \gexec

-- What pg_rewind reads a data directory by: no more than a base backup gives who may replicate.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean),
    pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;

-- Tables, sequences, functions and domains of schema public
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO booking_owner, booking_ro, reports_sub, reports_etl;
SELECT format('ALTER TABLE %s OWNER TO booking_owner', c.oid::regclass)
  FROM pg_catalog.pg_class AS c
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e') \gexec
SELECT format('ALTER DOMAIN %s OWNER TO booking_owner', oid::regtype)
  FROM pg_catalog.pg_type
 WHERE typnamespace = 'public'::regnamespace AND typtype = 'd' \gexec
ALTER FUNCTION public.refuse_change() OWNER TO booking_owner;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO booking_ro, reports_sub, reports_etl;

-- Service tables
ALTER SCHEMA booking_private OWNER TO booking_owner;
ALTER TABLE booking_private.idempotency_keys OWNER TO booking_owner;

-- The API of the extension. Functions that act for the caller run as booking_owner; nobody else may call anything that
-- is not granted here.
GRANT USAGE ON SCHEMA booking TO booking_owner, booking_app, booking_ro, reports_etl, monitor;
SELECT format('ALTER FUNCTION %s OWNER TO booking_owner', p.oid::regprocedure)
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace AND p.prosecdef \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO booking_app', p.oid::regprocedure)
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace AND p.prosecdef AND p.proname !~ '^(etl_|check_|capture_|wal_)' \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO booking_ro', p.oid::regprocedure)
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace AND p.proname ~ '^report_' \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO reports_etl', p.oid::regprocedure)
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace AND p.proname ~ '^(etl_|report)' \gexec
SELECT format('GRANT EXECUTE ON FUNCTION %s TO monitor', p.oid::regprocedure)
  FROM pg_catalog.pg_proc AS p
 WHERE p.pronamespace = 'booking'::regnamespace AND p.proname ~ '^(check_|replication_|wal_)' \gexec

-- The warehouse, where there is one: its owner runs the ETL, whose REFRESH … CONCURRENTLY needs a temporary table; reports
-- and runs take longer than a booking may.
SELECT count(*) = 1 AS has_warehouse FROM pg_catalog.pg_namespace WHERE nspname = 'warehouse' \gset
\if :has_warehouse
ALTER SCHEMA warehouse OWNER TO reports_etl;
ALTER FUNCTION warehouse.date_key(date) OWNER TO reports_etl;
SELECT format('ALTER %s %s OWNER TO reports_etl',
              CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, oid::regclass)
  FROM pg_catalog.pg_class
 WHERE relnamespace = 'warehouse'::regnamespace AND relkind IN ('r', 'm') \gexec
SELECT format('GRANT TEMPORARY ON DATABASE %I TO reports_etl', current_database()) \gexec
GRANT USAGE ON SCHEMA warehouse TO booking_ro;
GRANT SELECT ON ALL TABLES IN SCHEMA warehouse TO booking_ro;
SELECT format('ALTER ROLE booking_app IN DATABASE %I SET statement_timeout = %L', current_database(), '60s') \gexec
\endif
