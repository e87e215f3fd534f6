/*
 * webhooks.c
 *		/v1/webhooks: make, list, end; what was sent to one, and send it again.
 */
#include "postgres.h"

#include "base/json_texts.h"
#include "base/json_write.h"
#include "booking/deliveries.h"
#include "booking/webhooks.h"
#include "http/handlers.h"
#include "http/links.h"

#define MAX_EVENT_TYPES 32

/* POST /v1/webhooks: {"url", "event_types": […], "after"}; answers with the webhook and its secret, this once. */
void
bk_http_webhooks_create(const BkRequest *request, BkResponse *response)
{
	BkObject body = request->body;
	BkWebhookWish wish = {.url = bk_json_text(body, "url"),
						  .event_types = bk_json_texts(body, "event_types",
													   MAX_EVENT_TYPES, BK_OPTIONAL),
						  .after = bk_json_int64(body, "after", 0, PG_INT64_MAX,
												 BK_OPTIONAL, -1)};
	BkRows rows;
	char *secret;

	bk_json_require_known(body);
	rows = bk_webhook_create(&wish, &secret);
	response->once = true;
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, rows, 0);
	bk_json_put_string(response->body, "secret", secret);
	bk_json_close(response->body, '}');
}

/* GET /v1/webhooks: {"webhooks": […]}, without their secrets. */
void
bk_http_webhooks_list(const BkRequest *request, BkResponse *response)
{
	(void) request;
	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "webhooks", bk_webhooks_list());
	bk_json_close(response->body, '}');
}

/* DELETE /v1/webhooks/{id}: ends it. */
void
bk_http_webhooks_delete(const BkRequest *request, BkResponse *response)
{
	(void) response;
	bk_webhook_delete(request->ids[0]);
}

/* GET /v1/webhooks/{id}/deliveries: {"deliveries": […], "next": what "after" takes, null on the last page}, newest first. */
void
bk_http_deliveries_list(const BkRequest *request, BkResponse *response)
{
	int64 limit = bk_json_number(request->query, "limit", BK_DEFAULT_DELIVERIES);
	BkRows rows = bk_deliveries_list(request->ids[0],
									 bk_json_number(request->query, "after", PG_INT64_MAX),
									 limit);

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "deliveries", rows);
	bk_http_put_next(request, response,
					 rows.count < (uint64) limit
						 ? NULL
						 : bk_row_text(rows, rows.count - 1, "delivery_id"));
	bk_json_close(response->body, '}');
}

/* POST /v1/webhooks/{id}/deliveries/{id}/actions/redeliver: no body; answers with the delivery, which is due now. */
void
bk_http_deliveries_redeliver(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL,
					   bk_delivery_repeat(request->ids[0], request->ids[1]), 0);
}
