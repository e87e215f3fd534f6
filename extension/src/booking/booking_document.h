/*
 * booking_document.h
 *		A booking as callers see it: its document, a JSON object.
 */
#ifndef BK_BOOKING_DOCUMENT_H
#define BK_BOOKING_DOCUMENT_H

#include "lib/stringinfo.h"

#include "booking/new_booking.h"

/* Writes a booking with its items and payments; returns its version. Raises SB011. */
extern int32 bk_booking_put(StringInfo out, int64 booking_id);

/* The same for a booking that this transaction has just made and not touched since: its row and items are not read. */
extern void bk_booking_put_new(StringInfo out, const BkNewBooking *booking);

#endif
