/*
 * batches.c
 *		/v1/booking_batches: many bookings in one call.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/batch.h"
#include "http/handlers.h"
#include "identity/rates.h"

/* POST /v1/booking_batches: {"results": […]}, an outcome for each booking, in the order of the request. */
void
bk_http_batches_create(const BkRequest *request, BkResponse *response)
{
	BkBatchRequest batch = bk_batch_read_request(request->body);

	bk_rate_bookings(batch.count, 0);
	bk_json_open(response->body, '{');
	bk_json_key(response->body, "results");
	bk_batch_put(response->body, bk_batch_create(&batch), batch.count);
	bk_json_close(response->body, '}');
}
