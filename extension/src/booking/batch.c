/*
 * batch.c
 *		Many bookings in one call, for group desks: all or nothing, or each on its own.
 *
 * Whatever the order of the bookings in the call, rows are locked in one order: first the customers by id, then lapsed holds of
 * theirs, then all named seats, so that two batches cannot deadlock. With "each" a step of a booking is taken in a subtransaction;
 * a refusal undoes it alone, and waits for nothing, since its locks were taken before.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/arrays.h"
#include "base/attempt.h"
#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/batch.h"
#include "booking/booking_create.h"
#include "booking/booking_document.h"
#include "booking/booking_record.h"
#include "booking/booking_request.h"
#include "booking/customers.h"
#include "booking/items.h"
#include "inventory/seats.h"

#define MAX_BATCH 20

static const char *const modes[] = {"all", "each", NULL};

static BkQuery lock_customers = BK_SELECT("SELECT customer_id"
										  "  FROM public.customers"
										  " WHERE customer_id = ANY ($1)"
										  " ORDER BY customer_id"
										  "   FOR NO KEY UPDATE",
										  INT8ARRAYOID);

/* One booking of a batch, being read or being made. */
typedef struct Attempt
{
	BkArray array;
	int index;
	BkBookingRequest *request;
	BkNewBooking *booking;
} Attempt;

static void read_booking(void *argument);
static void require_single(void *argument);
static void create_booking(void *argument);
static void try_step(void (*step)(void *), const BkBatchRequest *request,
					 BkOutcome *outcomes, int i);
static void require_all_quotas(const BkBatchRequest *request);
static void lock_all_customers(const BkBatchRequest *request);
static int count_items(const BkBatchRequest *request);
static void create_all(const BkBatchRequest *request, BkOutcome *outcomes);
static void lock_named_seats(const BkBatchRequest *request);
static void put_outcome(StringInfo out, const BkOutcome *outcome);

PG_FUNCTION_INFO_V1(booking_create_bookings);

/*
 * booking.create_bookings(batch): makes up to 20 bookings, all of them or none, or each on its own, and returns how each
 * ended. Raises SB010, and with "all" what bk_booking_create does.
 */
Datum
booking_create_bookings(PG_FUNCTION_ARGS)
{
	Jsonb *json = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0);
	StringInfo out = makeStringInfo();
	BkBatchRequest request;

	SPI_connect();
	request = bk_batch_read_request(bk_json_top(json, "batch"));
	bk_batch_put(out, bk_batch_create(&request), request.count);
	SPI_finish();
	PG_RETURN_DATUM(CStringGetTextDatum(out->data));
}

/* All of it is read before anything is made. */
BkBatchRequest
bk_batch_read_request(BkObject body)
{
	BkArray array = bk_json_array(body, "bookings", MAX_BATCH, BK_REQUIRED);
	BkBatchRequest request = {.all = bk_word_is(bk_json_word(body, "mode", modes,
															 BK_REQUIRED),
												"all"),
							  .bookings = palloc0_array(BkBookingRequest, array.length),
							  .errors = palloc0_array(ErrorData *, array.length),
							  .count = array.length};

	bk_json_require_known(body);
	for (int i = 0; i < array.length; i++)
	{
		Attempt attempt = {.array = array, .index = i, .request = &request.bookings[i]};

		if (request.all)
			read_booking(&attempt);
		else
			request.errors[i] = bk_attempt(read_booking, &attempt);
	}
	if (count_items(&request) > BK_MAX_ITEMS)
		bk_json_reject(body, "bookings",
					   psprintf("must have at most %d passengers in all", BK_MAX_ITEMS));
	return request;
}

/* A step of bk_attempt, as the next. */
static void
read_booking(void *argument)
{
	Attempt *attempt = argument;
	BkObject body = bk_json_element_alone(attempt->array, attempt->index);
	BkBookingRequest request = bk_booking_read_request(body);

	if (request.customer_id == 0)
		bk_json_reject(body, "customer", "is for a booking alone; a batch has customers");
	bk_json_require_known(body);
	*attempt->request = request;
}

/* A step for itself, since it may wait for another booking's row and must not hold a seat meanwhile. */
static void
require_single(void *argument)
{
	Attempt *attempt = argument;

	bk_booking_require_single(attempt->request);
}

static void
create_booking(void *argument)
{
	Attempt *attempt = argument;

	bk_booking_create(attempt->request, attempt->booking);
}

/* Customers, the bookings that their passengers had, then seats: the lock order of seats.h, over all bookings. */
const BkOutcome *
bk_batch_create(const BkBatchRequest *request)
{
	BkOutcome *outcomes = palloc0_array(BkOutcome, request->count);

	lock_all_customers(request);
	if (request->all)
	{
		create_all(request, outcomes);
		return outcomes;
	}
	for (int i = 0; i < request->count; i++)
	{
		outcomes[i].error = request->errors[i];
		try_step(require_single, request, outcomes, i);
	}
	lock_named_seats(request);
	for (int i = 0; i < request->count; i++)
		try_step(create_booking, request, outcomes, i);
	return outcomes;
}

/* Takes a step of a booking alone, unless an earlier one was refused. */
static void
try_step(void (*step)(void *), const BkBatchRequest *request, BkOutcome *outcomes, int i)
{
	Attempt attempt = {.request = &request->bookings[i], .booking = &outcomes[i].booking};

	if (outcomes[i].error == NULL)
		outcomes[i].error = bk_attempt(step, &attempt);
}

/* By id, whoever of them there is: a customer who is not is refused with the booking. */
static void
lock_all_customers(const BkBatchRequest *request)
{
	Datum *customer_ids = palloc_array(Datum, request->count);

	for (int i = 0; i < request->count; i++)
		customer_ids[i] = Int64GetDatum(request->bookings[i].customer_id);
	(void) bk_query_run(&lock_customers,
						bk_datum(bk_array(INT8OID, customer_ids, request->count)));
}

/* The items of all bookings. */
static int
count_items(const BkBatchRequest *request)
{
	int count = 0;

	for (int i = 0; i < request->count; i++)
		count += request->bookings[i].count;
	return count;
}

/* A customer's holds count with those before them, which are not recorded yet. */
static void
require_all_quotas(const BkBatchRequest *request)
{
	for (int i = 0; i < request->count; i++)
	{
		const BkBookingRequest *booking = &request->bookings[i];
		int holds = 0;
		int seats = 0;

		if (booking->instant)
			continue;
		for (int j = 0; j <= i; j++)
			if (!request->bookings[j].instant &&
				request->bookings[j].customer_id == booking->customer_id)
			{
				holds++;
				seats += request->bookings[j].count;
			}
		bk_booking_require_quota(booking->customer_id, holds, seats);
	}
}

/* The claims of all bookings together, so in the order of their seats. */
static void
create_all(const BkBatchRequest *request, BkOutcome *outcomes)
{
	BkClaim *claims = palloc_array(BkClaim, count_items(request));
	int count = 0;

	for (int i = 0; i < request->count; i++)
	{
		bk_booking_prepare(&request->bookings[i], claims + count, &outcomes[i].booking);
		bk_customer_lock(request->bookings[i].customer_id); /* is there */
		count += request->bookings[i].count;
	}
	require_all_quotas(request);
	for (int i = 0; i < request->count; i++)
		bk_booking_require_single(&request->bookings[i]);
	bk_seats_claim(claims, count);
	bk_items_expire_claimed(claims, count);
	for (int i = 0; i < request->count; i++)
	{
		if (i > 0)
			bk_booking_require_single(&request->bookings[i]); /* nor in those just made */
		bk_booking_record(&outcomes[i].booking);
	}
}

/* Those of all bookings in lock order, so that bookings made one after another wait for no seat. */
static void
lock_named_seats(const BkBatchRequest *request)
{
	BkClaim *claims = palloc_array(BkClaim, count_items(request));
	int count = 0;

	for (int i = 0; i < request->count; i++)
	{
		bk_booking_fill_claims(&request->bookings[i], claims + count);
		count += request->bookings[i].count;
	}
	bk_seats_lock_named(claims, count);
}

/* Made bookings are not read again: what was made of them is still there. */
void
bk_batch_put(StringInfo out, const BkOutcome *outcomes, int count)
{
	bk_json_open(out, '[');
	for (int i = 0; i < count; i++)
		put_outcome(out, &outcomes[i]);
	bk_json_close(out, ']');
}

/* Message and hint of a refusal are those that the same booking alone would get. */
static void
put_outcome(StringInfo out, const BkOutcome *outcome)
{
	bk_json_open(out, '{');
	if (outcome->error == NULL)
	{
		bk_json_key(out, "booking");
		bk_booking_put_new(out, &outcome->booking);
	}
	else
	{
		bk_json_open_member(out, "error", '{');
		bk_json_put_string(out, "sqlstate", unpack_sql_state(outcome->error->sqlerrcode));
		bk_json_put_string(out, "detail", outcome->error->message);
		bk_json_put_string(out, "hint", outcome->error->hint);
		bk_json_close(out, '}');
	}
	bk_json_close(out, '}');
}
