/*
 * attempt.h
 *		A step that may be refused without ending the whole.
 */
#ifndef BK_ATTEMPT_H
#define BK_ATTEMPT_H

#include "postgres.h"

/* Takes a step in a subtransaction: returns a refusal of ours (class SB), which undoes it alone, or NULL. Raises any other error. */
extern ErrorData *bk_attempt(void (*step)(void *), void *argument);

#endif
