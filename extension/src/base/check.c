/*
 * check.c
 *		Checks of what a rule is given.
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"

#include "base/check.h"
#include "base/errcodes.h"

/* The one form of such a message. */
void
bk_check_refuse(const char *field, const char *problem)
{
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("field \"%s\" %s", field, problem));
}

void
bk_check_problem(const char *field, const char *problem)
{
	if (problem != NULL)
		bk_check_refuse(field, problem);
}

void
bk_check_given(const char *field, bool given)
{
	if (!given)
		bk_check_refuse(field, "is required");
}

char *
bk_code(const char *text)
{
	char *code = text == NULL ? NULL : pstrdup(text);

	for (char *letter = code; letter != NULL && *letter != '\0'; letter++)
		*letter = (char) pg_ascii_toupper((unsigned char) *letter);
	return code;
}

const char *
bk_range_problem(int64 number, int64 min, int64 max)
{
	if (number >= min && number <= max)
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

void
bk_check_text(const char *field, const char *text, int max_length)
{
	bk_check_problem(field, bk_text_problem(text, max_length));
}

void
bk_check_word(const char *field, const char *text, const char *const *words)
{
	bk_check_problem(field, bk_word_problem(text, words));
}

void
bk_check_range(const char *field, int64 number, int64 min, int64 max)
{
	bk_check_problem(field, bk_range_problem(number, min, max));
}
