/*
 * tender.c
 *		What a caller means to pay: read from JSON or from arguments, checked, compared with what the server asks.
 *
 * A client's amount is never what is charged: it only has to be the server's.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/words.h"
#include "booking/tender.h"
#include "identity/principal.h"

#define AMOUNT_LIMIT \
	INT64CONST(10000000000) /* the ledger has ten digits before the point */

/* payments.method */
static const char *const methods[] = {BK_CARD, "bank_transfer", "cash", "voucher", NULL};

static BkQuery find_decimals = BK_SELECT("SELECT public.currency_decimals($1) AS decimals",
										 TEXTOID);

static void check_field(const BkTender *tender, const char *field, const char *problem);
static const char *amount_problem(NullableDatum amount);
static const char *currency_problem(const char *currency);
static const char *decimals_problem(Datum amount, const char *currency);
static char *money_text(Datum amount);

BkTender
bk_tender_read(BkObject payment)
{
	char *method = bk_json_text(payment, "method");

	return (BkTender){.given = payment.container != NULL,
					  .path = payment.path,
					  .amount = bk_json_money(payment, "amount"),
					  .currency = bk_code(bk_json_text(payment, "currency")),
					  .method = method != NULL ? method : BK_CARD};
}

/* A method alone is a tender too, and so one that lacks its amount; the declared default of a method is not. */
BkTender
bk_tender_of_args(FunctionCallInfo fcinfo, int first)
{
	BkTender tender = {.path = "",
					   .amount = bk_argument(fcinfo, first),
					   .currency = bk_code(bk_argument_text(fcinfo, first + 1)),
					   .method = bk_argument_text(fcinfo, first + 2)};

	if (tender.method == NULL)
		tender.method = BK_CARD;
	tender.given = !tender.amount.isnull || tender.currency != NULL ||
				   !bk_word_is(tender.method, BK_CARD);
	return tender;
}

void
bk_tender_check(const BkTender *tender)
{
	if (!bk_principal_has(BK_ROLE_AGENT))
		ereport(ERROR, errcode(SB_NOT_ALLOWED),
				errmsg("a payment is for its provider to confirm"),
				errhint("Hold the seats, and make a payment intent."));
	check_field(tender, "amount", amount_problem(tender->amount));
	check_field(tender, "currency", currency_problem(tender->currency));
	check_field(tender, "amount",
				decimals_problem(tender->amount.value, tender->currency));
	bk_check_word(psprintf("%smethod", tender->path), tender->method, methods);
}

void
bk_tender_compare(const BkTender *tender, Datum due, const char *due_currency)
{
	if (!tender->given)
		bk_check_refuse("payment", psprintf("is required: %s %s are due", money_text(due),
											due_currency));
	if (bk_word_is(tender->currency, due_currency) &&
		DatumGetBool(DirectFunctionCall2(numeric_eq, tender->amount.value, due)))
		return;
	ereport(ERROR, errcode(SB_PRICE_CHANGED),
			errmsg("the amount is %s %s, not %s %s", money_text(due), due_currency,
				   money_text(tender->amount.value), tender->currency),
			errhint(
				"Nothing was booked or paid. Ask the passenger about the new amount."));
}

/* Raises SB010 naming a field of the tender by its path, where it has a problem. */
static void
check_field(const BkTender *tender, const char *field, const char *problem)
{
	if (problem != NULL)
		bk_check_refuse(psprintf("%s%s", tender->path, field), problem);
}

/* The problem of an amount, or NULL. Judged by its value: 89.000 is 89.00, as SQL arithmetic leaves it. NaN and the infinities are none. */
static const char *
amount_problem(NullableDatum amount)
{
	Numeric number;

	if (amount.isnull)
		return "is required";
	number = DatumGetNumeric(amount.value);
	if (numeric_is_nan(number) || numeric_is_inf(number) ||
		DatumGetInt32(DirectFunctionCall1(numeric_min_scale, amount.value)) > 2 ||
		DatumGetBool(DirectFunctionCall2(numeric_lt, amount.value,
										 NumericGetDatum(int64_to_numeric(0)))) ||
		DatumGetBool(DirectFunctionCall2(numeric_ge, amount.value,
										 NumericGetDatum(int64_to_numeric(AMOUNT_LIMIT)))))
		return "must be an amount such as \"89.00\"";
	return NULL;
}

/* The form of a code; whether it is the booking's currency is for bk_tender_compare. */
static const char *
currency_problem(const char *currency)
{
	if (currency == NULL)
		return "is required";
	if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		return "must be an ISO 4217 code such as \"EUR\"";
	return NULL;
}

/* More decimals than the currency has; the amount has at most two. */
static const char *
decimals_problem(Datum amount, const char *currency)
{
	if (DatumGetInt32(DirectFunctionCall1(numeric_min_scale, amount)) == 0 ||
		bk_row_int32(bk_query_run(&find_decimals, bk_text(currency)), 0, "decimals") > 0)
		return NULL;
	return psprintf("must be a whole amount, since %s has no decimals", currency);
}

/* An amount for a message. */
static char *
money_text(Datum amount)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, amount));
}
