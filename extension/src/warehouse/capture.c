/*
 * capture.c
 *		The trigger that tells the ETL what changed.
 *
 * The queue is written in the transaction that changes a booking row, so its rows become visible together with the change.
 * A run first takes the queue rows that it sees, and then reads the booking tables with later snapshots. So it may read more
 * than it took, never less; what it read too early is taken by the next run.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/query.h"
#include "warehouse/capture.h"

/* What the last capture of this backend put into the queue. */
typedef struct Capture
{
	FullTransactionId transaction;
	SubTransactionId subtransaction;
	NameData entity;
	int64 key;
} Capture;

static Capture last_capture;

static BkQuery enqueue_change = BK_INSERT(
	"INSERT INTO warehouse.change_queue (entity, key) VALUES ($1, $2)", TEXTOID, INT8OID);

static int64 read_key(HeapTuple tuple, TupleDesc tupdesc, const char *column);
static void enqueue(const char *entity, NullableDatum key);
static bool is_repeated(const Capture *capture);

PG_FUNCTION_INFO_V1(booking_capture_change);

/*
 * Trigger booking.capture_change(entity, key_column), AFTER each row: queues the key of a row that was written, both keys of
 * a row that changed its key. AFTER a statement, for TRUNCATE: queues "everything". Raises 39P01 where it is no such trigger.
 */
Datum
booking_capture_change(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc tupdesc;
	char **arguments;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("capture_change must be called by an AFTER trigger"));

	if (TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event))
	{
		enqueue("everything", bk_null());
		return PointerGetDatum(NULL);
	}
	if (trigger->tg_trigger->tgnargs != 2)
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("capture_change needs the entity and its key column"));

	tupdesc = RelationGetDescr(trigger->tg_relation);
	arguments = trigger->tg_trigger->tgargs;
	enqueue(arguments[0],
			bk_int64(read_key(trigger->tg_trigtuple, tupdesc, arguments[1])));
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		enqueue(arguments[0],
				bk_int64(read_key(trigger->tg_newtuple, tupdesc, arguments[1])));
	return PointerGetDatum(NULL);
}

void
bk_capture_forget(void)
{
	last_capture.transaction = InvalidFullTransactionId;
}

/* The key of a row. Raises 42703 where the column is not a bigint. */
static int64
read_key(HeapTuple tuple, TupleDesc tupdesc, const char *column)
{
	int number = SPI_fnumber(tupdesc, column);
	bool isnull;
	Datum key;

	if (number <= 0 || SPI_gettypeid(tupdesc, number) != INT8OID)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("capture_change needs a bigint column, and \"%s\" is none",
					   column));
	key = heap_getattr(tuple, number, tupdesc, &isnull);
	if (isnull)
		elog(ERROR, "null in key column \"%s\"", column);
	return DatumGetInt64(key);
}

/* Puts a change into the queue, unless the last one was the same: a booking's rows come one after the other. */
static void
enqueue(const char *entity, NullableDatum key)
{
	Capture capture = {.transaction = GetTopFullTransactionId(),
					   .subtransaction = GetCurrentSubTransactionId(),
					   .key = key.isnull ? 0 : DatumGetInt64(key.value)};

	namestrcpy(&capture.entity, entity);
	if (is_repeated(&capture))
		return;

	SPI_connect();
	(void) bk_query_run(&enqueue_change, bk_text(entity), key);
	SPI_finish();
	last_capture = capture;
}

/*
 * Whether the last capture of this subtransaction was the same. A subtransaction that is rolled back takes its queue rows
 * with it, and no other shares its id.
 */
static bool
is_repeated(const Capture *capture)
{
	return FullTransactionIdEquals(capture->transaction, last_capture.transaction) &&
		   capture->subtransaction == last_capture.subtransaction &&
		   capture->key == last_capture.key &&
		   namestrcmp(&last_capture.entity, NameStr(capture->entity)) == 0;
}
