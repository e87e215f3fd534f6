/*
 * result.h
 *		The result of a set-returning SQL function.
 */
#ifndef BK_RESULT_H
#define BK_RESULT_H

#include "fmgr.h"

#include "base/query.h"

/* Makes rows the function's result: the declared columns by name, of the declared types or domains over them. */
extern void bk_result_return(FunctionCallInfo fcinfo, BkRows rows);

/*
 * A result of which rows give some columns and the caller the others, all by name: open it, then for each result row
 * take a row, set the other columns and put the result row. What is neither taken nor set is null.
 */
typedef struct BkResult
{
	FunctionCallInfo fcinfo;
	BkRows rows;
	TupleDesc declared;
	int *numbers; /* of the declared columns in rows; 0: not there */
	Datum *values;
	bool *nulls;
} BkResult;

extern BkResult bk_result_open(FunctionCallInfo fcinfo, BkRows rows);
extern void bk_result_take(BkResult *result, uint64 row);
extern void bk_result_set(BkResult *result, const char *column, Datum value);
extern void bk_result_put(const BkResult *result);

/* The same without rows: once begin, then add with a value and a null flag for each declared column. */
extern void bk_result_begin(FunctionCallInfo fcinfo);
extern void bk_result_add(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls);

#endif
