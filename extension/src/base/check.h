/*
 * check.h
 *		Checks of what a rule is given: each raises SB010 with a message that names the field.
 *
 * A rule checks its input itself, so that a SQL caller and an HTTP client get the same refusals. Checks of texts let NULL
 * pass: what is required is checked by bk_check_given first. A problem is what is wrong with a value, as the words that
 * follow the field's name, or NULL where nothing is; so one check serves arguments and JSON fields (bk_json_check) alike.
 */
#ifndef BK_CHECK_H
#define BK_CHECK_H

#include "base/compat.h"

/* Refuses a field for a reason, such as "must not be blank". */
pg_noreturn extern void bk_check_refuse(const char *field, const char *problem);

/* Refuses a field that has a problem. */
extern void bk_check_problem(const char *field, const char *problem);

/* A field that is required has been given. */
extern void bk_check_given(const char *field, bool given);

/* A text has at most max_length characters and is not blank. */
extern void bk_check_text(const char *field, const char *text, int max_length);

/* A text is one of a closed list of words (NULL-terminated). */
extern void bk_check_word(const char *field, const char *text, const char *const *words);

/* A number is in [min, max]. */
extern void bk_check_range(const char *field, int64 number, int64 min, int64 max);

/* A code of capital letters, however it was typed; NULL for NULL. */
extern char *bk_code(const char *text);

/* The problems that these three refuse. */
extern const char *bk_text_problem(const char *text, int max_length);
extern const char *bk_word_problem(const char *word, const char *const *words);
extern const char *bk_range_problem(int64 number, int64 min, int64 max);

#endif
