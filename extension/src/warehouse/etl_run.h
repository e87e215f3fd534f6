/*
 * etl_run.h
 *		A run of the ETL: one transaction under one lock, one row of warehouse.etl_runs.
 */
#ifndef BK_ETL_RUN_H
#define BK_ETL_RUN_H

#include "base/query.h"

typedef enum BkEtlScope
{
	BK_ETL_ALL,
	BK_ETL_DIMENSIONS,
	BK_ETL_FACTS
} BkEtlScope;

/*
 * Brings the warehouse, or a part of it, up to date; full looks at every source row. Returns the run's row. Raises 55P03
 * while another run is under way; the lock lasts until the transaction ends.
 */
extern BkRows bk_etl_run(BkEtlScope scope, bool full);

/* How many runs are listed where the caller does not say. */
#define BK_ETL_RUNS_LISTED 20

/* A run with its steps: one row. Raises SB011. */
extern BkRows bk_etl_run_get(int64 run_id);

/* The latest runs with their steps, newest first. Raises SB010 unless limit is from 1 to 200. */
extern BkRows bk_etl_runs_list(int64 limit);

#endif
