/*
 * booking_create.h
 *		Makes bookings: in one call, or in parts for bookings that are made together.
 */
#ifndef BK_BOOKING_CREATE_H
#define BK_BOOKING_CREATE_H

#include "booking/new_booking.h"

/*
 * Makes a booking: all seats or none, held until payment or sold at once. The caller holds no lock but on customers, or on
 * the named seats as well, taken in lock order (seats.h). Raises SB001, SB002 (flight not on sale), SB006 (instant: not the
 * server's amount), SB008, SB010 (no such seat, or more than one currency), SB011 (no such customer, flight or fare), SB018.
 *
 * The commit of a hold does not wait for its WAL where booking.hold_durability says so and the transaction has written
 * nothing else.
 */
extern void bk_booking_create(const BkBookingRequest *request, BkNewBooking *booking);

/*
 * The same in parts, for bookings that are made together. Prepare checks what can be checked without a lock on a seat, sets
 * the terms and fills claims, one for each item of the request; then the claims of all bookings are claimed at once
 * (seats.h), so that seats are locked in one order; then each booking is recorded (booking_record.h).
 */
extern void bk_booking_prepare(const BkBookingRequest *request, BkClaim *claims,
							   BkNewBooking *booking);

/*
 * What is asked once the customer's row is locked, until the transaction ends, and no seat is: bk_booking_create asks it. The
 * first raises SB018 if the customer may not have so many more holds, of so many seats together; the second SB008 if a passenger
 * of the request is on a flight of it already, in another booking of the customer.
 */
extern void bk_booking_require_quota(int64 customer_id, int holds, int seats);
extern void bk_booking_require_single(const BkBookingRequest *request);

/* The claims of a request, without terms: enough to lock its named seats. */
extern void bk_booking_fill_claims(const BkBookingRequest *request, BkClaim *claims);

#endif
