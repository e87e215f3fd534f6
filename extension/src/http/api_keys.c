/*
 * api_keys.c
 *		/v1/api_keys: issue, list, revoke.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "base/json_texts.h"
#include "base/json_write.h"
#include "http/handlers.h"
#include "identity/api_keys.h"

#define DEFAULT_DAYS 365
#define MAX_DAYS 3650
#define MAX_ROLES 16

/* POST /v1/api_keys: {"client", "roles": […], "days": 365}; answers with the key, this once. */
void
bk_http_keys_issue(const BkRequest *request, BkResponse *response)
{
	Interval valid_for = {.day = (int32) bk_json_int64(request->body, "days", 1, MAX_DAYS,
													   BK_OPTIONAL, DEFAULT_DAYS)};
	BkApiKeyWish wish = {.client = bk_json_text(request->body, "client"),
						 .roles = bk_json_texts(request->body, "roles", MAX_ROLES,
												BK_REQUIRED),
						 .valid_for = bk_datum(IntervalPGetDatum(&valid_for))};
	BkRows rows;
	char *api_key;

	bk_json_require_known(request->body);
	rows = bk_api_key_issue(&wish, &api_key);
	response->once = true;
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, rows, 0);
	bk_json_put_string(response->body, "api_key", api_key);
	bk_json_close(response->body, '}');
}

/* GET /v1/api_keys: {"api_keys": […]}, without their secrets. */
void
bk_http_keys_list(const BkRequest *request, BkResponse *response)
{
	(void) request;
	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "api_keys", bk_api_keys_list());
	bk_json_close(response->body, '}');
}

/* POST /v1/api_keys/{id}/actions/revoke: no body; answers with the key as it is in the list. */
void
bk_http_keys_revoke(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL, bk_api_key_revoke(request->ids[0]), 0);
}
