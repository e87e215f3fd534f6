-- First start of the primary: schema, extension, roles, publication, sample data, jobs.
-- BOOKING_HOME holds docker/ and sql/; AS_OF is the day the sample data is made for (default: today).

\set ON_ERROR_STOP on
\getenv home BOOKING_HOME
\set file :home/sql/flights_oltp_schema.sql
\i :file
CREATE EXTENSION booking;
\set file :home/sql/roles.sql
\i :file
\set file :home/docker/secrets/passwords.sql
\i :file
\set file :home/docker/secrets/api_keys.sql
\i :file
\set file :home/sql/publication.sql
\i :file
\set as_of ''
\getenv as_of AS_OF
SELECT :'as_of' = '' AS is_today \gset
\if :is_today
\unset as_of
\endif
\set file :home/sql/db_data.sql
\i :file
VACUUM (ANALYZE);

SELECT count(*) > 0 AS has_cron FROM pg_catalog.pg_available_extensions WHERE name = 'pg_cron' \gset
\if :has_cron
CREATE EXTENSION pg_cron;
SELECT FROM cron.schedule_in_database('expire-holds', '* * * * *', 'SELECT booking.expire_holds()', current_database(), 'booking_jobs');
SELECT FROM cron.schedule_in_database('forget-responses', '7 * * * *', 'SELECT booking.forget_responses()', current_database(), 'booking_jobs');
\endif
