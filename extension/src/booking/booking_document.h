/*
 * booking_document.h
 *		A booking as callers see it: its document, a JSON object, and its summary, a row of a SQL function.
 */
#ifndef BK_BOOKING_DOCUMENT_H
#define BK_BOOKING_DOCUMENT_H

#include "fmgr.h"
#include "lib/stringinfo.h"

#include "base/compat.h"
#include "booking/new_booking.h"

/*
 * Bookings b as shown, s: a hold that has lapsed is expired from its deadline on and owes nothing, whether or not the sweep has
 * been by.
 */
#define BK_SQL_SHOWN_BOOKINGS                                                             \
	"public.bookings AS b, LATERAL ("                                                     \
	" SELECT b.status = 'held' AND b.payment_required_by <= pg_catalog.clock_timestamp()" \
	" ) AS l (lapsed), LATERAL ("                                                         \
	" SELECT CASE WHEN l.lapsed THEN 'expired' ELSE b.status END,"                        \
	"        CASE WHEN l.lapsed THEN 0.00 ELSE b.total_amount END,"                       \
	"        CASE WHEN l.lapsed THEN b.payment_required_by ELSE b.expired_at END"         \
	" ) AS s (status, total_amount, expired_at)"

/* The columns of a booking's summary. */
#define BK_SQL_SUMMARY                                                               \
	"b.booking_id, b.booking_reference, s.status, s.total_amount, b.currency::text," \
	" b.payment_required_by, b.version"

/* Writes a booking with its items and payments; returns its version. Raises SB011. */
extern int32 bk_booking_put(StringInfo out, int64 booking_id);

/* The same for a booking that this transaction has just made and not touched since: its row and items are not read. */
extern void bk_booking_put_new(StringInfo out, const BkNewBooking *booking);

/* Makes the summary of a booking the function's result. Raises SB011. */
extern void bk_booking_return(FunctionCallInfo fcinfo, int64 booking_id);

/* The same for a booking just made. */
extern void bk_booking_return_new(FunctionCallInfo fcinfo, const BkNewBooking *booking);

/* Says that there is no such booking: SB011. */
pg_noreturn extern void bk_booking_refuse_unknown(int64 booking_id);

#endif
