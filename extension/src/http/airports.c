/*
 * airports.c
 *		/v1/airports
 */
#include "postgres.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "inventory/airports.h"

/* GET /v1/airports?query=…: {"airports": […]} */
void
bk_http_airports_find(const BkRequest *request, BkResponse *response)
{
	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "airports",
					 bk_airports_find(bk_json_text(request->query, "query")));
	bk_json_close(response->body, '}');
}
