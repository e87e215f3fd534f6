/*
 * person.c
 *		The name, e-mail address and telephone number of a person.
 *
 * The rules are those of the schema's domains, so that a caller is told which field is wrong before a constraint refuses the
 * row; regress compares both.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/formatting.h"

#include "base/check.h"
#include "base/settings.h"
#include "booking/person.h"

#define MAX_PHONE_LENGTH 32
#define EMAIL_FORM "^[^@\\s]+@[^@\\s]+$" /* of the domain email_address */

/* Only spaces count as such, as for btrim() in the domain. */
const char *
bk_person_name_problem(const char *name)
{
	const char *problem = bk_text_problem(name, BK_MAX_NAME_LENGTH);

	if (name != NULL && problem == NULL &&
		(name[0] == ' ' || name[strlen(name) - 1] == ' '))
		return "must not begin or end with a space";
	return problem;
}

/* By the domain's own expression, in its own regular expressions: another reading would accept what it refuses. */
const char *
bk_person_email_problem(const char *email)
{
	const char *problem = bk_text_problem(email, BK_MAX_EMAIL_LENGTH);

	if (email != NULL && problem == NULL &&
		!DatumGetBool(DirectFunctionCall2Coll(textregexeq, DEFAULT_COLLATION_OID,
											  CStringGetTextDatum(email),
											  CStringGetTextDatum(EMAIL_FORM))))
		return "must be an e-mail address such as \"ada@example.org\"";
	return problem;
}

const char *
bk_person_phone_problem(const char *phone)
{
	return bk_text_problem(phone, MAX_PHONE_LENGTH);
}

/* As the unique index on lower(passenger_name) sees it. */
bool
bk_person_same(const char *left, const char *right)
{
	return strcmp(str_tolower(left, strlen(left), DEFAULT_COLLATION_OID),
				  str_tolower(right, strlen(right), DEFAULT_COLLATION_OID)) == 0;
}
