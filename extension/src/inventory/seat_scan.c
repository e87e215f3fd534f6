/*
 * seat_scan.c
 *		Reads the seats of a flight without SQL.
 *
 * The executor's share of reading 180 seats is several times the cost of reading them, and a search counts many flights. The scan goes by the primary key, whose first column is the
 * flight; what makes a seat claimable is BK_SQL_CLAIMABLE of claims.h in C. Table rights are those of the function's
 * owner, as for the statements around it. See table.h for what is checked before a row is read.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/inval.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/table.h"
#include "base/words.h"
#include "inventory/seat_scan.h"

/* The columns that are read, by number, as they were found in this table and index; seats invalid: not looked for yet. */
typedef struct Layout
{
	Oid seats;
	Oid index;
	AttrNumber seat_number;
	AttrNumber cabin_class;
	AttrNumber characteristics;
	AttrNumber price;
	AttrNumber status;
	AttrNumber held_until;
	AttrNumber last;
} Layout;

struct BkSeatScan
{
	Relation seats;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	TimestampTz moment;
	Layout layout;
};

static Layout known;

static Layout require_layout(Relation seats, Relation index);
static void forget_layout(Datum unused, Oid relation);
static Layout find_columns(Relation seats);
static bool is_claimable(Datum status, Datum held_until, TimestampTz moment);

BkSeatScan *
bk_seat_scan_begin(int64 flight_id)
{
	BkSeatScan *scan = palloc(sizeof(BkSeatScan));
	ScanKeyData key;

	scan->seats = bk_table_open("seats");
	scan->index = bk_table_index_open("seats_pkey");
	scan->layout = require_layout(scan->seats, scan->index);
	scan->slot = table_slot_create(scan->seats, NULL);
	scan->moment = GetCurrentTimestamp();

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(flight_id));
	scan->scan = bk_index_beginscan(scan->seats, scan->index, GetActiveSnapshot(), 1);
	index_rescan(scan->scan, &key, 1, NULL, 0);
	return scan;
}

/* Where the columns are: as it is known, or looked for and checked. Raises 42703, 42804 and 42809. */
static Layout
require_layout(Relation seats, Relation index)
{
	static bool told = false;

	if (!told)
		CacheRegisterRelcacheCallback(forget_layout, (Datum) 0);
	told = true;
	if (known.seats != RelationGetRelid(seats) || known.index != RelationGetRelid(index))
	{
		Layout found = find_columns(seats);

		bk_table_require_index(seats, index, "flight_id", INT8OID);
		found.seats = RelationGetRelid(seats);
		found.index = RelationGetRelid(index);
		known = found;
	}
	return known;
}

/* A relation has changed, or any may have (InvalidOid). */
static void
forget_layout(Datum unused, Oid relation)
{
	if (relation == InvalidOid || relation == known.seats || relation == known.index)
		known.seats = InvalidOid;
}

/* Columns are looked up by name: an importer's table may have them in another order. */
static Layout
find_columns(Relation seats)
{
	Layout found = {.seat_number = bk_table_column(seats, "seat_number", TEXTOID),
					.cabin_class = bk_table_column(seats, "cabin_class", TEXTOID),
					.characteristics = bk_table_column(seats, "characteristics", TEXTOID),
					.price = bk_table_column(seats, "price", NUMERICOID),
					.status = bk_table_column(seats, "status", TEXTOID),
					.held_until = bk_table_column(seats, "held_until", TIMESTAMPTZOID)};

	found.last = Max(Max(Max(found.seat_number, found.cabin_class),
						 Max(found.characteristics, found.price)),
					 Max(found.status, found.held_until));
	return found;
}

bool
bk_seat_scan_next(BkSeatScan *scan, BkSeat *seat)
{
	const Datum *values = scan->slot->tts_values;

	CHECK_FOR_INTERRUPTS();
	if (!index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot))
		return false;
	slot_getsomeattrs(scan->slot, scan->layout.last);
	seat->seat_number = values[scan->layout.seat_number - 1];
	seat->cabin_class = values[scan->layout.cabin_class - 1];
	seat->characteristics = values[scan->layout.characteristics - 1];
	seat->price = values[scan->layout.price - 1];
	seat->status = values[scan->layout.status - 1];
	seat->claimable = is_claimable(seat->status, values[scan->layout.held_until - 1],
								   scan->moment);
	return true;
}

void
bk_seat_scan_end(BkSeatScan *scan)
{
	index_endscan(scan->scan);
	ExecDropSingleTupleTableSlot(scan->slot);
	index_close(scan->index, AccessShareLock);
	table_close(scan->seats, AccessShareLock);
	pfree(scan);
}

/* BK_SQL_CLAIMABLE in C. The schema gives each held seat its held_until; that of the others is null and not looked at. */
static bool
is_claimable(Datum status, Datum held_until, TimestampTz moment)
{
	return bk_seat_text_is(status, BK_AVAILABLE) ||
		   (bk_seat_text_is(status, BK_HELD) && DatumGetTimestampTz(held_until) <= moment);
}
