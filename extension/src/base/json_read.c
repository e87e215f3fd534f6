/*
 * json_read.c
 *		Request fields in; json_write.c has the way out.
 *
 * Everything is palloc'd in the current context and lives as long as that does. An array's length is checked before anything
 * is allocated for its elements.
 */
#include "postgres.h"

#include <limits.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"
#include "utils/varlena.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "base/json_read.h"

/* More than any amount has; keeps a number of thousands of digits from being read. */
#define MAX_DECIMAL_LENGTH 64

#define MAX_FIELD_SHOWN 64 /* bytes of a name that is not known */

#define MAX_ASKED 24 /* fields of one kind of object */

struct BkAsked
{
	JsonbContainer *container;
	const char *path;
	const char *fields[MAX_ASKED];
	int count;
	BkAsked *top;
	BkAsked *next; /* of those opened since */
};

static BkObject open_element(BkArray array, int index, BkAsked *within);
static BkObject open_object(JsonbContainer *container, const char *path, BkAsked *within);
static void ask(BkAsked *asked, const char *field);
static void require_asked(const BkAsked *asked);
static const char *nearest(const BkAsked *asked, const char *field);
static bool lookup_field(BkObject object, const char *field, JsonbValue *value);
static void require_field(BkObject object, const char *field, BkNeed need, bool given);
static int64 read_number(BkObject object, const char *field, const JsonbValue *value);
static char *scalar_text(const JsonbValue *value);
static bool is_decimal(const char *text);

BkObject
bk_json_top(Jsonb *jsonb, const char *what)
{
	if (jsonb == NULL)
		return (BkObject){.container = NULL, .path = ""};
	if (!JB_ROOT_IS_OBJECT(jsonb))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("the %s must be a JSON object", what));
	return open_object(&jsonb->root, "", NULL);
}

bool
bk_json_given(BkObject object, const char *field)
{
	JsonbValue value;

	return lookup_field(object, field, &value);
}

char *
bk_json_text(BkObject object, const char *field)
{
	JsonbValue value;

	if (!lookup_field(object, field, &value))
		return NULL;
	if (value.type != jbvString)
		bk_json_reject(object, field, "must be a string");
	return pnstrdup(value.val.string.val, value.val.string.len);
}

char *
bk_json_string(BkObject object, const char *field, int max_length, BkNeed need)
{
	char *text = bk_json_text(object, field);

	require_field(object, field, need, text != NULL);
	bk_json_check(object, field, bk_text_problem(text, max_length));
	return text;
}

int64
bk_json_number(BkObject object, const char *field, int64 value_if_absent)
{
	JsonbValue value;

	return lookup_field(object, field, &value) ? read_number(object, field, &value)
											   : value_if_absent;
}

int64
bk_json_int64(BkObject object, const char *field, int64 min, int64 max, BkNeed need,
			  int64 value_if_absent)
{
	JsonbValue value;
	int64 number;

	if (!lookup_field(object, field, &value))
	{
		require_field(object, field, need, false);
		return value_if_absent;
	}
	number = read_number(object, field, &value);
	bk_json_check(object, field, bk_range_problem(number, min, max));
	return number;
}

bool
bk_json_bool(BkObject object, const char *field, bool value_if_absent)
{
	JsonbValue value;

	if (!lookup_field(object, field, &value))
		return value_if_absent;
	if (value.type != jbvBool)
		bk_json_reject(object, field, "must be true or false");
	return value.val.boolean;
}

/* Read from the text: a float in between would not be what the caller wrote. */
NullableDatum
bk_json_money(BkObject object, const char *field)
{
	JsonbValue found;
	char *text;

	if (!lookup_field(object, field, &found))
		return (NullableDatum){.isnull = true};
	text = scalar_text(&found);
	if (text == NULL || !is_decimal(text))
		bk_json_reject(object, field, "must be an amount such as \"89.00\"");
	return (NullableDatum){.value = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
														ObjectIdGetDatum(InvalidOid),
														Int32GetDatum(-1))};
}

/* By hand, since the server's date input takes many other forms, and by DateStyle. */
bool
bk_json_date(BkObject object, const char *field, BkNeed need, DateADT *value)
{
	const char *text = bk_json_text(object, field);
	int year;
	int month;
	int day;
	int length = 0;

	require_field(object, field, need, text != NULL);
	if (text == NULL)
		return false;
	if (strlen(text) != 10 ||
		sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &length) != 3 ||
		length != 10 || year < 1900 || month < 1 || month > 12 || day < 1 ||
		day > day_tab[isleap(year)][month - 1])
		bk_json_reject(object, field, "must be a date such as 2026-11-25");

	*value = date2j(year, month, day) - POSTGRES_EPOCH_JDATE;
	return true;
}

const char *
bk_json_word(BkObject object, const char *field, const char *const *words, BkNeed need)
{
	const char *word = bk_json_text(object, field);

	require_field(object, field, need, word != NULL);
	bk_json_check(object, field, bk_word_problem(word, words));
	return word;
}

BkObject
bk_json_object(BkObject object, const char *field)
{
	JsonbValue value;

	if (!lookup_field(object, field, &value))
		return (BkObject){.container = NULL,
						  .path = psprintf("%s%s.", object.path, field)};
	if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
		bk_json_reject(object, field, "must be an object");
	return open_object(value.val.binary.data, psprintf("%s%s.", object.path, field),
					   object.asked);
}

/* An empty array is as wrong as one too long: it says nothing that leaving it out would not. */
BkArray
bk_json_array(BkObject object, const char *field, int max_length, BkNeed need)
{
	JsonbValue value;
	BkArray array = {.container = NULL,
					 .path = psprintf("%s%s", object.path, field),
					 .length = 0,
					 .asked = object.asked};

	if (!lookup_field(object, field, &value))
	{
		require_field(object, field, need, false);
		return array;
	}
	if (value.type != jbvBinary || !JsonContainerIsArray(value.val.binary.data))
		bk_json_reject(object, field, "must be an array");

	array.container = value.val.binary.data;
	array.length = JsonContainerSize(array.container);
	if (array.length == 0 || array.length > max_length)
		bk_json_reject(object, field, psprintf("must have 1 to %d elements", max_length));
	return array;
}

BkObject
bk_json_element(BkArray array, int index)
{
	return open_element(array, index, array.asked);
}

BkObject
bk_json_element_alone(BkArray array, int index)
{
	return open_element(array, index, NULL);
}

/* SB010 if it is no object. */
static BkObject
open_element(BkArray array, int index, BkAsked *within)
{
	JsonbValue *value = getIthJsonbValueFromContainer(array.container, index);

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("field \"%s[%d]\" must be an object", array.path, index));
	return open_object(value->val.binary.data, psprintf("%s[%d].", array.path, index),
					   within);
}

int16 *
bk_json_int16_array(BkObject object, const char *field, int max_length, int *length)
{
	BkArray array = bk_json_array(object, field, max_length, BK_OPTIONAL);
	int16 *numbers;

	*length = array.length;
	if (array.length == 0)
		return NULL;

	numbers = palloc_array(int16, array.length);
	for (int i = 0; i < array.length; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array.container, i);
		const char *text = value->type == jbvNumeric ? scalar_text(value) : "";
		long number = strtol(text, NULL, 10);

		if (strspn(text, "0123456789") != strlen(text) || number < 1 ||
			number > PG_INT16_MAX)
			bk_json_reject(object, field, "must hold whole numbers from 1");
		numbers[i] = (int16) number;
	}
	return numbers;
}

void
bk_json_require_known(BkObject object)
{
	if (object.asked == NULL)
		return;
	for (const BkAsked *asked = object.asked->top; asked != NULL; asked = asked->next)
		require_asked(asked);
}

/* An object within another, or at the top. */
static BkObject
open_object(JsonbContainer *container, const char *path, BkAsked *within)
{
	BkAsked *asked = palloc(sizeof(BkAsked));

	asked->container = container;
	asked->path = path;
	asked->count = 0;
	asked->next = NULL;
	asked->top = asked;
	if (within != NULL)
	{
		asked->top = within->top;
		asked->next = asked->top->next;
		asked->top->next = asked;
	}
	return (BkObject){.container = container, .path = path, .asked = asked};
}

/* Notes that a field was asked for; names are constants of the readers. */
static void
ask(BkAsked *asked, const char *field)
{
	for (int i = 0; i < asked->count; i++)
		if (asked->fields[i] == field)
			return;
	if (asked->count == MAX_ASKED)
		elog(ERROR, "more than %d fields asked for", MAX_ASKED);
	asked->fields[asked->count++] = field;
}

/* Every field of the object has been asked for, or SB010. */
static void
require_asked(const BkAsked *asked)
{
	JsonbIterator *iterator = JsonbIteratorInit(asked->container);
	JsonbValue value;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		char *field;
		const char *meant;
		bool known = false;

		if (token != WJB_KEY)
			continue;
		for (int i = 0; i < asked->count && !known; i++)
			known = strlen(asked->fields[i]) == (size_t) value.val.string.len &&
					memcmp(asked->fields[i], value.val.string.val,
						   value.val.string.len) == 0;
		if (known)
			continue;
		field = pnstrdup(value.val.string.val, Min(value.val.string.len, MAX_FIELD_SHOWN));
		field[pg_mbcliplen(field, (int) strlen(field), MAX_FIELD_SHOWN)] = '\0';
		meant = nearest(asked, field);
		bk_check_refuse(psprintf("%s%s", asked->path, field),
						meant == NULL ? "is not known"
									  : psprintf("is not known; \"%s\" is", meant));
	}
}

/*
 * The field asked for whose name is the most like this one: the most letters in common, in their order, and at least half of
 * the shorter name's. NULL if none is.
 */
static const char *
nearest(const BkAsked *asked, const char *field)
{
	const char *best = NULL;
	int best_distance = INT_MAX;
	int length = pg_mbstrlen(field);

	for (int i = 0; i < asked->count; i++)
	{
		int other = (int) strlen(asked->fields[i]);
		/* To change a letter costs more than to take one out and put one in, so these are all that are counted. */
		int distance = varstr_levenshtein(field, (int) strlen(field), asked->fields[i],
										  other, 1, 1, 3, true);

		if (distance < best_distance && distance <= length + other - Min(length, other))
		{
			best = asked->fields[i];
			best_distance = distance;
		}
	}
	return best;
}

void
bk_json_reject(BkObject object, const char *field, const char *problem)
{
	bk_check_refuse(psprintf("%s%s", object.path, field), problem);
}

void
bk_json_check(BkObject object, const char *field, const char *problem)
{
	if (problem != NULL)
		bk_json_reject(object, field, problem);
}

/* Finds a field; false when it is absent or null. */
static bool
lookup_field(BkObject object, const char *field, JsonbValue *value)
{
	if (object.asked != NULL)
		ask(object.asked, field);
	if (object.container == NULL ||
		getKeyJsonValueFromContainer(object.container, field, strlen(field), value) ==
			NULL)
		return false;
	return value->type != jbvNull;
}

/* Raises SB010 where a field that must be there is not. */
static void
require_field(BkObject object, const char *field, BkNeed need, bool given)
{
	if (need == BK_REQUIRED && !given)
		bk_json_reject(object, field, "is required");
}

/* A whole number, or the same as a string's digits, that fits into 64 bits. Raises SB010. */
static int64
read_number(BkObject object, const char *field, const JsonbValue *value)
{
	char *text = scalar_text(value);
	char *end;
	int64 number;

	errno = 0;
	number = text != NULL ? strtoll(text, &end, 10) : 0;
	if (text == NULL || *text == '\0' || *end != '\0')
		bk_json_reject(object, field, "must be a whole number");
	if (errno != 0)
		bk_json_reject(object, field, "is out of range");
	return number;
}

/* The text of a string or a number, as it was written; NULL for anything else. */
static char *
scalar_text(const JsonbValue *value)
{
	if (value->type == jbvString)
		return pnstrdup(value->val.string.val, value->val.string.len);
	if (value->type == jbvNumeric)
		return DatumGetCString(
			DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return NULL;
}

/* Whether a text is a decimal number: a sign perhaps, digits, and digits after a point if there is one. */
static bool
is_decimal(const char *text)
{
	size_t whole;
	size_t decimals = 0;

	if (strlen(text) > MAX_DECIMAL_LENGTH)
		return false;
	text += *text == '-';
	whole = strspn(text, "0123456789");
	if (text[whole] == '.')
		decimals = strspn(text + whole + 1, "0123456789") + 1;
	return whole > 0 && decimals != 1 && text[whole + decimals] == '\0';
}
