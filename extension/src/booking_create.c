/*
 * booking_create.c
 *		Makes bookings: checks the wish, claims the seats, writes the rows.
 *
 * Lock order: seats.h. A new booking's row is nobody else's to wait for, so it is written after the seats are claimed,
 * when its total is known.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/numeric.h"

#include "booking.h"
#include "bookings.h"
#include "errcodes.h"
#include "flights.h"
#include "items.h"
#include "payments.h"
#include "result.h"

#define REFERENCE_ALPHABET "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#define REFERENCE_LENGTH 6
#define REFERENCE_ATTEMPTS 20

/* The flights of a booking: are all on sale, in which currency, and when do sales end? */
static BkQuery check_flights = {
	.sql = "SELECT w.flight_id,"
		   "       f.flight_id IS NOT NULL,"
		   "       " BK_SQL_ON_SALE ","
		   "       f.currency, f.sales_close_at"
		   "  FROM pg_catalog.unnest($1) AS w (flight_id)"
		   "  LEFT JOIN public.flights AS f USING (flight_id)"
		   " ORDER BY f.sales_close_at",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static BkQuery find_fare = {
	.sql = "SELECT price_factor FROM public.fares WHERE fare_code = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {TEXTOID},
};

static BkQuery find_customer = {
	.sql = "SELECT 1 FROM public.customers WHERE customer_id = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* The row lock makes one customer's holds wait for one another, so that the count is exact. */
static BkQuery lock_customer = {
	.sql = "SELECT 1 FROM public.customers WHERE customer_id = $1 FOR NO KEY UPDATE",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery count_holds = {
	.sql = "SELECT pg_catalog.count(*)"
		   "  FROM public.bookings"
		   " WHERE customer_id = $1 AND status = 'held'"
		   "   AND payment_required_by > pg_catalog.clock_timestamp()",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery insert_booking = {
	.sql =
		"INSERT INTO public.bookings"
		"       (booking_reference, customer_id, status, fare_code, channel, total_amount, currency,"
		"        payment_required_by, confirmed_at, contact_email, contact_phone)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8,"
		"         CASE $3 WHEN 'confirmed' THEN pg_catalog.clock_timestamp() END, $9, $10)"
		" ON CONFLICT ON CONSTRAINT bookings_reference_key DO NOTHING"
		" RETURNING booking_id",
	.expect = SPI_OK_INSERT_RETURNING,
	.nargs = 10,
	.argtypes = {TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, BPCHAROID,
				 TIMESTAMPTZOID, TEXTOID, TEXTOID},
};

static void require_flights(BkBookingWish *wish, TimestampTz *sales_close_at);
static void require_hold_quota(int64 customer_id);
static Datum fare_factor(const char *fare_code);
static void require_customer(int64 customer_id);
static Datum sum_prices(const BkClaim *claims, int count);
static int64 insert(const BkBookingWish *wish, Datum total);
static void new_reference(char *reference);

PG_FUNCTION_INFO_V1(booking_create_booking);

/* booking.create_booking(booking): see its COMMENT. */
Datum
booking_create_booking(PG_FUNCTION_ARGS)
{
	BkBookingWish wish;

	SPI_connect();
	wish = bk_booking_read_wish(bk_json_top(PG_GETARG_JSONB_P(0), "booking"));
	bk_result_return(fcinfo, bk_booking_summary(bk_booking_create(&wish)));
	SPI_finish();
	return (Datum) 0;
}

void
bk_bookings_create(const BkRequest *request, BkResponse *response)
{
	BkBookingWish wish = bk_booking_read_wish(request->body);
	int64 booking_id = bk_booking_create(&wish);

	response->status = 201;
	bk_json_put_string(response->headers, "Location",
					   psprintf("/v1/bookings/" INT64_FORMAT, booking_id));
	bk_booking_respond(response, booking_id);
}

int64
bk_booking_create(BkBookingWish *wish)
{
	bool alone = !TransactionIdIsValid(GetTopTransactionIdIfAny());
	int64 booking_id;

	bk_booking_prepare(wish);
	bk_seats_claim(wish->claims, wish->count);
	booking_id = bk_booking_record(wish);
	if (!wish->instant && alone && !bk_hold_durable)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	return booking_id;
}

void
bk_booking_prepare(BkBookingWish *wish)
{
	TimestampTz held_until;
	TimestampTz sales_close_at;

	require_flights(wish, &sales_close_at);
	require_customer(wish->customer_id);
	if (!wish->instant && bk_max_holds > 0)
		require_hold_quota(wish->customer_id);

	held_until = GetCurrentTimestamp() + bk_hold_duration * USECS_PER_SEC;
	wish->terms.status = wish->instant ? "booked" : "held";
	wish->terms.held_until = Min(held_until, sales_close_at);
	wish->terms.fare_factor = fare_factor(wish->fare_code);
	for (int i = 0; i < wish->count; i++)
		wish->claims[i].terms = &wish->terms;
}

int64
bk_booking_record(const BkBookingWish *wish)
{
	Datum total = sum_prices(wish->claims, wish->count);
	int64 booking_id;

	if (wish->instant)
		bk_payment_compare(wish->amount, wish->currency, total, wish->due_currency);
	booking_id = insert(wish, total);
	bk_items_insert(booking_id, wish->claims, wish->count,
					wish->instant ? "confirmed" : "held");
	if (wish->instant)
		bk_payment_enter(booking_id, total, wish->due_currency, wish->method, 0, 0);
	return booking_id;
}

/* All flights exist, are on sale and share a currency; sales of the first to close end at sales_close_at. */
static void
require_flights(BkBookingWish *wish, TimestampTz *sales_close_at)
{
	Datum flight_ids[BK_MAX_ITEMS];
	Datum values[1];
	BkRows rows;

	for (int i = 0; i < wish->count; i++)
		flight_ids[i] = Int64GetDatum(wish->claims[i].flight_id);
	values[0] = PointerGetDatum(construct_array_builtin(flight_ids, wish->count, INT8OID));
	rows = bk_query_run(&check_flights, values, NULL);

	for (uint64 row = 0; row < rows.count; row++)
	{
		int64 flight_id = bk_row_int64(rows, row, 1);

		if (!bk_row_bool(rows, row, 2))
			ereport(ERROR, errcode(SB_NOT_FOUND),
					errmsg("no flight " INT64_FORMAT, flight_id));
		if (!bk_row_bool(rows, row, 3))
			ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
					errmsg("flight " INT64_FORMAT " is not on sale", flight_id),
					errdetail(
						"It is outside its sales window, has left or is cancelled."));
		if (strcmp(bk_row_text(rows, row, 4), bk_row_text(rows, 0, 4)) != 0)
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg("the flights are sold in different currencies"),
					errhint("Make a booking for each currency."));
	}
	wish->due_currency = bk_row_text(rows, 0, 4);
	*sales_close_at = bk_row_timestamptz(rows, 0, 5);
}

static void
require_customer(int64 customer_id)
{
	Datum values[] = {Int64GetDatum(customer_id)};

	if (bk_query_run(&find_customer, values, NULL).count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no customer " INT64_FORMAT, customer_id));
}

static void
require_hold_quota(int64 customer_id)
{
	Datum values[] = {Int64GetDatum(customer_id)};

	(void) bk_query_run(&lock_customer, values, NULL);
	if (bk_row_int64(bk_query_run(&count_holds, values, NULL), 0, 1) >= bk_max_holds)
		ereport(ERROR, errcode(SB_HOLD_QUOTA),
				errmsg("customer " INT64_FORMAT " has %d holds already", customer_id,
					   bk_max_holds),
				errhint("Pay one, cancel one or let one lapse."));
}

static Datum
fare_factor(const char *fare_code)
{
	Datum values[] = {CStringGetTextDatum(fare_code)};
	BkRows rows = bk_query_run(&find_fare, values, NULL);
	bool isnull;

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no fare \"%s\"", fare_code));
	return bk_row_datum(rows, 0, 1, &isnull);
}

static Datum
sum_prices(const BkClaim *claims, int count)
{
	Datum total = claims[0].price;

	for (int i = 1; i < count; i++)
		total = DirectFunctionCall2(numeric_add, total, claims[i].price);
	return total;
}

/* Writes the booking's row under a reference that nobody has. */
static int64
insert(const BkBookingWish *wish, Datum total)
{
	char reference[REFERENCE_LENGTH + 1];
	Datum values[10];
	char nulls[11] = "          ";

	values[1] = Int64GetDatum(wish->customer_id);
	values[2] = CStringGetTextDatum(wish->instant ? "confirmed" : "held");
	values[3] = CStringGetTextDatum(wish->fare_code);
	values[4] = CStringGetTextDatum(wish->channel);
	values[5] = total;
	values[6] = CStringGetTextDatum(wish->due_currency);
	values[7] = TimestampTzGetDatum(wish->terms.held_until);
	values[8] = CStringGetTextDatum(wish->contact_email != NULL ? wish->contact_email
																: "");
	values[9] = CStringGetTextDatum(wish->contact_phone != NULL ? wish->contact_phone
																: "");
	nulls[7] = wish->instant ? 'n' : ' ';
	nulls[8] = wish->contact_email == NULL ? 'n' : ' ';
	nulls[9] = wish->contact_phone == NULL ? 'n' : ' ';

	for (int attempt = 0; attempt < REFERENCE_ATTEMPTS; attempt++)
	{
		BkRows rows;

		new_reference(reference);
		values[0] = CStringGetTextDatum(reference);
		rows = bk_query_run(&insert_booking, values, nulls);
		if (rows.count == 1)
			return bk_row_int64(rows, 0, 1);
	}
	ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("no free booking reference in %d attempts", REFERENCE_ATTEMPTS));
}

/* Six random characters; 32 letters make every one five random bits. */
static void
new_reference(char *reference)
{
	unsigned char bytes[REFERENCE_LENGTH];

	if (!pg_strong_random(bytes, sizeof(bytes)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
				errmsg("no random bytes to be had"));
	for (int i = 0; i < REFERENCE_LENGTH; i++)
		reference[i] = REFERENCE_ALPHABET[bytes[i] % 32];
	reference[REFERENCE_LENGTH] = '\0';
}
