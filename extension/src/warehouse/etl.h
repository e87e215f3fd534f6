/*
 * etl.h
 *		From the booking tables to the warehouse: one run, its steps and what they count.
 *
 * A run is one transaction under one advisory lock. Dimensions come before facts.
 */
#ifndef BK_ETL_H
#define BK_ETL_H

#include "base/query.h"
#include "http/request.h"

typedef enum BkEtlCount
{
	BK_ROWS_IN,
	BK_ROWS_INSERTED,
	BK_ROWS_UPDATED,
	BK_ROWS_DELETED,
	BK_ROWS_REJECTED,
	BK_ETL_COUNTS
} BkEtlCount;

typedef struct BkEtl
{
	int64 run_id;
	bool everything; /* every source row is looked at, not only what the queue names */
	int16 steps;
	int64 counts[BK_ETL_COUNTS];
} BkEtl;

/* More keys than these, and looking at everything is cheaper. */
#define BK_ETL_MAX_KEYS 5000

/*
 * A statement of a step takes the keys to look at ($1 bigint[], null for all) and the run ($2 bigint), and answers with
 * one row of the five counts, or is a utility statement without arguments.
 */
#define BK_ETL_STATEMENT(text)                                   \
	{                                                            \
		.sql = (text), .expect = SPI_OK_SELECT, .nargs = 2,      \
		.argtypes = {INT8ARRAYOID, INT8OID}, .custom_plan = true \
	}

/* Runs the statements (NULL-terminated), and records their time and the sum of their counts as a step of the run. */
extern void bk_etl_step(BkEtl *run, const char *name, BkQuery *const *statements,
						Datum keys);

/* Stands for all keys. */
#define BK_ETL_ALL_KEYS ((Datum) 0)

/* Brings the dimensions up to date with the queue and marks what it has done there. */
extern void bk_etl_dimensions(BkEtl *run);

/* Takes from the queue what the dimensions have, and brings facts and materialized views up to date. */
extern void bk_etl_facts(BkEtl *run);

#endif
