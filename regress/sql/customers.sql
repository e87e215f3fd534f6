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
                       fixture.answer(format('SELECT booking.booking_api(''POST'', ''/v1/customers'', body => %L)', given)),
                       fixture.answer(format('SELECT booking.update_customer(2, %L, %L, %L, %L)', given ->> 'full_name', given ->> 'email', given ->> 'phone', given ->> 'country')),
                       fixture.answer(format('SELECT booking.booking_api(''PATCH'', ''/v1/customers/2'', body => %L)', given))) AS a (by_sql, by_http, changed, changed_by_http)
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
SELECT fixture.answer('SELECT booking.booking_api(''GET'', ''/v1/customers'')'), fixture.answer('SELECT booking.booking_api(''GET'', ''/v1/customers'', ''{"email":" "}'')'),
       fixture.answer(format('SELECT booking.booking_api(''GET'', ''/v1/customers'', %L)', jsonb_build_object('email', repeat('a', 255)))), fixture.answer('SELECT booking.booking_api(''POST'', ''/v1/customers'', body => ''{"full_name":1}'')');
DROP TABLE fixture.customer;
