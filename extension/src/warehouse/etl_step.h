/*
 * etl_step.h
 *		The steps of an ETL run: what each one reads and writes is counted, and how long it takes.
 */
#ifndef BK_ETL_STEP_H
#define BK_ETL_STEP_H

#include "catalog/pg_type.h"

#include "base/query.h"

typedef enum BkEtlCount
{
	BK_ROWS_IN,
	BK_ROWS_INSERTED,
	BK_ROWS_UPDATED,
	BK_ROWS_DELETED,
	BK_ROWS_REJECTED,
	BK_ETL_COUNTS
} BkEtlCount;

/* A run that is under way. */
typedef struct BkEtl
{
	int64 run_id;
	bool everything; /* every source row is looked at, not only what the queue names */
	int16 steps;
	int64 counts[BK_ETL_COUNTS]; /* of the steps so far, added up */
} BkEtl;

/* More keys than these, and looking at everything is cheaper. */
#define BK_ETL_MAX_KEYS 5000

/* The keys that a step looks at where it looks at all of them. */
#define BK_ETL_ALL_KEYS bk_null()

/*
 * A statement of a step: $1 bigint[] is the keys to look at, null for all, $2 bigint the run. It answers with one row of the
 * counts that it has (rows_in, rows_inserted, rows_updated, rows_deleted, rows_rejected). A utility statement has neither.
 */
#define BK_ETL_STATEMENT(text) BK_LONG_SELECT(text, INT8ARRAYOID, INT8OID)

/*
 * Runs the statements (NULL-terminated) as one step of the run, and adds its row to warehouse.etl_run_steps. Where there are
 * no keys, nothing is run and the row says so.
 */
extern void bk_etl_step(BkEtl *run, const char *name, BkQuery *const *statements,
						NullableDatum keys);

/*
 * Makes statistics of the tables that have more than doubled since they were made: of those that a step has filled, which
 * bk_etl_step() does by itself, and before a run of those that an import has.
 */
extern void bk_etl_analyze_grown(void);

/* Loads a table of schema warehouse by its warehouse.load_statement(), as a step of the table's name. */
extern void bk_etl_load(BkEtl *run, const char *table, NullableDatum keys);

#endif
