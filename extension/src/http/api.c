/*
 * api.c
 *		booking_api(): one HTTP request as one SQL call.
 *
 * Unwraps the request, has it answered, wraps the response. The response's text is made in the caller's memory context, so
 * that it outlives the statements.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "http/idempotency.h"

static Jsonb *optional_jsonb(FunctionCallInfo fcinfo, int arg);
static Datum wrap(FunctionCallInfo fcinfo, const BkResponse *response);

PG_FUNCTION_INFO_V1(booking_booking_api);

/* booking.booking_api(method, path, query, body, context): see its COMMENT. */
Datum
booking_booking_api(PG_FUNCTION_ARGS)
{
	BkResponse response = {.status = 200,
						   .headers = makeStringInfo(),
						   .body = makeStringInfo()};
	BkRequest request = {0};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("method and path are required"));
	request.method = text_to_cstring(PG_GETARG_TEXT_PP(0));
	request.path = text_to_cstring(PG_GETARG_TEXT_PP(1));
	request.query = bk_json_top(optional_jsonb(fcinfo, 2), "query");
	request.body = bk_json_top(optional_jsonb(fcinfo, 3), "body");
	request.context = bk_json_top(optional_jsonb(fcinfo, 4), "context");

	SPI_connect();
	bk_idempotency_dispatch(&request, &response);
	SPI_finish();
	return wrap(fcinfo, &response);
}

static Jsonb *
optional_jsonb(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_JSONB_P(arg);
}

static Datum
wrap(FunctionCallInfo fcinfo, const BkResponse *response)
{
	TupleDesc tupdesc;
	Datum values[] = {Int32GetDatum(response->status),
					  CStringGetTextDatum(response->headers->data),
					  CStringGetTextDatum(response->body->data)};
	bool nulls[] = {false, false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "booking_api must return a row");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls));
}
