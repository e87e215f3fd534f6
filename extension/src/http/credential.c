/*
 * credential.c
 *		Who calls booking_api: the one place that looks at a credential.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "http/credential.h"
#include "identity/api_keys.h"
#include "identity/booking_tokens.h"
#include "identity/rates.h"

#define SCHEME "Bearer "

static bool name_principal(const char *credential, BkPrincipal *principal);

void
bk_credential_read(BkRequest *request)
{
	const char *credential = bk_json_text(request->context, "authorization");
	const char *address = bk_json_text(request->context, "address");

	if (address != NULL)
		request->principal.address = bk_principal_network(address);
	if (credential == NULL || name_principal(credential, &request->principal))
		return;
	bk_rate_request();
	ereport(ERROR, errcode(SB_CREDENTIAL_INVALID), errmsg("the credential is not valid"),
			errdetail("It is neither a key nor a booking's token, or it has ended."));
}

/* Leaves the principal as it is where the credential does not hold. */
static bool
name_principal(const char *credential, BkPrincipal *principal)
{
	int64 key_id;
	int roles;

	if (pg_strncasecmp(credential, SCHEME, strlen(SCHEME)) != 0)
		return false;
	credential += strlen(SCHEME);
	if (bk_api_key_check(credential, &key_id, &roles))
	{
		principal->key_id = key_id;
		principal->roles = roles;
		return true;
	}
	principal->booking_id = bk_booking_token_check(credential);
	return principal->booking_id != 0;
}
