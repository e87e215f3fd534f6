-- Gives the roles that log in their passwords: each role's is the content of the file of its name in the directory
-- that BOOKING_SECRETS names. The server reads the files, so a password is in no command line and in no log. Run by
-- the first start, on the Unix socket, after sql/roles.sql; run it again after changing a file.

\set ON_ERROR_STOP on
\getenv secrets BOOKING_SECRETS
SET log_min_error_statement = panic;
SELECT format('ALTER ROLE %I PASSWORD %L', role, btrim(pg_catalog.pg_read_file(:'secrets' || '/' || role), E'\n'))
  FROM unnest('{booking_app,booking_ro,replicator,reports_sub,reports_etl,monitor}'::text[]) AS role \gexec
RESET log_min_error_statement;
