-- Every role that logs in tries to get more than it was given: to own, create, replace, attach, write, and become another. What is
-- not refused with 42501 is a row; so is an object that such a role owns. Run by the superuser, on any database of the system.

CREATE OR REPLACE FUNCTION pg_temp.outcome(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', role);
    EXECUTE statement;
    RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'not refused';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;

WITH login AS (
    SELECT oid, rolname FROM pg_roles WHERE rolcanlogin AND NOT rolsuper),
spaces AS (
    SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'booking', 'booking_private', 'warehouse', 'cron')),
tables AS (
    SELECT format('%I.%I', n.nspname, c.relname) AS object
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN spaces USING (nspname)
     WHERE c.relkind = 'r'),
functions AS (
    SELECT p.oid, format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS object
      FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace
     WHERE n.nspname IN ('booking', 'warehouse')),
attempts AS (
    SELECT format(s.statement, r.rolname) AS statement, r.rolname
      FROM login AS r, unnest(ARRAY[
               'SET ROLE booking_owner', 'GRANT booking_owner TO %I', 'GRANT pg_write_server_files TO %I',
               'GRANT pg_execute_server_program TO %I', 'ALTER ROLE %I SUPERUSER', 'ALTER ROLE %I CREATEROLE',
               'ALTER ROLE booking_owner LOGIN', 'CREATE ROLE regress_mine',
               'CREATE SCHEMA regress_mine', 'CREATE PUBLICATION regress_mine',
               'CREATE EVENT TRIGGER regress_mine ON ddl_command_end EXECUTE FUNCTION regress_none()',
               'CREATE SUBSCRIPTION regress_mine CONNECTION '''' PUBLICATION p WITH (connect = false)',
               'COPY (SELECT 1) TO PROGRAM ''true''', 'COPY (SELECT 1) TO ''/tmp/regress_mine''',
               'SET session_replication_role = replica', 'SELECT pg_reload_conf()',
               'ALTER DEFAULT PRIVILEGES FOR ROLE booking_owner GRANT ALL ON TABLES TO %I']) AS s (statement)
    UNION ALL
    SELECT format('ALTER DATABASE %I OWNER TO %I', current_database(), rolname), rolname FROM login
    UNION ALL
    SELECT format(s.statement, n.nspname, r.rolname), r.rolname
      FROM login AS r, spaces AS n, unnest(ARRAY[
               'ALTER SCHEMA %I OWNER TO %I', 'CREATE TABLE %I.regress_mine ()', 'CREATE VIEW %I.regress_mine AS SELECT 1',
               'CREATE FUNCTION %I.regress_mine() RETURNS integer LANGUAGE sql AS ''SELECT 1''']) AS s (statement)
    UNION ALL
    SELECT format(s.statement, t.object, r.rolname), r.rolname
      FROM login AS r, tables AS t, unnest(ARRAY[
               'ALTER TABLE %s OWNER TO %I', 'DELETE FROM %s', 'TRUNCATE %s', 'INSERT INTO %s DEFAULT VALUES',
               'CREATE TRIGGER regress_mine AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()',
               'CREATE RULE regress_mine AS ON INSERT TO %s DO NOTHING', 'ALTER TABLE %s DISABLE TRIGGER ALL',
               'ALTER TABLE %s ENABLE ROW LEVEL SECURITY']) AS s (statement)
    UNION ALL
    SELECT format('ALTER FUNCTION %s OWNER TO %I', f.object, r.rolname), r.rolname FROM login AS r, functions AS f
    UNION ALL
    SELECT replace(pg_get_functiondef(f.oid), 'CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION'), r.rolname
      FROM login AS r, functions AS f
    UNION ALL
    SELECT 'SELECT cron.schedule(''regress_mine'', ''* * * * *'', ''SELECT 1'')', r.rolname
      FROM login AS r JOIN spaces AS n ON n.nspname = 'cron')
SELECT a.rolname AS role, left(a.statement, 80) AS statement, o.outcome
  FROM attempts AS a, LATERAL pg_temp.outcome(a.rolname, a.statement) AS o (outcome)
 WHERE o.outcome <> '42501'
 ORDER BY 1, 2;

SELECT d.refobjid::regrole AS role, pg_describe_object(d.classid, d.objid, 0) AS owns
  FROM pg_shdepend AS d JOIN pg_roles AS r ON r.oid = d.refobjid
 WHERE d.deptype = 'o' AND d.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
   AND r.rolcanlogin AND NOT r.rolsuper;
