/*
 * json_read.c
 *		Request fields in; json_write.c has the way out.
 *
 * Everything is palloc'd in the current context and lives as long as that does. Lengths are checked before anything is
 * allocated for them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "base/json_read.h"

/* More than any amount has; keeps a number of thousands of digits from being read. */
#define MAX_DECIMAL_LENGTH 64

static bool lookup(BkObject object, const char *field, JsonbValue *value);
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
	return (BkObject){.container = &jsonb->root, .path = ""};
}

char *
bk_json_string(BkObject object, const char *field, int max_length, BkNeed need)
{
	JsonbValue value;
	char *text;

	if (!lookup(object, field, &value))
	{
		if (need == BK_REQUIRED)
			bk_json_reject(object, field, "is required");
		return NULL;
	}
	if (value.type != jbvString)
		bk_json_reject(object, field, "must be a string");
	if (pg_mbstrlen_with_len(value.val.string.val, value.val.string.len) > max_length)
		bk_json_reject(object, field,
					   psprintf("must not be longer than %d characters", max_length));

	text = pnstrdup(value.val.string.val, value.val.string.len);
	if (text[strspn(text, " \t\r\n")] == '\0')
		bk_json_reject(object, field, "must not be blank");
	return text;
}

int64
bk_json_int64(BkObject object, const char *field, int64 min, int64 max, BkNeed need,
			  int64 value_if_absent)
{
	JsonbValue value;
	char *text;
	char *end;
	int64 number;

	if (!lookup(object, field, &value))
	{
		if (need == BK_REQUIRED)
			bk_json_reject(object, field, "is required");
		return value_if_absent;
	}

	text = scalar_text(&value);
	errno = 0;
	number = text != NULL ? strtoll(text, &end, 10) : 0;
	if (text == NULL || *text == '\0' || *end != '\0' || errno != 0)
		bk_json_reject(object, field, "must be a whole number");
	if (number < min || number > max)
		bk_json_reject(object, field,
					   psprintf("must be from " INT64_FORMAT " to " INT64_FORMAT, min,
								max));
	return number;
}

char *
bk_json_text(BkObject object, const char *field)
{
	JsonbValue value;

	if (!lookup(object, field, &value))
		return NULL;
	if (value.type != jbvString)
		bk_json_reject(object, field, "must be a string");
	return pnstrdup(value.val.string.val, value.val.string.len);
}

int64
bk_json_number(BkObject object, const char *field, int64 value_if_absent)
{
	return bk_json_int64(object, field, PG_INT64_MIN, PG_INT64_MAX, BK_OPTIONAL,
						 value_if_absent);
}

bool
bk_json_bool(BkObject object, const char *field, bool value_if_absent)
{
	JsonbValue value;

	if (!lookup(object, field, &value))
		return value_if_absent;
	if (value.type != jbvBool)
		bk_json_reject(object, field, "must be true or false");
	return value.val.boolean;
}

NullableDatum
bk_json_money(BkObject object, const char *field)
{
	JsonbValue found;
	char *text;

	if (!lookup(object, field, &found))
		return (NullableDatum){.isnull = true};
	text = scalar_text(&found);
	if (text == NULL || !is_decimal(text))
		bk_json_reject(object, field, "must be an amount such as \"89.00\"");
	return (NullableDatum){.value = DirectFunctionCall3(numeric_in, CStringGetDatum(text),
														ObjectIdGetDatum(InvalidOid),
														Int32GetDatum(-1))};
}

bool
bk_json_date(BkObject object, const char *field, BkNeed need, DateADT *value)
{
	const char *text = bk_json_text(object, field);
	int year;
	int month;
	int day;
	int length = 0;

	if (text == NULL && need == BK_REQUIRED)
		bk_json_reject(object, field, "is required");
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
	const char *text = bk_json_string(object, field, 64, need);
	StringInfoData problem;

	if (text == NULL)
		return NULL;
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(text, words[i]) == 0)
			return words[i];

	initStringInfo(&problem);
	appendStringInfoString(&problem, "must be one of");
	for (int i = 0; words[i] != NULL; i++)
		appendStringInfo(&problem, "%s \"%s\"", i > 0 ? "," : "", words[i]);
	bk_json_reject(object, field, problem.data);
}

BkObject
bk_json_object(BkObject object, const char *field)
{
	JsonbValue value;

	if (!lookup(object, field, &value))
		return (BkObject){.container = NULL,
						  .path = psprintf("%s%s.", object.path, field)};
	if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
		bk_json_reject(object, field, "must be an object");
	return (BkObject){.container = value.val.binary.data,
					  .path = psprintf("%s%s.", object.path, field)};
}

BkArray
bk_json_array(BkObject object, const char *field, int max_length, BkNeed need)
{
	JsonbValue value;
	BkArray array = {.container = NULL,
					 .path = psprintf("%s%s", object.path, field),
					 .length = 0};

	if (!lookup(object, field, &value))
	{
		if (need == BK_REQUIRED)
			bk_json_reject(object, field, "is required");
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
	JsonbValue *value = getIthJsonbValueFromContainer(array.container, index);

	if (value == NULL || value->type != jbvBinary ||
		!JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("field \"%s[%d]\" must be an object", array.path, index));
	return (BkObject){.container = value->val.binary.data,
					  .path = psprintf("%s[%d].", array.path, index)};
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
bk_json_reject(BkObject object, const char *field, const char *problem)
{
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("field \"%s%s\" %s", object.path, field, problem));
}

/* Finds a field; false when it is absent or null. */
static bool
lookup(BkObject object, const char *field, JsonbValue *value)
{
	if (object.container == NULL ||
		getKeyJsonValueFromContainer(object.container, field, strlen(field), value) ==
			NULL)
		return false;
	return value->type != jbvNull;
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
