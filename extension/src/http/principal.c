/*
 * principal.c
 *		Who calls: the one place that looks at a credential.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "http/principal.h"
#include "identity/api_keys.h"

#define SCHEME "Bearer "

BkPrincipal
bk_principal_read(const BkRequest *request)
{
	const char *credential = bk_json_text(request->context, "authorization");
	BkPrincipal principal = {0};

	if (credential == NULL)
		return principal;
	if (pg_strncasecmp(credential, SCHEME, strlen(SCHEME)) == 0 &&
		bk_api_key_check(credential + strlen(SCHEME), &principal.key))
		return principal;
	ereport(ERROR, errcode(SB_CREDENTIAL_INVALID), errmsg("the credential is not valid"),
			errdetail("It is no key, or one that has ended."));
}
