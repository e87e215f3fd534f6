/*
 * booking_summary.h
 *		A booking as SQL functions return it, and as bookings are shown.
 */
#ifndef BK_BOOKING_SUMMARY_H
#define BK_BOOKING_SUMMARY_H

#include "fmgr.h"

#include "base/compat.h"
#include "base/query.h"
#include "booking/new_booking.h"

/* A hold that has lapsed, whether or not the sweep has been by. */
#define BK_SQL_LAPSED(b)            \
	"(" b ".status = 'held' AND " b \
	".payment_required_by <= pg_catalog.clock_timestamp())"

/*
 * Bookings b as shown, s: a hold that has lapsed is expired from its deadline on and owes nothing, whether or not the sweep has
 * been by.
 */
#define BK_SQL_SHOWN_BOOKINGS                                                              \
	"public.bookings AS b, LATERAL ("                                                      \
	" SELECT " BK_SQL_LAPSED(                                                              \
		"b") " ) AS l (lapsed), LATERAL ("                                                 \
			 " SELECT CASE WHEN l.lapsed THEN 'expired' ELSE b.status END,"                \
			 "        CASE WHEN l.lapsed THEN 0.00 ELSE b.total_amount END,"               \
			 "        CASE WHEN l.lapsed THEN b.payment_required_by ELSE b.expired_at END" \
			 " ) AS s (status, total_amount, expired_at)"

/* The columns of a booking's summary. */
#define BK_SQL_SUMMARY                                                               \
	"b.booking_id, b.booking_reference, s.status, s.total_amount, b.currency::text," \
	" b.payment_required_by, b.version"

/* Moments are DT_NOEND for none. */
typedef struct BkSummary
{
	int64 booking_id;
	const char *booking_reference;
	const char *status;
	Datum total_amount; /* numeric */
	const char *currency;
	TimestampTz payment_required_by;
	int32 version;
} BkSummary;

/* Makes the summary of a booking the function's result. Raises SB011. */
extern void bk_booking_return(FunctionCallInfo fcinfo, int64 booking_id);

/* The same for a booking just made. */
extern void bk_booking_return_new(FunctionCallInfo fcinfo, const BkNewBooking *booking);

/* Refuses a booking that is not the caller's (principal.h) as one that is not there: SB011. */
extern void bk_booking_require_access(int64 booking_id);

/* Says that there is no such booking: SB011. */
pg_noreturn extern void bk_booking_refuse_unknown(int64 booking_id);

/* The summary from the first row of a statement that selects BK_SQL_SUMMARY, or of a booking just made. */
extern BkSummary bk_summary_from_row(BkRows rows);
extern BkSummary bk_summary_new(const BkNewBooking *booking);

/* The moment in a column of the first row; DT_NOEND for null. */
extern TimestampTz bk_moment_or_none(BkRows rows, const char *column);

#endif
