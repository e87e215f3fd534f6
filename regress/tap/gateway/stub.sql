-- A stand-in for the extension: booking_api echoes what it got, or does what the path says. So every line of the gateway
-- is tested, and no rule of the booking system.

CREATE SCHEMA booking;
CREATE SEQUENCE booking.calls;
CREATE TABLE booking.once (k int UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION booking.stub_api(
	method text, path text, query jsonb DEFAULT '{}', body jsonb DEFAULT NULL,
	context jsonb DEFAULT '{}', OUT status int, OUT headers json, OUT body_out text)
RETURNS record LANGUAGE plpgsql AS $$
DECLARE
	part text[] := string_to_array(regexp_replace(path, '^/v1/reports/', '/v1/'), '/');
BEGIN
	status := 200;
	CASE part[3]
	WHEN 'health' THEN
		body_out := json_build_object('role', CASE WHEN pg_is_in_recovery() THEN 'standby'
			ELSE 'primary' END, 'database', current_database(), 'version', '9.9.9');
	WHEN 'raise' THEN
		RAISE EXCEPTION USING ERRCODE = part[4], MESSAGE = 'first the message',
			DETAIL = 'Then the detail.', HINT = 'At last the hint.';
	WHEN 'forbid' THEN
		RAISE EXCEPTION USING ERRCODE = 'SB013', MESSAGE = 'not so', HINT = 'Allow: ' || part[4];
	WHEN 'delete-character' THEN
		RAISE EXCEPTION USING ERRCODE = 'XX000', MESSAGE = 'a' || chr(127) || 'b';
	WHEN 'sleep' THEN
		PERFORM nextval('booking.calls');
		PERFORM pg_sleep(part[4]::float8);
		body_out := '{"slept":true}';
	WHEN 'flaky' THEN
		-- fails the first times; a sequence does not roll back
		IF nextval('booking.calls') <= part[5]::int THEN
			RAISE EXCEPTION USING ERRCODE = part[4], MESSAGE = 'not yet';
		END IF;
		body_out := json_build_object('calls', currval('booking.calls'));
	WHEN 'fatal' THEN
		PERFORM nextval('booking.calls');
		PERFORM pg_terminate_backend(pg_backend_pid());
		PERFORM pg_sleep(1);
	WHEN 'late' THEN
		INSERT INTO booking.once VALUES (1), (1);
		body_out := '{"never":"seen"}';
	WHEN 'reply' THEN
		status := (query->>'status')::int;
		headers := (query->>'headers')::json;
		body_out := query->>'body';
	WHEN 'void' THEN
		status := NULL;
	WHEN 'refuse' THEN
		status := NULL;
		body_out := query->>'body';
	WHEN 'decimal' THEN
		body_out := body->>'amount';
	WHEN 'big' THEN
		body_out := to_json(repeat('x', part[4]::int));
	WHEN 'setting' THEN
		body_out := to_json(current_setting(part[4]));
	ELSE
		headers := json_build_object('X-Echo', 'yes');
		body_out := json_build_object('method', method, 'path', path, 'query', query,
			'body', body, 'context', context, 'database', current_database(),
			'pid', pg_backend_pid());
	END CASE;
END $$;

-- The real function names its columns status, headers, body; a PL/pgSQL function cannot have an argument and a result of
-- the same name, so a wrapper renames.
CREATE FUNCTION booking.booking_api(text, text, jsonb DEFAULT '{}', jsonb DEFAULT NULL,
	jsonb DEFAULT '{}', OUT status int, OUT headers json, OUT body text)
RETURNS record LANGUAGE sql AS $$
	SELECT s.status, s.headers, s.body_out
	  FROM booking.stub_api($1, $2, $3, $4, $5) s
$$;
