/*
 * bookings.c
 *		Makes bookings, reads them, lets holds lapse.
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

static BkQuery lock_booking = {
	.sql = "SELECT status, fare_code, total_amount, currency, version, payment_required_by, confirmed_at"
		   "  FROM public.bookings"
		   " WHERE booking_id = $1"
		   "   FOR NO KEY UPDATE",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

/* Total and status follow from the items; a hold of which something is left stays a hold. */
static BkQuery settle_booking = {
	.sql =
		"UPDATE public.bookings AS b"
		"   SET total_amount = i.total, version = b.version + 1, updated_at = pg_catalog.clock_timestamp(),"
		"       status = CASE WHEN i.live = 0 THEN 'cancelled'"
		"                     WHEN b.status = 'held' THEN 'held'"
		"                     WHEN i.some_cancelled THEN 'partially_cancelled'"
		"                     ELSE b.status END,"
		"       cancelled_at = CASE WHEN i.live = 0 THEN pg_catalog.clock_timestamp() END"
		"  FROM (SELECT pg_catalog.count(*) FILTER (WHERE status <> 'cancelled'),"
		"               pg_catalog.sum(fee_amount + CASE status WHEN 'cancelled' THEN penalty_amount ELSE price END),"
		"               pg_catalog.bool_or(status = 'cancelled')"
		"          FROM public.booking_items"
		"         WHERE booking_id = $1) AS i (live, total, some_cancelled)"
		" WHERE b.booking_id = $1",
	.expect = SPI_OK_UPDATE,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery lock_lapsed = {
	.sql = "SELECT pg_catalog.array_agg(b.booking_id)"
		   "  FROM (SELECT booking_id"
		   "          FROM public.bookings"
		   "         WHERE status = 'held' AND payment_required_by <= pg_catalog.clock_timestamp()"
		   "         ORDER BY payment_required_by"
		   "         LIMIT $1"
		   "           FOR NO KEY UPDATE SKIP LOCKED) AS b",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery expire_bookings = {
	.sql = "UPDATE public.bookings"
		   "   SET status = 'expired', total_amount = 0, expired_at = pg_catalog.clock_timestamp(),"
		   "       version = version + 1, updated_at = pg_catalog.clock_timestamp()"
		   " WHERE booking_id = ANY ($1)",
	.expect = SPI_OK_UPDATE,
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static void require_flights(const BkBookingWish *wish, const char **currency,
							TimestampTz *sales_close_at);
static void require_hold_quota(int64 customer_id);
static Datum fare_factor(const char *fare_code);
static void require_customer(int64 customer_id);
static Datum sum_prices(const BkClaim *claims, int count);
static int64 insert(const BkBookingWish *wish, Datum total, const char *currency,
					TimestampTz held_until);
static void new_reference(char *reference);

PG_FUNCTION_INFO_V1(booking_create_booking);
PG_FUNCTION_INFO_V1(booking_expire_holds);

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

/* booking.expire_holds(max_holds): see its COMMENT. */
Datum
booking_expire_holds(PG_FUNCTION_ARGS)
{
	int32 limit = PG_GETARG_INT32(0);
	uint64 expired;

	if (limit < 1)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("max_holds must be positive"));
	SPI_connect();
	expired = bk_booking_expire_holds(limit);
	SPI_finish();
	PG_RETURN_INT32((int32) expired);
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
bk_booking_create(const BkBookingWish *wish)
{
	const char *currency;
	TimestampTz held_until;
	TimestampTz sales_close_at;
	Datum total;
	int64 booking_id;
	bool alone = !TransactionIdIsValid(GetTopTransactionIdIfAny());

	require_flights(wish, &currency, &sales_close_at);
	require_customer(wish->customer_id);
	if (!wish->instant && bk_max_holds > 0)
		require_hold_quota(wish->customer_id);
	held_until = GetCurrentTimestamp() + bk_hold_duration * USECS_PER_SEC;
	held_until = Min(held_until, sales_close_at);

	bk_seats_claim(wish->claims, wish->count, wish->instant ? "booked" : "held",
				   held_until, fare_factor(wish->fare_code));
	total = sum_prices(wish->claims, wish->count);
	if (wish->instant)
		bk_payment_compare(wish->amount, wish->currency, total, currency);

	booking_id = insert(wish, total, currency, held_until);
	bk_items_insert(booking_id, wish->claims, wish->count,
					wish->instant ? "confirmed" : "held");
	if (wish->instant)
		bk_payment_enter(booking_id, total, currency, wish->method, 0, 0);
	else if (alone && !bk_hold_durable)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
	return booking_id;
}

BkBooking
bk_booking_lock(int64 booking_id, int32 if_version)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	BkRows rows = bk_query_run(&lock_booking, values, NULL);
	BkBooking booking = {.booking_id = booking_id};
	bool isnull;

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no booking " INT64_FORMAT, booking_id));
	booking.status = bk_row_text(rows, 0, 1);
	booking.fare_code = bk_row_text(rows, 0, 2);
	booking.total_amount = bk_row_datum(rows, 0, 3, &isnull);
	booking.currency = bk_row_text(rows, 0, 4);
	booking.version = bk_row_int32(rows, 0, 5);
	if (if_version != BK_ANY_VERSION && if_version != booking.version)
		ereport(ERROR, errcode(SB_STALE_VERSION),
				errmsg("booking " INT64_FORMAT " is at version %d, not %d", booking_id,
					   booking.version, if_version),
				errhint("Read it again, and decide on what it is now."));
	booking.confirmed_at = bk_row_isnull(rows, 0, 7) ? DT_NOBEGIN
													 : bk_row_timestamptz(rows, 0, 7);
	booking.held_until = strcmp(booking.status, "held") == 0
							 ? bk_row_timestamptz(rows, 0, 6)
							 : DT_NOEND;
	if (booking.held_until <= GetCurrentTimestamp())
		booking.status = "expired";
	return booking;
}

void
bk_booking_settle(int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};

	(void) bk_query_run(&settle_booking, values, NULL);
}

Datum
bk_booking_id_array(int64 booking_id)
{
	Datum element = Int64GetDatum(booking_id);

	return PointerGetDatum(construct_array_builtin(&element, 1, INT8OID));
}

uint64
bk_booking_expire_holds(int limit)
{
	Datum values[] = {Int64GetDatum(limit)};
	BkRows rows = bk_query_run(&lock_lapsed, values, NULL);
	BkRows freed;
	bool isnull;
	Datum booking_ids = bk_row_datum(rows, 0, 1, &isnull);

	if (isnull)
		return 0;

	/* Seats before items: an item that a claim has taken over meanwhile is no longer held, and its seat not ours. */
	bk_seats_lock(booking_ids);
	freed = bk_items_expire(booking_ids);
	if (!bk_row_isnull(freed, 0, 1))
		bk_seats_release(bk_row_datum(freed, 0, 1, &isnull),
						 bk_row_datum(freed, 0, 2, &isnull));
	return bk_query_run(&expire_bookings, &booking_ids, NULL).count;
}

/* All flights exist, are on sale and share a currency; sales of the first to close end at sales_close_at. */
static void
require_flights(const BkBookingWish *wish, const char **currency,
				TimestampTz *sales_close_at)
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
	*currency = bk_row_text(rows, 0, 4);
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
insert(const BkBookingWish *wish, Datum total, const char *currency,
	   TimestampTz held_until)
{
	char reference[REFERENCE_LENGTH + 1];
	Datum values[10];
	char nulls[11] = "          ";

	values[1] = Int64GetDatum(wish->customer_id);
	values[2] = CStringGetTextDatum(wish->instant ? "confirmed" : "held");
	values[3] = CStringGetTextDatum(wish->fare_code);
	values[4] = CStringGetTextDatum(wish->channel);
	values[5] = total;
	values[6] = CStringGetTextDatum(currency);
	values[7] = TimestampTzGetDatum(held_until);
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
