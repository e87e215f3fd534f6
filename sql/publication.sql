-- publication.sql: what the primary offers to the reports database: the tables that booking.privileges() lets reports_sub read,
-- each by name. A table that nobody named stays on the primary, and so do the service tables of booking_private.
-- booking.check_reports() says where the publication differs from the list. It can be run again, and makes the publication
-- what the list says.

\set ON_ERROR_STOP on

SELECT 'DROP PUBLICATION reports_publication'
  FROM pg_catalog.pg_publication
 WHERE pubname = 'reports_publication' AND puballtables \gexec
SELECT format(CASE WHEN EXISTS (SELECT FROM pg_catalog.pg_publication WHERE pubname = 'reports_publication')
                   THEN 'ALTER PUBLICATION reports_publication SET TABLE %s'
                   ELSE 'CREATE PUBLICATION reports_publication FOR TABLE %s' END, string_agg(object, ', '))
  FROM booking.privileges()
 WHERE object_type = 'TABLE' AND 'reports_sub' = ANY (grantees) \gexec
COMMENT ON PUBLICATION reports_publication IS 'The business tables, for the reports database.';
