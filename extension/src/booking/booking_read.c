/*
 * booking_read.c
 *		Finding a booking, and listing a customer's.
 *
 * A hold that has lapsed is shown as expired from that moment on, whether or not the sweep has been by; a list of expired
 * bookings has it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/booking_summary.h"
#include "booking/booking_read.h"

#define MAX_BOOKINGS 100 /* of a page */
#define MAX_REFERENCE_LENGTH \
	64 /* of what is searched for; one of another form is unknown */

static const char *const statuses[] = {BK_HELD,      BK_CONFIRMED, BK_PARTIALLY_CANCELLED,
									   BK_CANCELLED, BK_EXPIRED,   BK_COMPLETED,
									   NULL};

/* Newest first. $2 status or null, $3 the booking before the page. */
static BkQuery list_bookings = BK_SELECT(
	"SELECT " BK_SQL_SUMMARY ", b.created_at"
	"  FROM " BK_SQL_SHOWN_BOOKINGS
	" WHERE b.customer_id = $1 AND ($2 IS NULL OR s.status = $2) AND b.booking_id < $3"
	" ORDER BY b.booking_id DESC"
	" LIMIT $4",
	INT8OID, TEXTOID, INT8OID, INT8OID);

/* The last name is the end of the name, after a space: "Berg" and "van der Berg" both fit "Ann van der Berg". */
static BkQuery find_booking = BK_SELECT(
	"SELECT b.booking_id"
	"  FROM public.bookings AS b"
	" WHERE b.booking_reference = pg_catalog.upper($1)"
	"   AND EXISTS (SELECT"
	"                 FROM public.booking_items AS i"
	"                WHERE i.booking_id = b.booking_id"
	"                  AND pg_catalog.right(' ' || public.folded_text(i.passenger_name),"
	"                                       pg_catalog.length(public.folded_text($2)) + 1)"
	"                      = ' ' || public.folded_text($2))",
	TEXTOID, TEXTOID);

PG_FUNCTION_INFO_V1(booking_find_booking);
PG_FUNCTION_INFO_V1(booking_list_bookings);

/* booking.find_booking(booking_reference, last_name): the booking's summary. */
Datum
booking_find_booking(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_booking_return(fcinfo, bk_booking_find(bk_argument_text(fcinfo, 0),
											  bk_argument_text(fcinfo, 1)));
	SPI_finish();
	return (Datum) 0;
}

/* booking.list_bookings(customer_id, status, before, max_bookings): a page of a customer's bookings, newest first. */
Datum
booking_list_bookings(PG_FUNCTION_ARGS)
{
	BkBookingPage page = {
		.customer_id = bk_argument_int64(fcinfo, 0, 0),
		.status = bk_argument_text(fcinfo, 1),
		.before = bk_argument_int64(fcinfo, 2, PG_INT64_MAX),
		.max_bookings = bk_argument_int64(fcinfo, 3, BK_DEFAULT_BOOKINGS),
	};

	bk_check_given("customer_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_result_return(fcinfo, bk_booking_list(&page));
	SPI_finish();
	return (Datum) 0;
}

/* Two fields have two names each: the query parameter's, and the argument's. */
BkRows
bk_booking_list(const BkBookingPage *page)
{
	bk_check_range("customer_id", page->customer_id, 1, PG_INT64_MAX);
	bk_check_word("status", page->status, statuses);
	bk_check_range("after/before", page->before, 1, PG_INT64_MAX);
	bk_check_range("limit/max_bookings", page->max_bookings, 1, MAX_BOOKINGS);
	return bk_query_run(&list_bookings, bk_int64(page->customer_id),
						bk_text(page->status), bk_int64(page->before),
						bk_int64(page->max_bookings));
}

/* The checks come first, so that what is refused does not depend on the booking. */
int64
bk_booking_find(const char *reference, const char *last_name)
{
	int64 booking_id;

	bk_booking_check_search(reference, last_name);
	booking_id = bk_booking_search(reference, last_name);
	if (booking_id == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg(BK_NO_SUCH_BOOKING));
	return booking_id;
}

void
bk_booking_check_search(const char *reference, const char *last_name)
{
	bk_check_given("booking_reference", reference != NULL);
	bk_check_text("booking_reference", reference, MAX_REFERENCE_LENGTH);
	bk_check_given("last_name", last_name != NULL);
	bk_check_text("last_name", last_name, BK_MAX_NAME_LENGTH);
}

int64
bk_booking_search(const char *reference, const char *last_name)
{
	BkRows rows = bk_query_run(&find_booking, bk_text(reference), bk_text(last_name));

	return rows.count == 0 ? 0 : bk_row_int64(rows, 0, "booking_id");
}
