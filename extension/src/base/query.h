/*
 * query.h
 *		Static SQL statements: prepared at first use, kept for the backend's life, values as parameters.
 *
 * A statement is a static BkQuery beside its only user, made by one of the macros below from its text and the types of
 * its parameters:
 *
 *		static BkQuery find_flight = BK_SELECT("SELECT status FROM public.flights WHERE flight_id = $1", INT8OID);
 *		rows = bk_query_run(&find_flight, bk_int64(flight_id));
 *		status = bk_row_text(rows, 0, "status");
 *
 * Running one needs a connected SPI. Rows live until SPI_finish() or bk_rows_free(). Rows count from 0; a column is known
 * by its name.
 */
#ifndef BK_QUERY_H
#define BK_QUERY_H

#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define BK_QUERY_MAX_ARGS 18

typedef struct BkQuery
{
	const char *sql;
	int expect; /* SPI_OK_SELECT and so on; anything else is an internal error */
	int nargs;
	Oid argtypes[BK_QUERY_MAX_ARGS];
	bool read_only; /* sees the caller's snapshot, and so not the caller's own writes */
	bool custom_plan; /* plan anew for each set of values, by the server's costs: for what runs long */
	SPIPlanPtr plan; /* NULL until first run */
	int plans;       /* how many plans had been made when the last of ours was */
} BkQuery;

/* clang-format off */
#define BK_STATEMENT(outcome, is_read_only, has_custom_plan, text, ...) \
	{ \
		.sql = (text), .expect = (outcome), .nargs = sizeof((Oid[]){__VA_ARGS__}) / sizeof(Oid), \
		.argtypes = {__VA_ARGS__}, .read_only = (is_read_only), .custom_plan = (has_custom_plan) \
	}
#define BK_SELECT(...)           BK_STATEMENT(SPI_OK_SELECT, false, false, __VA_ARGS__)
#define BK_SNAPSHOT_SELECT(...)  BK_STATEMENT(SPI_OK_SELECT, true, false, __VA_ARGS__)
#define BK_LONG_SELECT(...)      BK_STATEMENT(SPI_OK_SELECT, false, true, __VA_ARGS__)
#define BK_REPORT_SELECT(...)    BK_STATEMENT(SPI_OK_SELECT, true, true, __VA_ARGS__)
#define BK_INSERT(...)           BK_STATEMENT(SPI_OK_INSERT, false, false, __VA_ARGS__)
#define BK_INSERT_RETURNING(...) BK_STATEMENT(SPI_OK_INSERT_RETURNING, false, false, __VA_ARGS__)
#define BK_UPDATE(...)           BK_STATEMENT(SPI_OK_UPDATE, false, false, __VA_ARGS__)
#define BK_UPDATE_RETURNING(...) BK_STATEMENT(SPI_OK_UPDATE_RETURNING, false, false, __VA_ARGS__)
#define BK_DELETE(...)           BK_STATEMENT(SPI_OK_DELETE, false, false, __VA_ARGS__)
#define BK_UTILITY(...)          BK_STATEMENT(SPI_OK_UTILITY, false, true, __VA_ARGS__)
/* clang-format on */

typedef struct BkRows
{
	SPITupleTable *table;
	uint64 count; /* rows returned, or rows written by a statement without RETURNING */
} BkRows;

/* A parameter's value; its type is the statement's to say. bk_text(NULL) is a null. */
static inline NullableDatum
bk_datum(Datum value)
{
	return (NullableDatum){.value = value, .isnull = false};
}

static inline NullableDatum
bk_null(void)
{
	return (NullableDatum){.value = (Datum) 0, .isnull = true};
}

static inline NullableDatum
bk_datum_if(bool given, Datum value)
{
	return given ? bk_datum(value) : bk_null();
}

static inline NullableDatum
bk_bool(bool value)
{
	return bk_datum(BoolGetDatum(value));
}

static inline NullableDatum
bk_int16(int16 value)
{
	return bk_datum(Int16GetDatum(value));
}

static inline NullableDatum
bk_int32(int32 value)
{
	return bk_datum(Int32GetDatum(value));
}

static inline NullableDatum
bk_int64(int64 value)
{
	return bk_datum(Int64GetDatum(value));
}

static inline NullableDatum
bk_float8(float8 value)
{
	return bk_datum(Float8GetDatum(value));
}

static inline NullableDatum
bk_timestamptz(TimestampTz value)
{
	return bk_datum(TimestampTzGetDatum(value));
}

static inline NullableDatum
bk_text(const char *value)
{
	return value == NULL ? bk_null() : bk_datum(CStringGetTextDatum(value));
}

/* An argument of a SQL function as a parameter, null for null. */
static inline NullableDatum
bk_argument(FunctionCallInfo fcinfo, int arg)
{
	return fcinfo->args[arg];
}

/* Runs the statement with values, as many as it has parameters: bk_query_run(&query, bk_int64(id), bk_text(name)). */
#define bk_query_run(query, ...)                                 \
	bk_query_run_values((query), (NullableDatum[]){__VA_ARGS__}, \
						sizeof((NullableDatum[]){__VA_ARGS__}) / sizeof(NullableDatum))
extern BkRows bk_query_run_values(BkQuery *query, const NullableDatum *values, int count);

/* Gives up the plan of a statement that is not static, so that it may go out of scope. */
extern void bk_query_forget(BkQuery *query);

/* The number of a column, from 1. A name that the statement does not give is an internal error. */
extern int bk_rows_column(BkRows rows, const char *column);

/* The type of a column; the one that it is made of where it is a domain. */
extern Oid bk_rows_type(BkRows rows, int number);

/* Any column by number, for those who take all columns as they come. */
extern Datum bk_row_datum_at(BkRows rows, uint64 row, int number, bool *isnull);
extern char *bk_row_text_at(BkRows rows, uint64 row, int number);

extern Datum bk_row_datum(BkRows rows, uint64 row, const char *column, bool *isnull);
extern bool bk_row_isnull(BkRows rows, uint64 row, const char *column);

/* The value of a column that cannot be null: one that is null all the same is an internal error, and so for those below. */
extern Datum bk_row_value(BkRows rows, uint64 row, const char *column);
extern bool bk_row_bool(BkRows rows, uint64 row, const char *column);
extern int32 bk_row_int32(BkRows rows, uint64 row, const char *column);
extern int64 bk_row_int64(BkRows rows, uint64 row, const char *column);
extern TimestampTz bk_row_timestamptz(BkRows rows, uint64 row, const char *column);

/* Any type as its text, palloc'd; NULL for a null. */
extern char *bk_row_text(BkRows rows, uint64 row, const char *column);

/* Gives the rows' memory back before SPI_finish(), for statements in loops. */
extern void bk_rows_free(BkRows rows);

/*
 * Refuses a transaction at REPEATABLE READ: 0A000. It looks at rows as they were before the locks that it takes, and so counts
 * holds and follows quotes that others have outdone since. At SERIALIZABLE the server finds that out.
 */
extern void bk_query_require_isolation(void);

#endif
