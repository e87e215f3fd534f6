-- The report: a table of the runs, one of the hot flight, one of the figures to reach. A ratio is taken within each round,
-- between runs a few seconds apart; then come median, lowest and highest.
CREATE TEMPORARY VIEW ways (variant, position, title) AS
VALUES ('client', 1, '(a) client, 11 statements'), ('plpgsql', 2, '(b) PL/pgSQL'), ('function', 3, '(c) create_booking'),
       ('function again', 4, '    the same again'), ('api', 5, '(d) booking_api'), ('bare', 6, '(e) bare rows, the limit'),
       ('seat_map', 7, 'seat_map, 180 seats'), ('seat_map_api', 8, 'seat map by booking_api'),
       ('search', 9, 'search_flights, 8 flights'), ('search_api', 10, 'search by booking_api');

CREATE TEMPORARY VIEW settings (setting, position) AS
VALUES ('1 on a socket', 1), ('8 on a socket', 2), ('32 on a socket', 3), ('1 over the link', 4), ('1, no flush', 5), ('read', 6);

CREATE FUNCTION pg_temp.median(float8[]) RETURNS float8 LANGUAGE sql AS
$$ SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY v) FROM unnest($1) AS v $$;

-- Median, and the lowest and highest of several.
CREATE FUNCTION pg_temp.spread(v float8[], digits integer) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN count(x) = 0 THEN '-'
                ELSE round(pg_temp.median(v)::numeric, digits)
                     || CASE WHEN count(x) > 1 THEN format(' (%s-%s)', round(min(x)::numeric, digits), round(max(x)::numeric, digits)) ELSE '' END END
      FROM unnest(v) AS x
$$;

-- A measure of one variant through that of another, by round.
CREATE FUNCTION pg_temp.ratios(setting text, variant text, base text, measure text) RETURNS float8[] LANGUAGE sql AS $$
    SELECT array_agg(CASE measure WHEN 'calls' THEN r.per_second / b.per_second ELSE r.cpu / b.cpu END)
      FROM bench.runs AS r JOIN bench.runs AS b USING (round, setting)
     WHERE r.setting = $1 AND r.variant = $2 AND b.variant = $3
$$;

\echo
\echo 'Book two seats, instant, and the reads: per call, median of the rounds (lowest-highest). Times in µs; CPU is the server\'s.'
SELECT CASE WHEN s.setting = 'read' THEN '1 on a socket' ELSE s.setting END AS clients, w.title AS way,
       pg_temp.spread(array_agg(r.per_second), 0) AS "calls/s",
       round(pg_temp.median(array_agg(r.latency))) AS "latency p50",
       pg_temp.spread(array_agg(r.cpu), 0) AS "CPU",
       round(pg_temp.median(array_agg(r.wal))) AS "WAL bytes",
       pg_temp.spread(pg_temp.ratios(s.setting, w.variant, 'client', 'calls'), 2) AS "calls/s : (a)",
       pg_temp.spread(pg_temp.ratios(s.setting, w.variant, 'plpgsql', 'cpu'), 2) AS "CPU : (b)",
       pg_temp.spread(pg_temp.ratios(s.setting, w.variant, 'function', 'calls'), 2) AS "calls/s : (c)"
  FROM bench.runs AS r JOIN ways AS w USING (variant) JOIN settings AS s USING (setting)
 GROUP BY s.setting, s.position, w.variant, w.title, w.position
 ORDER BY s.position, w.position;

\echo 'Holds of two seats by all clients at once, which lapse after 1 s: on flights of their own, on one flight in demand (any two'
\echo 'of 156 seats, in either order), on a full flight. Outcomes over all rounds; median latencies and server CPU in µs.'
SELECT clients, CASE variant WHEN 'apart' THEN 'flights of their own' WHEN 'hot' THEN 'one flight' ELSE 'a full flight' END AS "where",
       round(pg_temp.median(array_agg((booked + refused) / seconds))) AS "calls/s", sum(booked) AS booked, sum(refused) AS refused,
       sum(deadlocks) AS deadlocks, sum(timeouts) AS "lock timeouts",
       pg_temp.spread(array_agg(booked_latency), 0) AS "booking p50", pg_temp.spread(array_agg(refused_latency), 0) AS "refusal p50",
       pg_temp.spread(array_agg(cpu), 0) AS "CPU per call"
  FROM bench.hot_runs GROUP BY clients, variant ORDER BY clients, variant;

-- How often what is measured must be at least (or at most) what.
CREATE TEMPORARY VIEW targets (position, figure, at_least, bound, measured) AS
SELECT 1, '(c) : (a) calls/s, 1 on a socket', true, 2.5, pg_temp.ratios('1 on a socket', 'function', 'client', 'calls')
UNION ALL SELECT 2, '(c) : (a) calls/s, 8 on a socket', true, 1.6, pg_temp.ratios('8 on a socket', 'function', 'client', 'calls')
UNION ALL SELECT 3, '(c) : (a) calls/s, 1 over the link', true, 4, pg_temp.ratios('1 over the link', 'function', 'client', 'calls')
UNION ALL SELECT 4, '(d) : (c) calls/s, 8 on a socket', true, 0.85, pg_temp.ratios('8 on a socket', 'api', 'function', 'calls')
UNION ALL SELECT 5, '(c) : (b) server CPU, 8 on a socket', false, 0.65, pg_temp.ratios('8 on a socket', 'function', 'plpgsql', 'cpu')
UNION ALL SELECT 6, 'deadlocks on the hot flight', false, 0, array_agg(deadlocks::float8) FROM bench.hot_runs
UNION ALL SELECT 6 + h.clients, format('refusal : uncontended booking, p50, %s clients', h.clients), false, 1,
       array_agg(h.refused_latency / a.booked_latency)
  FROM bench.hot_runs AS h JOIN bench.hot_runs AS a USING (round, clients)
 WHERE h.variant = 'hot' AND a.variant = 'apart' GROUP BY h.clients
UNION ALL SELECT 50 + w.position, w.title || ', per second and core', true, CASE WHEN variant LIKE 'search%' THEN 2000 ELSE 5000 END,
       array_agg(1e6 / r.cpu)
  FROM bench.runs AS r JOIN ways AS w USING (variant) WHERE setting = 'read' GROUP BY variant, w.title, w.position;

\echo 'Figures to reach'
SELECT figure, CASE WHEN at_least THEN 'at least ' ELSE 'at most  ' END || bound AS wanted,
       pg_temp.spread(measured, CASE WHEN bound >= 1000 OR bound = 0 THEN 0 ELSE 2 END) AS measured,
       CASE WHEN measured IS NULL THEN 'not measured'
            WHEN CASE WHEN at_least THEN pg_temp.median(measured) >= bound
                      WHEN bound = 0 THEN (SELECT max(m) FROM unnest(measured) AS m) = 0
                      ELSE pg_temp.median(measured) <= bound END THEN 'reached'
            ELSE 'NOT reached' END AS result
  FROM targets ORDER BY position;

\echo 'Noise: (c) measured a second time in each round, calls/s and CPU through those of the first, median (lowest-highest)'
SELECT setting AS clients, pg_temp.spread(pg_temp.ratios(setting, 'function again', 'function', 'calls'), 2) AS "calls/s",
       pg_temp.spread(pg_temp.ratios(setting, 'function again', 'function', 'cpu'), 2) AS "CPU"
  FROM settings WHERE setting IN (SELECT setting FROM bench.runs WHERE variant = 'function again') ORDER BY position;
