/*
 * etl.c
 *		Runs of the warehouse ETL, and the trigger that tells them what changed.
 *
 * The queue is written in the transaction that changes a booking row, so its rows become visible together with the
 * change. A run first takes the queue rows it sees and then reads the booking tables with later snapshots: it may read
 * more than it took, never less, and what it read too early is taken by the next run. Everything a run writes is a
 * function of the booking tables and of the history in the dimensions, so doing a row again does no harm.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"

#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "http/handlers.h"
#include "warehouse/etl.h"

/* The run that is under way holds this advisory lock: "book" as a number, and 1. */
#define SQL_ETL_LOCK "1651470187, 1"

#define SQL_ETL_RUN                                                                               \
	"run_id, scope, is_full, status, started_at, finished_at, freshness, rows_in, rows_inserted," \
	" rows_updated, rows_deleted, rows_rejected,"                                                 \
	" date_part('epoch', finished_at - started_at) AS duration_seconds"

#define DEFAULT_RUNS 20
#define MAX_RUNS 200

/* What the last capture of this backend put into the queue. */
typedef struct Capture
{
	FullTransactionId transaction;
	SubTransactionId subtransaction;
	NameData entity;
	int64 key;
} Capture;

static Capture last_capture;

static BkQuery enqueue_change = BK_INSERT(
	"INSERT INTO warehouse.change_queue (entity, key) VALUES ($1, $2)", TEXTOID, INT8OID);

static BkQuery lock_runs = BK_SELECT("SELECT pg_try_advisory_xact_lock(" SQL_ETL_LOCK ")");

static BkQuery begin_run =
	BK_INSERT_RETURNING("INSERT INTO warehouse.etl_runs (scope, is_full, freshness)"
						" VALUES ($1, $2, clock_timestamp())"
						" RETURNING run_id",
						TEXTOID, BOOLOID);

static BkQuery record_step = BK_INSERT(
	"INSERT INTO warehouse.etl_run_steps (run_id, step_no, step, rows_in, rows_inserted,"
	"       rows_updated, rows_deleted, rows_rejected, duration_ms)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	INT8OID, INT2OID, TEXTOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, FLOAT8OID);

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

static BkQuery list_runs = BK_SELECT(
	"SELECT " SQL_ETL_RUN ","
	"       (SELECT json_agg(json_build_object("
	"                   'step', s.step, 'rows_in', s.rows_in, 'rows_inserted', s.rows_inserted,"
	"                   'rows_updated', s.rows_updated, 'rows_deleted', s.rows_deleted,"
	"                   'rows_rejected', s.rows_rejected, 'duration_ms', s.duration_ms)"
	"               ORDER BY s.step_no)"
	"          FROM warehouse.etl_run_steps AS s"
	"         WHERE s.run_id = r.run_id) AS steps"
	"  FROM warehouse.etl_runs AS r"
	" ORDER BY r.run_id DESC"
	" LIMIT $1",
	INT8OID);

static Datum key_of(HeapTuple tuple, TupleDesc tupdesc, const char *column);
static void enqueue(const char *entity, const int64 *key);
static Datum run_as_function(FunctionCallInfo fcinfo, const char *scope, bool full);
static BkRows run_etl(const char *scope, bool full);
static void take_lock(void);
static int use_settings(void);
static BkRows finish(const BkEtl *run);

PG_FUNCTION_INFO_V1(booking_capture_change);
PG_FUNCTION_INFO_V1(booking_etl_dimensions);
PG_FUNCTION_INFO_V1(booking_etl_facts);
PG_FUNCTION_INFO_V1(booking_etl_run);

/*
 * Trigger booking.capture_change(entity, key_column): queues the key of a row that was written, both keys of a row that
 * changed its key, and "everything" for TRUNCATE.
 */
Datum
booking_capture_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc tupdesc;
	int64 key;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("capture_change must be called by an AFTER trigger"));

	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
	{
		enqueue("everything", NULL);
		return PointerGetDatum(NULL);
	}
	if (trigger->tg_trigger->tgnargs != 2)
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("capture_change needs the entity and its key column"));

	tupdesc = RelationGetDescr(trigger->tg_relation);
	key = DatumGetInt64(
		key_of(trigger->tg_trigtuple, tupdesc, trigger->tg_trigger->tgargs[1]));
	enqueue(trigger->tg_trigger->tgargs[0], &key);
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		key = DatumGetInt64(
			key_of(trigger->tg_newtuple, tupdesc, trigger->tg_trigger->tgargs[1]));
		enqueue(trigger->tg_trigger->tgargs[0], &key);
	}
	return PointerGetDatum(NULL);
}

/* booking.etl_dimensions(): see its COMMENT. */
Datum
booking_etl_dimensions(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, "dimensions", false);
}

/* booking.etl_facts(): see its COMMENT. */
Datum
booking_etl_facts(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, "facts", false);
}

/* booking.etl_run(full): see its COMMENT. */
Datum
booking_etl_run(PG_FUNCTION_ARGS)
{
	return run_as_function(fcinfo, "all", PG_GETARG_BOOL(0));
}

void
bk_http_etl_runs_create(const BkRequest *request, BkResponse *response)
{
	bool full = bk_json_bool(request->body, "full", false);

	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, run_etl("all", full), 0);
	bk_json_close(response->body, '}');
}

void
bk_http_etl_runs_list(const BkRequest *request, BkResponse *response)
{
	int64 limit = bk_json_int64(request->query, "limit", 1, MAX_RUNS, BK_OPTIONAL,
								DEFAULT_RUNS);
	Datum values[] = {Int64GetDatum(limit)};

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "etl_runs",
					 bk_query_run_old(&list_runs, values, NULL));
	bk_json_close(response->body, '}');
}

void
bk_etl_step(BkEtl *run, const char *name, BkQuery *const *statements, Datum keys)
{
	Datum values[] = {keys, Int64GetDatum(run->run_id)};
	int64 counts[BK_ETL_COUNTS] = {0};
	Datum step[4 + BK_ETL_COUNTS];
	instr_time duration;
	instr_time start;

	INSTR_TIME_SET_CURRENT(start);
	for (; *statements != NULL; statements++)
	{
		BkRows rows = bk_query_run_old(*statements, values,
									   keys == BK_ETL_ALL_KEYS ? "n " : NULL);

		for (int i = 0; i < BK_ETL_COUNTS && rows.table != NULL; i++)
			counts[i] += bk_row_int64_at(rows, 0, i + 1);
		bk_rows_free(rows);
	}
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);

	step[0] = Int64GetDatum(run->run_id);
	step[1] = Int16GetDatum(++run->steps);
	step[2] = CStringGetTextDatum(name);
	for (int i = 0; i < BK_ETL_COUNTS; i++)
	{
		step[3 + i] = Int64GetDatum(counts[i]);
		run->counts[i] += counts[i];
	}
	step[3 + BK_ETL_COUNTS] = Float8GetDatum(INSTR_TIME_GET_MILLISEC(duration));
	(void) bk_query_run_old(&record_step, step, NULL);
}

static Datum
key_of(HeapTuple tuple, TupleDesc tupdesc, const char *column)
{
	int number = SPI_fnumber(tupdesc, column);
	bool isnull;
	Datum key;

	if (number <= 0 || SPI_gettypeid(tupdesc, number) != INT8OID)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("capture_change needs a bigint column, and \"%s\" is none",
					   column));
	key = heap_getattr(tuple, number, tupdesc, &isnull);
	if (isnull)
		elog(ERROR, "null in key column \"%s\"", column);
	return key;
}

/*
 * Puts a change into the queue, unless the last one that this subtransaction put there was the same: the rows of a
 * booking come one after the other, and so do the seats of a flight. A subtransaction that is rolled back takes its queue
 * rows with it, and no other shares its id.
 */
static void
enqueue(const char *entity, const int64 *key)
{
	Capture capture = {.transaction = GetTopFullTransactionId(),
					   .subtransaction = GetCurrentSubTransactionId(),
					   .key = key == NULL ? 0 : *key};
	Datum values[2];

	namestrcpy(&capture.entity, entity);
	if (FullTransactionIdEquals(capture.transaction, last_capture.transaction) &&
		capture.subtransaction == last_capture.subtransaction &&
		capture.key == last_capture.key &&
		namestrcmp(&capture.entity, NameStr(last_capture.entity)) == 0)
		return;

	SPI_connect();
	values[0] = CStringGetTextDatum(entity);
	values[1] = Int64GetDatum(capture.key);
	(void) bk_query_run_old(&enqueue_change, values, key == NULL ? " n" : NULL);
	SPI_finish();
	last_capture = capture;
}

static Datum
run_as_function(FunctionCallInfo fcinfo, const char *scope, bool full)
{
	SPI_connect();
	bk_result_return(fcinfo, run_etl(scope, full));
	SPI_finish();
	return (Datum) 0;
}

/* One run; returns its row. */
static BkRows
run_etl(const char *scope, bool full)
{
	Datum values[] = {CStringGetTextDatum(scope), BoolGetDatum(full)};
	BkEtl run = {.everything = full};
	int settings = use_settings();
	BkRows begun;
	BkRows finished;

	take_lock();
	/* What this transaction captured before is taken now; what it captures from here on is new. */
	last_capture.transaction = InvalidFullTransactionId;
	begun = bk_query_run_old(&begin_run, values, NULL);
	run.run_id = bk_row_int64_at(begun, 0, 1);

	if (strcmp(scope, "facts") != 0)
		bk_etl_dimensions(&run);
	if (strcmp(scope, "dimensions") != 0)
		bk_etl_facts(&run);

	finished = finish(&run);
	AtEOXact_GUC(true, settings);
	return finished;
}

/* A second run would wait for the first only to find nothing left to do. */
static void
take_lock(void)
{
	BkRows locked = bk_query_run_old(&lock_runs, NULL, NULL);

	if (!bk_row_bool_at(locked, 0, 1))
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

static BkRows
finish(const BkEtl *run)
{
	Datum values[2 + BK_ETL_COUNTS];

	values[0] = Int64GetDatum(run->run_id);
	values[1] = BoolGetDatum(run->everything);
	for (int i = 0; i < BK_ETL_COUNTS; i++)
		values[2 + i] = Int64GetDatum(run->counts[i]);
	(void) bk_query_run_old(&forget_old_runs, NULL, NULL);
	return bk_query_run_old(&finish_run, values, NULL);
}
