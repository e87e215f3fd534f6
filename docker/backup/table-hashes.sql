-- A line for every business table: its name, its number of rows, and a hash of them that does not depend on their order,
-- which no two rows of a table with a primary key cancel out of. Two databases with the same lines have the same content.
-- Run by psql, on one snapshot where the caller's transaction has one.

SET timezone = 'UTC';
SET datestyle = 'ISO';
SET extra_float_digits = 1;
SELECT format('SELECT %L, count(*), bit_xor(hashtextextended(t::text, 0)) FROM %s AS t', relname, oid::regclass)
  FROM pg_catalog.pg_class
 WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
 ORDER BY relname \gexec
