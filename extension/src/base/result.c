/*
 * result.c
 *		The result of a set-returning SQL function.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

#include "base/query.h"
#include "base/result.h"

static int find_column(BkRows rows, const char *name, int guess);

void
bk_result_begin(FunctionCallInfo fcinfo)
{
	InitMaterializedSRF(fcinfo, 0);
}

void
bk_result_add(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(result->setResult, result->setDesc, unconstify(Datum *, values),
						 unconstify(bool *, nulls));
}

void
bk_result_return(FunctionCallInfo fcinfo, BkRows rows)
{
	BkResult result = bk_result_open(fcinfo, rows);

	for (int i = 0; i < result.declared->natts; i++)
		if (result.numbers[i] == 0)
			elog(ERROR, "no column \"%s\"",
				 NameStr(TupleDescAttr(result.declared, i)->attname));
	for (uint64 row = 0; row < rows.count; row++)
	{
		bk_result_take(&result, row);
		bk_result_put(&result);
	}
}

/* Once a call, so that rows are taken without looking for names. */
BkResult
bk_result_open(FunctionCallInfo fcinfo, BkRows rows)
{
	BkResult result = {.fcinfo = fcinfo, .rows = rows};
	int count;

	bk_result_begin(fcinfo);
	result.declared = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc;
	count = result.declared->natts;
	result.numbers = palloc_array(int, count);
	result.values = palloc0_array(Datum, count);
	result.nulls = palloc_array(bool, count);
	memset(result.nulls, true, count * sizeof(bool));
	for (int i = 0; i < count; i++)
	{
		const char *name = NameStr(TupleDescAttr(result.declared, i)->attname);

		result.numbers[i] = find_column(rows, name, i);
		if (result.numbers[i] != 0 && TupleDescAttr(result.declared, i)->atttypid !=
										  bk_rows_type(rows, result.numbers[i]))
			elog(ERROR, "column \"%s\" has the wrong type", name);
	}
	return result;
}

void
bk_result_take(BkResult *result, uint64 row)
{
	for (int i = 0; i < result->declared->natts; i++)
		if (result->numbers[i] != 0)
			result->values[i] = bk_row_datum_at(result->rows, row, result->numbers[i],
												&result->nulls[i]);
}

void
bk_result_set(BkResult *result, const char *column, Datum value)
{
	for (int i = result->declared->natts - 1; i >= 0; i--) /* they stand last, mostly */
		if (result->numbers[i] == 0 &&
			strcmp(NameStr(TupleDescAttr(result->declared, i)->attname), column) == 0)
		{
			result->values[i] = value;
			result->nulls[i] = false;
			return;
		}
	elog(ERROR, "no column \"%s\" to set", column);
}

void
bk_result_put(const BkResult *result)
{
	bk_result_add(result->fcinfo, result->values, result->nulls);
}

/* The number of a column of rows, 0 where there is none of that name. Most stand at the index where it is guessed. */
static int
find_column(BkRows rows, const char *name, int guess)
{
	TupleDesc tupdesc = rows.table->tupdesc;

	if (guess < tupdesc->natts &&
		strcmp(NameStr(TupleDescAttr(tupdesc, guess)->attname), name) == 0)
		return guess + 1;
	for (int i = 0; i < tupdesc->natts; i++)
		if (strcmp(NameStr(TupleDescAttr(tupdesc, i)->attname), name) == 0)
			return i + 1;
	return 0;
}
