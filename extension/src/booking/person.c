/*
 * person.c
 *		The name, e-mail address and telephone number of a person.
 *
 * The rules are those of the schema's domains, so that a caller is told which field is wrong before a constraint refuses the
 * row; regress compares both.
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "nodes/value.h"
#include "utils/builtins.h"

#include "base/check.h"
#include "base/settings.h"
#include "booking/person.h"

#define MAX_PHONE_LENGTH 32
#define EMAIL_FORM "^[^@\\s]+@[^@\\s]+$" /* of the domain email_address */

/* Of the domain person_name. */
#define NAME_LETTER "[[:alpha:]]"
#define NAME_UNSEEN                                                                            \
	"[\\u0001-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e" \
	"\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f]"
#define NAME_LOST_JOINER \
	"(^|[^\\u0600-\\u0dff\\u1000-\\u109f\\u1780-\\u18af])[\\u200c\\u200d]"

static bool is_plain(const char *name);
static bool matches(const char *text, const char *expression, Oid collation);
static Oid unicode_collation(void);

/* Only spaces count as such, as for btrim() in the domain. */
const char *
bk_person_name_problem(const char *name)
{
	const char *problem = bk_text_problem(name, BK_MAX_NAME_LENGTH);

	if (name == NULL || problem != NULL)
		return problem;
	if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
		return "must not begin or end with a space";
	if (is_plain(name))
		return NULL;
	if (!matches(name, NAME_LETTER, unicode_collation()))
		return "must have a letter";
	if (matches(name, NAME_UNSEEN, C_COLLATION_OID) ||
		matches(name, NAME_LOST_JOINER, C_COLLATION_OID))
		return "must not have characters that cannot be seen";
	return NULL;
}

/* By the domain's own expression, in its own regular expressions: another reading would accept what it refuses. */
const char *
bk_person_email_problem(const char *email)
{
	const char *problem = bk_text_problem(email, BK_MAX_EMAIL_LENGTH);

	if (email != NULL && problem == NULL &&
		!matches(email, EMAIL_FORM, DEFAULT_COLLATION_OID))
		return "must be an e-mail address such as \"ada@example.org\"";
	return problem;
}

const char *
bk_person_phone_problem(const char *phone)
{
	return bk_text_problem(phone, MAX_PHONE_LENGTH);
}

/* Of ASCII alone, with a letter, and all of it to be seen: what the domain's first expression takes. */
static bool
is_plain(const char *name)
{
	bool has_letter = false;

	for (const char *c = name; *c != '\0'; c++)
	{
		if (*c < ' ' || *c > '~')
			return false;
		has_letter = has_letter || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
	}
	return has_letter;
}

static bool
matches(const char *text, const char *expression, Oid collation)
{
	return DatumGetBool(DirectFunctionCall2Coll(textregexeq, collation,
												CStringGetTextDatum(text),
												CStringGetTextDatum(expression)));
}

/* The collation that knows all letters, whatever the database's. */
static Oid
unicode_collation(void)
{
	static Oid collation = InvalidOid;

	if (!OidIsValid(collation))
		collation = get_collation_oid(list_make2(makeString("pg_catalog"),
												 makeString("und-x-icu")),
									  false);
	return collation;
}

/* Which countries there are is no rule of ours. */
const char *
bk_person_country_problem(const char *country)
{
	if (country == NULL ||
		(strlen(country) == 2 && strspn(country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 2))
		return NULL;
	return "must be two letters of ISO 3166-1 such as \"GB\"";
}
