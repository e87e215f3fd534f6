/*
 * booking_request.h
 *		Reads the request of a booking.
 */
#ifndef BK_BOOKING_REQUEST_H
#define BK_BOOKING_REQUEST_H

#include "base/json_read.h"
#include "booking/new_booking.h"

/*
 * Reads and checks the fields of POST /v1/bookings, which are those of booking.create_booking. Raises SB010, and SB008 for a
 * passenger who is twice on a flight. What it returns lives in the current memory context. The
 * caller refuses fields that are not known (bk_json_require_known), once, when it has read all bookings that it reads.
 */
extern BkBookingRequest bk_booking_read_request(BkObject body);

#endif
