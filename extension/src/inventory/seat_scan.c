/*
 * seat_scan.c
 *		Reads the seats of a flight without SQL.
 *
 * This is the one place that reads a table without SQL: the executor's share of reading 180 seats is several times the
 * cost of reading them, and a search counts many flights. The scan goes by the primary key, whose first column is the
 * flight; what makes a seat claimable is BK_SQL_CLAIMABLE of claims.h in C. Table rights are those of the function's
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
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/words.h"
#include "inventory/seat_scan.h"

struct BkSeatScan
{
	Relation seats;
	Relation index;
	IndexScanDesc scan;
	TupleTableSlot *slot;
	TimestampTz moment;
	/* The columns that are read, by number. */
	AttrNumber seat_number;
	AttrNumber cabin_class;
	AttrNumber characteristics;
	AttrNumber price;
	AttrNumber status;
	AttrNumber held_until;
	AttrNumber last;
};

static void find_columns(BkSeatScan *scan);
static bool is_claimable(Datum status, Datum held_until, TimestampTz moment);

BkSeatScan *
bk_seat_scan_begin(int64 flight_id)
{
	BkSeatScan *scan = palloc(sizeof(BkSeatScan));
	Oid schema = get_namespace_oid("public", false);
	ScanKeyData key;

	scan->seats = table_open(get_relname_relid("seats", schema), AccessShareLock);
	scan->index = index_open(get_relname_relid("seats_pkey", schema), AccessShareLock);
	find_columns(scan);
	scan->slot = table_slot_create(scan->seats, NULL);
	scan->moment = GetCurrentTimestamp();

	ScanKeyInit(&key, 1, BTEqualStrategyNumber, F_INT8EQ, Int64GetDatum(flight_id));
	scan->scan = bk_index_beginscan(scan->seats, scan->index, GetActiveSnapshot(), 1);
	index_rescan(scan->scan, &key, 1, NULL, 0);
	return scan;
}

/* Columns are looked up by name: an importer's table may have them in another order. */
static void
find_columns(BkSeatScan *scan)
{
	Oid seats = RelationGetRelid(scan->seats);

	scan->seat_number = get_attnum(seats, "seat_number");
	scan->cabin_class = get_attnum(seats, "cabin_class");
	scan->characteristics = get_attnum(seats, "characteristics");
	scan->price = get_attnum(seats, "price");
	scan->status = get_attnum(seats, "status");
	scan->held_until = get_attnum(seats, "held_until");
	scan->last = Max(Max(Max(scan->seat_number, scan->cabin_class),
						 Max(scan->characteristics, scan->price)),
					 Max(scan->status, scan->held_until));
}

bool
bk_seat_scan_next(BkSeatScan *scan, BkSeat *seat)
{
	const Datum *values = scan->slot->tts_values;

	CHECK_FOR_INTERRUPTS();
	if (!index_getnext_slot(scan->scan, ForwardScanDirection, scan->slot))
		return false;
	slot_getsomeattrs(scan->slot, scan->last);
	seat->seat_number = values[scan->seat_number - 1];
	seat->cabin_class = values[scan->cabin_class - 1];
	seat->characteristics = values[scan->characteristics - 1];
	seat->price = values[scan->price - 1];
	seat->status = values[scan->status - 1];
	seat->claimable = is_claimable(seat->status, values[scan->held_until - 1],
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
