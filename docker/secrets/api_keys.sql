-- Lets the development keys hold: the lines "ROLE KEY" of the file api_keys in the directory that BOOKING_SECRETS names. The first
-- start of the primary runs this. No key holds unless BOOKING_DEV is 1 and the file is there.

\set ON_ERROR_STOP on
\getenv secrets BOOKING_SECRETS
\set dev ''
\getenv dev BOOKING_DEV
INSERT INTO booking_private.api_keys (key_id, secret_hash, hint, client, roles, expires_at)
SELECT m[2]::bigint, sha256(decode(m[3], 'hex')), left(m[3], 4), 'development', ARRAY[m[1]], now() + interval '1 year'
  FROM regexp_matches(pg_catalog.pg_read_file(:'secrets' || '/api_keys', 0, 4096, true), '^(\w+) bk_(\d+)_([0-9a-f]{64})$', 'gn') AS m
 WHERE :'dev' = '1';
-- And payments are simulated there: nobody else has the provider's secret.
INSERT INTO booking_private.payment_providers (provider, secret)
SELECT 'simulated', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) WHERE :'dev' = '1';
SELECT setval(pg_get_serial_sequence('booking_private.api_keys', 'key_id'), max(key_id)) FROM booking_private.api_keys HAVING count(*) > 0 \g /dev/null
