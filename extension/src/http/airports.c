/*
 * airports.c
 *		/v1/airports
 */
#include "postgres.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "http/links.h"
#include "inventory/airports.h"

/* GET /v1/airports?query=…: {"airports": […], "next": what "after" takes, null on the last page} */
void
bk_http_airports_find(const BkRequest *request, BkResponse *response)
{
	int64 limit = bk_json_number(request->query, "limit", BK_DEFAULT_AIRPORTS);
	BkRows rows = bk_airports_find(bk_json_text(request->query, "query"),
								   bk_json_text(request->query, "after"), limit);

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "airports", rows);
	bk_http_put_next(request, response,
					 rows.count < (uint64) limit
						 ? NULL
						 : bk_row_text(rows, rows.count - 1, "iata"));
	bk_json_close(response->body, '}');
}
