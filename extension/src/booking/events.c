/*
 * events.c
 *		The events of bookings, for those who follow them by position.
 *
 * Which ids are settled: whoever adds an event locks the table (ROW EXCLUSIVE) before it draws an id, and keeps the lock until its
 * transaction ends. So once all who had the lock at a moment have given it up, every id that was given out by that moment is there or
 * never will be. Bookings pay nothing for this. The moment that is waited for, and who had the lock then, stand in shared memory: under
 * load there is always somebody who has it, and so a look finds what an earlier one has waited for.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lwlock.h"
#include "storage/shmem.h"
#include "storage/spin.h"
#include "tcop/utility.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/events.h"

#define MAX_HOLDERS 512
#define PATIENCE 100 /* milliseconds */
#define PAUSE 5

/* A transaction, by its virtual id. */
typedef struct Holder
{
	int32 backend;
	uint32 number;
} Holder;

/* Of one database; another one's begins anew. */
typedef struct Horizon
{
	slock_t lock;
	Oid database;
	int64 settled;
	int64 awaited; /* the last id at the moment that is waited for; 0: none is */
	uint64 moment; /* counts them: what was seen before one says nothing of it */
	int holders;   /* who had the lock then */
	Holder holder[MAX_HOLDERS];
} Horizon;

static BkQuery find_last = BK_SELECT(
	"SELECT COALESCE(pg_catalog.pg_sequence_last_value(pg_catalog.pg_get_serial_sequence("
	"       'public.booking_events', 'event_id')::regclass), 0) AS last");

/* A prepared transaction has no virtual id that would tell it from itself before: -1, and it is waited for in any case. */
static BkQuery find_holders = BK_SELECT(
	"SELECT pg_catalog.split_part(virtualtransaction, '/', 1)::integer AS backend,"
	"       pg_catalog.split_part(virtualtransaction, '/', 2)::bigint AS number"
	"  FROM pg_catalog.pg_locks"
	" WHERE locktype = 'relation' AND relation = 'public.booking_events'::regclass"
	"   AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
	"   AND mode = 'RowExclusiveLock' AND granted");

static BkQuery list_events = BK_SELECT("SELECT " BK_SQL_EVENT
									   "  FROM public.booking_events AS e"
									   "  JOIN public.bookings AS b USING (booking_id)"
									   " WHERE e.event_id > $1 AND e.event_id <= $2"
									   " ORDER BY e.event_id LIMIT $3",
									   INT8OID, INT8OID, INT8OID);

static BkQuery read_events = BK_SELECT("SELECT " BK_SQL_EVENT
									   "  FROM public.booking_events AS e"
									   "  JOIN public.bookings AS b USING (booking_id)"
									   " WHERE e.event_id = ANY ($1)"
									   " ORDER BY e.event_id",
									   INT8ARRAYOID);

static int64 look(void);
static int read_holders(Holder *holders);
static void advance(Horizon *horizon, uint64 moment, int64 last, const Holder *holders,
					int count);
static bool have_ended(const Horizon *horizon, const Holder *holders, int count);
static Horizon *shared_horizon(void);

PG_FUNCTION_INFO_V1(booking_list_events);

/* booking.list_events(after, max_events): the settled events after one. */
Datum
booking_list_events(PG_FUNCTION_ARGS)
{
	bk_check_given("after", !PG_ARGISNULL(0));
	bk_check_given("max_events", !PG_ARGISNULL(1));
	SPI_connect();
	bk_result_return(fcinfo, bk_events_list(PG_GETARG_INT64(0), PG_GETARG_INT32(1)));
	SPI_finish();
	return (Datum) 0;
}

/* Two fields have two names each: the query parameter's, and the argument's. */
BkRows
bk_events_list(int64 after, int64 max_events)
{
	bk_check_range("after", after, 0, PG_INT64_MAX);
	bk_check_range("limit/max_events", max_events, 1, BK_MAX_EVENTS);
	return bk_query_run(&list_events, bk_int64(after), bk_int64(bk_events_settled()),
						bk_int64(max_events));
}

BkRows
bk_events_of(Datum event_ids)
{
	return bk_query_run(&read_events, bk_datum(event_ids));
}

int64
bk_events_last(void)
{
	return bk_row_int64(bk_query_run(&find_last), 0, "last");
}

int64
bk_events_settled(void)
{
	int64 last = bk_events_last();
	int64 settled;

	PreventCommandDuringRecovery("following events");
	if (IsolationUsesXactSnapshot())
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("events are followed at READ COMMITTED alone"));
	settled = look();
	for (int waited = 0; settled < last && waited < PATIENCE; waited += PAUSE)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(PAUSE * 1000L);
		settled = look();
	}
	return settled;
}

/* One look at the locks, after the last id has been read; returns what is settled by it. Ids that were set back begin anew. */
static int64
look(void)
{
	Horizon *horizon = shared_horizon();
	Holder *holders = palloc_array(Holder, MAX_HOLDERS);
	int count;
	int64 last;
	int64 settled;
	uint64 moment;

	SpinLockAcquire(&horizon->lock);
	moment = horizon->moment;
	settled = horizon->database == MyDatabaseId ? horizon->settled : 0;
	SpinLockRelease(&horizon->lock);
	last = bk_events_last();
	count = read_holders(holders);

	SpinLockAcquire(&horizon->lock);
	if (horizon->database != MyDatabaseId || last < settled)
	{
		horizon->database = MyDatabaseId;
		horizon->settled = horizon->awaited = 0;
	}
	advance(horizon, moment, last, holders, count);
	settled = horizon->settled;
	SpinLockRelease(&horizon->lock);
	pfree(holders);
	return settled;
}

/* Who has the lock; how many, or MAX_HOLDERS + 1 for too many to be remembered. */
static int
read_holders(Holder *holders)
{
	BkRows rows = bk_query_run(&find_holders);
	int count = (int) Min(rows.count, MAX_HOLDERS);

	for (int i = 0; i < count; i++)
		holders[i] = (Holder){.backend = bk_row_int32(rows, i, "backend"),
							  .number = (uint32) bk_row_int64(rows, i, "number")};
	if (rows.count > MAX_HOLDERS)
		count = MAX_HOLDERS + 1;
	bk_rows_free(rows);
	return count;
}

/*
 * Moves the horizon on to the moment that was waited for, if all who had the lock then were seen to have ended, and waits for this one
 * then.
 */
static void
advance(Horizon *horizon, uint64 moment, int64 last, const Holder *holders, int count)
{
	if (horizon->awaited != 0 && horizon->moment == moment && count <= MAX_HOLDERS &&
		have_ended(horizon, holders, count))
	{
		horizon->settled = Max(horizon->settled, horizon->awaited);
		horizon->awaited = 0;
	}
	if (count == 0)
		horizon->settled = Max(horizon->settled, last);
	else if (horizon->awaited == 0 && count <= MAX_HOLDERS)
	{
		horizon->awaited = last;
		horizon->moment++;
		horizon->holders = count;
		memcpy(horizon->holder, holders, sizeof(Holder) * count);
	}
}

/* Whether none of those who are waited for has the lock. */
static bool
have_ended(const Horizon *horizon, const Holder *holders, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (holders[i].backend < 0)
			return false;
		for (int j = 0; j < horizon->holders; j++)
			if (holders[i].backend == horizon->holder[j].backend &&
				holders[i].number == horizon->holder[j].number)
				return false;
	}
	return true;
}

/* Made by the first session that asks for it, of the room that the server keeps for such. */
static Horizon *
shared_horizon(void)
{
	static Horizon *horizon = NULL;
	bool found;

	if (horizon != NULL)
		return horizon;
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	horizon = ShmemInitStruct("booking events", sizeof(Horizon), &found);
	if (!found)
	{
		memset(horizon, 0, sizeof(Horizon));
		SpinLockInit(&horizon->lock);
	}
	LWLockRelease(AddinShmemInitLock);
	return horizon;
}
