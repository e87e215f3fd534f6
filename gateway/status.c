/*
 * status.c
 *	  The one list SQLSTATE -> HTTP status and code. Whole codes come first, then classes,
 *	  then the gateway's own. README.md and openapi.yaml repeat it for clients, and
 *	  regress/lint errcodes compares them.
 */
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const GwStatus statuses[] = {
	/* SQLSTATE HTTP code                        retryable after explain remedy               title */
	{"SB001",   409, "seat_unavailable",              false, 0, true,  GW_REMEDY_NONE,      "The seat is not available"},
	{"SB002",   409, "flight_not_open",               false, 0, true,  GW_REMEDY_NONE,      "The flight is not open for sale"},
	{"SB003",   422, "past_payment_required_by_date", false, 0, true,  GW_REMEDY_NONE,      "The time to pay has passed"},
	{"SB004",   422, "already_paid",                  false, 0, true,  GW_REMEDY_NONE,      "The booking is already paid"},
	{"SB005",   422, "already_cancelled",             false, 0, true,  GW_REMEDY_NONE,      "Already cancelled"},
	{"SB006",   422, "price_changed",                 false, 0, true,  GW_REMEDY_NONE,      "The price has changed"},
	{"SB007",   422, "cancellation_stale",            false, 0, true,  GW_REMEDY_NONE,      "The cancellation quote is no longer valid"},
	{"SB008",   409, "duplicate_passenger",           false, 0, true,  GW_REMEDY_NONE,      "The passenger is already on this flight"},
	{"SB009",   422, "not_cancellable",               false, 0, true,  GW_REMEDY_NONE,      "The booking cannot be cancelled"},
	{"SB010",   422, "validation_error",              false, 0, true,  GW_REMEDY_NONE,      "A field of the request is not valid"},
	{"SB011",   404, "not_found",                     false, 0, true,  GW_REMEDY_NONE,      "Not found"},
	{"SB012",   404, "route_not_found",               false, 0, true,  GW_REMEDY_NONE,      "No such resource"},
	{"SB013",   405, "method_not_allowed",            false, 0, true,  GW_REMEDY_NONE,      "Method not allowed"},
	{"SB014",   409, "customer_exists",               false, 0, true,  GW_REMEDY_NONE,      "A customer with this e-mail exists"},
	{"SB015",   409, "idempotency_key_in_use",        true,  1, true,  GW_REMEDY_NONE,      "The same request is under way"},
	{"SB016",   422, "idempotency_key_reused",        false, 0, true,  GW_REMEDY_NONE,      "The Idempotency-Key belongs to another request"},
	{"SB017",   412, "stale_version",                 false, 0, true,  GW_REMEDY_NONE,      "The booking has changed meanwhile"},
	{"SB018",   422, "hold_quota_exceeded",           false, 0, true,  GW_REMEDY_NONE,      "Too many holds"},
	{"SB019",   422, "not_changeable",                false, 0, true,  GW_REMEDY_NONE,      "The booking cannot be changed so"},
	{"SB020",   422, "change_stale",                  false, 0, true,  GW_REMEDY_NONE,      "The quote is no longer valid"},
	{"SB021",   401, "credential_invalid",            false, 0, true,  GW_REMEDY_NONE,      "The credential is not valid"},
	{"SB022",   403, "not_allowed",                   false, 0, true,  GW_REMEDY_NONE,      "Not with this credential"},
	{"SB023",   429, "too_many_attempts",             true,  0, true,  GW_REMEDY_NONE,      "Too many attempts have failed"},
	{"SB024",   401, "credential_required",           false, 0, true,  GW_REMEDY_NONE,      "A credential is required"},
	{"SB025",   429, "too_many_requests",             true,  0, true,  GW_REMEDY_NONE,      "Too many requests"},
	{"SB026",   422, "trips_ahead",                   false, 0, true,  GW_REMEDY_NONE,      "The customer has flights ahead"},
	{"22P02",   400, "malformed_request",             false, 0, true,  GW_REMEDY_NONE,      "The request is malformed"},
	{"23505",   409, "conflict",                      false, 0, true,  GW_REMEDY_NONE,      "The request conflicts with what is stored"},
	{"23P01",   409, "conflict",                      false, 0, true,  GW_REMEDY_NONE,      "The request conflicts with what is stored"},
	{"42501",   403, "insufficient_privilege",        false, 0, false, GW_REMEDY_NONE,      "Not allowed"},
	{"40001",   503, "try_again",                     true,  1, false, GW_REMEDY_RETRY,     "Too much contention"},
	{"40P01",   503, "try_again",                     true,  1, false, GW_REMEDY_RETRY,     "Too much contention"},
	{"55P03",   503, "try_again",                     true,  1, false, GW_REMEDY_NONE,      "Too much contention"}, /* has waited already */
	{"57014",   504, "timeout",                       true,  0, false, GW_REMEDY_NONE,      "The database took too long"},
	{"25006",   503, "unavailable",                   true,  2, false, GW_REMEDY_RECONNECT, "The database is not available"},
	{"57P01",   503, "unavailable",                   true,  2, false, GW_REMEDY_RECONNECT, "The database is not available"},
	{"57P02",   503, "unavailable",                   true,  2, false, GW_REMEDY_RECONNECT, "The database is not available"},
	{"57P03",   503, "unavailable",                   true,  2, false, GW_REMEDY_RECONNECT, "The database is not available"},
	{"08007",   503, "unknown_outcome",               true,  1, false, GW_REMEDY_RECONNECT, "The outcome is not known"},
	{"26000",   500, "internal_error",                false, 0, false, GW_REMEDY_RECONNECT, "Internal error"},
	{"SB",      422, "rejected",                      false, 0, true,  GW_REMEDY_NONE,      "The request was rejected"},
	{"22",      422, "invalid_value",                 false, 0, true,  GW_REMEDY_NONE,      "A value is not valid"},
	{"23",      422, "constraint_violation",          false, 0, true,  GW_REMEDY_NONE,      "The request breaks a rule of the data"},
	{"08",      503, "unavailable",                   true,  2, false, GW_REMEDY_RECONNECT, "The database is not available"},
	{"53",      503, "unavailable",                   true,  2, false, GW_REMEDY_NONE,      "The database is not available"},
	{NULL,      500, "internal_error",                false, 0, false, GW_REMEDY_NONE,      "Internal error"},
	{NULL,      400, "malformed_request",             false, 0, false, GW_REMEDY_NONE,      "The request is malformed"},
	{NULL,      403, "cross_site_request",            false, 0, false, GW_REMEDY_NONE,      "The request comes from another site"},
	{NULL,      404, "not_found",                     false, 0, false, GW_REMEDY_NONE,      "Not found"},
	{NULL,      405, "method_not_allowed",            false, 0, false, GW_REMEDY_NONE,      "Method not allowed"},
	{NULL,      408, "request_timeout",               true,  0, false, GW_REMEDY_NONE,      "The request came too slowly"},
	{NULL,      411, "length_required",               false, 0, false, GW_REMEDY_NONE,      "Content-Length is required"},
	{NULL,      413, "body_too_large",                false, 0, false, GW_REMEDY_NONE,      "The body is too large"},
	{NULL,      414, "uri_too_long",                  false, 0, false, GW_REMEDY_NONE,      "The URI is too long"},
	{NULL,      415, "unsupported_media_type",        false, 0, false, GW_REMEDY_NONE,      "The body must be application/json"},
	{NULL,      417, "expectation_failed",            false, 0, false, GW_REMEDY_NONE,      "The expectation cannot be met"},
	{NULL,      421, "misdirected_request",           false, 0, false, GW_REMEDY_NONE,      "The host is not served here"},
	{NULL,      431, "header_too_large",              false, 0, false, GW_REMEDY_NONE,      "The request header is too large"},
	{NULL,      503, "unavailable",                   true,  2, false, GW_REMEDY_NONE,      "The service is not available"},
	{NULL,      505, "http_version_not_supported",    false, 0, false, GW_REMEDY_NONE,      "HTTP version not supported"},
};
/* clang-format on */

#define STATUS_COUNT (sizeof(statuses) / sizeof(statuses[0]))

static const GwStatus *status_of_code(const char *code);
static const char *generic_detail(const GwStatus *status);
static const char *hinted_header(const GwStatus *status, const char *hint,
								 const char **name);
static char *join_detail(const GwSqlError *error);
static void fill_reply(GwReply *reply, const GwStatus *status, const char *request_id,
					   const char *detail, const char *hint);

/* Finds the row of a whole SQLSTATE, else of its class, else internal_error. */
const GwStatus *
gw_status_of_sqlstate(const char *sqlstate)
{
	const GwStatus *of_class = NULL;

	for (size_t i = 0; i < STATUS_COUNT; i++)
	{
		const char *listed = statuses[i].sqlstate;

		if (listed == NULL)
			continue;
		if (strcmp(listed, sqlstate) == 0)
			return &statuses[i];
		if (strlen(listed) == 2 && strncmp(listed, sqlstate, 2) == 0)
			of_class = &statuses[i];
	}
	return of_class != NULL ? of_class : status_of_code("internal_error");
}

/* Fills reply with a problem of the gateway's own. */
void
gw_status_problem(GwReply *reply, const char *request_id, const char *code,
				  const char *detail)
{
	fill_reply(reply, status_of_code(code), request_id, detail, NULL);
}

/* Fills reply with a database error; SQL text shows only for errors meant for clients. */
void
gw_status_sql_problem(GwReply *reply, const char *request_id, const GwSqlError *error)
{
	const GwStatus *status = gw_status_of_sqlstate(error->sqlstate);
	char *joined = status->explain ? join_detail(error) : NULL;
	const char *name = NULL;
	const char *value = hinted_header(status, error->hint, &name);

	memcpy(reply->sqlstate, error->sqlstate, sizeof(reply->sqlstate));
	if (status->http >= 500 && error->message != NULL)
		reply->error = strdup(error->message);
	fill_reply(reply, status, request_id,
			   joined != NULL ? joined : generic_detail(status),
			   status->explain && value == NULL ? error->hint : NULL);
	if (value != NULL)
		gw_reply_header(reply, name, value);
	free(joined);
}

/* The gateway's own row of that code; a code that has none is an internal error. */
static const GwStatus *
status_of_code(const char *code)
{
	const GwStatus *internal = NULL;

	for (size_t i = 0; i < STATUS_COUNT; i++)
	{
		if (statuses[i].sqlstate != NULL)
			continue;
		if (strcmp(statuses[i].code, code) == 0)
			return &statuses[i];
		if (internal == NULL)
			internal = &statuses[i];
	}
	return internal;
}

/* What a client may know of an error whose own words are for the log only. */
static const char *
generic_detail(const GwStatus *status)
{
	if (strcmp(status->code, "unknown_outcome") == 0)
		return "The connection to the database broke before it answered. The request may "
			   "or may not have taken effect: look before repeating it, or repeat it "
			   "with the same Idempotency-Key.";
	if (strcmp(status->code, "timeout") == 0)
		return "The database did not finish in time. Nothing was changed.";
	if (strcmp(status->code, "insufficient_privilege") == 0)
		return "The service is not allowed to do this.";
	if (status->http == 503)
		return "Nothing was changed. Try again after the time in Retry-After.";
	return "Something went wrong on our side. Nothing was changed. Quote the request id "
		   "when you report it.";
}

/* What the hint of an error says in the form of the header that HTTP has for it, "Allow: GET"; sets name. NULL for any other hint. */
static const char *
hinted_header(const GwStatus *status, const char *hint, const char **name)
{
	size_t length;

	*name = status->http == 405 ? "Allow" : status->http == 429 ? "Retry-After" : NULL;
	if (*name == NULL || hint == NULL)
		return NULL;
	length = strlen(*name);
	return strncmp(hint, *name, length) == 0 && strncmp(hint + length, ": ", 2) == 0
			   ? hint + length + 2
			   : NULL;
}

/* "message. Detail", malloc'd, or NULL without memory. The server's own detail of a wrong value or a broken constraint is a row. */
static char *
join_detail(const GwSqlError *error)
{
	const char *message = error->message != NULL ? error->message : "rejected";
	char *joined = NULL;
	int length;

	if (error->detail != NULL && strncmp(error->sqlstate, "22", 2) != 0 &&
		strncmp(error->sqlstate, "23", 2) != 0)
		length = asprintf(&joined, "%s. %s", message, error->detail);
	else
		length = asprintf(&joined, "%s", message);
	return length >= 0 ? joined : NULL;
}

/* Makes reply the problem document of that status; hint may be NULL. */
static void
fill_reply(GwReply *reply, const GwStatus *status, const char *request_id,
		   const char *detail, const char *hint)
{
	char text[128];
	json_t *problem;

	snprintf(text, sizeof(text), "/problems/%s", status->code);
	problem = json_pack("{s:s, s:s, s:i, s:s, s:s, s:s, s:b}", "type", text, "title",
						status->title, "status", status->http, "code", status->code,
						"detail", detail, "instance", request_id, "retryable",
						(int) status->retryable);
	if (hint != NULL)
		json_object_set_new(problem, "hint", json_string(hint));
	reply->status = status->http;
	reply->code = status->code;
	reply->content_type = "application/problem+json";
	reply->body = json_dumps(problem, JSON_COMPACT);
	reply->length = reply->body != NULL ? strlen(reply->body) : 0;
	json_decref(problem);
	if (status->http == 401) /* RFC 6750 names an error where a credential came */
		gw_reply_header(reply, "WWW-Authenticate",
						strcmp(status->code, "credential_invalid") == 0
							? "Bearer error=\"invalid_token\""
							: "Bearer");
	if (status->retry_after > 0)
	{
		snprintf(text, sizeof(text), "%d", status->retry_after);
		gw_reply_header(reply, "Retry-After", text);
	}
}
