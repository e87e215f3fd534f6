-- What a database says of its copies: SQL, JSON and Prometheus text; a slot that nobody uses must not look like no lag
\set VERBOSITY sqlstate
SET ROLE monitor;
SELECT * FROM booking.replication_status();
SET ROLE booking_app;
SELECT status, body::json ->> 'role' AS role, body::json ->> 'timeline' AS timeline, body::json -> 'sync_standby' AS sync_standby,
       body::json -> 'links' AS links, body::json -> 'archive' AS archive, body::json -> 'problems' AS problems
  FROM fixture.api('GET', '/v1/replication');
SELECT body::json -> 'problems' AS problems FROM fixture.api('GET', '/v1/health');
SELECT * FROM fixture.api('POST', '/v1/replication');
RESET ROLE;
-- a copy that was here and is gone
SELECT FROM pg_create_physical_replication_slot('regress_slot', true);
CREATE TABLE regress_written (id integer);
SELECT pg_sleep(0.1);
SET ROLE monitor;
SELECT direction, name, type, replica, connected, state, lag_bytes > 0 AS bytes, lag_seconds BETWEEN 0.1 AND date_part('epoch', clock_timestamp() - pg_postmaster_start_time()) AS seconds,
       wal_status, retained_bytes >= lag_bytes AS retains
  FROM booking.replication_status();
SET ROLE booking_app;
SELECT l ->> 'name' AS name, l ->> 'connected' AS connected, (l ->> 'lag_seconds')::float8 >= 0.1 AS seconds, l -> 'replay_lag_seconds' AS replay,
       body::json -> 'problems' AS problems
  FROM fixture.api('GET', '/v1/replication'), json_array_elements(body::json -> 'links') AS l;
SELECT body::json -> 'problems' AS problems FROM fixture.api('GET', '/v1/health');
SELECT headers ->> 'Content-Type' AS type FROM fixture.api('GET', '/v1/metrics');
SELECT regexp_replace(line, ' (?![01]$)[0-9.]+$', ' MORE') AS line
  FROM fixture.api('GET', '/v1/metrics'), string_to_table(body, E'\n') AS line WHERE line ~ '^booking_(replication|slot|sync|archive)';
RESET ROLE;
-- the age of the first commit after a position: none yet, in the future, in WAL that is not there, and one
SELECT pg_current_wal_insert_lsn() AS here \gset
SELECT booking.wal_commit_age(:'here'), booking.wal_commit_age('FFFFFF/0'), booking.wal_commit_age('0/0') AS never;
DROP TABLE regress_written;
SELECT pg_sleep(0.1);
SELECT booking.wal_commit_age(:'here') BETWEEN 0.1 AND 60 AS one;
-- from behind a switch of WAL files, in the empty rest of a file
SELECT pg_switch_wal() + 24576 AS switched \gset
CREATE TABLE after_the_switch ();
DROP TABLE after_the_switch;
SELECT pg_sleep(0.2);
SELECT booking.wal_commit_age(:'switched') BETWEEN 0.1 AND 60 AS one;
SELECT pg_drop_replication_slot('regress_slot');
-- who may ask
SELECT r.rolname, p.proname, has_function_privilege(r.oid, p.oid, 'EXECUTE') AS may
  FROM pg_proc AS p, pg_roles AS r
 WHERE p.pronamespace = 'booking'::regnamespace AND p.proname IN ('certificate_expires_at', 'disk_space', 'replication_status', 'wal_commit_age')
   AND r.rolname IN ('booking_app', 'booking_ro', 'monitor', 'reports_etl')
 ORDER BY 2, 1;
SET ROLE booking_ro;
SELECT * FROM booking.replication_status();
RESET ROLE;
-- what an operator has to see to in time: space where the server writes, and the certificate that it shows
SET ROLE monitor;
SELECT place, size_bytes >= free_bytes AND free_bytes >= 0 AS plausible FROM booking.disk_space() ORDER BY 1;
SELECT booking.certificate_expires_at();
RESET ROLE;
