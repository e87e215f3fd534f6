/*
 * payments.c
 *		Handlers of /v1/bookings/{id}/payments.
 */
#include "postgres.h"

#include "booking/payments.h"
#include "http/etag.h"
#include "http/handlers.h"

/* POST /v1/bookings/{id}/payments: the body is a tender; answers with the booking. */
void
bk_http_payments_create(const BkRequest *request, BkResponse *response)
{
	BkTender tender = bk_tender_read(request->body);

	bk_payment_pay(request->ids[0], bk_http_if_match(request), &tender);
	bk_http_put_booking(response, request->ids[0]);
}
