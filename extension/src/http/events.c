/*
 * events.c
 *		/v1/events: what has happened, for clients that follow.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/events.h"
#include "http/handlers.h"
#include "http/links.h"

/* GET /v1/events?after=&limit=: {"events": […], "next": what "after" takes to go on}. There is always a next: it may be empty yet. */
void
bk_http_events_list(const BkRequest *request, BkResponse *response)
{
	int64 after = bk_json_number(request->query, "after", 0);
	BkRows rows = bk_events_list(after, bk_json_number(request->query, "limit",
													   BK_DEFAULT_EVENTS));

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "events", rows);
	bk_http_put_next(request, response,
					 rows.count == 0 ? psprintf(INT64_FORMAT, after)
									 : bk_row_text(rows, rows.count - 1, "event_id"));
	bk_json_close(response->body, '}');
}
