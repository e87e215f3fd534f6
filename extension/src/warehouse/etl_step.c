/*
 * etl_step.c
 *		The steps of an ETL run.
 */
#include "postgres.h"

#include "portability/instr_time.h"
#include "utils/array.h"

#include "base/query.h"
#include "warehouse/etl_step.h"

static const char *const count_names[BK_ETL_COUNTS] = {"rows_in", "rows_inserted",
													   "rows_updated", "rows_deleted",
													   "rows_rejected"};

static BkQuery record_step = BK_INSERT(
	"INSERT INTO warehouse.etl_run_steps (run_id, step_no, step, rows_in, rows_inserted,"
	"       rows_updated, rows_deleted, rows_rejected, duration_ms)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
	INT8OID, INT2OID, TEXTOID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID, FLOAT8OID);

static BkQuery find_load = BK_SELECT("SELECT warehouse.load_statement($1) AS statement",
									 TEXTOID);

/*
 * The tables that have more than doubled since their statistics were made, and the statements that make them anew. A plan for
 * a table that was nearly empty goes through the full one once for each row.
 */
static BkQuery find_grown = BK_SELECT(
	"SELECT format('ANALYZE %I.%I', n.nspname, c.relname) AS statement"
	"  FROM pg_catalog.pg_class AS c"
	"  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"
	" WHERE n.nspname IN ('public', 'warehouse') AND c.relkind = 'r'"
	"   AND pg_catalog.pg_has_role(c.relowner, 'USAGE')"
	"   AND pg_catalog.pg_relation_size(c.oid)"
	"       > 2::bigint * c.relpages * pg_catalog.current_setting('block_size')::integer");

static bool has_keys(NullableDatum keys);
static void add_counts(BkRows rows, int64 *counts);

void
bk_etl_step(BkEtl *run, const char *name, BkQuery *const *statements, NullableDatum keys)
{
	NullableDatum values[] = {keys, bk_int64(run->run_id)};
	int64 counts[BK_ETL_COUNTS] = {0};
	instr_time duration;
	instr_time start;

	INSTR_TIME_SET_CURRENT(start);
	for (; has_keys(keys) && *statements != NULL; statements++)
	{
		BkRows rows = bk_query_run_values(*statements, values, (*statements)->nargs);

		add_counts(rows, counts);
		bk_rows_free(rows);
		if (counts[BK_ROWS_INSERTED] > 0)
			bk_etl_analyze_grown();
	}
	INSTR_TIME_SET_CURRENT(duration);
	INSTR_TIME_SUBTRACT(duration, start);

	for (int i = 0; i < BK_ETL_COUNTS; i++)
		run->counts[i] += counts[i];
	(void) bk_query_run(&record_step, bk_int64(run->run_id), bk_int16(++run->steps),
						bk_text(name), bk_int64(counts[BK_ROWS_IN]),
						bk_int64(counts[BK_ROWS_INSERTED]),
						bk_int64(counts[BK_ROWS_UPDATED]),
						bk_int64(counts[BK_ROWS_DELETED]),
						bk_int64(counts[BK_ROWS_REJECTED]),
						bk_float8(INSTR_TIME_GET_MILLISEC(duration)));
}

/*
 * The statement is made anew each time, so that it has the columns that the table's _rows function has by now. Its text comes
 * from the catalog alone.
 */
void
bk_etl_load(BkEtl *run, const char *table, NullableDatum keys)
{
	BkQuery load = BK_ETL_STATEMENT(NULL);
	BkQuery *const statements[] = {&load, NULL};

	if (has_keys(keys))
	{
		load.sql = bk_row_text(bk_query_run(&find_load, bk_text(table)), 0, "statement");
		if (load.sql == NULL)
			elog(ERROR, "no load statement for \"%s\"", table);
	}
	bk_etl_step(run, table, statements, keys);
	bk_query_forget(&load);
}

/* The text comes from the catalog alone. */
void
bk_etl_analyze_grown(void)
{
	BkRows grown = bk_query_run(&find_grown);

	for (uint64 row = 0; row < grown.count; row++)
	{
		BkQuery analyze = BK_UTILITY(NULL);

		analyze.sql = bk_row_text(grown, row, "statement");
		(void) bk_query_run(&analyze);
		bk_query_forget(&analyze);
	}
	bk_rows_free(grown);
}

/* Whether there is anything to look at. */
static bool
has_keys(NullableDatum keys)
{
	ArrayType *array;

	if (keys.isnull)
		return true;
	array = DatumGetArrayTypeP(keys.value);
	return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array)) > 0;
}

/* Adds the counts that the row has; no row, no counts. */
static void
add_counts(BkRows rows, int64 *counts)
{
	if (rows.table == NULL)
		return;
	for (int column = 0; column < rows.table->tupdesc->natts; column++)
	{
		const char *name = NameStr(TupleDescAttr(rows.table->tupdesc, column)->attname);

		for (int i = 0; i < BK_ETL_COUNTS; i++)
			if (strcmp(name, count_names[i]) == 0)
				counts[i] += bk_row_int64(rows, 0, name);
	}
}
