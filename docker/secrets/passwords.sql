-- Gives the roles that log in their passwords: the content of the file of the role's name in the directory that
-- BOOKING_SECRETS names. The server reads the files, so a password is in no command line and in no log. The first start
-- runs this on the Unix socket, after sql/roles.sql; make passwords runs it after you have changed a file.
--   BOOKING_HOME      holds docker/, where secrets/login_roles lists the roles
--   BOOKING_SECRETS   a directory with a file per role

\set ON_ERROR_STOP on
\getenv home BOOKING_HOME
\getenv secrets BOOKING_SECRETS
SET log_min_error_statement = panic;
SELECT format('ALTER ROLE %I PASSWORD %L', role, btrim(pg_catalog.pg_read_file(:'secrets' || '/' || role), E'\n'))
  FROM regexp_split_to_table(btrim(pg_catalog.pg_read_file(:'home' || '/docker/secrets/login_roles'), E'\n'), E'\n') AS role \gexec
RESET log_min_error_statement;
