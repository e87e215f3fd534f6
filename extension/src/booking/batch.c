/*
 * batch.c
 *		Many bookings in one call, for group desks: all or nothing, or each on its own.
 *
 * Whatever the order of the bookings in the call, rows are locked in one order: first the customers by id, then all
 * named seats, so that two batches cannot deadlock. With "each" a booking is a subtransaction; a refusal undoes it
 * alone, and waits for nothing, since its locks were taken before.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/arrays.h"
#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/words.h"
#include "booking/batch.h"
#include "booking/booking_create.h"
#include "booking/booking_document.h"
#include "booking/booking_record.h"
#include "booking/booking_request.h"
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

static void lock_all_customers(const BkBatchRequest *request);
static int count_items(const BkBatchRequest *request);
static void create_all(const BkBatchRequest *request, BkOutcome *outcomes);
static void lock_named_seats(const BkBatchRequest *request);
static void create_alone(const BkBookingRequest *request, BkOutcome *outcome);
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
	BkBookingRequest *bookings = palloc_array(BkBookingRequest, array.length);
	bool all = bk_word_is(bk_json_word(body, "mode", modes, BK_REQUIRED), "all");

	for (int i = 0; i < array.length; i++)
		bookings[i] = bk_booking_read_request(bk_json_element(array, i));
	bk_json_require_known(body);
	return (BkBatchRequest){.all = all, .bookings = bookings, .count = array.length};
}

/* Customers, then seats: the lock order of seats.h, over all bookings. */
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
	lock_named_seats(request);
	for (int i = 0; i < request->count; i++)
		create_alone(&request->bookings[i], &outcomes[i]);
	return outcomes;
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

/* The claims of all bookings together, so in the order of their seats. */
static void
create_all(const BkBatchRequest *request, BkOutcome *outcomes)
{
	BkClaim *claims = palloc_array(BkClaim, count_items(request));
	int count = 0;

	for (int i = 0; i < request->count; i++)
	{
		bk_booking_prepare(&request->bookings[i], claims + count, &outcomes[i].booking);
		count += request->bookings[i].count;
	}
	bk_seats_claim(claims, count);
	bk_items_expire_claimed(claims, count);
	for (int i = 0; i < request->count; i++)
		bk_booking_record(&outcomes[i].booking);
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

/* One booking in a subtransaction: a refusal of ours becomes its outcome, any other error ends the batch. */
static void
create_alone(const BkBookingRequest *request, BkOutcome *outcome)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	CHECK_FOR_INTERRUPTS();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		bk_booking_create(request, &outcome->booking);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		outcome->error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;

	/* Not before the subtransaction has ended: the server's own clean-up would leave the session inside of it. */
	if (outcome->error != NULL && !SB_IS_OURS(outcome->error->sqlerrcode))
		ReThrowError(outcome->error);
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
