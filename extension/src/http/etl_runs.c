/*
 * etl_runs.c
 *		/v1/etl_runs: running the ETL, and what the last runs did.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "http/links.h"
#include "warehouse/etl_run.h"

static void put_run(BkResponse *response, int64 run_id);

/* POST /v1/etl_runs {"full": false}: runs the ETL and answers with the run, and where it is. */
void
bk_http_etl_runs_create(const BkRequest *request, BkResponse *response)
{
	bool full = bk_json_bool(request->body, "full", false);
	int64 run_id = bk_row_int64(bk_etl_run(BK_ETL_ALL, full), 0, "run_id");

	bk_http_put_location(response, "/v1/etl_runs", run_id);
	put_run(response, run_id);
}

/* GET /v1/etl_runs/{id}: the run with its steps. */
void
bk_http_etl_runs_get(const BkRequest *request, BkResponse *response)
{
	put_run(response, request->ids[0]);
}

/* GET /v1/etl_runs?limit=20: the latest runs with their steps, newest first. */
void
bk_http_etl_runs_list(const BkRequest *request, BkResponse *response)
{
	int64 limit = bk_json_int64(request->query, "limit", PG_INT64_MIN, PG_INT64_MAX,
								BK_OPTIONAL, BK_ETL_RUNS_LISTED);

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "etl_runs", bk_etl_runs_list(limit));
	bk_json_close(response->body, '}');
}

/* The run, as the list has it. */
static void
put_run(BkResponse *response, int64 run_id)
{
	bk_json_put_object(response->body, NULL, bk_etl_run_get(run_id), 0);
}
