/*
 * idempotency.c
 *		A request that changes something, at most once per Idempotency-Key.
 *
 * The response is stored by the transaction that has the effect, so either both are there or neither. Two requests with
 * one key meet at an advisory lock, which is tried and never waited for.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "http/idempotency.h"
#include "http/router.h"

#define MAX_KEY_LENGTH 255
#define SQL_KEPT "interval '24 hours'"

static BkQuery lock_key = BK_SELECT(
	"SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0))",
	TEXTOID);

static BkQuery find_response = BK_SELECT(
	"SELECT request_hash = pg_catalog.sha256(pg_catalog.convert_to($2, 'UTF8')), status, headers, body"
	"  FROM booking_private.idempotency_keys"
	" WHERE idempotency_key = $1 AND created_at > pg_catalog.clock_timestamp() - " SQL_KEPT,
	TEXTOID, TEXTOID);

/* A row that is in the way is past its time. */
static BkQuery store_response = BK_INSERT(
	"INSERT INTO booking_private.idempotency_keys AS k"
	"       (idempotency_key, request_hash, status, headers, body, created_at)"
	" VALUES ($1, pg_catalog.sha256(pg_catalog.convert_to($2, 'UTF8')), $3, $4, $5,"
	"         pg_catalog.clock_timestamp())"
	" ON CONFLICT (idempotency_key) DO UPDATE"
	"    SET request_hash = excluded.request_hash, status = excluded.status,"
	"        headers = excluded.headers, body = excluded.body,"
	"        created_at = excluded.created_at, updated_at = excluded.created_at",
	TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID);

static BkQuery forget_responses = BK_DELETE(
	"DELETE FROM booking_private.idempotency_keys"
	" WHERE created_at <= pg_catalog.clock_timestamp() - " SQL_KEPT);

static void run(BkRequest *request, BkResponse *response);
static char *request_text(const BkRequest *request);
static bool replay(const char *key, const char *text, BkResponse *response);
static void store(const char *key, const char *text, const BkResponse *response);

PG_FUNCTION_INFO_V1(booking_forget_responses);

/* booking.forget_responses(): see its COMMENT. */
Datum
booking_forget_responses(PG_FUNCTION_ARGS)
{
	uint64 forgotten;

	SPI_connect();
	forgotten = bk_query_run_old(&forget_responses, NULL, NULL).count;
	SPI_finish();
	PG_RETURN_INT64((int64) forgotten);
}

void
bk_idempotency_dispatch(BkRequest *request, BkResponse *response)
{
	const char *key = bk_json_string(request->context, "idempotency_key", MAX_KEY_LENGTH,
									 BK_OPTIONAL);
	Datum values[1];
	char *text;

	if (key == NULL || strcmp(request->method, "GET") == 0)
	{
		run(request, response);
		return;
	}

	values[0] = CStringGetTextDatum(key);
	if (!bk_row_bool_at(bk_query_run_old(&lock_key, values, NULL), 0, 1))
		ereport(ERROR, errcode(SB_IDEMPOTENCY_IN_USE),
				errmsg("a request with this Idempotency-Key is under way"),
				errhint("Send it again in a moment: its response will be there."));
	text = request_text(request);
	if (replay(key, text, response))
		return;
	run(request, response);
	store(key, text, response);
}

static void
run(BkRequest *request, BkResponse *response)
{
	bk_json_open(response->headers, '{');
	bk_router_dispatch(request, response);
	bk_json_close(response->headers, '}');
}

/* What makes two requests the same: jsonb's text is the same for bodies that differ in layout alone. */
static char *
request_text(const BkRequest *request)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s\n", request->method, request->path);
	if (request->query.container != NULL)
		JsonbToCString(&text, request->query.container, -1);
	appendStringInfoChar(&text, '\n');
	if (request->body.container != NULL)
		JsonbToCString(&text, request->body.container, -1);
	return text.data;
}

static bool
replay(const char *key, const char *text, BkResponse *response)
{
	Datum values[] = {CStringGetTextDatum(key), CStringGetTextDatum(text)};
	BkRows rows = bk_query_run_old(&find_response, values, NULL);

	if (rows.count == 0)
		return false;
	if (!bk_row_bool_at(rows, 0, 1))
		ereport(ERROR, errcode(SB_IDEMPOTENCY_REUSED),
				errmsg("the Idempotency-Key came with another request before"),
				errhint("A new request needs a new key."));
	response->status = bk_row_int32_at(rows, 0, 2);
	appendStringInfoString(response->headers, bk_row_text_at(rows, 0, 3));
	appendStringInfoString(response->body, bk_row_text_at(rows, 0, 4));
	return true;
}

static void
store(const char *key, const char *text, const BkResponse *response)
{
	Datum values[] = {CStringGetTextDatum(key), CStringGetTextDatum(text),
					  Int32GetDatum(response->status),
					  CStringGetTextDatum(response->headers->data),
					  CStringGetTextDatum(response->body->data)};

	(void) bk_query_run_old(&store_response, values, NULL);
}
