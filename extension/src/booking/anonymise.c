/*
 * anonymise.c
 *		Takes the person out of a customer, and leaves the facts.
 *
 * What has personal data of a customer: its row, the contact of its bookings, the names of their passengers, for a day the responses
 * that were stored under an Idempotency-Key, and what shows whose a booking is. Events, payments and the warehouse have none. The
 * reports database follows by replication.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "base/result.h"
#include "base/words.h"
#include "booking/anonymise.h"
#include "booking/booking_summary.h"
#include "booking/customers.h"
#include "inventory/flights.h"

/* One after the other, as they are locked by those who have one. */
static BkQuery lock_bookings = BK_SELECT(
	"SELECT booking_id FROM public.bookings WHERE customer_id = $1 ORDER BY booking_id FOR NO KEY UPDATE",
	INT8OID);

/* A seat that the customer still has, on a flight that has not left. */
static BkQuery find_trip =
	BK_SELECT("SELECT i.booking_id, i.flight_id"
			  "  FROM public.bookings AS b"
			  "  JOIN public.booking_items AS i USING (booking_id)"
			  "  JOIN public.flights AS f USING (flight_id)"
			  " WHERE b.customer_id = $1 AND " BK_SQL_LIVE("i") " AND NOT " BK_SQL_LAPSED(
				  "b") " AND NOT " BK_SQL_LEFT("f") " LIMIT 1",
			  INT8OID);

static BkQuery forget_customer = BK_UPDATE(
	"UPDATE public.customers"
	"   SET full_name = 'Customer ' || customer_id, email = NULL, phone = NULL, updated_at = pg_catalog.clock_timestamp()"
	" WHERE customer_id = $1",
	INT8OID);

static BkQuery forget_contacts = BK_UPDATE(
	"UPDATE public.bookings"
	"   SET contact_email = NULL, contact_phone = NULL, updated_at = pg_catalog.clock_timestamp()"
	" WHERE customer_id = $1",
	INT8OID);

/* No two passengers of a flight have one name. */
static BkQuery forget_passengers = BK_UPDATE(
	"UPDATE public.booking_items AS i"
	"   SET passenger_name = pg_catalog.format('Passenger %s-%s', i.booking_id, i.item_no),"
	"       updated_at = pg_catalog.clock_timestamp()"
	"  FROM public.bookings AS b"
	" WHERE b.customer_id = $1 AND i.booking_id = b.booking_id",
	INT8OID);

static BkQuery forget_tokens =
	BK_DELETE("DELETE FROM booking_private.booking_tokens AS t"
			  " USING public.bookings AS b"
			  " WHERE b.customer_id = $1 AND t.booking_id = b.booking_id",
			  INT8OID);

/* The customer's own document, and those of its bookings, name the customer. */
static BkQuery forget_responses =
	BK_DELETE("DELETE FROM booking_private.idempotency_keys"
			  " WHERE body ~ ('\"customer_id\":' || $1 || '[,}]')",
			  INT8OID);

PG_FUNCTION_INFO_V1(booking_anonymise_customer);

/* booking.anonymise_customer(customer_id): takes the person out of a customer and returns the row. Raises SB010, SB011, SB026. */
Datum
booking_anonymise_customer(PG_FUNCTION_ARGS)
{
	bk_check_given("customer_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_result_return(fcinfo, bk_customer_anonymise(PG_GETARG_INT64(0)));
	SPI_finish();
	return (Datum) 0;
}

BkRows
bk_customer_anonymise(int64 customer_id)
{
	NullableDatum customer = bk_int64(customer_id);
	BkRows trips;

	bk_query_require_isolation();
	bk_customer_lock(customer_id);
	(void) bk_query_run(&lock_bookings, customer);
	trips = bk_query_run(&find_trip, customer);
	if (trips.count > 0)
		ereport(ERROR, errcode(SB_TRIPS_AHEAD),
				errmsg("customer " INT64_FORMAT " has a flight ahead", customer_id),
				errdetail("It is flight %s of booking %s.",
						  bk_row_text(trips, 0, "flight_id"),
						  bk_row_text(trips, 0, "booking_id")),
				errhint("Cancel it, or wait until it has left."));
	(void) bk_query_run(&forget_passengers, customer);
	(void) bk_query_run(&forget_contacts, customer);
	(void) bk_query_run(&forget_customer, customer);
	(void) bk_query_run(&forget_tokens, customer);
	(void) bk_query_run(&forget_responses, customer);
	return bk_customer_get(customer_id);
}
