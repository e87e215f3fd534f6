/*
 * json_read.h
 *		Reads fields of a request with exact errors.
 *
 * A reader raises SB010 naming the field by its full path (slices[0].passengers[1].name). An absent field and an
 * explicit null are the same. What is read is palloc'd in the current context.
 */
#ifndef BK_JSON_READ_H
#define BK_JSON_READ_H

#include "lib/stringinfo.h"
#include "utils/date.h"
#include "utils/jsonb.h"

#include "base/compat.h"

/* The fields that have been asked for, of one object and of those in it. */
typedef struct BkAsked BkAsked;

/* An object of the request. container is NULL where the request has none: every field is absent then. */
typedef struct BkObject
{
	JsonbContainer *container;
	const char *path; /* "" at the top, else with its dot: "slices[0]." */
	BkAsked *asked;
} BkObject;

/* An array of objects of the request. */
typedef struct BkArray
{
	JsonbContainer *container;
	const char *path; /* "slices" */
	int length;
	BkAsked *asked; /* of the object that it is in */
} BkArray;

typedef enum BkNeed
{
	BK_OPTIONAL,
	BK_REQUIRED
} BkNeed;

/* The top of a request part; jsonb may be NULL. Raises SB010 if it is not an object. */
extern BkObject bk_json_top(Jsonb *jsonb, const char *what);

/* Whether a field is there and not null. */
extern bool bk_json_given(BkObject object, const char *field);

/*
 * A string as it is, and a whole number whatever its size, for rules that check what they are given: NULL and
 * value_if_absent when absent. Query parameters are strings, so a number may come as digits in one.
 */
extern char *bk_json_text(BkObject object, const char *field);
extern int64 bk_json_number(BkObject object, const char *field, int64 value_if_absent);

/* A string of at most max_length characters, not blank, or NULL when absent. */
extern char *bk_json_string(BkObject object, const char *field, int max_length,
							BkNeed need);

/* A whole number in [min, max]; value_if_absent when absent. */
extern int64 bk_json_int64(BkObject object, const char *field, int64 min, int64 max,
						   BkNeed need, int64 value_if_absent);

extern bool bk_json_bool(BkObject object, const char *field, bool value_if_absent);

/* A decimal string or a number, as a numeric of whatever sign and scale, for rules that check money; null when absent. */
extern NullableDatum bk_json_money(BkObject object, const char *field);

/* A calendar date in ISO 8601 (2026-11-25); false when absent. */
extern bool bk_json_date(BkObject object, const char *field, BkNeed need, DateADT *value);

/* One of a closed list of words (NULL-terminated), or NULL when absent. */
extern const char *bk_json_word(BkObject object, const char *field,
								const char *const *words, BkNeed need);

extern BkObject bk_json_object(BkObject object, const char *field);
extern BkArray bk_json_array(BkObject object, const char *field, int max_length,
							 BkNeed need);
extern BkObject bk_json_element(BkArray array, int index);

/* An element that bk_json_require_known looks at for itself, and not with the object that the array is in. */
extern BkObject bk_json_element_alone(BkArray array, int index);

/* A list of small numbers; NULL and *length = 0 when absent. */
extern int16 *bk_json_int16_array(BkObject object, const char *field, int max_length,
								  int *length);

/*
 * Refuses what nobody asked for: raises SB010 where an object of the request, of those that have been opened, has a field that no
 * reader has asked for, and names the one that may have been meant. So it is called when all has been read.
 */
extern void bk_json_require_known(BkObject object);

/* Raises SB010 about a field; bk_json_check does where the field has a problem (check.h). */
pg_noreturn extern void bk_json_reject(BkObject object, const char *field,
									   const char *problem);
extern void bk_json_check(BkObject object, const char *field, const char *problem);

#endif
