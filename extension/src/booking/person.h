/*
 * person.h
 *		The name, e-mail address, telephone number and country of a person.
 *
 * What these call a problem (check.h) is what the schema's domains person_name, email_address and phone_number refuse, and
 * a blank besides; of a country what is no code by its form. NULL, not given, has no problem.
 */
#ifndef BK_PERSON_H
#define BK_PERSON_H

#define BK_MAX_EMAIL_LENGTH 254 /* RFC 5321: a path of 256 less its brackets */

extern const char *bk_person_name_problem(const char *name);
extern const char *bk_person_email_problem(const char *email);
extern const char *bk_person_phone_problem(const char *phone);
extern const char *bk_person_country_problem(const char *country);

#endif
