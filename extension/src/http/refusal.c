/*
 * refusal.c
 *		Refusals that are not a noun's: of a caller, and those whose effect stays.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "http/refusal.h"

void
bk_http_require_role(int roles)
{
	if (roles == 0 || bk_principal_has(roles))
		return;
	if (bk_principal_is_stranger())
		ereport(ERROR, errcode(SB_CREDENTIAL_REQUIRED), errmsg("this needs an API key"),
				errhint("Send it as \"Authorization: Bearer\" and the key."));
	ereport(ERROR, errcode(SB_NOT_ALLOWED), errmsg("the credential is not good for this"));
}

void
bk_http_refuse(BkResponse *response, int sqlstate, const char *detail, const char *hint)
{
	response->refused = true;
	resetStringInfo(response->body);
	bk_json_open(response->body, '{');
	bk_json_put_string(response->body, "sqlstate", unpack_sql_state(sqlstate));
	bk_json_put_string(response->body, "detail", detail);
	bk_json_put_string(response->body, "hint", hint);
	bk_json_close(response->body, '}');
}
