/*
 * itinerary.h
 *		A passenger's flights over all bookings of a customer: who would be twice on a flight, and whose flights overlap.
 */
#ifndef BK_ITINERARY_H
#define BK_ITINERARY_H

#include "base/query.h"
#include "booking/namesakes.h"

/*
 * Raises SB008 where another live booking of the customer than booking_id (0: a new one) has one of the travellers on the flight. A
 * hold that has lapsed does not count. The customer's row is locked, so that nobody else books for them meanwhile; no seat is, since it
 * may wait for another booking's row.
 */
extern void bk_itinerary_require_single(int64 customer_id, int64 booking_id,
										const BkTraveller *travellers, int count);

/*
 * Whether a customer may have a flight between two moments in another of the bookings that bk_itinerary_warnings looks at: at a third of its
 * cost, for a booking that was just made.
 */
extern bool bk_itinerary_may_overlap(int64 customer_id, int64 booking_id,
									 TimestampTz from, TimestampTz until);

/*
 * The live items of a booking whose flights overlap with one of the same passenger in another live booking of the customer, of
 * whose bookings the newest 20 are looked at: item_no, code, other_booking_id, detail.
 */
extern BkRows bk_itinerary_warnings(int64 booking_id);

#endif
