/*
 * batch.h
 *		Many bookings in one call: all or nothing, or each on its own.
 */
#ifndef BK_BATCH_H
#define BK_BATCH_H

#include "base/json_read.h"
#include "booking/new_booking.h"

typedef struct BkBatchRequest
{
	bool all; /* all or none; else each on its own */
	BkBookingRequest *bookings;
	ErrorData **errors; /* what is wrong with each, or NULL; its booking has no items then */
	int count;
} BkBatchRequest;

/* How one booking of a batch ended: made, or refused where error is not NULL. */
typedef struct BkOutcome
{
	BkNewBooking booking;
	ErrorData *error;
} BkOutcome;

/*
 * Reads {"mode": "all"|"each", "bookings": […]}, each booking of the form of booking_request.h, for BK_MAX_ITEMS seats together.
 * Raises SB010; with "all" also what is wrong with a booking.
 */
extern BkBatchRequest bk_batch_read_request(BkObject body);

/*
 * Makes the bookings; returns an outcome for each, in their order. The caller holds no lock. "all" raises what
 * bk_booking_create does and makes none then; "each" makes an outcome of whatever has a SQLSTATE of ours, and raises the
 * rest.
 */
extern const BkOutcome *bk_batch_create(const BkBatchRequest *request);

/* Writes outcomes as an array of {"booking": {…}} and {"error": {"sqlstate", "detail", "hint"}}. */
extern void bk_batch_put(StringInfo out, const BkOutcome *outcomes, int count);

#endif
