/*
 * payments.c
 *		Handlers of payments: paying a booking, and an entry of the ledger.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/payments.h"
#include "http/etag.h"
#include "http/handlers.h"
#include "http/links.h"

/* POST /v1/bookings/{id}/payments: the body is a tender; answers with the booking, and where the payment is. */
void
bk_http_payments_create(const BkRequest *request, BkResponse *response)
{
	BkTender tender = bk_tender_read(request->body);
	int64 payment_id = bk_payment_pay(request->ids[0], bk_http_if_match(request), &tender);

	if (payment_id != 0)
		bk_http_put_location(response, "/v1/payments", payment_id);
	bk_http_put_booking(response, request->ids[0]);
}

/* GET /v1/payments/{id}: an entry of the ledger. */
void
bk_http_payments_get(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL, bk_payment_row(request->ids[0]), 0);
}
