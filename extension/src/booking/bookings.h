/*
 * bookings.h
 *		Bookings: making, reading, letting lapse.
 */
#ifndef BK_BOOKINGS_H
#define BK_BOOKINGS_H

#include "base/compat.h"
#include "base/json_read.h"
#include "booking/tender.h"
#include "inventory/seats.h"

#define BK_REFERENCE_LENGTH 6
#define BK_FIRST_VERSION 1 /* the column's default */

/* What a caller asks for; see booking.create_booking for the fields' meaning. */
typedef struct BkBookingWish
{
	bool instant;
	int64 customer_id;
	const char *fare_code;
	const char *channel;
	const char *contact_email; /* or NULL */
	const char *contact_phone; /* or NULL */
	BkClaim *claims;
	int count;
	BkTender tender;          /* of an instant booking */
	BkTerms terms;            /* set by bk_booking_prepare, and so is */
	const char *due_currency; /* the currency of the flights */
	Datum total; /* numeric, in that currency; set by bk_booking_record, and so is */
	char reference[BK_REFERENCE_LENGTH + 1];
	TimestampTz confirmed_at; /* DT_NOEND for a hold */
} BkBookingWish;

/* A booking whose row the caller has locked. */
typedef struct BkBooking
{
	int64 booking_id;
	const char
		*status; /* "expired" for a hold that has lapsed, by the clock after the lock */
	Datum total_amount; /* numeric */
	const char *currency;
	int32 version;
	TimestampTz held_until; /* DT_NOEND where it is not held */
} BkBooking;

/* Reads the wish from the fields of POST /v1/bookings. Raises SB010. */
extern BkBookingWish bk_booking_read_wish(BkObject body);

/*
 * Makes a booking: all seats or none, held until payment or sold at once. Returns its id.
 * Raises SB001, SB002 (flight not on sale), SB006 (instant: not the server's amount), SB008, SB010, SB011 (no such
 * customer, flight or fare).
 */
extern int64 bk_booking_create(BkBookingWish *wish);

/*
 * The same in parts, for bookings that are made together: prepare checks the wish and sets its terms, then the seats of
 * its claims are claimed (seats.h), then record writes the booking. The wish stays where it is meanwhile.
 */
extern void bk_booking_prepare(BkBookingWish *wish);
extern int64 bk_booking_record(BkBookingWish *wish);

/* No particular version is asked for: no number that a caller can give. */
#define BK_ANY_VERSION PG_INT64_MIN

/*
 * Locks a booking's row, then looks at the clock. Raises SB010 (if_version is no version), SB011, and SB017 if the booking
 * is not at version if_version.
 */
extern BkBooking bk_booking_lock(int64 booking_id, int64 if_version);

/* The same for a booking of which something is live. Raises SB003 (a lapsed hold) and SB005 (cancelled) besides. */
extern BkBooking bk_booking_lock_live(int64 booking_id, int64 if_version);

/* Says that a hold has lapsed: SB003. */
pg_noreturn extern void bk_booking_refuse_lapsed(int64 booking_id);

/* The argument if_version of a SQL function, its number arg; BK_ANY_VERSION for null. */
extern int64 bk_booking_if_version(FunctionCallInfo fcinfo, int arg);

/* Writes a booking with its items and payments as a JSON object; returns its version. Raises SB011. */
extern int32 bk_booking_put(StringInfo out, int64 booking_id);

/* The same for a booking that this transaction has just made and not touched since: its row and items are not read. */
extern void bk_booking_put_new(StringInfo out, int64 booking_id,
							   const BkBookingWish *wish);

/*
 * After items have changed: total and status of the booking as they follow from its items; a new version. The booking is
 * locked.
 */
extern void bk_booking_settle(int64 booking_id);

/* One booking id as the bigint[] that seats.h and items.h take. */
extern Datum bk_booking_id_array(int64 booking_id);

/* One row: booking_id, booking_reference, status, total_amount, currency, payment_required_by, version. */
extern BkRows bk_booking_summary(int64 booking_id);

/*
 * Expires up to max_holds lapsed holds, oldest first, skipping those that another session works on; returns how many.
 * Raises SB010 unless max_holds is positive.
 */
extern uint64 bk_booking_expire_holds(int64 max_holds);

#endif
