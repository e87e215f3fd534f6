-- keys of programs that call the API
\set VERBOSITY terse
SET client_min_messages = warning;
SELECT key_id AS agent, api_key AS agent_key, expires_at - now() BETWEEN interval '365 days' - interval '1 minute' AND interval '366 days' AS a_year FROM booking.issue_api_key('Travel Desk', '{agent}') \gset
SELECT :'agent_key' ~ ('^bk_' || :agent || '_[0-9a-f]{64}$') AS form, :'a_year' AS a_year;
SELECT key_id AS admin, api_key AS admin_key FROM booking.issue_api_key('Night Shift', '{operator,admin}', '1 day') \gset
-- the secret is nowhere: what is kept is its hash
SELECT secret_hash = sha256(decode(right(:'agent_key', 64), 'hex')) AS hashed, strpos(k::text, right(:'agent_key', 64)) AS secret, hint = left(right(:'agent_key', 64), 4) AS hint
  FROM booking_private.api_keys AS k WHERE key_id = :agent;
SELECT client, roles, length(hint), expires_at > created_at AS later, revoked_at, last_used_on FROM booking.list_api_keys() WHERE client <> 'the tests';
SELECT client, revoked_at <= clock_timestamp() AS revoked FROM booking.revoke_api_key(:admin);
SELECT revoked_at AS first FROM booking.revoke_api_key(:admin) \gset
SELECT revoked_at = :'first' AS the_same FROM booking.revoke_api_key(:admin);
SELECT client, revoked_at IS NOT NULL AS revoked FROM booking.list_api_keys() WHERE client <> 'the tests';
-- who may: booking_admin, and nobody else
SELECT rolname, has_function_privilege(r.oid, p.oid, 'EXECUTE') AS may, count(*)
  FROM pg_roles AS r, pg_proc AS p
 WHERE rolname ~ '^(booking_(app|ad|ag|op|an|ro|jobs)|monitor|reports_)' AND p.proname ~ '_api_keys?$'
   AND has_function_privilege(r.oid, p.oid, 'EXECUTE') GROUP BY 1, 2 ORDER BY 1;
-- a request with a key that holds is answered, and the day is noted; any other credential is refused alike
CREATE FUNCTION fixture.with_credential(credential text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    RETURN (SELECT a.status FROM booking.booking_api('GET', '/v1/fares', context => jsonb_build_object('authorization', credential)) AS a);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', SQLSTATE, SQLERRM, said);
END
$$;
SELECT fixture.with_credential('Bearer ' || :'agent_key'), fixture.with_credential('bearer ' || :'agent_key');
SELECT client, last_used_on = (now() AT TIME ZONE 'UTC')::date AS today FROM booking.list_api_keys() WHERE client <> 'the tests';
BEGIN READ ONLY; SELECT fixture.with_credential('Bearer ' || :'agent_key'); ROLLBACK;
SELECT fixture.with_credential(c) AS said, count(*)
  FROM unnest(ARRAY[:'agent_key', 'Basic ' || :'agent_key', 'Bearer', 'Bearer ', 'Bearer  ' || :'agent_key', 'Bearer ' || :'agent_key' || '0', 'Bearer ' || left(:'agent_key', -1),
                    'Bearer ' || :'admin_key', 'Bearer ' || upper(:'agent_key'), 'Bearer ' || translate(:'agent_key', '0123456789abcdef', '123456789abcdef0'),
                    'Bearer ' || replace(:'agent_key', 'bk_' || :agent, 'bk_' || :admin), 'Bearer bk__' || right(:'agent_key', 64),
                    'Bearer bk_999999999999999999_' || right(:'agent_key', 64), 'Bearer bk_99999999999999999999_' || right(:'agent_key', 64),
                    'Bearer bk_-1_' || right(:'agent_key', 64), 'Bearer ' || repeat('x', 2000), '']) AS c GROUP BY 1;
UPDATE booking_private.api_keys SET expires_at = clock_timestamp() WHERE key_id = :agent;
SELECT fixture.with_credential('Bearer ' || :'agent_key');
-- and noted once a day
SELECT key_id AS third, api_key AS third_key FROM booking.issue_api_key('Analyst', '{analyst}') \gset
SELECT fixture.with_credential('Bearer ' || :'third_key');
SELECT ctid AS noted FROM booking_private.api_keys WHERE key_id = :third \gset
SELECT fixture.with_credential('Bearer ' || :'third_key');
SELECT ctid = :'noted' AS not_again FROM booking_private.api_keys WHERE key_id = :third;
