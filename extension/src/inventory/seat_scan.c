/*
 * seat_scan.c
 *		Reads the seats of a flight without SQL.
 *
 * This is the one place that reads a table without SQL: the executor's share of reading 180 seats is several times the
 * cost of reading them, and a search counts many flights. The scan goes by the primary key, whose first column is the
 * flight; what makes a seat claimable is BK_SQL_CLAIMABLE of claims.h in C. Table rights are those of the function's
 * owner, as for the statements around it.
 *
 * What SQL would find out is checked here before a row is read: that the table is a plain one, and that columns and index
 * are there and of the types that the code takes them for. What was found stands until table or index change, of which the
 * relation cache tells; both are locked first, so that a change by another session has been told by then.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/relscan.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/words.h"
#include "inventory/seat_scan.h"

#define SCHEMA_HINT errhint("booking.check_schema() tells what differs.")

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
static Oid require_relation(const char *name, Oid schema);
static void require_plain(Relation seats);
static bool has_children(Relation seats);
static void require_index(Relation index, Relation seats);
static Layout find_columns(Relation seats);
static AttrNumber find_column(Relation seats, const char *name, Oid type);
static bool is_claimable(Datum status, Datum held_until, TimestampTz moment);

BkSeatScan *
bk_seat_scan_begin(int64 flight_id)
{
	BkSeatScan *scan = palloc(sizeof(BkSeatScan));
	Oid schema = get_namespace_oid("public", false);
	ScanKeyData key;

	scan->seats = table_open(require_relation("seats", schema), AccessShareLock);
	require_plain(scan->seats);
	scan->index = index_open(require_relation("seats_pkey", schema), AccessShareLock);
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

		require_index(index, seats);
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

/* The table or index of that name. Raises 42P01. */
static Oid
require_relation(const char *name, Oid schema)
{
	Oid relation = get_relname_relid(name, schema);

	if (!OidIsValid(relation))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("relation \"public.%s\" does not exist", name), SCHEMA_HINT);
	return relation;
}

/*
 * A table whose rows are all in it, here, and for everyone: not partitioned, foreign or a view, without children and
 * policies. Raises 42809.
 */
static void
require_plain(Relation seats)
{
	const FormData_pg_class *class = seats->rd_rel;

	if (class->relkind != RELKIND_RELATION || has_children(seats) || class->relrowsecurity)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"public.seats\" is not a plain table"),
				errdetail("It must have all its rows itself: no partitions, no children, "
						  "no other server's, no row security."));
}

/* The mark in pg_class may be left from a child that is gone. */
static bool
has_children(Relation seats)
{
	return seats->rd_rel->relhassubclass &&
		   find_inheritance_children(RelationGetRelid(seats), NoLock) != NIL;
}

/* The primary key that the scan goes by begins with the flight. Raises 42809. */
static void
require_index(Relation index, Relation seats)
{
	const FormData_pg_index *key = index->rd_index;

	if (key->indrelid != RelationGetRelid(seats) || !key->indisvalid ||
		index->rd_rel->relam != BTREE_AM_OID ||
		key->indkey.values[0] != find_column(seats, "flight_id", INT8OID))
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("index \"public.seats_pkey\" does not begin with the flight of "
					   "\"public.seats\""),
				SCHEMA_HINT);
}

/* Columns are looked up by name: an importer's table may have them in another order. */
static Layout
find_columns(Relation seats)
{
	Layout found = {.seat_number = find_column(seats, "seat_number", TEXTOID),
					.cabin_class = find_column(seats, "cabin_class", TEXTOID),
					.characteristics = find_column(seats, "characteristics", TEXTOID),
					.price = find_column(seats, "price", NUMERICOID),
					.status = find_column(seats, "status", TEXTOID),
					.held_until = find_column(seats, "held_until", TIMESTAMPTZOID)};

	found.last = Max(Max(Max(found.seat_number, found.cabin_class),
						 Max(found.characteristics, found.price)),
					 Max(found.status, found.held_until));
	return found;
}

/* The number of a column, whose type is this one or a domain over it. Raises 42703 and 42804. */
static AttrNumber
find_column(Relation seats, const char *name, Oid type)
{
	TupleDesc columns = RelationGetDescr(seats);

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (column->attisdropped || strcmp(NameStr(column->attname), name) != 0)
			continue;
		if (column->atttypid != type && getBaseType(column->atttypid) != type)
			ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" of \"public.seats\" has another type than %s",
						   name, format_type_be(type)),
					SCHEMA_HINT);
		return column->attnum;
	}
	ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
			errmsg("column \"%s\" of \"public.seats\" does not exist", name),
			SCHEMA_HINT);
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
