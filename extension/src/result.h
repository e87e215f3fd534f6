/*
 * result.h
 *		Rows of a statement as the result of a set-returning SQL function.
 */
#ifndef BK_RESULT_H
#define BK_RESULT_H

#include "fmgr.h"

#include "query.h"

/* Materializes rows as the function's result. Their columns must have the declared types, in order. */
extern void bk_result_return(FunctionCallInfo fcinfo, BkRows rows);

#endif
