/*
 * quotes.c
 *		What quotes of cancellations and of changes have in common.
 *
 * A quote holds for the booking as it was: a later version of the booking, a later quote or the clock ends it.
 */
#include "postgres.h"

#include "base/query.h"
#include "base/words.h"
#include "booking/quotes.h"

void
bk_quote_require_fresh(BkRows quote, const BkBooking *booking, int done, int stale)
{
	if (bk_word_is(bk_row_text(quote, 0, "status"), BK_CONFIRMED))
		ereport(ERROR, errcode(done), errmsg("the quote has been confirmed already"));
	if (bk_row_timestamptz(quote, 0, "expires_at") <= GetCurrentTimestamp())
		ereport(ERROR, errcode(stale), errmsg("the quote has expired"),
				errhint("Ask for a new quote."));
	if (bk_row_int32(quote, 0, "booking_version") != booking->version ||
		bk_row_bool(quote, 0, "superseded"))
		ereport(ERROR, errcode(stale),
				errmsg("the booking has changed or been quoted again since"),
				errhint("Ask for a new quote."));
}
