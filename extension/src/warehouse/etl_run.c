/*
 * etl_run.c
 *		Runs of the warehouse ETL.
 *
 * Everything that a run writes is a function of the booking tables and of the history in the dimensions, so doing a row
 * again does no harm. See capture.c for what a run takes from the queue.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/guc.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "warehouse/capture.h"
#include "warehouse/etl_dimensions.h"
#include "warehouse/etl_facts.h"
#include "warehouse/etl_run.h"

#define SQL_ETL_RUN                                                                               \
	"run_id, scope, is_full, status, started_at, finished_at, freshness, rows_in, rows_inserted," \
	" rows_updated, rows_deleted, rows_rejected,"                                                 \
	" date_part('epoch', finished_at - started_at) AS duration_seconds"

#define MAX_RUNS 200

static const char *const scope_names[] =
	{[BK_ETL_ALL] = "all", [BK_ETL_DIMENSIONS] = "dimensions", [BK_ETL_FACTS] = "facts"};

/* The row may have been truncated away with the rest of the warehouse. */
static BkQuery make_lock = BK_INSERT(
	"INSERT INTO warehouse.etl_lock DEFAULT VALUES ON CONFLICT DO NOTHING");

/* No row: the run that is under way holds it. An advisory lock would be anybody's to hold. */
static BkQuery lock_runs = BK_SELECT(
	"SELECT is_only FROM warehouse.etl_lock FOR UPDATE SKIP LOCKED");

static BkQuery begin_run =
	BK_INSERT_RETURNING("INSERT INTO warehouse.etl_runs (scope, is_full, freshness)"
						" VALUES ($1, $2, clock_timestamp())"
						" RETURNING run_id",
						TEXTOID, BOOLOID);

static BkQuery finish_run = BK_UPDATE_RETURNING(
	"UPDATE warehouse.etl_runs"
	"   SET status = 'succeeded', finished_at = clock_timestamp(), is_full = $2,"
	"       rows_in = $3, rows_inserted = $4, rows_updated = $5, rows_deleted = $6,"
	"       rows_rejected = $7"
	" WHERE run_id = $1"
	" RETURNING " SQL_ETL_RUN,
	INT8OID, BOOLOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID);

static BkQuery forget_old_runs = BK_DELETE(
	"DELETE FROM warehouse.etl_runs"
	" WHERE started_at < clock_timestamp() - interval '90 days'");

#define SQL_RUNS_WITH_STEPS                                                                      \
	"SELECT " SQL_ETL_RUN ","                                                                    \
	"       COALESCE((SELECT json_agg(json_build_object("                                        \
	"                   'step', s.step, 'rows_in', s.rows_in, 'rows_inserted', s.rows_inserted," \
	"                   'rows_updated', s.rows_updated, 'rows_deleted', s.rows_deleted,"         \
	"                   'rows_rejected', s.rows_rejected, 'duration_ms', s.duration_ms)"         \
	"               ORDER BY s.step_no)"                                                         \
	"          FROM warehouse.etl_run_steps AS s"                                                \
	"         WHERE s.run_id = r.run_id), '[]') AS steps"                                        \
	"  FROM warehouse.etl_runs AS r"

static BkQuery get_run = BK_SELECT(SQL_RUNS_WITH_STEPS " WHERE r.run_id = $1", INT8OID);

static BkQuery list_runs = BK_SELECT(SQL_RUNS_WITH_STEPS " ORDER BY r.run_id DESC"
														 " LIMIT $1",
									 INT8OID);

static Datum run_as_function(FunctionCallInfo fcinfo, BkEtlScope scope, bool full);
static void take_lock(void);
static int use_settings(void);
static BkRows finish(const BkEtl *run);

PG_FUNCTION_INFO_V1(booking_etl_dimensions);
PG_FUNCTION_INFO_V1(booking_etl_facts);
PG_FUNCTION_INFO_V1(booking_etl_run);

/* etl_dimensions(): brings the dimensions up to date with what changed; returns the run's row. Raises as bk_etl_run. */
Datum
booking_etl_dimensions(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, BK_ETL_DIMENSIONS, false);
}

/* etl_facts(): brings the facts up to date with what the dimensions have; returns the run's row. Raises as bk_etl_run. */
Datum
booking_etl_facts(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, BK_ETL_FACTS, false);
}

/* etl_run(full boolean): brings all up to date; null is false, as over HTTP. Returns the run's row. Raises as bk_etl_run. */
Datum
booking_etl_run(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, BK_ETL_ALL, !PG_ARGISNULL(0) && PG_GETARG_BOOL(0));
}

BkRows
bk_etl_run(BkEtlScope scope, bool full)
{
	BkEtl run = {.everything = full};
	int settings;
	BkRows row;

	bk_query_require_isolation();
	settings = use_settings();
	take_lock();
	bk_etl_analyze_grown();
	/* What this transaction captured before is taken now; what it captures from here on is new. */
	bk_capture_forget();
	row = bk_query_run(&begin_run, bk_text(scope_names[scope]), bk_bool(full));
	run.run_id = bk_row_int64(row, 0, "run_id");

	if (scope != BK_ETL_FACTS)
		bk_etl_dimensions(&run);
	if (scope != BK_ETL_DIMENSIONS)
		bk_etl_facts(&run);

	row = finish(&run);
	AtEOXact_GUC(true, settings);
	return row;
}

BkRows
bk_etl_run_get(int64 run_id)
{
	BkRows run = bk_query_run(&get_run, bk_int64(run_id));

	if (run.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no ETL run " INT64_FORMAT, run_id));
	return run;
}

BkRows
bk_etl_runs_list(int64 limit)
{
	if (limit < 1 || limit > MAX_RUNS)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("limit must be from 1 to %d", MAX_RUNS));
	return bk_query_run(&list_runs, bk_int64(limit));
}

/* A run as the result of a SQL function. */
static Datum
run_as_function(FunctionCallInfo fcinfo, BkEtlScope scope, bool full)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_etl_run(scope, full));
	SPI_finish();
	return (Datum) 0;
}

/* Refuses rather than waits: a second run would wait for the first only to find nothing left to do. */
static void
take_lock(void)
{
	(void) bk_query_run(&make_lock);
	if (bk_query_run(&lock_runs).count == 0)
		ereport(ERROR, errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				errmsg("another ETL run is under way"),
				errhint("Try again when it has finished."));
}

/*
 * Until AtEOXact_GUC(): room for hash joins, no cache in front of an index for keys that come once each, and no compiling
 * of statements that run once.
 */
static int
use_settings(void)
{
	static const char *const settings[][2] = {{"work_mem", "64MB"},
											  {"enable_memoize", "off"},
											  {"jit", "off"}};
	int level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(settings); i++)
		(void) set_config_option(settings[i][0], settings[i][1], PGC_USERSET,
								 PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
	return level;
}

/* Records that the run succeeded and what it counted, and forgets runs that are too old. Returns its row. */
static BkRows
finish(const BkEtl *run)
{
	const int64 *counts = run->counts;

	(void) bk_query_run(&forget_old_runs);
	return bk_query_run(&finish_run, bk_int64(run->run_id), bk_bool(run->everything),
						bk_int64(counts[BK_ROWS_IN]), bk_int64(counts[BK_ROWS_INSERTED]),
						bk_int64(counts[BK_ROWS_UPDATED]),
						bk_int64(counts[BK_ROWS_DELETED]),
						bk_int64(counts[BK_ROWS_REJECTED]));
}
