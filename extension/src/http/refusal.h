/*
 * refusal.h
 *		Refusals that are not a noun's: of a caller, and those whose effect stays.
 */
#ifndef BK_REFUSAL_H
#define BK_REFUSAL_H

#include "http/request.h"

/* Refuses a caller who has none of the roles, if there are any: SB024 where there is no credential, else SB022. */
extern void bk_http_require_role(int roles);

/*
 * Makes an error the response, so that what was done before it stays done: a row without a status, whose body is
 * {"sqlstate", "detail", "hint"}.
 */
extern void bk_http_refuse(BkResponse *response, int sqlstate, const char *detail,
						   const char *hint);

#endif
