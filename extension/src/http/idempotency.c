/*
 * idempotency.c
 *		A request that changes something, at most once per Idempotency-Key.
 *
 * A key is its caller's: who has an API key or a booking's token has names of their own, and a stranger those of the guest that the
 * request names, so that two callers who take the same one do not meet. Its row is made before the effect and gets the response after
 * it, in the transaction of the effect: either all are there or nothing is. Two requests with one key meet at that row, for which the
 * second hardly waits.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "booking/deliveries.h"
#include "http/etag.h"
#include "http/idempotency.h"
#include "http/router.h"
#include "identity/attempts.h"
#include "identity/booking_tokens.h"

#define MAX_KEY_LENGTH 255
#define MAX_EMAIL_LENGTH 254 /* in bytes here */
#define SQL_KEPT "interval '24 hours'"

/* A row: the key is new, or past its time, and it is the caller's now. No row: a response is kept under it. */
static BkQuery claim_key = BK_INSERT_RETURNING(
	"INSERT INTO booking_private.idempotency_keys AS k (scope, idempotency_key, request_hash, created_at)"
	" VALUES ($1, $2, pg_catalog.sha256(pg_catalog.convert_to($3, 'UTF8')), pg_catalog.clock_timestamp())"
	" ON CONFLICT (scope, idempotency_key) DO UPDATE"
	"    SET request_hash = excluded.request_hash, status = NULL, headers = NULL, body = NULL, token_of = NULL,"
	"        created_at = excluded.created_at, updated_at = excluded.created_at"
	"  WHERE k.created_at <= excluded.created_at - " SQL_KEPT " RETURNING true",
	TEXTOID, TEXTOID, TEXTOID);

static BkQuery find_response = BK_SELECT(
	"SELECT request_hash = pg_catalog.sha256(pg_catalog.convert_to($3, 'UTF8')) AS same_request,"
	"       status, headers, body, token_of"
	"  FROM booking_private.idempotency_keys"
	" WHERE scope = $1 AND idempotency_key = $2",
	TEXTOID, TEXTOID, TEXTOID);

static BkQuery store_response = BK_UPDATE(
	"UPDATE booking_private.idempotency_keys"
	"   SET status = $3, headers = $4, body = $5, token_of = NULLIF($6, 0), updated_at = pg_catalog.clock_timestamp()"
	" WHERE scope = $1 AND idempotency_key = $2",
	TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID, INT8OID);

static BkQuery give_up_key = BK_DELETE(
	"DELETE FROM booking_private.idempotency_keys WHERE scope = $1 AND idempotency_key = $2",
	TEXTOID, TEXTOID);

static BkQuery forget_responses = BK_DELETE(
	"DELETE FROM booking_private.idempotency_keys"
	" WHERE created_at <= pg_catalog.now() - " SQL_KEPT);

/* A key and whose it is. */
typedef struct Key
{
	const char *scope;
	const char *text;
} Key;

static const char *scope_of(const BkRequest *request);
static const JsonbValue *member(JsonbContainer *container, const char *name);
static bool claim(const Key *key, const char *text);
static void run_request(BkRequest *request, BkResponse *response);
static void finish(BkResponse *response);
static char *request_text(const BkRequest *request);
static void replay_response(const Key *key, const char *text, BkResponse *response);
static void keep_response(const Key *key, const BkResponse *response);

PG_FUNCTION_INFO_V1(booking_forget_responses);

/* booking.forget_responses(): deletes responses, tokens, counts of failures and deliveries that are past their time; returns how many responses. */
Datum
booking_forget_responses(PG_FUNCTION_ARGS)
{
	uint64 forgotten;

	SPI_connect();
	forgotten = bk_query_run(&forget_responses).count;
	bk_booking_tokens_forget();
	bk_attempts_forget();
	bk_deliveries_forget();
	SPI_finish();
	PG_RETURN_INT64((int64) forgotten);
}

/* An error on the way undoes the effect and leaves nothing under the key. */
void
bk_idempotency_dispatch(BkRequest *request, BkResponse *response)
{
	Key key = {.text = bk_json_string(request->context, "idempotency_key", MAX_KEY_LENGTH,
									  BK_OPTIONAL)};
	char *text;

	if (key.text == NULL || strcmp(request->method, "GET") == 0 ||
		strcmp(request->method, "OPTIONS") == 0)
	{
		run_request(request, response);
		finish(response);
		return;
	}

	key.scope = scope_of(request);
	text = request_text(request);
	if (claim(&key, text))
	{
		run_request(request, response);
		keep_response(&key, response);
	}
	else
		replay_response(&key, text, response);
	finish(response);
}

/* Whose the key is. A stranger has nothing but a name and an address of e-mail to be told apart by. */
static const char *
scope_of(const BkRequest *request)
{
	const BkPrincipal *principal = &request->principal;
	const JsonbValue *guest = member(request->body.container, "customer");
	const JsonbValue *email = NULL;

	if (principal->key_id != 0)
		return psprintf("key " INT64_FORMAT, principal->key_id);
	if (principal->booking_id != 0)
		return psprintf("booking " INT64_FORMAT, principal->booking_id);
	if (guest != NULL && guest->type == jbvBinary)
		email = member(guest->val.binary.data, "email");
	if (email != NULL && email->type == jbvString &&
		email->val.string.len <= MAX_EMAIL_LENGTH)
		return psprintf("guest %.*s", email->val.string.len, email->val.string.val);
	return "guest";
}

/* The member of an object; NULL if it has none of that name, or is no object. */
static const JsonbValue *
member(JsonbContainer *container, const char *name)
{
	if (container == NULL || !JsonContainerIsObject(container))
		return NULL;
	return getKeyJsonValueFromContainer(container, name, (int) strlen(name), NULL);
}

/*
 * Makes the key the caller's until the transaction ends; false if a response is kept under it. Raises SB015 where another
 * request has it: its row is waited for no longer than the least that a time-out can be.
 */
static bool
claim(const Key *key, const char *text)
{
	MemoryContext context = CurrentMemoryContext;
	int level = NewGUCNestLevel();
	volatile bool claimed = false;

	(void) set_config_option("lock_timeout", "1ms", PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
	PG_TRY();
	{
		claimed = bk_query_run(&claim_key, bk_text(key->scope), bk_text(key->text),
							   bk_text(text))
					  .count == 1;
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_LOCK_NOT_AVAILABLE)
			PG_RE_THROW();
		MemoryContextSwitchTo(context);
		FlushErrorState();
		ereport(ERROR, errcode(SB_IDEMPOTENCY_IN_USE),
				errmsg("a request with this Idempotency-Key is under way"),
				errhint("Send it again in a moment: its response will be there."));
	}
	PG_END_TRY();
	AtEOXact_GUC(true, level);
	return claimed;
}

/* Has the router answer, with the headers as one JSON object, left open, around whatever the handlers put there. */
static void
run_request(BkRequest *request, BkResponse *response)
{
	bk_json_open(response->headers, '{');
	bk_router_dispatch(request, response);
	bk_http_put_etag(request, response);
}

/*
 * The token of a new booking, a new one where the response is an old one: only hashes are kept. It is a header, so that the body is the
 * one that reading the booking shows.
 */
static void
finish(BkResponse *response)
{
	if (response->token_of != 0)
		bk_json_put_string(response->headers, "Booking-Token",
						   bk_booking_token_issue(response->token_of, DT_NOEND));
	bk_json_close(response->headers, '}');
}

/* What makes two requests the same: jsonb's text is the same for bodies that differ in layout alone. */
static char *
request_text(const BkRequest *request)
{
	const char *if_match = bk_json_text(request->context, "if_match");
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfo(&text, "%s %s\n%s\n", request->method, request->path,
					 if_match != NULL ? if_match : "");
	if (request->query.container != NULL)
		JsonbToCString(&text, request->query.container, -1);
	appendStringInfoChar(&text, '\n');
	if (request->body.container != NULL)
		JsonbToCString(&text, request->body.container, -1);
	return text.data;
}

/* Writes the response that is kept under the key. Raises SB016 where it is another request's. */
static void
replay_response(const Key *key, const char *text, BkResponse *response)
{
	BkRows rows = bk_query_run(&find_response, bk_text(key->scope), bk_text(key->text),
							   bk_text(text));

	if (!bk_row_bool(rows, 0, "same_request"))
		ereport(ERROR, errcode(SB_IDEMPOTENCY_REUSED),
				errmsg("the Idempotency-Key came with another request before"),
				errhint("A new request needs a new key."));
	response->status = bk_row_int32(rows, 0, "status");
	appendStringInfoString(response->headers, bk_row_text(rows, 0, "headers"));
	response->headers->len--; /* open as it was */
	appendStringInfoString(response->body, bk_row_text(rows, 0, "body"));
	if (!bk_row_isnull(rows, 0, "token_of"))
		response->token_of = bk_row_int64(rows, 0, "token_of");
}

/* But for secrets, and refusals: what is asked again is answered again. */
static void
keep_response(const Key *key, const BkResponse *response)
{
	if (response->once || response->refused)
		(void) bk_query_run(&give_up_key, bk_text(key->scope), bk_text(key->text));
	else
		(void) bk_query_run(&store_response, bk_text(key->scope), bk_text(key->text),
							bk_int32(response->status),
							bk_text(psprintf("%s}", response->headers->data)),
							bk_text(response->body->data), bk_int64(response->token_of));
}
