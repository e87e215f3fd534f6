/*
 * result.c
 *		The result of a set-returning SQL function.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

#include "base/query.h"
#include "base/result.h"

static int *find_columns(TupleDesc declared, BkRows rows);

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
	TupleDesc declared;
	int *numbers;
	Datum *values;
	bool *nulls;

	bk_result_begin(fcinfo);
	declared = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc;
	numbers = find_columns(declared, rows);
	values = palloc_array(Datum, declared->natts);
	nulls = palloc_array(bool, declared->natts);
	for (uint64 row = 0; row < rows.count; row++)
	{
		for (int i = 0; i < declared->natts; i++)
			values[i] = bk_row_datum_at(rows, row, numbers[i], &nulls[i]);
		bk_result_add(fcinfo, values, nulls);
	}
}

/* The numbers that the declared columns have in the rows, by name; their types must agree. */
static int *
find_columns(TupleDesc declared, BkRows rows)
{
	int *numbers = palloc_array(int, declared->natts);

	for (int i = 0; i < declared->natts; i++)
	{
		const char *name = NameStr(TupleDescAttr(declared, i)->attname);

		numbers[i] = bk_rows_column(rows, name);
		if (TupleDescAttr(declared, i)->atttypid != bk_rows_type(rows, numbers[i]))
			elog(ERROR, "column \"%s\" has the wrong type", name);
	}
	return numbers;
}
