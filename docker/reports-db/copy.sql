-- Run on the primary over a connection with replication=database: makes reports_slot, and writes a psql script that makes the
-- published tables of the reports database what they are at that point of the log. The script copies them into temporary
-- tables, then deletes rows that are missing there or differ, and inserts what is missing; so the triggers of the warehouse
-- see what changed and nothing else, and readers no empty table. It begins a transaction and leaves it open.
\pset tuples_only on
\pset format unaligned
\set ON_ERROR_STOP on

SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
SELECT CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ', FAILOVER' ELSE '' END AS failover \gset
BEGIN READ ONLY ISOLATION LEVEL REPEATABLE READ;
CREATE_REPLICATION_SLOT reports_slot LOGICAL booking (SNAPSHOT 'use' :failover) \g /dev/null
\echo BEGIN;
\echo SET LOCAL session_replication_role = replica;

-- Of a published table: its oid, by names alone, since who copies may not use every schema; and what is not generated
\set table '(SELECT c.oid FROM pg_class AS c WHERE c.relname = tablename AND c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = schemaname))'
\set columns 'LATERAL (SELECT string_agg(quote_ident(attname), \', \') FROM pg_attribute WHERE attrelid = :table AND attname = ANY (attnames) AND attgenerated = \'\') AS c (columns)'

SELECT format('SELECT %L', format('CREATE TEMPORARY TABLE %2$I (LIKE %1$I.%2$I INCLUDING GENERATED) ON COMMIT DROP;', schemaname, tablename)),
       format('SELECT %L', format('COPY pg_temp.%I (%s) FROM STDIN;', tablename, columns)),
       format('COPY %I.%I (%s) TO STDOUT', schemaname, tablename, columns),
       format('SELECT %L', '\.'),
       format('SELECT %L', format('ANALYZE pg_temp.%I;', tablename))
  FROM pg_publication_tables, :columns
 WHERE pubname = 'reports_publication' \gexec

SELECT format('DELETE FROM %4$I.%1$I AS t WHERE NOT EXISTS (SELECT FROM pg_temp.%1$I AS c WHERE (%2$s) AND c *= t);'
              ' INSERT INTO %4$I.%1$I (%3$s)'
              ' SELECT %3$s FROM pg_temp.%1$I AS c WHERE NOT EXISTS (SELECT FROM %4$I.%1$I AS t WHERE %2$s);',
              tablename, same_key, columns, schemaname)
  FROM pg_publication_tables,
       :columns,
       LATERAL (SELECT string_agg(format('c.%1$I = t.%1$I', attname), ' AND ')
                  FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
                 WHERE indisprimary AND indrelid = :table) AS k (same_key)
 WHERE pubname = 'reports_publication';
COMMIT;
