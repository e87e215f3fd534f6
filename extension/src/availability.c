/*
 * availability.c
 *		Counts what a flight has left to sell.
 *
 * This is the one place that reads a table without SQL: the executor's share of counting 180 seats is several times the
 * cost of reading them, and a search counts many flights. The scan goes by the primary key, whose first column is the
 * flight; what makes a seat claimable is BK_SQL_CLAIMABLE of seats.h in C. Table rights are those of the function's
 * owner, as for the statements around it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "availability.h"
#include "compat.h"

const char *const bk_cabin_classes[] = {"first", "business", "premium_economy", "economy",
										NULL};

/* The columns of public.seats that are read, by number. */
typedef struct SeatColumns
{
	AttrNumber cabin_class;
	AttrNumber price;
	AttrNumber status;
	AttrNumber held_until;
} SeatColumns;

static SeatColumns find_columns(Oid seats);
static void count_seat(TupleTableSlot *slot, const SeatColumns *columns,
					   TimestampTz moment, BkCabin *cabins);
static bool is_lower(Datum price, Datum than);
static BkCabin *cabin_of(Datum cabin_class, BkCabin *cabins);
static bool is_claimable(TupleTableSlot *slot, const SeatColumns *columns,
						 TimestampTz moment);
static bool text_is(Datum text, const char *word, size_t length);

#define TEXT_IS(text, word) text_is((text), (word), sizeof(word) - 1)

void
bk_availability_count(int64 flight_id, BkCabin cabins[BK_CABINS])
{
	Oid schema = get_namespace_oid("public", false);
	Relation seats = table_open(get_relname_relid("seats", schema), AccessShareLock);
	Relation index = index_open(get_relname_relid("seats_pkey", schema), AccessShareLock);
	SeatColumns columns = find_columns(RelationGetRelid(seats));
	TupleTableSlot *slot = table_slot_create(seats, NULL);
	TimestampTz moment = GetCurrentTimestamp();
	IndexScanDesc scan;
	ScanKeyData key;

	for (int i = 0; i < BK_CABINS; i++)
		cabins[i] = (BkCabin){.cabin_class = bk_cabin_classes[i]};

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(flight_id));
	scan = bk_index_beginscan(seats, index, GetActiveSnapshot(), 1);
	index_rescan(scan, &key, 1, NULL, 0);
	while (index_getnext_slot(scan, ForwardScanDirection, slot))
	{
		CHECK_FOR_INTERRUPTS();
		count_seat(slot, &columns, moment, cabins);
	}
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(seats, AccessShareLock);
}

static SeatColumns
find_columns(Oid seats)
{
	return (SeatColumns){.cabin_class = get_attnum(seats, "cabin_class"),
						 .price = get_attnum(seats, "price"),
						 .status = get_attnum(seats, "status"),
						 .held_until = get_attnum(seats, "held_until")};
}

static void
count_seat(TupleTableSlot *slot, const SeatColumns *columns, TimestampTz moment,
		   BkCabin *cabins)
{
	bool isnull;
	BkCabin *cabin = cabin_of(slot_getattr(slot, columns->cabin_class, &isnull), cabins);
	Datum price;

	cabin->seats++;
	if (!is_claimable(slot, columns, moment))
		return;
	price = slot_getattr(slot, columns->price, &isnull);
	if (cabin->seats_available++ == 0 || is_lower(price, cabin->price_from))
		cabin->price_from = datumCopy(price, false, -1);
}

/* Most seats of a cabin have the same price, in the same bytes. */
static bool
is_lower(Datum price, Datum than)
{
	return !datum_image_eq(price, than, false, -1) &&
		   DatumGetBool(DirectFunctionCall2(numeric_lt, price, than));
}

static BkCabin *
cabin_of(Datum cabin_class, BkCabin *cabins)
{
	for (int i = BK_CABINS - 1; i >= 0; i--) /* most seats are in economy */
		if (text_is(cabin_class, cabins[i].cabin_class, strlen(cabins[i].cabin_class)))
			return &cabins[i];
	elog(ERROR, "unknown cabin");
}

static bool
is_claimable(TupleTableSlot *slot, const SeatColumns *columns, TimestampTz moment)
{
	bool isnull;
	Datum status = slot_getattr(slot, columns->status, &isnull);

	if (TEXT_IS(status, "available"))
		return true;
	return TEXT_IS(status, "held") &&
		   DatumGetTimestampTz(slot_getattr(slot, columns->held_until, &isnull)) <=
			   moment;
}

/* Status and cabin words are short, so they are never compressed nor moved out of the row. */
static bool
text_is(Datum text, const char *word, size_t length)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(text);

	return VARSIZE_ANY_EXHDR(value) == length &&
		   memcmp(VARDATA_ANY(value), word, length) == 0;
}
