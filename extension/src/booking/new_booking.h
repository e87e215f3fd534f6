/*
 * new_booking.h
 *		A booking from its request to its rows: what a caller asks for, and what was made of it.
 *
 * A request is read once (booking_request.h) and never written again. The booking made of it points into it, and its claims
 * point to its terms, so that both stay where they are until the booking is no longer needed.
 */
#ifndef BK_NEW_BOOKING_H
#define BK_NEW_BOOKING_H

#include "booking/tender.h"
#include "inventory/claims.h"

#define BK_REFERENCE_LENGTH 6
#define BK_FIRST_VERSION 1 /* the column's default */

/* What a caller gives of a customer; NULL: not given. */
typedef struct BkCustomer
{
	const char *full_name;
	const char *email;
	const char *phone;
	const char *country; /* of residence, ISO 3166-1 alpha-2 */
} BkCustomer;

/* One passenger on one flight. One of seat_number and cabin_class is NULL. */
typedef struct BkItemRequest
{
	int64 flight_id;
	const char *passenger_name;
	const char *folded_name; /* as names are compared */
	const char *passenger_type;
	char *seat_number;
	const char *cabin_class; /* any seat of it */
} BkItemRequest;

/* What a caller asks for; see booking.create_booking for the fields' meaning. */
typedef struct BkBookingRequest
{
	bool instant;
	int64 customer_id; /* 0: a guest */
	BkCustomer guest;
	const char *fare_code;
	const char *channel;
	const char *contact_email; /* or NULL */
	const char *contact_phone; /* or NULL */
	const BkItemRequest *items;
	int count;
	BkTender tender; /* what the caller means to pay; given for an instant booking alone */
} BkBookingRequest;

/* What was made of a request: bk_booking_prepare sets the terms, bk_booking_record the rest. */
typedef struct BkNewBooking
{
	const BkBookingRequest *request;
	BkClaim *claims;          /* one for each item of the request, in its order */
	const int16 *journey_nos; /* of the items */
	BkTerms terms;
	const char *currency; /* of the flights */
	int64 customer_id;    /* also of a guest */
	int64 booking_id;
	char reference[BK_REFERENCE_LENGTH + 1];
	const char *status;
	Datum total;              /* numeric, in that currency */
	TimestampTz confirmed_at; /* DT_NOEND for a hold */
} BkNewBooking;

#endif
