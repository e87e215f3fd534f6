/*
 * booking_create.c
 *		Makes bookings: checks the wish, claims the seats (seats.c), has the rows written (booking_record.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "booking/bookings.h"
#include "booking/items.h"
#include "http/handlers.h"
#include "inventory/flights.h"

/* What a booking of this flight must know, with the fare's factor (null: no such fare) and whether the customer is there. */
static BkQuery find_terms =
	BK_SELECT("SELECT " BK_SQL_ON_SALE ", f.currency, f.sales_close_at,"
			  "       (SELECT price_factor FROM public.fares WHERE fare_code = $2),"
			  "       EXISTS (SELECT FROM public.customers WHERE customer_id = $3)"
			  "  FROM public.flights AS f"
			  " WHERE f.flight_id = $1",
			  INT8OID, TEXTOID, INT8OID);

enum terms_column
{
	ON_SALE = 1,
	CURRENCY,
	SALES_CLOSE_AT,
	PRICE_FACTOR,
	CUSTOMER_FOUND
};

/* The row lock makes one customer's holds wait for one another, so that the count is exact. */
static BkQuery lock_customer = BK_SELECT(
	"SELECT 1 FROM public.customers WHERE customer_id = $1 FOR NO KEY UPDATE", INT8OID);

static BkQuery count_holds =
	BK_SELECT("SELECT pg_catalog.count(*)"
			  "  FROM public.bookings"
			  " WHERE customer_id = $1 AND status = 'held'"
			  "   AND payment_required_by > pg_catalog.clock_timestamp()",
			  INT8OID);

static void return_new(FunctionCallInfo fcinfo, int64 booking_id,
					   const BkBookingWish *wish);
static bool flight_seen(const BkBookingWish *wish, int claim);
static TimestampTz read_terms(BkBookingWish *wish, int64 flight_id);
static void require_hold_quota(int64 customer_id);

PG_FUNCTION_INFO_V1(booking_create_booking);

/* booking.create_booking(booking): see its COMMENT. */
Datum
booking_create_booking(PG_FUNCTION_ARGS)
{
	BkBookingWish wish;

	SPI_connect();
	wish = bk_booking_read_wish(bk_json_top(PG_GETARG_JSONB_P(0), "booking"));
	return_new(fcinfo, bk_booking_create(&wish), &wish);
	SPI_finish();
	return (Datum) 0;
}

/* The summary of a booking just made, which needs no look at its row. */
static void
return_new(FunctionCallInfo fcinfo, int64 booking_id, const BkBookingWish *wish)
{
	Datum values[] = {
		Int64GetDatum(booking_id),
		CStringGetTextDatum(wish->reference),
		CStringGetTextDatum(wish->instant ? "confirmed" : "held"),
		wish->total,
		CStringGetTextDatum(wish->due_currency),
		TimestampTzGetDatum(wish->terms.held_until),
		Int32GetDatum(BK_FIRST_VERSION),
	};
	bool nulls[] = {false, false, false, false, false, wish->instant, false};

	bk_result_begin(fcinfo);
	bk_result_add(fcinfo, values, nulls);
}

void
bk_http_bookings_create(const BkRequest *request, BkResponse *response)
{
	BkBookingWish wish = bk_booking_read_wish(request->body);
	int64 booking_id = bk_booking_create(&wish);

	bk_json_put_string(response->headers, "Location",
					   psprintf("/v1/bookings/" INT64_FORMAT, booking_id));
	bk_json_put_string(response->headers, "ETag", psprintf("\"%d\"", BK_FIRST_VERSION));
	bk_booking_put_new(response->body, booking_id, &wish);
}

int64
bk_booking_create(BkBookingWish *wish)
{
	bool alone = !TransactionIdIsValid(GetTopTransactionIdIfAny());
	int64 booking_id;

	bk_booking_prepare(wish);
	bk_seats_claim(wish->claims, wish->count);
	bk_items_expire_claimed(wish->claims, wish->count);
	booking_id = bk_booking_record(wish);
	if (!wish->instant && alone && !bk_hold_durable)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	return booking_id;
}

void
bk_booking_prepare(BkBookingWish *wish)
{
	TimestampTz held_until = GetCurrentTimestamp() + bk_hold_duration * USECS_PER_SEC;

	for (int i = 0; i < wish->count; i++)
	{
		wish->claims[i].terms = &wish->terms;
		if (!flight_seen(wish, i))
		{
			TimestampTz sales_close_at = read_terms(wish, wish->claims[i].flight_id);

			held_until = Min(held_until, sales_close_at);
		}
	}
	wish->terms.status = wish->instant ? "booked" : "held";
	wish->terms.held_until = held_until;
	if (!wish->instant && bk_max_holds > 0)
		require_hold_quota(wish->customer_id);
}

/* Whether an earlier claim is for the same flight. */
static bool
flight_seen(const BkBookingWish *wish, int claim)
{
	for (int i = 0; i < claim; i++)
		if (wish->claims[i].flight_id == wish->claims[claim].flight_id)
			return true;
	return false;
}

/* The flight is on sale, in the currency of the others; fare and customer exist. Returns when its sales end. */
static TimestampTz
read_terms(BkBookingWish *wish, int64 flight_id)
{
	Datum values[] = {Int64GetDatum(flight_id), CStringGetTextDatum(wish->fare_code),
					  Int64GetDatum(wish->customer_id)};
	BkRows terms = bk_query_run_old(&find_terms, values, NULL);
	char *currency;

	if (terms.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	if (!bk_row_bool_at(terms, 0, ON_SALE))
		ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
				errmsg("flight " INT64_FORMAT " is not on sale", flight_id),
				errdetail("It is outside its sales window, has left or is cancelled."));
	if (!bk_row_bool_at(terms, 0, CUSTOMER_FOUND))
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no customer " INT64_FORMAT, wish->customer_id));
	if (bk_row_isnull_at(terms, 0, PRICE_FACTOR))
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no fare \"%s\"", wish->fare_code));

	currency = bk_row_text_at(terms, 0, CURRENCY);
	if (wish->due_currency != NULL && strcmp(currency, wish->due_currency) != 0)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("the flights are sold in different currencies"),
				errhint("Make a booking for each currency."));
	wish->due_currency = currency;
	wish->terms.fare_factor = bk_row_value_at(terms, 0, PRICE_FACTOR);
	return bk_row_timestamptz_at(terms, 0, SALES_CLOSE_AT);
}

static void
require_hold_quota(int64 customer_id)
{
	Datum values[] = {Int64GetDatum(customer_id)};

	(void) bk_query_run_old(&lock_customer, values, NULL);
	if (bk_row_int64_at(bk_query_run_old(&count_holds, values, NULL), 0, 1) >=
		bk_max_holds)
		ereport(ERROR, errcode(SB_HOLD_QUOTA),
				errmsg("customer " INT64_FORMAT " has %d holds already", customer_id,
					   bk_max_holds),
				errhint("Pay one, cancel one or let one lapse."));
}
