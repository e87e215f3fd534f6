/*
 * result.c
 *		Rows of a statement as the result of a set-returning SQL function.
 */
#include "postgres.h"

#include "funcapi.h"
#include "utils/tuplestore.h"

#include "result.h"

void
bk_result_return(FunctionCallInfo fcinfo, BkRows rows)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	int columns = rows.table->tupdesc->natts;
	Datum *values = palloc_array(Datum, columns);
	bool *nulls = palloc_array(bool, columns);

	InitMaterializedSRF(fcinfo, 0);
	if (result->setDesc->natts != columns)
		elog(ERROR, "%d columns for a result of %d", columns, result->setDesc->natts);
	for (int i = 0; i < columns; i++)
		if (TupleDescAttr(result->setDesc, i)->atttypid !=
			TupleDescAttr(rows.table->tupdesc, i)->atttypid)
			elog(ERROR, "column %d has the wrong type", i + 1);

	for (uint64 row = 0; row < rows.count; row++)
	{
		for (int i = 0; i < columns; i++)
			values[i] = bk_row_datum(rows, row, i + 1, &nulls[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}
