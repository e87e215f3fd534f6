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

static void put_cancellation(BkResponse *response, int64 cancellation_id);

/* POST /v1/bookings/{id}/cancellations: {"items": [1, 2]}, without them every live item; answers with the quote. */
void
bk_http_cancellations_create(const BkRequest *request, BkResponse *response)
{
	BkItemList items = {.field = "items"};

	items.numbers = bk_json_int16_array(request->body, items.field, BK_MAX_ITEMS,
										&items.count);
	put_cancellation(response, bk_cancellation_quote(request->ids[0],
													 bk_http_if_match(request), &items));
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
