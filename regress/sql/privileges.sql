-- Least privilege: each role what booking.privileges() names, and nothing else for anybody; lint of the functions
\set VERBOSITY sqlstate
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles_file :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\o /dev/null
\i :roles_file
\o
\set ECHO all
\set ON_ERROR_STOP off
RESET client_min_messages;
-- every function has a comment; those that act for the caller pin their search path and belong to nobody who logs in
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'booking'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL;
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.prosecdef AND p.pronamespace IN ('booking'::regnamespace, 'public'::regnamespace)
   AND (NOT 'search_path=pg_catalog, pg_temp' = ANY (p.proconfig) OR p.proowner::regrole::text <> 'booking_owner');
SELECT p.oid::regprocedure FROM pg_proc p WHERE p.pronamespace = 'booking'::regnamespace AND has_function_privilege('public', p.oid, 'EXECUTE');
-- what the schema file makes belongs to booking_owner and is named; nobody is named to write a table
SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN ('public'::regnamespace, 'booking_private'::regnamespace) AND c.relkind IN ('r', 'S')
   AND c.relowner <> 'booking_owner'::regrole;
SELECT c.oid::regclass FROM pg_class c WHERE c.relnamespace IN ('public'::regnamespace, 'booking_private'::regnamespace) AND c.relkind = 'r'
   AND NOT EXISTS (SELECT FROM booking.privileges() WHERE object_type = 'TABLE' AND to_regclass(object) = c.oid);
SELECT * FROM booking.privileges() WHERE object_type = 'TABLE' AND privilege <> 'SELECT';
SELECT has_schema_privilege('booking_owner', 'public', 'CREATE') AS owner_creates, rolcanlogin FROM pg_roles WHERE rolname = 'booking_owner';
-- the gateway has one entry, whatever is added
SELECT object, grantees FROM booking.privileges() WHERE 'booking_app' = ANY (grantees);
SELECT rolname, has_database_privilege(oid, current_database(), 'CONNECT') AS connects FROM pg_roles WHERE rolname IN ('booking_app', 'reports_app') ORDER BY 1;
SET ROLE booking_app;
SELECT status FROM booking.booking_api('GET', '/v1/flights/1');
SELECT count(*) FROM booking.seat_map(1);
SELECT count(*) FROM seats;
UPDATE bookings SET total_amount = 0;
SELECT * FROM booking.check_invariants();
SELECT booking.expire_holds();
SET ROLE booking_agent;
SELECT count(*) FROM booking.seat_map(1);
SELECT * FROM booking.booking_items(0);
SELECT status FROM booking.booking_api('GET', '/v1/flights/1');
SELECT booking.expire_holds();
SELECT count(*) FROM customers;
SET ROLE booking_operator;
SELECT count(*) FROM booking.seat_map(1);
SELECT booking.expire_holds();
SELECT * FROM booking.booking_items(0);
SET ROLE booking_analyst;
SELECT count(*) FROM booking.seat_map(1);
SELECT count(*) FROM customers;
SET ROLE booking_ro;
SELECT count(*) > 0 AS reads FROM public.seats;
SELECT count(*) FROM booking.seat_map(1);
SELECT count(*) FROM booking_private.idempotency_keys;
DELETE FROM public.seats;
SET ROLE reports_etl;
SELECT count(*) FROM public.customers;
SET ROLE monitor;
SELECT count(*) FROM booking.check_invariants();
SELECT count(*) FROM booking.check_schema();
SELECT count(*) FROM public.customers;
SET ROLE reports_sub;
SELECT count(*) > 0 AS reads FROM public.bookings;
RESET ROLE;
-- no role that logs in can own, create, replace, attach, write, or become another
\set escalate_file :abs_srcdir '/escalate.sql'
\set ECHO none
\i :escalate_file
\set ECHO all
BEGIN;
ALTER TABLE waitlist_entries OWNER TO booking_ro;
GRANT DELETE ON seats TO monitor;
\set ECHO none
\i :escalate_file
\set ECHO all
ROLLBACK;
-- a person is made a member
CREATE ROLE regress_ada IN ROLE booking_agent;
SELECT has_database_privilege('regress_ada', current_database(), 'CONNECT') AS connects,
       has_function_privilege('regress_ada', 'booking.create_booking(jsonb)', 'EXECUTE') AS books,
       has_function_privilege('regress_ada', 'booking.etl_run(boolean)', 'EXECUTE') AS runs_etl;
DROP ROLE regress_ada;
-- check_schema() has teeth: another owner, a grant too many, one too few, one that may be passed on, what nobody named, a version
BEGIN;
ALTER FUNCTION booking.pay(bigint, numeric, text, text, integer) OWNER TO booking_ro;
ALTER TABLE seats OWNER TO booking_ro;
GRANT booking_owner TO booking_ro;
SELECT object, problem FROM booking.check_schema() WHERE object <> 'public.seats' OR problem !~ 'INSERT|UPDATE|DELETE|TRUNCATE|REFERENCES|TRIGGER|MAINTAIN';
ROLLBACK;
BEGIN;
GRANT EXECUTE ON FUNCTION booking.expire_holds(integer) TO PUBLIC;
GRANT EXECUTE ON FUNCTION booking.seat_map(bigint) TO booking_agent WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION booking.capture_change() TO booking_app;
REVOKE EXECUTE ON FUNCTION booking.booking_api(text, text, jsonb, jsonb, jsonb) FROM booking_app;
GRANT USAGE ON SCHEMA booking_private TO booking_ro;
REVOKE SELECT ON bookings FROM reports_sub;
GRANT UPDATE (price) ON seats TO booking_ro;
SELECT object, problem FROM booking.check_schema();
ROLLBACK;
BEGIN;
CREATE FUNCTION booking.give_away() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
ALTER EXTENSION booking ADD FUNCTION booking.give_away();
CREATE TABLE booking_private.secrets (secret text);
DROP TABLE waitlist_entries;
UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'booking';
SELECT object, regexp_replace(problem, 'belongs to \w+', 'belongs to another') AS problem FROM booking.check_schema();
ROLLBACK;
BEGIN;
SET LOCAL client_min_messages = error;
CREATE TABLE regress_extra (id integer PRIMARY KEY);
CREATE PUBLICATION reports_publication FOR TABLE flights, regress_extra;
SELECT object, problem FROM booking.check_schema() WHERE object IN ('public.flights', 'public.regress_extra', 'public.seats');
ROLLBACK;
SELECT * FROM booking.check_schema();
