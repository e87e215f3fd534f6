-- publication.sql: what the primary offers to the reports database: the tables that booking.privileges() lets reports_sub read,
-- each by name. A table that nobody named stays on the primary, and so do the service tables of booking_private.
-- booking.check_schema() says where the publication differs from the list.

\set ON_ERROR_STOP on

SELECT format('CREATE PUBLICATION reports_publication FOR TABLE %s', string_agg(object, ', '))
  FROM booking.privileges()
 WHERE object_type = 'TABLE' AND 'reports_sub' = ANY (grantees) \gexec
COMMENT ON PUBLICATION reports_publication IS 'The business tables, for the reports database.';
