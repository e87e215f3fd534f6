-- Customers: every field is checked, by SQL and by HTTP alike
\set VERBOSITY terse
CREATE TABLE fixture.customer AS
SELECT * FROM (VALUES
    (1, '{}'::jsonb), (2, '{"full_name":null}'), (3, '{"full_name":""}'), (4, '{"full_name":"\t "}'), (5, '{"full_name":" Ada"}'), (6, '{"full_name":"Ada "}'),
    (7, jsonb_build_object('full_name', repeat('é', 200))), (8, jsonb_build_object('full_name', repeat('é', 201))),
    (10, '{"full_name":"A","email":""}'), (11, '{"full_name":"A","email":"ada"}'), (12, '{"full_name":"A","email":"a@b@c"}'), (13, '{"full_name":"A","email":"a b@c"}'),
    (14, '{"full_name":"A","email":"@c"}'), (15, '{"full_name":"A","email":"a@"}'), (16, '{"full_name":"A","email":"a@c\n"}'), (17, '{"full_name":"A","email":"ä@ö"}'), (18, '{"full_name":"A","email":"a\u2003b@c"}'),
    (19, jsonb_build_object('full_name', 'A', 'email', 'a@' || repeat('b', 252))), (20, jsonb_build_object('full_name', 'A', 'email', 'a@' || repeat('b', 253))),
    (30, '{"full_name":"A","phone":""}'), (31, jsonb_build_object('full_name', 'A', 'phone', repeat('1', 32))), (32, jsonb_build_object('full_name', 'A', 'phone', repeat('1', 33))),
    (40, '{"full_name":"A","country":""}'), (41, '{"full_name":"A","country":"gb"}'), (42, '{"full_name":"A","country":"G"}'), (43, '{"full_name":"A","country":"GBR"}'),
    (44, '{"full_name":"A","country":"G "}'), (45, '{"full_name":"A","country":"ÄÖ"}'), (46, '{"full_name":"A","country":"GB"}'),
    (50, '{"full_name":"A","email":"CUSTOMER1@example.com"}')
  ) AS v (no, given);
SELECT no, fixture.answer(format('SELECT booking.create_customer(%L, %L, %L, %L)', given ->> 'full_name', given ->> 'email', given ->> 'phone', given ->> 'country')) AS answer
  FROM fixture.customer ORDER BY no;
-- by HTTP, and by changing a customer, the same: but a change needs no name
SELECT no, by_sql, by_http, changed, changed_by_http
  FROM fixture.customer,
       LATERAL (SELECT fixture.answer(format('SELECT booking.create_customer(%L, %L, %L, %L)', given ->> 'full_name', given ->> 'email', given ->> 'phone', given ->> 'country')),
                       fixture.answer(format('SELECT fixture.api(''POST'', ''/v1/customers'', body => %L)', given)),
                       fixture.answer(format('SELECT booking.update_customer(2, %L, %L, %L, %L)', given ->> 'full_name', given ->> 'email', given ->> 'phone', given ->> 'country')),
                       fixture.answer(format('SELECT fixture.api(''PATCH'', ''/v1/customers/2'', body => %L)', given))) AS a (by_sql, by_http, changed, changed_by_http)
 WHERE by_sql <> by_http OR changed <> changed_by_http OR by_sql <> changed
 ORDER BY no;
-- and what the schema's domains refuse, but for a missing name and a blank number
SELECT no, answer, domains
  FROM fixture.customer,
       LATERAL (SELECT fixture.answer(format('SELECT booking.create_customer(%L, %L, %L, %L)', given ->> 'full_name', given ->> 'email', given ->> 'phone', given ->> 'country')),
                       fixture.answer(format('SELECT %L::person_name, %L::email_address, %L::phone_number', given ->> 'full_name', given ->> 'email', given ->> 'phone'))) AS a (answer, domains)
 WHERE (answer LIKE 'SB010%') <> (domains <> 'accepted') AND NOT given ? 'country'
 ORDER BY no;
-- nobody of the fixture was changed; who is not there, is not changed
SELECT full_name, email, phone FROM customers WHERE customer_id <= 3 ORDER BY customer_id;
SELECT fixture.answer('SELECT booking.update_customer(NULL)'), fixture.answer('SELECT booking.update_customer(0)'), fixture.answer('SELECT booking.update_customer(999999, phone => ''1'')');
SELECT fixture.answer('SELECT fixture.api(''GET'', ''/v1/customers'')'), fixture.answer('SELECT fixture.api(''GET'', ''/v1/customers'', ''{"email":" "}'')'),
       fixture.answer(format('SELECT fixture.api(''GET'', ''/v1/customers'', %L)', jsonb_build_object('email', repeat('a', 255)))), fixture.answer('SELECT fixture.api(''POST'', ''/v1/customers'', body => ''{"full_name":1}'')');
DROP TABLE fixture.customer;
-- a name has a letter, and no character that cannot be seen: by the domain and by the functions alike, at both ends of every range
SELECT string_agg(to_hex(n), ' ' ORDER BY n) AS refused_by_domain, count(*) FILTER (WHERE domain = 'accepted' OR answer NOT LIKE 'SB010%') AS differ
  FROM (VALUES (1), (31), (32), (126), (127), (159), (160), (172), (173), (174), (1563), (1564), (1565), (6157), (6158), (6159), (8202), (8203), (8204), (8205), (8206), (8207), (8208),
               (8231), (8232), (8238), (8239), (8287), (8288), (8303), (8304), (65278), (65279), (65528), (65529), (65531), (65532), (917503), (917504), (917631), (917632)) AS c (n),
       LATERAL (SELECT fixture.answer(format('SELECT %L::person_name', 'A' || chr(n) || 'B')), fixture.answer(format('SELECT booking.create_customer(%L)', 'A' || chr(n) || 'B'))) AS a (domain, answer)
 WHERE domain <> 'accepted' OR answer <> 'accepted';
SELECT no, fixture.answer(format('SELECT booking.create_customer(%L)', name)) AS answer, fixture.answer(format('SELECT %L::person_name', name)) = 'accepted' AS domain
  FROM unnest(ARRAY['123', '-', '''', '王', 'Æ', 'Nguyễn Thị', 'Иван', U&'\0645\06CC\200C\062E\0648\0627\0647', U&'\0D05\0D28\0D4D\200D', U&'\200D\0D05', U&'\0645\200C\200C\062E', U&'Jo\200Cn']) WITH ORDINALITY AS n (name, no)
 ORDER BY no;
-- what one keyboard types for a name is what another does
SELECT DISTINCT public.folded_text(one) = public.folded_text(other) AS alike
  FROM (VALUES ('Zoë', U&'ZOE\0308'), ('ΟΔΟΣ', 'οδος'), ('Οδοσ', 'οδος'), ('Yıldız', 'YILDIZ'), ('İpek', 'ipek'), (U&'I\0307pek', 'IPEK'), ('Straße', 'STRASSE'), ('straẞe', 'Strasse'), ('O''Brien', 'o’brien'),
               ('O`Brien', 'OʼBRIEN'), ('Smith-Jones', 'Smith–Jones'), ('Smith‑Jones', 'smith−jones'), ('  van  der   Berg ', 'VAN DER BERG'), (U&'Ann\00A0Lee', 'ann lee'), ('ﬁnn', 'FINN'), (U&'\0646\200C\0627', U&'\0646\0627')) AS n (one, other);
SELECT public.folded_text('Zoe') = public.folded_text('Zoë') AS accents_count, public.folded_text(NULL) IS NULL AS null_is_null;
-- so it is for the address of a customer, a booking's passengers, and who looks for one
INSERT INTO customers (full_name, email) VALUES ('Jürgen', U&'ju\0308rgen@example.com');
SELECT fixture.answer('SELECT booking.create_customer(''J'', ''JÜRGEN@example.com'')') AS taken, (SELECT count(*) FROM fixture.api('GET', '/v1/customers', '{"email":"Jürgen@Example.com"}') WHERE status = 200) AS found;
DELETE FROM customers WHERE full_name = 'Jürgen';
SELECT fixture.flight(98, 30);
CREATE FUNCTION fixture.party(VARIADIC names text[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('type', 'hold', 'customer_id', 1, 'slices', jsonb_build_array(jsonb_build_object('flight_id', 98, 'passengers',
             (SELECT jsonb_agg(jsonb_build_object('name', name, 'cabin_class', 'economy')) FROM unnest(names) AS name)))) $$;
SELECT fixture.answer(format('SELECT booking.create_booking(%L)', fixture.party('Zoë O''Hara', U&'ZOE\0308 O\2019HARA'))) AS twice,
       fixture.answer(format('SELECT booking.create_booking(%L)', fixture.party('Eva Strauß', 'eva  strauss'))) AS and_so, fixture.answer(format('SELECT booking.create_booking(%L)', fixture.party('Zoë O''Hara', 'Zoe O''Hara'))) AS two;
SELECT booking_reference AS reference FROM booking.create_booking(fixture.party('Zoë  van der O''Hara-Weiß')) \gset
SELECT no, fixture.answer(format('SELECT booking.find_booking(%L, %L)', :'reference', name)) = 'accepted' AS found
  FROM unnest(ARRAY['o’hara–weiss', ' O''HARA-WEISS ', 'Van  Der O''Hara-Weiß', U&'ZOE\0308 van der O''Hara-Weiß', 'Weiß', 'Zoë', U&'\200D']) WITH ORDINALITY AS n (name, no) ORDER BY no;
-- one text and another are alike in a request as they are for folded_text(): words of ASCII are folded without it
SELECT one, other FROM (SELECT 'a' || chr(c) || 'b', 'A' || d || 'B' FROM generate_series(32, 126) AS c,
                               LATERAL unnest(ARRAY[chr(c), lower(chr(c)), upper(chr(c)), '''', '-', ' ', '  ', '.']) AS d) AS pair (one, other)
 WHERE (public.folded_text(one) = public.folded_text(other)) <> (fixture.answer(format('SELECT booking.create_booking(%L)', fixture.party(one, other))) LIKE 'SB008 %');
-- the planner puts both in place: called, they would cost each booking more than they do
CREATE FUNCTION fixture.plan(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'EXPLAIN (VERBOSE, COSTS OFF) ' || query; END $$;
SELECT count(*) FROM fixture.plan('SELECT public.folded_text(full_name) FROM public.customers') AS line WHERE line ~ 'folded_text';
SELECT count(*) FROM fixture.plan('SELECT public.currency_decimals(currency) FROM public.flights') AS line WHERE line ~ 'currency_decimals';
