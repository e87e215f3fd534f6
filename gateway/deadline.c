/*
 * deadline.c
 *	  One thread that watches the waits of all others: when one outlasts its time, it shuts
 *	  the socket for reading, and the wait ends as if the client had stopped sending. Rule:
 *	  a wait leaves the list under the lock, so that no socket is shut after its exchange.
 */
#include "deadline.h"

#include <pthread.h>
#include <stddef.h>
#include <sys/socket.h>

#include "clock.h"

#define TICK_MS 50

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static GwDeadline *waits; /* in no order: there are few, and most end early */

static void *watch(void *nothing);
static void end_late(void);

/* Starts the watching thread, which runs as long as the process. */
bool
gw_deadline_start(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, watch, NULL) != 0)
		return false;
	pthread_detach(thread);
	return true;
}

/* From now on reading from peer ends after ms, however slowly bytes come. */
void
gw_deadline_begin(GwDeadline *deadline, const GwPeer *peer, long ms)
{
	*deadline = (GwDeadline){.peer = *peer, .at = gw_clock_ms() + ms};
	pthread_mutex_lock(&lock);
	deadline->next = waits;
	if (waits != NULL)
		waits->previous = deadline;
	waits = deadline;
	pthread_mutex_unlock(&lock);
}

/* The wait is over; true when it was ended because its time had passed. */
bool
gw_deadline_end(GwDeadline *deadline)
{
	pthread_mutex_lock(&lock);
	if (deadline->previous != NULL)
		deadline->previous->next = deadline->next;
	else
		waits = deadline->next;
	if (deadline->next != NULL)
		deadline->next->previous = deadline->previous;
	pthread_mutex_unlock(&lock);
	return deadline->passed;
}

/* Looks at all waits, again and again. */
static void *
watch(void *nothing)
{
	for (;;)
	{
		gw_clock_sleep(TICK_MS);
		pthread_mutex_lock(&lock);
		end_late();
		pthread_mutex_unlock(&lock);
	}
	return nothing;
}

/* Ends the waits whose time has passed. The answer can still be sent. */
static void
end_late(void)
{
	long now = gw_clock_ms();

	for (GwDeadline *wait = waits; wait != NULL; wait = wait->next)
	{
		if (now < wait->at || wait->passed)
			continue;
		wait->passed = true;
		shutdown(gw_socket_find(&wait->peer), SHUT_RD);
	}
}
