/*
 * tender.h
 *		What a caller means to pay.
 */
#ifndef BK_TENDER_H
#define BK_TENDER_H

#include "fmgr.h"

#include "base/json_read.h"

/* What a caller means to pay, as it was read; bk_tender_check says whether it is of its form. */
typedef struct BkTender
{
	bool given;       /* whether anything is offered at all */
	const char *path; /* what errors put before the names of the fields: "" or "payment." */
	NullableDatum amount; /* numeric */
	const char *currency; /* or NULL */
	const char *method;   /* "card" where the caller names none */
} BkTender;

/* Reads {"amount": "89.00", "currency": "EUR", "method": "card"}. Raises SB010 for values of another JSON type. */
extern BkTender bk_tender_read(BkObject payment);

/* The same from the arguments amount, currency and method of a SQL function, the first of them number first. */
extern BkTender bk_tender_of_args(FunctionCallInfo fcinfo, int first);

/*
 * Refuses a caller whose word is no payment (SB022): agents record what they have got, and providers what they have. Checks amount (not negative, ten digits, two decimals at most), currency (ISO 4217) and method. Raises SB010 naming the
 * field.
 */
extern void bk_tender_check(const BkTender *tender);

/* Compares a tender, checked before, with what the server asks. Raises SB006, and SB010 where nothing is given. */
extern void bk_tender_compare(const BkTender *tender, Datum due, const char *due_currency);

#endif
