-- roles.sql: the roles, and the grants on what is there. It can be run again, on the primary and on the reports database,
-- after the schema and the extension have been loaded, and again after the warehouse. Who may do what is a list in the
-- extension, SELECT * FROM booking.privileges(), and booking.check_schema() says where the database differs from it.
--
-- Roles that log in have no password here; the first-start scripts set them from secrets.
--   booking_app    the gateway on the primary: executes booking_api and nothing else
--   reports_app    the gateway on the reports database, likewise
--   booking_ro     reads the business tables and the warehouse
--   replicator     streaming replication and base backups, pg_rewind
--   reports_sub    the subscription: reads the published tables, decodes the log
--   reports_etl    runs the ETL, reads the warehouse
--   booking_webhooks   the process that sends events to webhooks
--   monitor        statistics views and checks
--   booking_jobs   what pg_cron runs on the primary: the upkeep of holds and responses. It has no password
-- Roles that people are made members of:
--   booking_admin     keys of the API, and who is forgotten
--   booking_agent     customers and bookings: GRANT booking_agent TO ada
--   booking_operator  flights and upkeep
--   booking_analyst   reports and the warehouse
-- And booking_owner, which owns tables and functions and has no members.

\set ON_ERROR_STOP on
SET client_min_messages = warning;

-- Two databases of one cluster, or two sessions, may run this at once: a role that appeared meanwhile is as good as ours.
DO $$
DECLARE
    role record;
BEGIN
    FOR role IN
        SELECT *
          FROM (VALUES ('booking_app', 'LOGIN CONNECTION LIMIT 64'),
                       ('reports_app', 'LOGIN CONNECTION LIMIT 64'),
                       ('booking_ro', 'LOGIN'),
                       ('replicator', 'LOGIN REPLICATION'),
                       ('reports_sub', 'LOGIN REPLICATION'),
                       ('reports_etl', 'LOGIN'),
                       ('booking_webhooks', 'LOGIN CONNECTION LIMIT 4'),
                       ('monitor', 'LOGIN'),
                       ('booking_jobs', 'PASSWORD NULL LOGIN')) AS wanted (name, attributes)
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I', role.name);
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            NULL;
        END;
        EXECUTE format('ALTER ROLE %I %s', role.name, role.attributes);
    END LOOP;
END
$$;

COMMENT ON ROLE booking_owner IS 'Owner of the booking tables and functions';
COMMENT ON ROLE booking_app IS 'The gateway on the primary: executes the booking API';
COMMENT ON ROLE reports_app IS 'The gateway on the reports database: executes the booking API';
COMMENT ON ROLE booking_ro IS 'Reads the business tables and the warehouse';
COMMENT ON ROLE replicator IS 'Streaming replication and base backups';
COMMENT ON ROLE reports_sub IS 'Logical replication to the reports database';
COMMENT ON ROLE reports_etl IS 'Runs the ETL';
COMMENT ON ROLE booking_webhooks IS 'Sends events to webhooks';
COMMENT ON ROLE monitor IS 'Reads statistics';
COMMENT ON ROLE booking_jobs IS 'The jobs of pg_cron on the primary';
COMMENT ON ROLE booking_admin IS 'People who say which programs may call the API';
COMMENT ON ROLE booking_agent IS 'People who serve customers: customers and bookings by SQL';
COMMENT ON ROLE booking_operator IS 'People who run the flights: search and upkeep by SQL';
COMMENT ON ROLE booking_analyst IS 'People who read reports and the warehouse';

GRANT pg_monitor TO monitor;

-- The API bounds every wait: a stuck client costs others half a second, not their evening. A row that several want has two
-- queues, for its tuple and for its holder's transaction, so the timeout is half of that.
ALTER ROLE booking_app SET statement_timeout = '5s';
ALTER ROLE booking_app SET lock_timeout = '250ms';
ALTER ROLE booking_app SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE booking_app SET default_transaction_isolation = 'read committed';
ALTER ROLE reports_app SET statement_timeout = '60s';
ALTER ROLE reports_app SET idle_in_transaction_session_timeout = '5s';
ALTER ROLE booking_webhooks SET statement_timeout = '10s';
ALTER ROLE booking_webhooks SET lock_timeout = '1s';
-- Reports apply a large transaction in one go and say nothing meanwhile. A link that is cut ends by tcp_user_timeout.
ALTER ROLE reports_sub SET wal_sender_timeout = '1h';
ALTER ROLE booking_ro SET default_transaction_read_only = on;
ALTER ROLE booking_ro SET statement_timeout = '30s';

-- REFRESH MATERIALIZED VIEW CONCURRENTLY makes a temporary table, as the view's owner.
SELECT format('ALTER DATABASE %I SET search_path = "$user", public, booking', current_database()) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO booking_ro, replicator, reports_sub, reports_etl, monitor, booking_jobs,'
              ' booking_admin, booking_agent, booking_operator, booking_analyst', current_database()) \gexec
SELECT format('GRANT TEMPORARY ON DATABASE %I TO booking_owner', current_database()) \gexec

-- What pg_rewind reads a data directory by: no more than a base backup gives who may replicate.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean),
    pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;

-- What anybody may by default, on a server where that was taken away
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO booking_owner, booking_ro, reports_sub;

-- The schema files make everything as booking_owner; a dump that was restored without owners left it to who restored it.
SELECT format('ALTER %s %s OWNER TO booking_owner', object_type, object)
  FROM booking.privileges()
 WHERE object <> 'booking'
   AND CASE object_type WHEN 'TABLE' THEN to_regclass(object) IS NOT NULL
                        WHEN 'FUNCTION' THEN to_regprocedure(object) IS NOT NULL
                        ELSE to_regnamespace(object) IS NOT NULL END \gexec
SELECT format('ALTER DOMAIN %s OWNER TO booking_owner', oid::regtype)
  FROM pg_catalog.pg_type
 WHERE typnamespace = 'public'::regnamespace AND typtype = 'd' \gexec
ALTER FUNCTION public.refuse_change() OWNER TO booking_owner;
ALTER FUNCTION public.note_schedule_changes() OWNER TO booking_owner;
ALTER FUNCTION public.currency_decimals(text) OWNER TO booking_owner;
ALTER FUNCTION public.folded_text(text) OWNER TO booking_owner;
ALTER FUNCTION public.plain_text(text) OWNER TO booking_owner;

SELECT format('GRANT %s ON %s %s TO %I', privilege, object_type, object, role)
  FROM booking.privileges(), unnest(grantees) AS role
 WHERE CASE object_type WHEN 'TABLE' THEN to_regclass(object) IS NOT NULL
                        WHEN 'FUNCTION' THEN to_regprocedure(object) IS NOT NULL
                        ELSE to_regnamespace(object) IS NOT NULL END \gexec

-- The gateway has a role for each of the two databases, and that one alone may connect.
SELECT count(*) = 1 AS has_warehouse FROM pg_catalog.pg_namespace WHERE nspname = 'warehouse' \gset
\if :has_warehouse
SELECT format('REVOKE CONNECT ON DATABASE %I FROM booking_app, booking_webhooks', current_database()) \gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO reports_app', current_database()) \gexec
SELECT format('ALTER FUNCTION %s OWNER TO booking_owner', oid::regprocedure)
  FROM pg_catalog.pg_proc
 WHERE pronamespace = 'warehouse'::regnamespace \gexec
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA warehouse FROM PUBLIC;
\else
SELECT format('GRANT CONNECT ON DATABASE %I TO booking_app, booking_webhooks', current_database()) \gexec
\endif
