/*
 * api.c
 *		booking_api(): one HTTP request as one SQL call.
 *
 * Unwraps the request, has it answered, wraps the response. The response's text is made in the caller's memory context, so
 * that it outlives the statements.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/query.h"
#include "http/cards.h"
#include "http/credential.h"
#include "http/idempotency.h"
#include "identity/principal.h"
#include "identity/rates.h"

static void answer(BkRequest *request, BkResponse *response);
static BkObject object_from_arg(FunctionCallInfo fcinfo, int arg, const char *what);
static Datum make_row(FunctionCallInfo fcinfo, const BkResponse *response);

PG_FUNCTION_INFO_V1(booking_booking_api);

/*
 * booking.booking_api(method, path, query, body, context): answers one HTTP request, as status, headers and body. Raises
 * SB010 where method or path is null or a part is no object, and what answering it raises.
 */
Datum
booking_booking_api(PG_FUNCTION_ARGS)
{
	BkResponse response = {.headers = makeStringInfo(), .body = makeStringInfo()};
	BkRequest request = {0};

	bk_check_given("method", !PG_ARGISNULL(0));
	bk_check_given("path", !PG_ARGISNULL(1));
	request.method = bk_argument_text(fcinfo, 0);
	request.path = bk_argument_text(fcinfo, 1);
	request.query = object_from_arg(fcinfo, 2, "query");
	request.body = object_from_arg(fcinfo, 3, "body");
	request.context = object_from_arg(fcinfo, 4, "context");

	SPI_connect();
	answer(&request, &response);
	SPI_finish();
	return make_row(fcinfo, &response);
}

/* As the request's principal, until it is answered or refused. */
static void
answer(BkRequest *request, BkResponse *response)
{
	BkPrincipal *before = bk_principal_set(&request->principal);

	PG_TRY();
	{
		bk_credential_read(request);
		bk_rate_request();
		bk_http_refuse_cards(request->body);
		bk_idempotency_dispatch(request, response);
	}
	PG_FINALLY();
	{
		(void) bk_principal_set(before);
	}
	PG_END_TRY();
}

/* A part of the request; null is one without fields. */
static BkObject
object_from_arg(FunctionCallInfo fcinfo, int arg, const char *what)
{
	return bk_json_top(PG_ARGISNULL(arg) ? NULL : PG_GETARG_JSONB_P(arg), what);
}

/* The function's result. */
static Datum
make_row(FunctionCallInfo fcinfo, const BkResponse *response)
{
	TupleDesc tupdesc;
	Datum values[] = {Int32GetDatum(response->status),
					  CStringGetTextDatum(response->headers->data),
					  CStringGetTextDatum(response->body->data)};
	bool nulls[] = {response->refused, response->refused, response->body->len == 0};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "booking_api must return a row");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}
