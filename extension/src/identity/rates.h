/*
 * rates.h
 *		How much a caller may ask for: requests and bookings a minute, and seats that guests hold.
 *
 * The limits stand in booking_private.rate_limits, for a stranger and for each role; who has several roles has the most that one of
 * them allows. A session reads them again when they are ten seconds old. A minute's counts are the server's, of all sessions together, in
 * shared memory: they cost no write, and a restart begins them anew. Who has a key is counted by it, anybody else by address.
 */
#ifndef BK_RATES_H
#define BK_RATES_H

/* Counts a request of the caller. Raises SB025. */
extern void bk_rate_request(void);

/* Counts bookings of the caller, of so many seats together if they are held. Raises SB025, and SB018 for a guest's seats. */
extern void bk_rate_bookings(int bookings, int held_seats);

#endif
