/*
 * changes.c
 *		Handlers of changes: a quote and its confirmation, or another seat in one step.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/change_quote.h"
#include "booking/changes.h"
#include "http/etag.h"
#include "http/handlers.h"
#include "http/links.h"

static BkTender read_tender(const BkRequest *request);
static void put_change(BkResponse *response, int64 change_id);

/* POST /v1/bookings/{id}/changes: the body names items and where they go; answers with the quote, and where it is. */
void
bk_http_changes_create(const BkRequest *request, BkResponse *response)
{
	int count;
	BkMove *moves = bk_change_read_moves(request->body, &count);
	int64 change_id = bk_change_quote(request->ids[0], bk_http_if_match(request), moves,
									  count);

	bk_http_put_location(response, "/v1/changes", change_id);
	put_change(response, change_id);
}

/* GET /v1/changes/{id}: the quote, confirmed or not. */
void
bk_http_changes_get(const BkRequest *request, BkResponse *response)
{
	put_change(response, request->ids[0]);
}

/* POST /v1/changes/{id}/actions/confirm: "payment" where something is due; answers with the quote, confirmed. */
void
bk_http_changes_confirm(const BkRequest *request, BkResponse *response)
{
	BkTender tender = read_tender(request);

	bk_change_confirm(request->ids[0], &tender);
	put_change(response, request->ids[0]);
}

/* PUT /v1/bookings/{id}/items/{id}/seat: "seat", and "payment" where something is due; answers with the booking. */
void
bk_http_seat_change(const BkRequest *request, BkResponse *response)
{
	BkTender tender = read_tender(request);
	BkMove move = {.path = "",
				   .item_no = request->ids[1],
				   .seat_number = bk_json_text(request->body, "seat")};

	bk_change_seat(request->ids[0], bk_http_if_match(request), &move, &tender);
	bk_http_put_booking(response, request->ids[0]);
}

/* The member "payment" of the body; what errors name begins with it. */
static BkTender
read_tender(const BkRequest *request)
{
	return bk_tender_read(bk_json_object(request->body, "payment"));
}

/* The change, as SQL callers get it. */
static void
put_change(BkResponse *response, int64 change_id)
{
	bk_json_put_object(response->body, NULL, bk_change_row(change_id), 0);
}
