-- grants.sql: what booking.privileges() names in schema warehouse; nobody else may. Loaded by each file that makes something
-- there.

\set ON_ERROR_STOP on

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA warehouse FROM PUBLIC;
SELECT format('GRANT %s ON %s %s TO %I', privilege, object_type, object, role)
  FROM booking.privileges(), unnest(grantees) AS role
 WHERE CASE object_type WHEN 'TABLE' THEN to_regclass(object) IS NOT NULL
                        WHEN 'FUNCTION' THEN to_regprocedure(object) IS NOT NULL
                        ELSE true END
   AND object ~ '^warehouse' \gexec
