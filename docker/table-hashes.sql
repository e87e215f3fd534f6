-- A line for every business table: its name, its number of rows, and a hash of them in the order of the primary key. Two
-- databases with the same lines have the same content. Run by psql, on one snapshot where the caller's transaction has one.

SET timezone = 'UTC';
SET datestyle = 'ISO';
SET extra_float_digits = 1;
SELECT format('SELECT %L, count(*), md5(string_agg(md5(t::text), %L ORDER BY %s)) FROM %s AS t',
              c.oid::regclass, '', string_agg(format('t.%I', a.attname), ', ' ORDER BY k.position), c.oid::regclass)
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_index AS i ON i.indrelid = c.oid AND i.indisprimary
 CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, position)
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum = k.attnum
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
 GROUP BY c.oid
 ORDER BY c.relname \gexec
