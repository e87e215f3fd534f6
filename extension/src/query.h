/*
 * query.h
 *		Static SQL statements: prepared at first use, kept for the backend's life, values as parameters.
 *
 * A statement is a static BkQuery beside its only user. Running one needs a connected SPI. The rows live until
 * SPI_finish() or bk_rows_free(); columns count from 1, rows from 0.
 */
#ifndef BK_QUERY_H
#define BK_QUERY_H

#include "executor/spi.h"
#include "utils/timestamp.h"

#define BK_QUERY_MAX_ARGS 17

typedef struct BkQuery
{
	const char *sql;
	int expect; /* SPI_OK_SELECT and so on; anything else is an internal error */
	int nargs;
	Oid argtypes[BK_QUERY_MAX_ARGS];
	bool read_only;   /* sees the caller's snapshot, and so not the caller's own writes */
	bool custom_plan; /* plan anew for each set of values, for statements that run long */
	SPIPlanPtr plan;  /* NULL until first run */
} BkQuery;

typedef struct BkRows
{
	SPITupleTable *table;
	uint64 count; /* rows returned, or rows written by a statement without RETURNING */
} BkRows;

/* Runs the statement. nulls is as for SPI_execute_plan: NULL, or one ' ' or 'n' per value. */
extern BkRows bk_query_run(BkQuery *query, const Datum *values, const char *nulls);

/* The type of a column; the one that it is made of where it is a domain. */
extern Oid bk_rows_type(BkRows rows, int column);

extern Datum bk_row_datum(BkRows rows, uint64 row, int column, bool *isnull);

/* The value of a column that cannot be null: one that is null all the same is an internal error, and so for those below. */
extern Datum bk_row_value(BkRows rows, uint64 row, int column);
extern bool bk_row_isnull(BkRows rows, uint64 row, int column);
extern bool bk_row_bool(BkRows rows, uint64 row, int column);
extern int32 bk_row_int32(BkRows rows, uint64 row, int column);
extern int64 bk_row_int64(BkRows rows, uint64 row, int column);
extern TimestampTz bk_row_timestamptz(BkRows rows, uint64 row, int column);

/* Any type as its text, palloc'd; NULL for a null. */
extern char *bk_row_text(BkRows rows, uint64 row, int column);

/* Gives the rows' memory back before SPI_finish(), for statements in loops. */
extern void bk_rows_free(BkRows rows);

#endif
