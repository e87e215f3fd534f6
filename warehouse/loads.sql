-- loads.sql: how rows get into the facts and the overwritten dimensions. Loaded by ddl_warehouse_schema.sql; load it alone
-- after a change:
--     psql -1 -d flight_booking_reports -f loads.sql
--
-- Every load is one statement with other names: take the rows that a table should have (its _rows function), join them with
-- those that it has, write the ones that differ, remove the ones that should not be. A full run chooses all keys by the same
-- statement, so it gives the same rows. Columns are taken and compared by name; those that the _rows function does not
-- return are left alone.
--
-- The ETL runs the statement itself, not a function that holds it, because the planner must know the keys: a handful takes
-- index scans, null (all) takes hash joins. To see the plan:
--     SELECT warehouse.load_statement('fact_payment') AS load \gset
--     PREPARE load (bigint[], bigint) AS :load;
--     EXPLAIN EXECUTE load('{1,2,3}', 0);

\set ON_ERROR_STOP on
SET ROLE booking_owner;

DROP FUNCTION IF EXISTS warehouse.load_statement(text);

-- The list at the end says how a table is loaded. key: its natural key. chosen_by: the column that the keys in $1 name rows
-- by, here and in looked_at; null: all rows but the unknown member's. looked_at: what is counted as rows_in; those whose
-- booking is missing are rejected. when_gone: what becomes of a row that should not be.
CREATE FUNCTION warehouse.load_statement(target text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
SELECT format(
$statement$WITH source AS (
    SELECT * FROM warehouse.%1$I(%2$s)),
changed AS (
    SELECT s.*, s.%3$I IS NULL AS is_gone, t.row_id
      FROM source AS s
      %4$s JOIN (SELECT ctid AS row_id, * FROM warehouse.%5$I AS t WHERE %6$s) AS t ON %7$s
     WHERE ROW (s.*) IS DISTINCT FROM ROW (%8$s)),
written AS (
    INSERT INTO warehouse.%5$I (%9$s, run_id)
    SELECT %9$s, $2 FROM changed WHERE NOT is_gone
        ON CONFLICT (%10$s) DO UPDATE
       SET (%9$s, run_id) = ROW (%11$s, excluded.run_id)
 RETURNING (xmax = 0) AS is_new),
gone AS (
    %12$s),
looked_at AS (
    SELECT count(*) AS rows_in, %13$s AS rows_rejected
      FROM %14$s)
SELECT (SELECT rows_in FROM looked_at) AS rows_in, count(*) FILTER (WHERE is_new) AS rows_inserted,
       count(*) FILTER (WHERE NOT is_new) AS rows_updated, (SELECT count(*) FROM gone) AS rows_deleted,
       (SELECT rows_rejected FROM looked_at) AS rows_rejected
  FROM written$statement$,
           p.proname,                                                             -- 1
           CASE p.pronargs WHEN 0 THEN '' ELSE '$1' END,                          -- 2
           l.key[1],                                                              -- 3
           CASE gone.what WHEN 'keep' THEN 'LEFT' ELSE 'FULL' END,                -- 4
           l.target,                                                              -- 5
           CASE WHEN l.chosen_by IS NULL THEN format('t.%I > 0', substr(l.target, 5) || '_key')
                ELSE format('$1::bigint[] IS NULL OR t.%I = ANY ($1)', l.chosen_by) END, -- 6
           k.same_key,                                                            -- 7
           't.' || array_to_string(c.names, ', t.'),                              -- 8
           array_to_string(c.names, ', '),                                        -- 9
           k.names,                                                               -- 10
           'excluded.' || array_to_string(c.names, ', excluded.'),                -- 11
           CASE gone.what
               WHEN 'delete' THEN format(
                   'DELETE FROM warehouse.%I WHERE ctid = ANY (ARRAY (SELECT row_id FROM changed WHERE is_gone)) RETURNING 1',
                   l.target)
               WHEN 'mark' THEN format(
                   'UPDATE warehouse.%I SET is_deleted = true, run_id = $2'
                   ' WHERE ctid = ANY (ARRAY (SELECT row_id FROM changed WHERE is_gone)) AND NOT is_inferred AND NOT is_deleted'
                   ' RETURNING 1', l.target)
               ELSE 'SELECT WHERE false' END,                                     -- 12
           CASE l.chosen_by WHEN 'booking_id' THEN 'count(*) - count(b.booking_id)' ELSE '0::bigint' END, -- 13
           l.looked_at || ' AS l'
           || CASE l.chosen_by WHEN 'booking_id' THEN ' LEFT JOIN public.bookings AS b ON b.booking_id = l.booking_id' ELSE '' END
           || CASE WHEN l.chosen_by IS NULL THEN ''
                   ELSE format(' WHERE $1::bigint[] IS NULL OR l.%I = ANY ($1)', l.chosen_by) END) -- 14
  FROM (VALUES
        ('dim_airport',        '{iata}'::text[],                             NULL,         'source',                       'mark'),
        ('dim_aircraft',       '{aircraft_code}',                            NULL,         'source',                       'mark'),
        ('dim_fare',           '{fare_code}',                                NULL,         'source',                       'mark'),
        ('dim_route',          '{origin,destination}',                       NULL,         'source',                       'keep'),
        ('fact_booking_event', '{event_id}',                                 'booking_id', 'public.booking_events',        'delete'),
        ('fact_booking_item',  '{booking_id,item_no}',                       'booking_id', 'public.booking_items',         'delete'),
        ('fact_payment',       '{payment_id}',                               'booking_id', 'public.payments',              'delete'),
        ('fact_flight_cabin',  '{flight_id,cabin_key}',                      'flight_id',  'public.flights',               'delete'),
        ('fact_booking_curve', '{flight_id,cabin_key,days_before,currency}', 'flight_id',  'warehouse.fact_booking_event', 'delete'))
       AS l (target, key, chosen_by, looked_at, when_gone)
  JOIN pg_catalog.pg_proc AS p
    ON p.pronamespace = 'warehouse'::regnamespace AND p.proname = l.target || '_rows'
 CROSS JOIN LATERAL (SELECT array_agg(quote_ident(name) ORDER BY number)
                       FROM unnest(p.proargnames, p.proargmodes) WITH ORDINALITY AS column_of (name, mode, number)
                      WHERE mode = 't') AS c (names)
    -- Nothing can be gone from an empty table; without looking for it, a first load need not keep all rows until the end.
 CROSS JOIN LATERAL (SELECT CASE WHEN pg_relation_size(format('warehouse.%I', l.target)) = 0 THEN 'keep'
                                 ELSE l.when_gone END) AS gone (what)
 CROSS JOIN LATERAL (SELECT string_agg(quote_ident(name), ', '), string_agg(format('t.%1$I = s.%1$I', name), ' AND ')
                       FROM unnest(l.key) AS key (name)) AS k (names, same_key)
 WHERE l.target = load_statement.target
$$;
COMMENT ON FUNCTION warehouse.load_statement(text) IS
    'The statement that loads a table of the warehouse: $1 bigint[] the keys to look at, null for all, $2 bigint the run. It answers with one row of counts. Null where the table is not loaded this way.';

\ir grants.sql
RESET ROLE;
