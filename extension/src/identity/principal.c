/*
 * principal.c
 *		Who calls, and what is theirs.
 */
#include "postgres.h"

#include <arpa/inet.h>

#include "base/check.h"
#include "identity/principal.h"

#define NETWORK_BYTES 8 /* of an IPv6 address */

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

int64
bk_principal_key(void)
{
	return caller != NULL ? caller->key_id : 0;
}

const char *
bk_principal_network(const char *address)
{
	struct in_addr v4;
	struct in6_addr v6;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, address, &v4) == 1)
		return address;
	if (inet_pton(AF_INET6, address, &v6) != 1)
		bk_check_refuse("address", "must be an IP address");
	memset(v6.s6_addr + NETWORK_BYTES, 0, sizeof(v6.s6_addr) - NETWORK_BYTES);
	return pstrdup(inet_ntop(AF_INET6, &v6, text, sizeof(text)));
}
