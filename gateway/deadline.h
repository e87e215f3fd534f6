/*
 * deadline.h
 *	  Ends the waits of the HTTP library, which look at the clock only when nothing comes.
 */
#ifndef GW_DEADLINE_H
#define GW_DEADLINE_H

#include <stdbool.h>

#include "socket.h"

/* A wait under way; lives on the stack of the thread that waits. */
typedef struct GwDeadline
{
	GwPeer peer;
	long at; /* clock */
	bool passed;
	struct GwDeadline *next;
	struct GwDeadline *previous;
} GwDeadline;

extern bool gw_deadline_start(void);
extern void gw_deadline_begin(GwDeadline *deadline, const GwPeer *peer, long ms);
extern bool gw_deadline_end(GwDeadline *deadline);

#endif /* GW_DEADLINE_H */
