/*
 * clock.h
 *	  Time that nobody can set, and waiting.
 */
#ifndef GW_CLOCK_H
#define GW_CLOCK_H

#include <time.h>

extern long gw_clock_ms(void);
extern struct timespec gw_clock_after(long ms);
extern double gw_clock_seconds(void);
extern void gw_clock_sleep(long ms);
extern void gw_clock_back_off(int attempt, long base_ms, long cap_ms);

#endif /* GW_CLOCK_H */
