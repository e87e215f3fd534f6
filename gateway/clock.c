/*
 * clock.c
 *	  The monotonic clock. Rule: every deadline of the gateway is measured by it, so that a
 *	  clock that is set cannot end or prolong a wait.
 */
#include "clock.h"

#include <stdint.h>
#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

/* Milliseconds since some moment in the past; only differences mean anything. */
long
gw_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same clock to the nanosecond, for durations that are reported. */
double
gw_clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

/* Sleeps that long; a signal may end it early, so callers look at the clock again. */
void
gw_clock_sleep(long ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&pause, NULL);
}

/*
 * Sleeps before the next attempt (the first is 0): a random time of at most
 * base * 2^attempt, capped. Full jitter keeps threads that failed together from coming back
 * together.
 */
void
gw_clock_back_off(int attempt, long base_ms, long cap_ms)
{
	long most = base_ms;
	uint32_t random = 0;

	while (attempt-- > 0 && most < cap_ms)
		most *= 2;
	if (most > cap_ms)
		most = cap_ms;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
		random = (uint32_t) gw_clock_ms();
	gw_clock_sleep(1 + (long) (random % (uint32_t) most));
}

/* That moment on the clock that nobody sets. */
struct timespec
gw_clock_after(long ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000)
	{
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}
