/*
 * quotes.h
 *		What quotes of cancellations and of changes have in common.
 */
#ifndef BK_QUOTES_H
#define BK_QUOTES_H

#include "booking/bookings.h"

/*
 * Whether a quote may still be confirmed. Its row begins with booking_id, status, booking_version, expires_at and whether
 * the booking has a newer one; the booking is locked. Raises done where it has been confirmed, stale where it has expired,
 * or the booking has changed or been quoted again since.
 */
extern void bk_quote_require_fresh(BkRows quote, const BkBooking *booking, int done,
								   int stale);

#endif
