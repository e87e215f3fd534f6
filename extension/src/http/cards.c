/*
 * cards.c
 *		Card numbers, which are for the payment provider alone.
 */
#include "postgres.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "http/cards.h"

#define MIN_DIGITS 13
#define MAX_DIGITS 19
#define PHONE "phone"
#define MAX_PHONE_DIGITS 15 /* ITU-T E.164 */

static bool has_card(const JsonbValue *value, int least);
static bool text_has_card(const char *text, int length, int least);
static bool is_card(const char *digits, int count);

void
bk_http_refuse_cards(BkObject body)
{
	JsonbIterator *iterator;
	JsonbValue value;
	JsonbIteratorToken token;
	int least = MIN_DIGITS;

	if (body.container == NULL)
		return;
	iterator = JsonbIteratorInit(body.container);
	while ((token = JsonbIteratorNext(&iterator, &value, false)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			least = value.val.string.len == (int) strlen(PHONE) &&
							strncmp(value.val.string.val, PHONE, strlen(PHONE)) == 0
						? MAX_PHONE_DIGITS + 1
						: MIN_DIGITS;
		else if ((token == WJB_VALUE || token == WJB_ELEM) && has_card(&value, least))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg("a card number is not taken here"),
					errhint("Give it to the payment provider, and to nobody else."));
	}
}

static bool
has_card(const JsonbValue *value, int least)
{
	const char *text;

	if (value->type == jbvString)
		return text_has_card(value->val.string.val, value->val.string.len, least);
	if (value->type != jbvNumeric)
		return false;
	text = DatumGetCString(
		DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	return text_has_card(text, (int) strlen(text), least);
}

/* Whether one of the runs of so many digits at least, a space or a hyphen between two of them allowed, is a card number. */
static bool
text_has_card(const char *text, int length, int least)
{
	char digits[MAX_DIGITS];
	int count = 0;
	bool separated = true;

	for (int i = 0; i <= length; i++)
	{
		char c = i < length ? text[i] : '\0';

		if (isdigit((unsigned char) c))
		{
			if (count < MAX_DIGITS)
				digits[count] = c;
			count++;
			separated = false;
		}
		else if ((c == ' ' || c == '-') && !separated)
			separated = true;
		else
		{
			if (count >= least && is_card(digits, count))
				return true;
			count = 0;
			separated = true;
		}
	}
	return false;
}

/* By the check digit: from the right every second digit counts double, by the sum of its own digits. */
static bool
is_card(const char *digits, int count)
{
	int sum = 0;

	if (count > MAX_DIGITS)
		return false;
	for (int i = 0; i < count; i++)
	{
		int digit = digits[count - 1 - i] - '0';

		if (i % 2 == 1)
			digit = digit * 2 - (digit > 4 ? 9 : 0);
		sum += digit;
	}
	return sum % 10 == 0;
}
