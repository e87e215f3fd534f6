/*
 * quotes.c
 *		What quotes of cancellations and of changes have in common.
 */
#include "postgres.h"

#include "base/query.h"
#include "booking/quotes.h"

void
bk_quote_require_fresh(BkRows quote, const BkBooking *booking, int done, int stale)
{
	if (strcmp(bk_row_text_at(quote, 0, 2), "confirmed") == 0)
		ereport(ERROR, errcode(done), errmsg("the quote has been confirmed already"));
	if (bk_row_timestamptz_at(quote, 0, 4) <= GetCurrentTimestamp())
		ereport(ERROR, errcode(stale), errmsg("the quote has expired"),
				errhint("Ask for a new quote."));
	if (bk_row_int32_at(quote, 0, 3) != booking->version || bk_row_bool_at(quote, 0, 5))
		ereport(ERROR, errcode(stale),
				errmsg("the booking has changed or been quoted again since"),
				errhint("Ask for a new quote."));
}
