/*
 * booking_read.h
 *		Finding a booking, and listing a customer's.
 */
#ifndef BK_BOOKING_READ_H
#define BK_BOOKING_READ_H

#include "base/query.h"

#define BK_DEFAULT_BOOKINGS 20 /* of a page */

/* A page of a customer's bookings. */
typedef struct BkBookingPage
{
	int64 customer_id;
	const char *status; /* as shown; NULL: any */
	int64 before;       /* only bookings with a lower id; PG_INT64_MAX: the first page */
	int64 max_bookings;
} BkBookingPage;

/*
 * The page, newest first. Rows: booking_id, booking_reference, status, total_amount, currency, payment_required_by, version,
 * created_at. Raises SB010 for a field that is out of range or no status.
 */
extern BkRows bk_booking_list(const BkBookingPage *page);

/*
 * The id of the booking with a reference and a passenger of a last name, both regardless of case. Raises SB010 for one that
 * is missing, blank or too long, and SB011, the same for an unknown reference and a wrong name, so that references cannot be
 * probed.
 */
extern int64 bk_booking_find(const char *reference, const char *last_name);

/* The same in parts: what raises SB010, and the search, which returns 0 where it finds none. */
#define BK_NO_SUCH_BOOKING "no booking of that reference and last name"
extern void bk_booking_check_search(const char *reference, const char *last_name);
extern int64 bk_booking_search(const char *reference, const char *last_name);

#endif
