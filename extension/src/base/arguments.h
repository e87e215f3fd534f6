/*
 * arguments.h
 *		Arguments of a SQL function that may be null.
 */
#ifndef BK_ARGUMENTS_H
#define BK_ARGUMENTS_H

#include "fmgr.h"

/* A text argument, palloc'd, or NULL for null. */
extern char *bk_argument_text(FunctionCallInfo fcinfo, int arg);

/* A bigint argument, or value_if_null. */
extern int64 bk_argument_int64(FunctionCallInfo fcinfo, int arg, int64 value_if_null);

#endif
