/*
 * principal.c
 *		Who calls, and what is theirs.
 */
#include "postgres.h"

#include "identity/principal.h"

static BkPrincipal *caller = NULL;

BkPrincipal *
bk_principal_set(BkPrincipal *principal)
{
	BkPrincipal *before = caller;

	caller = principal;
	return before;
}

bool
bk_principal_has(int roles)
{
	return caller == NULL || (caller->roles & roles) != 0;
}

bool
bk_principal_is_stranger(void)
{
	return caller != NULL && caller->key_id == 0 && caller->booking_id == 0;
}

bool
bk_principal_has_booking(int64 booking_id)
{
	return bk_principal_has(BK_ROLE_AGENT) || caller->booking_id == booking_id;
}

void
bk_principal_admit(int64 booking_id)
{
	if (caller != NULL)
		caller->booking_id = booking_id;
}

const char *
bk_principal_address(void)
{
	return caller != NULL ? caller->address : NULL;
}
