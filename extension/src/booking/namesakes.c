/*
 * namesakes.c
 *		Is there a passenger of a name on a flight?
 *
 * Every booking asks this of each passenger, and nearly always there is none. So it is asked of the index, without SQL: it has the live
 * items alone, and begins with flight and folded name. See table.h for what is checked before.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/inval.h"
#include "utils/snapmgr.h"

#include "base/compat.h"
#include "base/table.h"
#include "booking/namesakes.h"

#define INDEX "booking_items_live_passenger_key"
#define KEYS 2 /* flight and folded name */

/* The index that has been found to be what it should. */
static Oid known = InvalidOid;

static bool travels(IndexScanDesc scan, TupleTableSlot *slot,
					const BkTraveller *traveller);
static void require_index(Relation items, Relation index);
static void forget_index(Datum unused, Oid relation);

int
bk_namesakes_next(const BkTraveller *travellers, int from, int count)
{
	Relation items = bk_table_open("booking_items");
	Relation index = bk_table_index_open(INDEX);
	TupleTableSlot *slot = table_slot_create(items, NULL);
	IndexScanDesc scan;
	int found = from;

	require_index(items, index);
	scan = bk_index_beginscan(items, index, GetActiveSnapshot(), KEYS);
	while (found < count && !travels(scan, slot, &travellers[found]))
		found++;
	index_endscan(scan);
	ExecDropSingleTupleTableSlot(slot);
	index_close(index, AccessShareLock);
	table_close(items, AccessShareLock);
	return found;
}

/* Whether the scan finds the traveller's name on the flight. */
static bool
travels(IndexScanDesc scan, TupleTableSlot *slot, const BkTraveller *traveller)
{
	ScanKeyData keys[KEYS];

	ScanKeyInit(&keys[0], 1, BTEqualStrategyNumber, F_INT8EQ,
				Int64GetDatum(traveller->flight_id));
	ScanKeyEntryInitialize(&keys[1], 0, 2, BTEqualStrategyNumber, InvalidOid,
						   scan->indexRelation->rd_indcollation[1], F_TEXTEQ,
						   CStringGetTextDatum(traveller->folded_name));
	index_rescan(scan, keys, KEYS, NULL, 0);
	return index_getnext_slot(scan, ForwardScanDirection, slot);
}

/* Begins with the flight, goes on with an expression, and leaves items out. Raises 42809. */
static void
require_index(Relation items, Relation index)
{
	static bool told = false;

	if (!told)
		CacheRegisterRelcacheCallback(forget_index, (Datum) 0);
	told = true;
	if (known == RelationGetRelid(index))
		return;
	bk_table_require_index(items, index, "flight_id", INT8OID);
	if (index->rd_index->indnkeyatts < 2 || index->rd_index->indkey.values[1] != 0 ||
		heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL))
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("index \"public." INDEX
					   "\" is not of the folded names of live items"),
				BK_SCHEMA_HINT);
	known = RelationGetRelid(index);
}

/* A relation has changed, or any may have (InvalidOid). */
static void
forget_index(Datum unused, Oid relation)
{
	if (relation == InvalidOid || relation == known)
		known = InvalidOid;
}
