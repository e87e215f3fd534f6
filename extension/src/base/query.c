/*
 * query.c
 *		The only caller of SPI_prepare and SPI_execute_plan.
 *
 * Plans are generic unless the statement says otherwise: their parameters are keys, and planning would cost more than
 * running. A plan whose tables change is made anew by the plan cache.
 *
 * Rows by keys are found by index, in nested loops, however large the tables. The planner does not know that: by statistics
 * that are older than a load, or by its default of ten elements for an array, it reads a table whole into a hash. So the
 * other ways are switched off where a generic plan is made. A plan that the server makes anew while it waits for a table is made
 * without that, serves once, and is given up.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"

#include "base/query.h"

static void prepare_query(BkQuery *query);
static int begin_keyed_planning(void);
static int plans_made(const BkQuery *query);

BkRows
bk_query_run_values(BkQuery *query, const NullableDatum *values, int count)
{
	Datum datums[BK_QUERY_MAX_ARGS];
	char nulls[BK_QUERY_MAX_ARGS];
	bool planned;
	int guc_level = 0;
	int result;

	if (count != query->nargs)
		elog(ERROR, "%d values for %d parameters: %s", count, query->nargs, query->sql);
	if (query->plan != NULL && !query->custom_plan && plans_made(query) != query->plans)
		bk_query_forget(query);
	if (query->plan == NULL)
		prepare_query(query);

	planned = query->custom_plan || (query->plans > 0 && SPI_plan_is_valid(query->plan));
	if (!planned)
		guc_level = begin_keyed_planning();
	for (int i = 0; i < count; i++)
	{
		datums[i] = values[i].value;
		nulls[i] = values[i].isnull ? 'n' : ' ';
	}
	result = SPI_execute_plan(query->plan, datums, nulls, query->read_only, 0);
	if (!planned)
	{
		AtEOXact_GUC(true, guc_level);
		query->plans = plans_made(query);
	}
	if (result != query->expect)
		elog(ERROR, "statement ended with %s: %s", SPI_result_code_string(result),
			 query->sql);

	return (BkRows){.table = SPI_tuptable, .count = SPI_processed};
}

void
bk_query_forget(BkQuery *query)
{
	if (query->plan != NULL)
		SPI_freeplan(query->plan);
	query->plan = NULL;
	query->plans = 0;
}

int
bk_rows_column(BkRows rows, const char *column)
{
	TupleDesc tupdesc = rows.table->tupdesc;

	for (int i = 0; i < tupdesc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), column) == 0)
			return i + 1;
	elog(ERROR, "no column \"%s\"", column);
}

Oid
bk_rows_type(BkRows rows, int number)
{
	Oid type = TupleDescAttr(rows.table->tupdesc, number - 1)->atttypid;

	/* All that are not built in are domains; the others need no look at the catalog. */
	return type < FirstNormalObjectId ? type : getBaseType(type);
}

Datum
bk_row_datum_at(BkRows rows, uint64 row, int number, bool *isnull)
{
	if (row >= rows.count || rows.table == NULL)
		elog(ERROR, "row " UINT64_FORMAT " of " UINT64_FORMAT " asked for", row,
			 rows.count);
	return SPI_getbinval(rows.table->vals[row], rows.table->tupdesc, number, isnull);
}

Datum
bk_row_datum(BkRows rows, uint64 row, const char *column, bool *isnull)
{
	if (rows.table == NULL)
		elog(ERROR, "column \"%s\" of no rows asked for", column);
	return bk_row_datum_at(rows, row, bk_rows_column(rows, column), isnull);
}

bool
bk_row_isnull(BkRows rows, uint64 row, const char *column)
{
	bool isnull;

	(void) bk_row_datum(rows, row, column, &isnull);
	return isnull;
}

Datum
bk_row_value(BkRows rows, uint64 row, const char *column)
{
	bool isnull;
	Datum value = bk_row_datum(rows, row, column, &isnull);

	if (isnull)
		elog(ERROR, "unexpected null in column \"%s\"", column);
	return value;
}

bool
bk_row_bool(BkRows rows, uint64 row, const char *column)
{
	return DatumGetBool(bk_row_value(rows, row, column));
}

int32
bk_row_int32(BkRows rows, uint64 row, const char *column)
{
	return DatumGetInt32(bk_row_value(rows, row, column));
}

int64
bk_row_int64(BkRows rows, uint64 row, const char *column)
{
	return DatumGetInt64(bk_row_value(rows, row, column));
}

TimestampTz
bk_row_timestamptz(BkRows rows, uint64 row, const char *column)
{
	return DatumGetTimestampTz(bk_row_value(rows, row, column));
}

char *
bk_row_text(BkRows rows, uint64 row, const char *column)
{
	return bk_row_text_at(rows, row, bk_rows_column(rows, column));
}

char *
bk_row_text_at(BkRows rows, uint64 row, int number)
{
	bool isnull;
	Datum value = bk_row_datum_at(rows, row, number, &isnull);
	Oid type = bk_rows_type(rows, number);
	Oid output;
	bool is_varlena;

	if (isnull)
		return NULL;
	switch (type) /* the types that most columns have need no look at the catalog */
	{
		case TEXTOID:
		case BPCHAROID:
			return TextDatumGetCString(value);
		case INT8OID:
			return DatumGetCString(DirectFunctionCall1(int8out, value));
		case NUMERICOID:
			return DatumGetCString(DirectFunctionCall1(numeric_out, value));
		default:
			getTypeOutputInfo(type, &output, &is_varlena);
			return OidOutputFunctionCall(output, value);
	}
}

void
bk_query_require_isolation(void)
{
	if (XactIsoLevel == XACT_REPEATABLE_READ)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("not at isolation level REPEATABLE READ"),
				errhint("Use READ COMMITTED, or SERIALIZABLE."));
}

void
bk_rows_free(BkRows rows)
{
	if (rows.table != NULL)
		SPI_freetuptable(rows.table);
}

/* The plan is kept for the backend's life, so that a statement is parsed and planned once. */
static void
prepare_query(BkQuery *query)
{
	int options = query->custom_plan ? CURSOR_OPT_CUSTOM_PLAN : CURSOR_OPT_GENERIC_PLAN;
	SPIPlanPtr plan;

	Assert(query->nargs <= BK_QUERY_MAX_ARGS);
	plan = SPI_prepare_cursor(query->sql, query->nargs, query->argtypes, options);
	if (plan == NULL)
		elog(ERROR, "cannot prepare (%s): %s", SPI_result_code_string(SPI_result),
			 query->sql);
	if (SPI_keepplan(plan) != 0)
		elog(ERROR, "cannot keep the plan of: %s", query->sql);
	query->plan = plan;
}

/*
 * Until AtEOXact_GUC() of the level returned, or the end of the transaction, plans go by index. What cannot go so has a cost
 * beyond all measure, for which the server would compile the plan, half a second for a millisecond's work.
 */
static int
begin_keyed_planning(void)
{
	static const char *const others[] = {"enable_hashjoin", "enable_mergejoin",
										 "enable_seqscan", "jit"};
	int guc_level = NewGUCNestLevel();

	for (int i = 0; i < lengthof(others); i++)
		(void) set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_SAVE, true, 0, false);
	return guc_level;
}

/* How many plans the server has made of the statement so far. */
static int
plans_made(const BkQuery *query)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(query->plan));

	return source->generation;
}
