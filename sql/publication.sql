-- publication.sql: what the primary offers to the reports database: every business table, and only those. Service tables
-- live in booking_private and never leave the primary.

\set ON_ERROR_STOP on

CREATE PUBLICATION reports_publication FOR TABLES IN SCHEMA public;
COMMENT ON PUBLICATION reports_publication IS 'Every table of schema public, for the reports database.';
