-- etl_master_pipeline.sql: the whole ETL, dimensions, facts and materialized views, in one transaction.
--     psql -d flight_booking_reports -f etl_master_pipeline.sql
--     psql -d flight_booking_reports -v full=true -f etl_master_pipeline.sql     looks at everything, not only at what changed

\set ON_ERROR_STOP on
\if :{?full}
\else
    \set full false
\endif

SELECT run_id, is_full, rows_in, rows_inserted, rows_updated, rows_deleted, rows_rejected, freshness,
       round(duration_seconds::numeric, 3) AS seconds
  FROM booking.etl_run(:full) \gset run_

\echo Run
SELECT :run_run_id AS run, :'run_is_full'::boolean AS full, :run_rows_in AS rows_in, :run_rows_inserted AS inserted,
       :run_rows_updated AS updated, :run_rows_deleted AS deleted, :run_rows_rejected AS rejected,
       :run_seconds AS seconds, :'run_freshness'::timestamptz(0) AS up_to_date_as_of;
\echo Steps
SELECT step, rows_in, rows_inserted AS inserted, rows_updated AS updated, rows_deleted AS deleted,
       rows_rejected AS rejected, duration_ms AS milliseconds
  FROM warehouse.etl_run_steps
 WHERE run_id = :run_run_id
 ORDER BY step_no;
\echo Warehouse
SELECT (SELECT count(*) FROM warehouse.dim_flight WHERE is_current AND flight_key > 0) AS flights,
       (SELECT count(*) FROM warehouse.dim_customer WHERE is_current AND customer_key > 0) AS customers,
       (SELECT count(*) FROM warehouse.fact_booking_item) AS items,
       (SELECT count(*) FROM warehouse.fact_booking_event) AS events,
       (SELECT count(*) FROM warehouse.fact_payment) AS payments,
       (SELECT count(*) FROM warehouse.change_queue) AS changes_waiting;
