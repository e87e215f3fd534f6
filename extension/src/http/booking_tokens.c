/*
 * booking_tokens.c
 *		Handlers of booking tokens: making one by reference and last name, ending all.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/bookings.h"
#include "http/etag.h"
#include "http/find_booking.h"
#include "http/handlers.h"
#include "identity/booking_tokens.h"

/* POST /v1/booking_tokens: {"booking_reference", "last_name"}; answers with the booking's id and a token that holds for a while. */
void
bk_http_tokens_create(const BkRequest *request, BkResponse *response)
{
	int64 booking_id = bk_http_find_booking(request->body, response);
	TimestampTz expires_at = GetCurrentTimestamp() +
							 BK_TOKEN_MINUTES * SECS_PER_MINUTE * USECS_PER_SEC;

	if (booking_id == 0)
		return;
	response->once = true;
	bk_json_open(response->body, '{');
	bk_json_put_int64(response->body, "booking_id", booking_id);
	bk_json_put_string(response->body, "booking_token",
					   bk_booking_token_issue(booking_id, expires_at));
	bk_json_put_timestamp(response->body, "expires_at", expires_at);
	bk_json_close(response->body, '}');
}

/* DELETE /v1/bookings/{id}/tokens: ends all tokens of the booking. */
void
bk_http_tokens_revoke(const BkRequest *request, BkResponse *response)
{
	(void) response;
	(void) bk_booking_lock(request->ids[0], bk_http_if_match(request));
	(void) bk_booking_tokens_revoke(request->ids[0]);
}
