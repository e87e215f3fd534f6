/*
 * table.h
 *		Tables that are read without SQL: what SQL would find out about them is checked here.
 *
 * What a caller finds out about a table and its index stands until either changes, of which the relation cache tells; both are
 * locked first, so that a change by another session has been told by then.
 */
#ifndef BK_TABLE_H
#define BK_TABLE_H

#include "postgres.h"

#include "utils/rel.h"

#define BK_SCHEMA_HINT errhint("booking.check_schema() tells what differs.")

/*
 * Opens and locks a table of schema public for reading, whose rows are all in it, here, and for everyone: not partitioned, foreign
 * or a view, without children and policies. Raises 42P01 and 42809.
 */
extern Relation bk_table_open(const char *name);

/* Opens and locks an index of that schema for reading. Raises 42P01. */
extern Relation bk_table_index_open(const char *name);

/* The index is a B-tree of the table, whole, and begins with that column. Raises 42809; as the next for the column. */
extern void bk_table_require_index(Relation table, Relation index, const char *column,
								   Oid type);

/* The number of a column, whose type is this one or a domain over it. Raises 42703 and 42804. */
extern AttrNumber bk_table_column(Relation table, const char *name, Oid type);

#endif
