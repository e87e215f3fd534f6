/*
 * table.c
 *		Tables that are read without SQL.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_inherits.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/table.h"

static Oid require_relation(const char *name);
static bool has_children(Relation table);

Relation
bk_table_open(const char *name)
{
	Relation table = table_open(require_relation(name), AccessShareLock);
	const FormData_pg_class *class = table->rd_rel;

	if (class->relkind != RELKIND_RELATION || has_children(table) || class->relrowsecurity)
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("\"public.%s\" is not a plain table", name),
				errdetail("It must have all its rows itself: no partitions, no children, "
						  "no other server's, no row security."));
	return table;
}

Relation
bk_table_index_open(const char *name)
{
	return index_open(require_relation(name), AccessShareLock);
}

void
bk_table_require_index(Relation table, Relation index, const char *column, Oid type)
{
	const FormData_pg_index *key = index->rd_index;

	if (key->indrelid != RelationGetRelid(table) || !key->indisvalid ||
		index->rd_rel->relam != BTREE_AM_OID ||
		key->indkey.values[0] != bk_table_column(table, column, type))
		ereport(ERROR, errcode(ERRCODE_WRONG_OBJECT_TYPE),
				errmsg("index \"public.%s\" does not begin with \"%s\" of \"public.%s\"",
					   RelationGetRelationName(index), column,
					   RelationGetRelationName(table)),
				BK_SCHEMA_HINT);
}

/* Columns are looked up by name: an importer's table may have them in another order. */
AttrNumber
bk_table_column(Relation table, const char *name, Oid type)
{
	TupleDesc columns = RelationGetDescr(table);

	for (int i = 0; i < columns->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(columns, i);

		if (column->attisdropped || strcmp(NameStr(column->attname), name) != 0)
			continue;
		if (column->atttypid != type && getBaseType(column->atttypid) != type)
			ereport(ERROR, errcode(ERRCODE_DATATYPE_MISMATCH),
					errmsg("column \"%s\" of \"public.%s\" has another type than %s",
						   name, RelationGetRelationName(table), format_type_be(type)),
					BK_SCHEMA_HINT);
		return column->attnum;
	}
	ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
			errmsg("column \"%s\" of \"public.%s\" does not exist", name,
				   RelationGetRelationName(table)),
			BK_SCHEMA_HINT);
}

/* The table or index of that name. Raises 42P01. */
static Oid
require_relation(const char *name)
{
	Oid relation = get_relname_relid(name, get_namespace_oid("public", false));

	if (!OidIsValid(relation))
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("relation \"public.%s\" does not exist", name), BK_SCHEMA_HINT);
	return relation;
}

/* The mark in pg_class may be left from a child that is gone. */
static bool
has_children(Relation table)
{
	return table->rd_rel->relhassubclass &&
		   find_inheritance_children(RelationGetRelid(table), NoLock) != NIL;
}
