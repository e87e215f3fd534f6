/*
 * arguments.c
 *		Arguments of a SQL function that may be null.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "base/arguments.h"

char *
bk_argument_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

int64
bk_argument_int64(FunctionCallInfo fcinfo, int arg, int64 value_if_null)
{
	return PG_ARGISNULL(arg) ? value_if_null : PG_GETARG_INT64(arg);
}
