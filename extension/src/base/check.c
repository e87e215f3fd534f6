/*
 * check.c
 *		Checks of what a rule is given.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/check.h"
#include "base/errcodes.h"

void
bk_check_refuse(const char *field, const char *problem)
{
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("field \"%s\" %s", field, problem));
}

void
bk_check_given(const char *field, bool given)
{
	if (!given)
		bk_check_refuse(field, "is required");
}

void
bk_check_text(const char *field, const char *text, int max_length)
{
	if (text == NULL)
		return;
	if (pg_mbstrlen(text) > max_length)
		bk_check_refuse(field,
						psprintf("must not be longer than %d characters", max_length));
	if (text[strspn(text, " \t\r\n")] == '\0')
		bk_check_refuse(field, "must not be blank");
}

void
bk_check_word(const char *field, const char *text, const char *const *words)
{
	StringInfoData problem;

	if (text == NULL)
		return;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return;

	initStringInfo(&problem);
	appendStringInfoString(&problem, "must be one of");
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&problem, "%s \"%s\"", i > 0 ? "," : "", words[i]);
	bk_check_refuse(field, problem.data);
}

void
bk_check_range(const char *field, int64 number, int64 min, int64 max)
{
	if (number < min || number > max)
		bk_check_refuse(field, psprintf("must be from " INT64_FORMAT " to " INT64_FORMAT,
										min, max));
}
