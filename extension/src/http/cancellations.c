/*
 * cancellations.c
 *		Handlers of cancellations: a quote, then its confirmation.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "base/settings.h"
#include "booking/cancellations.h"
#include "http/etag.h"
#include "http/handlers.h"
#include "http/links.h"

static void put_cancellation(BkResponse *response, int64 cancellation_id);

/* POST /v1/bookings/{id}/cancellations: {"items": [1, 2]}, without them every live item; answers with the quote, and where it is. */
void
bk_http_cancellations_create(const BkRequest *request, BkResponse *response)
{
	BkItemList items = {.field = "items"};
	int64 cancellation_id;

	items.numbers = bk_json_int16_array(request->body, items.field, BK_MAX_ITEMS,
										&items.count);
	cancellation_id = bk_cancellation_quote(request->ids[0], bk_http_if_match(request),
											&items);
	bk_http_put_location(response, "/v1/cancellations", cancellation_id);
	put_cancellation(response, cancellation_id);
}

/* GET /v1/cancellations/{id}: the quote, confirmed or not. */
void
bk_http_cancellations_get(const BkRequest *request, BkResponse *response)
{
	put_cancellation(response, request->ids[0]);
}

/* POST /v1/cancellations/{id}/actions/confirm: no body; answers with the quote, confirmed. */
void
bk_http_cancellations_confirm(const BkRequest *request, BkResponse *response)
{
	bk_cancellation_confirm(request->ids[0]);
	put_cancellation(response, request->ids[0]);
}

/* The cancellation, as SQL callers get it. */
static void
put_cancellation(BkResponse *response, int64 cancellation_id)
{
	bk_json_put_object(response->body, NULL, bk_cancellation_row(cancellation_id), 0);
}
