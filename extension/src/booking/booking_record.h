/*
 * booking_record.h
 *		Writes the rows of a new booking.
 */
#ifndef BK_BOOKING_RECORD_H
#define BK_BOOKING_RECORD_H

#include "booking/new_booking.h"

/*
 * Writes a booking whose terms are set and whose seats are claimed: its row, its items, their events and the payment of an
 * instant booking. Sets booking_id, reference, status, total and confirmed_at. Raises SB006 where the amount of an instant
 * booking is not the total.
 */
extern void bk_booking_record(BkNewBooking *booking);

#endif
