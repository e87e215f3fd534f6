/*
 * result.c
 *		The result of a set-returning SQL function.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

#include "result.h"

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
	int columns = rows.table->tupdesc->natts;
	Datum *values = palloc_array(Datum, columns);
	bool *nulls = palloc_array(bool, columns);

	bk_result_begin(fcinfo);
	declared = ((ReturnSetInfo *) fcinfo->resultinfo)->setDesc;
	if (declared->natts != columns)
		elog(ERROR, "%d columns for a result of %d", columns, declared->natts);
	for (int i = 0; i < columns; i++)
		if (TupleDescAttr(declared, i)->atttypid != bk_rows_type(rows, i + 1))
			elog(ERROR, "column %d has the wrong type", i + 1);

	for (uint64 row = 0; row < rows.count; row++)
	{
		for (int i = 0; i < columns; i++)
			values[i] = bk_row_datum(rows, row, i + 1, &nulls[i]);
		bk_result_add(fcinfo, values, nulls);
	}
}
