/*
 * events.c
 *		The events of bookings, for those who follow them by position.
 *
 * Which ids are settled: whoever adds an event locks the table (ROW EXCLUSIVE) before it draws an id, and keeps the lock until its
 * transaction ends. So once all who had the lock at a moment have given it up, every id that was given out by that moment is there or
 * never will be. Bookings pay nothing for this. The moment that is waited for, and who had the lock then, stand in shared memory: under
 * load there is always somebody who has it, and so a look finds what an earlier one has waited for.
 *
 * And an event is shown when it cannot be lost any more: when it is on disk, here and at every standby that follows. Otherwise a standby
 * that takes over would give its id to another event, which nobody would be shown.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/spin.h"
#include "tcop/utility.h"
#include "utils/pg_lsn.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/query.h"
#include "base/result.h"
#include "base/shared_state.h"
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

/* What a look sees, in this order: the horizon's moment, the last id, who has the lock, where the log ends, and which of it is copied. */
typedef struct Look
{
	uint64 moment;
	int64 settled; /* at its beginning */
	int64 last;
	int holders; /* MAX_HOLDERS + 1: too many to be remembered */
	Holder holder[MAX_HOLDERS];
	XLogRecPtr end;
	XLogRecPtr copied;
} Look;

/* Of one database; another one's begins anew. An id of 0: none. */
typedef struct Horizon
{
	slock_t lock;
	Oid database;
	int64 settled;
	int64 copying; /* all up to it have ended, by copying_end of the log */
	XLogRecPtr copying_end;
	int64 awaited; /* the last id at the moment that is waited for */
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

/* How far those have it on disk who follow; null where nobody does. */
static BkQuery find_copied = BK_SELECT(
	"SELECT pg_catalog.min(r.flush_lsn) AS copied"
	"  FROM pg_catalog.pg_stat_replication AS r"
	"  LEFT JOIN pg_catalog.pg_replication_slots AS s ON s.active_pid = r.pid"
	" WHERE r.state = 'streaming' AND s.slot_type IS DISTINCT FROM 'logical'");

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

static int64 look_once(void);
static void read_holders(Look *look);
static XLogRecPtr end_of_log(void);
static XLogRecPtr copied_log(void);
static void advance(Horizon *horizon, const Look *look);
static bool have_ended(const Horizon *horizon, const Look *look);
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
	settled = look_once();
	for (int waited = 0; settled < last && waited < PATIENCE; waited += PAUSE)
	{
		CHECK_FOR_INTERRUPTS();
		pg_usleep(PAUSE * 1000L);
		settled = look_once();
	}
	return settled;
}

/* Looks, and returns what is settled by it. Ids that were set back begin anew. */
static int64
look_once(void)
{
	Horizon *horizon = shared_horizon();
	Look *look = palloc(sizeof(Look));
	int64 settled;

	SpinLockAcquire(&horizon->lock);
	look->moment = horizon->moment;
	look->settled = horizon->database == MyDatabaseId ? horizon->settled : 0;
	SpinLockRelease(&horizon->lock);
	look->last = bk_events_last();
	read_holders(look);
	look->end = end_of_log();
	look->copied = copied_log();

	SpinLockAcquire(&horizon->lock);
	if (horizon->database != MyDatabaseId || look->last < look->settled)
	{
		horizon->database = MyDatabaseId;
		horizon->settled = horizon->copying = horizon->awaited = 0;
		horizon->moment++;
	}
	advance(horizon, look);
	settled = horizon->settled;
	SpinLockRelease(&horizon->lock);
	pfree(look);
	return settled;
}

static void
read_holders(Look *look)
{
	BkRows rows = bk_query_run(&find_holders);

	look->holders = (int) Min(rows.count, MAX_HOLDERS + 1);
	for (int i = 0; i < Min(look->holders, MAX_HOLDERS); i++)
		look->holder[i] = (Holder){.backend = bk_row_int32(rows, i, "backend"),
								   .number = (uint32) bk_row_int64(rows, i, "number")};
	bk_rows_free(rows);
}

/* Where the log ends, and it is on disk up to there. A page's header is not yet written when what follows it is the end. */
static XLogRecPtr
end_of_log(void)
{
	XLogRecPtr end = GetXLogInsertRecPtr();
	uint32 offset = end % XLOG_BLCKSZ;

	if (offset == SizeOfXLogShortPHD || offset == SizeOfXLogLongPHD)
		end -= offset;
	XLogFlush(end);
	return end;
}

/* How far it is copied to all who follow. */
static XLogRecPtr
copied_log(void)
{
	BkRows rows = bk_query_run(&find_copied);
	bool nobody;
	Datum copied = bk_row_datum(rows, 0, "copied", &nobody);

	return nobody ? PG_UINT64_MAX : DatumGetLSN(copied);
}

/* Moves the horizon on by what was seen: what was waited for, if all who had the lock then have ended; all, if nobody has it. */
static void
advance(Horizon *horizon, const Look *look)
{
	bool ended = horizon->awaited != 0 && horizon->moment == look->moment &&
				 have_ended(horizon, look);

	if (horizon->copying == 0 && (ended || look->holders == 0))
	{
		horizon->copying = look->holders == 0 ? look->last : horizon->awaited;
		horizon->copying_end = look->end;
		if (ended)
			horizon->awaited = 0;
	}
	if (horizon->copying != 0 && look->copied >= horizon->copying_end)
	{
		horizon->settled = Max(horizon->settled, horizon->copying);
		horizon->copying = 0;
	}
	if (horizon->awaited == 0 && look->holders > 0 && look->holders <= MAX_HOLDERS)
	{
		horizon->awaited = look->last;
		horizon->moment++;
		horizon->holders = look->holders;
		memcpy(horizon->holder, look->holder, sizeof(Holder) * look->holders);
	}
}

/* Whether none of those who are waited for has the lock. */
static bool
have_ended(const Horizon *horizon, const Look *look)
{
	if (look->holders > MAX_HOLDERS)
		return false;
	for (int i = 0; i < look->holders; i++)
	{
		if (look->holder[i].backend < 0)
			return false;
		for (int j = 0; j < horizon->holders; j++)
			if (look->holder[i].backend == horizon->holder[j].backend &&
				look->holder[i].number == horizon->holder[j].number)
				return false;
	}
	return true;
}

static Horizon *
shared_horizon(void)
{
	static Horizon *horizon = NULL;

	if (horizon == NULL)
		horizon = bk_shared_state("booking events", sizeof(Horizon));
	return horizon;
}
