/*
 * bookings.c
 *		/v1/bookings: make, find, list, read.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "booking/booking_create.h"
#include "booking/booking_document.h"
#include "booking/booking_read.h"
#include "booking/booking_request.h"
#include "http/etag.h"
#include "http/find_booking.h"
#include "http/handlers.h"
#include "http/links.h"
#include "http/refusal.h"
#include "identity/rates.h"

static void list_bookings(const BkRequest *request, BkResponse *response);

/* POST /v1/bookings: the booking, where it is, its ETag, and its token where no agent asks. */
void
bk_http_bookings_create(const BkRequest *request, BkResponse *response)
{
	BkBookingRequest wanted = bk_booking_read_request(request->body);
	BkNewBooking booking;

	bk_json_require_known(request->body); /* before seats are claimed for nothing */
	bk_rate_bookings(1, wanted.instant ? 0 : wanted.count);
	bk_booking_create(&wanted, &booking);
	bk_http_put_location(response, "/v1/bookings", booking.booking_id);
	response->version = BK_FIRST_VERSION;
	if (!bk_principal_has(BK_ROLE_AGENT))
		response->token_of = booking.booking_id;
	bk_booking_put_new(response->body, &booking);
}

/* GET /v1/bookings: with customer_id that customer's, for agents, else the one of a reference and a last name. */
void
bk_http_bookings_find(const BkRequest *request, BkResponse *response)
{
	int64 booking_id;

	if (bk_json_given(request->query, "customer_id"))
	{
		bk_http_require_role(BK_ROLE_AGENT);
		list_bookings(request, response);
		return;
	}
	booking_id = bk_http_find_booking(request->query, response);
	if (booking_id != 0)
		bk_http_put_booking(response, booking_id);
}

/* GET /v1/bookings/{id}: the booking and its ETag. */
void
bk_http_bookings_get(const BkRequest *request, BkResponse *response)
{
	bk_http_put_booking(response, request->ids[0]);
}

/* {"bookings": […], "next": what "after" takes, null on the last page} */
static void
list_bookings(const BkRequest *request, BkResponse *response)
{
	BkObject query = request->query;
	StringInfo out = response->body;
	BkBookingPage page = {
		.customer_id = bk_json_number(query, "customer_id", 0),
		.status = bk_json_text(query, "status"),
		.before = bk_json_number(query, "after", PG_INT64_MAX),
		.max_bookings = bk_json_number(query, "limit", BK_DEFAULT_BOOKINGS),
	};
	BkRows rows = bk_booking_list(&page);

	bk_json_open(out, '{');
	bk_json_put_rows(out, "bookings", rows);
	bk_http_put_next(request, response,
					 rows.count < (uint64) page.max_bookings
						 ? NULL
						 : bk_row_text(rows, rows.count - 1, "booking_id"));
	bk_json_close(out, '}');
}
