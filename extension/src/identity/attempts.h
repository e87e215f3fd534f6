/*
 * attempts.h
 *		Failed attempts to find a booking by its reference and a last name.
 *
 * They are counted by reference and by address (of IPv6 the first 64 bits), for an hour from the first on. An attempt counts before
 * it is judged, so that of many at once no more are judged than may fail, and no longer once it has proved right.
 */
#ifndef BK_ATTEMPTS_H
#define BK_ATTEMPTS_H

/*
 * Counts an attempt at a reference, from the caller's address. Raises SB023 where one of the two has failed too often: five times an
 * hour for a reference, twenty times for an address.
 */
extern void bk_attempt_begin(const char *reference);

/* The attempt was right. */
extern void bk_attempt_forgive(const char *reference);

/* Deletes the counts that are past their hour. */
extern void bk_attempts_forget(void);

#endif
