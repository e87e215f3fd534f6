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

/* The same row by row: once begin, then add with a value and a null flag for each declared column. */
extern void bk_result_begin(FunctionCallInfo fcinfo);
extern void bk_result_add(FunctionCallInfo fcinfo, const Datum *values, const bool *nulls);

#endif
