-- etl_dimensions.sql: brings the dimensions up to date, one transaction of its own.
--     psql -d flight_booking_reports -f etl_dimensions.sql
-- etl_facts.sql comes next; etl_master_pipeline.sql does both in one transaction.

\set ON_ERROR_STOP on

\echo Dimensions
SELECT run_id, is_full, rows_in, rows_inserted, rows_updated, rows_deleted, round(duration_seconds::numeric, 3) AS seconds
  FROM booking.etl_dimensions() \gset run_
SELECT :run_run_id AS run, :'run_is_full'::boolean AS full, :run_rows_in AS rows_in, :run_rows_inserted AS inserted,
       :run_rows_updated AS updated, :run_rows_deleted AS deleted, :run_seconds AS seconds;
SELECT step, rows_in, rows_inserted AS inserted, rows_updated AS updated, rows_deleted AS deleted, duration_ms AS milliseconds
  FROM warehouse.etl_run_steps
 WHERE run_id = :run_run_id
 ORDER BY step_no;
