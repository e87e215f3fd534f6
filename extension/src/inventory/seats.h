/*
 * seats.h
 *		Seat inventory: claiming, booking and releasing seats.
 *
 * Lock order, everywhere: own customer row, own booking row, then seats in (flight_id, seat_number) order, then items.
 * Claims of named seats wait at most for another claim's commit; claims of any seat skip what others have locked. Nothing
 * here waits for another booking's row.
 */
#ifndef BK_SEATS_H
#define BK_SEATS_H

#include "base/compat.h"
#include "inventory/claims.h"

/*
 * Claims a seat for each wish, all or none, and takes over those of lapsed holds. The caller settles these holds
 * (bk_items_expire_claimed) before it writes items of its own. Raises SB001 naming seats that are gone, SB010 for a seat
 * that does not exist, or is in an exit row and wanted for a minor.
 */
extern void bk_seats_claim(BkClaim *claims, int count);

/* Says that no minor may sit in a seat: SB010. */
pg_noreturn extern void bk_seats_refuse_minor(const char *seat_number, int64 flight_id);

/* Locks the named seats of claims in lock order, whatever their state, for a caller who claims them later one by one. */
extern void bk_seats_lock_named(const BkClaim *claims, int count);

/* Locks the seats of the live items of bookings (bigint[]) in lock order. */
extern void bk_seats_lock(Datum booking_ids);

/* Locks the seats that a change leaves and those that it takes, together in lock order. */
extern void bk_seats_lock_change(int64 booking_id, int64 change_id);

/* Turns the seats of the held items of a booking into booked ones. The seats are locked. */
extern void bk_seats_book(int64 booking_id);

/* Gives the seats of the held items of a booking another deadline. The seats are locked. */
extern void bk_seats_hold_until(int64 booking_id, TimestampTz held_until);

/* Makes seats available again (parallel arrays bigint[] and text[]). The seats are locked. */
extern void bk_seats_release(Datum flight_ids, Datum seat_numbers);

#endif
