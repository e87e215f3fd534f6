/*
 * quotes.h
 *		What quotes of cancellations and of changes have in common.
 */
#ifndef BK_QUOTES_H
#define BK_QUOTES_H

#include "booking/bookings.h"

/*
 * Whether a quote may still be confirmed. Its row has status, booking_version, expires_at and superseded, whether the
 * booking has a newer one; it was read after the booking was locked. Raises done where it has been confirmed, stale where
 * it has expired, or the booking has changed or been quoted again since.
 */
extern void bk_quote_require_fresh(BkRows quote, const BkBooking *booking, int done,
								   int stale);

#endif
