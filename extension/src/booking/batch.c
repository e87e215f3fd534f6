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
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/bookings.h"
#include "booking/items.h"
#include "http/handlers.h"

#define MAX_BATCH 20

static const char *const modes[] = {"all", "each", NULL};

static BkQuery lock_customers = BK_SELECT("SELECT customer_id"
										  "  FROM public.customers"
										  " WHERE customer_id = ANY ($1)"
										  " ORDER BY customer_id"
										  "   FOR NO KEY UPDATE",
										  INT8ARRAYOID);

/* How one booking of the batch ended: an id, or an error. */
typedef struct Outcome
{
	int64 booking_id;
	ErrorData *error;
} Outcome;

typedef struct Batch
{
	bool all;
	int count;
	BkBookingWish *wishes;
	BkClaim *claims; /* those of all wishes, in a row */
	int claim_count;
	Outcome *outcomes;
} Batch;

static Batch read_batch(BkObject body);
static void run(Batch *batch);
static void book_all(Batch *batch);
static void book_alone(BkBookingWish *wish, Outcome *outcome);
static void put_outcomes(StringInfo out, const Batch *batch);
static void put_outcome(StringInfo out, const BkBookingWish *wish, const Outcome *outcome);

PG_FUNCTION_INFO_V1(booking_create_bookings);

/*
 * booking.create_bookings(batch): makes up to 20 bookings, all of them or none, or each on its own, and returns how each
 * ended. Raises SB010, and with "all" what bk_booking_create does.
 */
Datum
booking_create_bookings(PG_FUNCTION_ARGS)
{
	StringInfo out = makeStringInfo();
	Batch batch;

	SPI_connect();
	batch = read_batch(bk_json_top(PG_GETARG_JSONB_P(0), "batch"));
	run(&batch);
	put_outcomes(out, &batch);
	SPI_finish();
	PG_RETURN_DATUM(CStringGetTextDatum(out->data));
}

void
bk_http_batches_create(const BkRequest *request, BkResponse *response)
{
	Batch batch = read_batch(request->body);

	run(&batch);
	bk_json_open(response->body, '{');
	bk_json_key(response->body, "results");
	put_outcomes(response->body, &batch);
	bk_json_close(response->body, '}');
}

/* {"mode": "all"|"each", "bookings": […]}; every booking is of the form of POST /v1/bookings. */
static Batch
read_batch(BkObject body)
{
	BkArray bookings = bk_json_array(body, "bookings", MAX_BATCH, BK_REQUIRED);
	Batch batch = {0};

	batch.all = strcmp(bk_json_word(body, "mode", modes, BK_REQUIRED), "all") == 0;
	batch.count = bookings.length;
	batch.wishes = palloc0_array(BkBookingWish, batch.count);
	batch.outcomes = palloc0_array(Outcome, batch.count);
	for (int i = 0; i < batch.count; i++)
	{
		batch.wishes[i] = bk_booking_read_wish(bk_json_element(bookings, i));
		batch.claim_count += batch.wishes[i].count;
	}

	batch.claims = palloc_array(BkClaim, batch.claim_count);
	batch.claim_count = 0;
	for (int i = 0; i < batch.count; i++)
	{
		BkBookingWish *wish = &batch.wishes[i];

		memcpy(batch.claims + batch.claim_count, wish->claims,
			   wish->count * sizeof(BkClaim));
		wish->claims = batch.claims + batch.claim_count;
		batch.claim_count += wish->count;
	}
	return batch;
}

static void
run(Batch *batch)
{
	Datum *customers = palloc_array(Datum, batch->count);
	Datum values[1];

	for (int i = 0; i < batch->count; i++)
		customers[i] = Int64GetDatum(batch->wishes[i].customer_id);
	values[0] = PointerGetDatum(construct_array_builtin(customers, batch->count, INT8OID));
	(void) bk_query_run_old(&lock_customers, values, NULL);

	if (batch->all)
	{
		book_all(batch);
		return;
	}
	bk_seats_lock_named(batch->claims, batch->claim_count);
	for (int i = 0; i < batch->count; i++)
		book_alone(&batch->wishes[i], &batch->outcomes[i]);
}

/* The claims of all bookings together, so in the order of their seats. */
static void
book_all(Batch *batch)
{
	for (int i = 0; i < batch->count; i++)
		bk_booking_prepare(&batch->wishes[i]);
	bk_seats_claim(batch->claims, batch->claim_count);
	bk_items_expire_claimed(batch->claims, batch->claim_count);
	for (int i = 0; i < batch->count; i++)
		batch->outcomes[i].booking_id = bk_booking_record(&batch->wishes[i]);
}

/* One booking in a subtransaction: a refusal of ours becomes its outcome, any other error ends the batch. */
static void
book_alone(BkBookingWish *wish, Outcome *outcome)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;

	CHECK_FOR_INTERRUPTS();
	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		outcome->booking_id = bk_booking_create(wish);
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

static void
put_outcomes(StringInfo out, const Batch *batch)
{
	bk_json_open(out, '[');
	for (int i = 0; i < batch->count; i++)
		put_outcome(out, &batch->wishes[i], &batch->outcomes[i]);
	bk_json_close(out, ']');
}

static void
put_outcome(StringInfo out, const BkBookingWish *wish, const Outcome *outcome)
{
	bk_json_open(out, '{');
	if (outcome->error == NULL)
	{
		bk_json_key(out, "booking");
		bk_booking_put_new(out, outcome->booking_id, wish);
	}
	else
	{
		bk_json_key(out, "error");
		bk_json_open(out, '{');
		bk_json_put_string(out, "sqlstate", unpack_sql_state(outcome->error->sqlerrcode));
		bk_json_put_string(out, "detail", outcome->error->message);
		bk_json_put_string(out, "hint", outcome->error->hint);
		bk_json_close(out, '}');
	}
	bk_json_close(out, '}');
}
