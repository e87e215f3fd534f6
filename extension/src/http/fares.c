/*
 * fares.c
 *		/v1/fares: the fares on sale, and what they allow.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/fares.h"
#include "http/handlers.h"

/* GET /v1/fares: {"fares": […]} */
void
bk_http_fares_list(const BkRequest *request, BkResponse *response)
{
	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "fares", bk_fares_list());
	bk_json_close(response->body, '}');
}
