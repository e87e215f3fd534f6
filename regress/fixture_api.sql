CREATE SCHEMA fixture;

-- Calls the API with a key of all roles, unless the context has a credential of its own. The extension comes later.
INSERT INTO booking_private.api_keys (secret_hash, hint, client, roles, expires_at)
VALUES (sha256(decode(repeat('ab', 32), 'hex')), 'abab', 'the tests', '{agent,operator,analyst,admin}', 'infinity');
CREATE FUNCTION fixture.key() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT 'bk_' || key_id || '_' || repeat('ab', 32) FROM booking_private.api_keys WHERE client = 'the tests';
$$;
SET check_function_bodies = off;
CREATE FUNCTION fixture.api(method text, path text, query jsonb DEFAULT '{}', body jsonb DEFAULT NULL, context jsonb DEFAULT '{}',
                            OUT status integer, OUT headers json, OUT body text)
LANGUAGE sql VOLATILE AS $$
    SELECT a.* FROM booking.booking_api($1, $2, $3, $4, jsonb_build_object('authorization', 'Bearer ' || fixture.key()) || $5) AS a;
$$;
RESET check_function_bodies;
GRANT USAGE ON SCHEMA fixture TO PUBLIC;
