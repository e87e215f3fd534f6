/*
 * bookings.h
 *		The row of a booking: locking it, settling it, letting it lapse.
 */
#ifndef BK_BOOKINGS_H
#define BK_BOOKINGS_H

#include "base/compat.h"
#include "base/query.h"

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

/*
 * After items have changed: total and status of the booking as they follow from its items; a new version. The booking is
 * locked.
 */
extern void bk_booking_settle(int64 booking_id);

/* Gives a hold another deadline; its caller gives its seats the same (bk_seats_hold_until) and settles it. The booking is locked. */
extern void bk_booking_hold_until(int64 booking_id, TimestampTz held_until);

/* One booking id as the bigint[] that seats.h and items.h take. */
extern Datum bk_booking_id_array(int64 booking_id);

/*
 * Expires up to max_holds lapsed holds, oldest first, skipping those that another session works on; returns how many.
 * Raises SB010 unless max_holds is positive.
 */
extern uint64 bk_booking_expire_holds(int64 max_holds);

#endif
