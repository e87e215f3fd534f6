/*
 * shared_state.h
 *		State that all sessions share, in the server's shared memory.
 */
#ifndef BK_SHARED_STATE_H
#define BK_SHARED_STATE_H

#include "postgres.h"

/*
 * The state of that name, whose first member is its lock, a slock_t. The first session that asks for it makes it, all zero, of the room
 * that the server keeps for such: a few kilobytes. It is gone with the server.
 */
extern void *bk_shared_state(const char *name, Size size);

#endif
