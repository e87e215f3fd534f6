/*
 * fields.c
 *		The fields of a request: as arguments of a SQL function, and what a rule refuses about them.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/fields.h"

/* The one form of such a message. */
void
bk_field_refuse(const char *field, const char *problem)
{
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("field \"%s\" %s", field, problem));
}

void
bk_field_check(const char *field, const char *problem)
{
	if (problem != NULL)
		bk_field_refuse(field, problem);
}

void
bk_field_require(const char *field, bool given)
{
	if (!given)
		bk_field_refuse(field, "is required");
}

const char *
bk_range_problem(int64 value, int64 min, int64 max)
{
	if (value >= min && value <= max)
		return NULL;
	return psprintf("must be from " INT64_FORMAT " to " INT64_FORMAT, min, max);
}

/* Characters, not bytes. */
const char *
bk_text_problem(const char *text, int max_length)
{
	if (text == NULL)
		return NULL;
	if (text[strspn(text, " \t\r\n")] == '\0')
		return "must not be blank";
	if (pg_mbstrlen(text) > max_length)
		return psprintf("must not be longer than %d characters", max_length);
	return NULL;
}

/* Names all words that would do. */
const char *
bk_word_problem(const char *word, const char *const *words)
{
	StringInfoData problem;

	if (word == NULL)
		return NULL;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(word, words[i]) == 0)
			return NULL;

	initStringInfo(&problem);
	appendStringInfoString(&problem, "must be one of");
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&problem, "%s \"%s\"", i > 0 ? "," : "", words[i]);
	return problem.data;
}

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
