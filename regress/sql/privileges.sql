-- Least privilege: the API for the application, nothing else for anybody; lint of the extension's functions
\set VERBOSITY sqlstate
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles_file :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\o /dev/null
\i :roles_file
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
SET ROLE booking_app;
SELECT status FROM booking.booking_api('GET', '/v1/flights/1');
SELECT count(*) FROM booking.seat_map(1);
SELECT count(*) FROM seats;
UPDATE bookings SET total_amount = 0;
SELECT * FROM booking.check_invariants();
SELECT booking.expire_holds();
SET ROLE booking_ro;
SELECT count(*) > 0 AS reads FROM public.seats;
SELECT count(*) FROM booking.seat_map(1);
DELETE FROM public.seats;
SET ROLE monitor;
SELECT count(*) FROM booking.check_invariants();
SELECT count(*) FROM public.customers;
SET ROLE reports_sub;
SELECT count(*) > 0 AS reads FROM public.bookings;
RESET ROLE;
