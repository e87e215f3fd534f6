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
	"SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) AS locked",
	TEXTOID);

static BkQuery find_response = BK_SELECT(
	"SELECT request_hash = pg_catalog.sha256(pg_catalog.convert_to($2, 'UTF8')) AS same_request,"
	"       status, headers, body"
	"  FROM booking_private.idempotency_keys"
	" WHERE idempotency_key = $1 AND created_at > pg_catalog.clock_timestamp() - " SQL_KEPT,
	TEXTOID, TEXTOID);

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
	" WHERE created_at <= pg_catalog.now() - " SQL_KEPT);

static void lock_request(const char *key);
static void run_request(BkRequest *request, BkResponse *response);
static char *request_text(const BkRequest *request);
static bool replay_response(const char *key, const char *text, BkResponse *response);
static void keep_response(const char *key, const char *text, const BkResponse *response);

PG_FUNCTION_INFO_V1(booking_forget_responses);

/* booking.forget_responses(): deletes the responses that are past their time; returns how many. */
Datum
booking_forget_responses(PG_FUNCTION_ARGS)
{
	uint64 forgotten;

	SPI_connect();
	forgotten = bk_query_run(&forget_responses).count;
	SPI_finish();
	PG_RETURN_INT64((int64) forgotten);
}

/* An error on the way undoes the effect and leaves nothing under the key. */
void
bk_idempotency_dispatch(BkRequest *request, BkResponse *response)
{
	const char *key = bk_json_string(request->context, "idempotency_key", MAX_KEY_LENGTH,
									 BK_OPTIONAL);
	char *text;

	if (key == NULL || strcmp(request->method, "GET") == 0)
	{
		run_request(request, response);
		return;
	}

	lock_request(key);
	text = request_text(request);
	if (replay_response(key, text, response))
		return;
	run_request(request, response);
	keep_response(key, text, response);
}

/* Holds the key until the transaction ends. Raises SB015 where another request does. */
static void
lock_request(const char *key)
{
	if (!bk_row_bool(bk_query_run(&lock_key, bk_text(key)), 0, "locked"))
		ereport(ERROR, errcode(SB_IDEMPOTENCY_IN_USE),
				errmsg("a request with this Idempotency-Key is under way"),
				errhint("Send it again in a moment: its response will be there."));
}

/* Has the router answer, with the headers as one JSON object around whatever the handlers put there. */
static void
run_request(BkRequest *request, BkResponse *response)
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

/* Writes the response that is kept under the key, if one is. Raises SB016 where it is another request's. */
static bool
replay_response(const char *key, const char *text, BkResponse *response)
{
	BkRows rows = bk_query_run(&find_response, bk_text(key), bk_text(text));

	if (rows.count == 0)
		return false;
	if (!bk_row_bool(rows, 0, "same_request"))
		ereport(ERROR, errcode(SB_IDEMPOTENCY_REUSED),
				errmsg("the Idempotency-Key came with another request before"),
				errhint("A new request needs a new key."));
	response->status = bk_row_int32(rows, 0, "status");
	appendStringInfoString(response->headers, bk_row_text(rows, 0, "headers"));
	appendStringInfoString(response->body, bk_row_text(rows, 0, "body"));
	return true;
}

/* The caller holds the key, so whatever is kept under it is past its time. */
static void
keep_response(const char *key, const char *text, const BkResponse *response)
{
	(void) bk_query_run(&store_response, bk_text(key), bk_text(text),
						bk_int32(response->status), bk_text(response->headers->data),
						bk_text(response->body->data));
}
