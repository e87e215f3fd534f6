/*
 * fields.h
 *		The fields of a request: as arguments of a SQL function, and what a rule refuses about them.
 *
 * A problem is what is wrong with a value, as the words that follow the field's name, or NULL where nothing is:
 *
 *		bk_field_check("phone", bk_text_problem(phone, BK_MAX_PHONE_LENGTH));
 *
 * So a check is the same whether the field came as an argument or as JSON (bk_json_check). What is absent, a null, has no
 * problem; where it must be there, bk_field_require says so.
 */
#ifndef BK_FIELDS_H
#define BK_FIELDS_H

#include "fmgr.h"

#include "base/compat.h"

/* Raises SB010 about a field. */
pg_noreturn extern void bk_field_refuse(const char *field, const char *problem);

/* Raises SB010 where the field has a problem. */
extern void bk_field_check(const char *field, const char *problem);

/* Raises SB010 where the field is not given. */
extern void bk_field_require(const char *field, bool given);

/* The problem of a number outside of [min, max]. */
extern const char *bk_range_problem(int64 value, int64 min, int64 max);

/* The problem of a text that is blank, or longer than max_length characters. */
extern const char *bk_text_problem(const char *text, int max_length);

/* The problem of a word that is none of a closed list (NULL-terminated). */
extern const char *bk_word_problem(const char *word, const char *const *words);

/* A text argument, palloc'd, or NULL for null. */
extern char *bk_argument_text(FunctionCallInfo fcinfo, int arg);

/* A bigint argument, or value_if_null. */
extern int64 bk_argument_int64(FunctionCallInfo fcinfo, int arg, int64 value_if_null);

#endif
