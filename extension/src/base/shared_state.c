/*
 * shared_state.c
 *		State that all sessions share, in the server's shared memory.
 */
#include "postgres.h"

#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"

#include "base/shared_state.h"

void *
bk_shared_state(const char *name, Size size)
{
	void *state;
	bool found;

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	state = ShmemInitStruct(name, size, &found);
	if (!found)
	{
		memset(state, 0, size);
		SpinLockInit((slock_t *) state);
	}
	LWLockRelease(AddinShmemInitLock);
	return state;
}
