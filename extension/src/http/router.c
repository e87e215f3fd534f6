/*
 * router.c
 *		The route table: method, path, handler, status of a success, who may; never sees SQL.
 *
 * A pattern matches segment by segment: {id} takes a positive whole number, {name} a word of lower-case letters,
 * digits and hyphens, anything else itself.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "http/handlers.h"
#include "http/refusal.h"
#include "http/router.h"

#define MAX_ID_DIGITS 18 /* whatever they are, they fit into 64 bits */
#define MAX_NAME_LENGTH 64

typedef struct Route
{
	const char *method;
	const char *pattern;
	BkHandler handler;
	int status; /* of a success */
	int who; /* roles of which the caller needs one; ANYONE: the nouns look at whose an object is */
} Route;

#define ANYONE 0
#define AGENT BK_ROLE_AGENT
#define ANALYST BK_ROLE_ANALYST
#define ADMIN BK_ROLE_ADMIN
#define STAFF (BK_ROLE_OPERATOR | BK_ROLE_ADMIN)
#define CLIENT (BK_ROLE_AGENT | BK_ROLE_ADMIN)

/* clang-format off */
static const Route routes[] = {
	{"GET",    "/v1/airports",                            bk_http_airports_find,          200, ANYONE},
	{"GET",    "/v1/flights",                             bk_http_flights_search,         200, ANYONE},
	{"GET",    "/v1/flights/{id}",                        bk_http_flights_get,            200, ANYONE},
	{"GET",    "/v1/flights/{id}/seat_map",               bk_http_seat_map_get,           200, ANYONE},
	{"GET",    "/v1/fares",                               bk_http_fares_list,             200, ANYONE},
	{"POST",   "/v1/customers",                           bk_http_customers_create,       201, AGENT},
	{"GET",    "/v1/customers",                           bk_http_customers_find,         200, AGENT},
	{"GET",    "/v1/customers/{id}",                      bk_http_customers_get,          200, AGENT},
	{"PATCH",  "/v1/customers/{id}",                      bk_http_customers_update,       200, AGENT},
	{"POST",   "/v1/customers/{id}/actions/anonymise",    bk_http_customers_anonymise,    200, ADMIN},
	{"POST",   "/v1/bookings",                            bk_http_bookings_create,        201, ANYONE},
	{"POST",   "/v1/booking_batches",                     bk_http_batches_create,         201, AGENT},
	{"GET",    "/v1/bookings",                            bk_http_bookings_find,          200, ANYONE},
	{"GET",    "/v1/bookings/{id}",                       bk_http_bookings_get,           200, ANYONE},
	{"POST",   "/v1/bookings/{id}/payments",              bk_http_payments_create,        201, AGENT},
	{"GET",    "/v1/payments/{id}",                       bk_http_payments_get,           200, ANYONE},
	{"POST",   "/v1/bookings/{id}/payment_intents",       bk_http_intents_create,         201, ANYONE},
	{"POST",   "/v1/changes/{id}/payment_intents",        bk_http_intents_create_of_change, 201, ANYONE},
	{"GET",    "/v1/payment_intents/{id}",                bk_http_intents_get,            200, ANYONE},
	{"POST",   "/v1/payment_events",                      bk_http_payment_events_take,    200, ANYONE},
	{"POST",   "/v1/simulated_payments",                  bk_http_payments_simulate,      200, ANYONE},
	{"POST",   "/v1/bookings/{id}/cancellations",         bk_http_cancellations_create,   201, ANYONE},
	{"GET",    "/v1/cancellations/{id}",                  bk_http_cancellations_get,      200, ANYONE},
	{"POST",   "/v1/cancellations/{id}/actions/confirm",  bk_http_cancellations_confirm,  200, ANYONE},
	{"POST",   "/v1/bookings/{id}/changes",               bk_http_changes_create,         201, ANYONE},
	{"GET",    "/v1/changes/{id}",                        bk_http_changes_get,            200, ANYONE},
	{"POST",   "/v1/changes/{id}/actions/confirm",        bk_http_changes_confirm,        200, ANYONE},
	{"PUT",    "/v1/bookings/{id}/items/{id}/seat",       bk_http_seat_change,            200, ANYONE},
	{"GET",    "/v1/reports",                             bk_http_reports_list,           200, ANALYST},
	{"GET",    "/v1/reports/{name}",                      bk_http_reports_run,            200, ANALYST},
	{"POST",   "/v1/etl_runs",                            bk_http_etl_runs_create,        201, ADMIN},
	{"GET",    "/v1/etl_runs",                            bk_http_etl_runs_list,          200, ANALYST | ADMIN},
	{"GET",    "/v1/etl_runs/{id}",                       bk_http_etl_runs_get,           200, ANALYST | ADMIN},
	{"POST",   "/v1/booking_tokens",                      bk_http_tokens_create,          201, ANYONE},
	{"DELETE", "/v1/bookings/{id}/tokens",                bk_http_tokens_revoke,          204, ANYONE},
	{"POST",   "/v1/api_keys",                            bk_http_keys_issue,             201, ADMIN},
	{"GET",    "/v1/api_keys",                            bk_http_keys_list,              200, ADMIN},
	{"POST",   "/v1/api_keys/{id}/actions/revoke",        bk_http_keys_revoke,            200, ADMIN},
	{"GET",    "/v1/events",                              bk_http_events_list,            200, CLIENT},
	{"POST",   "/v1/webhooks",                            bk_http_webhooks_create,        201, CLIENT},
	{"GET",    "/v1/webhooks",                            bk_http_webhooks_list,          200, CLIENT},
	{"DELETE", "/v1/webhooks/{id}",                       bk_http_webhooks_delete,        204, CLIENT},
	{"GET",    "/v1/webhooks/{id}/deliveries",            bk_http_deliveries_list,        200, CLIENT},
	{"POST",   "/v1/webhooks/{id}/deliveries/{id}/actions/redeliver", bk_http_deliveries_redeliver, 200, CLIENT},
	{"GET",    "/v1/health",                              bk_http_health_get,             200, ANYONE},
	{"GET",    "/v1/replication",                         bk_http_replication_get,        200, STAFF},
	{"GET",    "/v1/metrics",                             bk_http_metrics_get,            200, ANYONE},
};
/* clang-format on */

static const char *methods_of(BkRequest *request);
static bool match_pattern(const char *pattern, BkRequest *request);
static bool take_id(const char **path, int64 *id);
static bool take_name(const char **path, const char **name);

/*
 * The first route of path and method answers; parameters and members that it did not ask for are refused, and with them all that
 * it did. A path that only other methods take is told apart from an unknown one, and OPTIONS asks which these are.
 */
void
bk_router_dispatch(BkRequest *request, BkResponse *response)
{
	const char *methods;

	for (int i = 0; i < lengthof(routes); i++)
	{
		if (strcmp(routes[i].method, request->method) == 0 &&
			match_pattern(routes[i].pattern, request))
		{
			bk_http_require_role(routes[i].who);
			response->status = routes[i].status;
			routes[i].handler(request, response);
			bk_json_require_known(request->query);
			bk_json_require_known(request->body);
			return;
		}
	}
	methods = methods_of(request);
	if (methods == NULL)
		ereport(ERROR, errcode(SB_ROUTE_NOT_FOUND),
				errmsg("no such path: %s", request->path));
	if (strcmp(request->method, "OPTIONS") != 0)
		ereport(ERROR, errcode(SB_METHOD_NOT_ALLOWED),
				errmsg("%s does not take %s", request->path, request->method),
				errhint("Allow: %s", methods));
	bk_json_put_string(response->headers, "Allow", methods);
	response->status = 204;
}

/* The methods that the path takes, as the header Allow has them; NULL where it is unknown. */
static const char *
methods_of(BkRequest *request)
{
	StringInfoData methods;

	initStringInfo(&methods);
	for (int i = 0; i < lengthof(routes); i++)
		if (match_pattern(routes[i].pattern, request))
			appendStringInfo(&methods, "%s, ",
							 strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD"
																  : routes[i].method);
	if (methods.len == 0)
		return NULL;
	appendStringInfoString(&methods, "OPTIONS");
	return methods.data;
}

/* Whether the path is of the pattern's form; fills ids and name of the request if so. */
static bool
match_pattern(const char *pattern, BkRequest *request)
{
	const char *path = request->path;
	int ids = 0;

	while (*pattern != '\0')
	{
		if (strncmp(pattern, "{id}", 4) == 0)
		{
			if (!take_id(&path, &request->ids[ids++]))
				return false;
			pattern += 4;
		}
		else if (strncmp(pattern, "{name}", 6) == 0)
		{
			if (!take_name(&path, &request->name))
				return false;
			pattern += 6;
		}
		else if (*pattern++ != *path++)
			return false;
	}
	return *path == '\0';
}

/* A positive number without leading zeros that fits. Moves the path on past what it takes. */
static bool
take_id(const char **path, int64 *id)
{
	size_t digits = strspn(*path, "0123456789");

	if (digits == 0 || digits > MAX_ID_DIGITS || **path == '0')
		return false;
	*id = strtoll(*path, NULL, 10);
	*path += digits;
	return true;
}

/* A word of lower-case letters, digits and hyphens, short enough. */
static bool
take_name(const char **path, const char **name)
{
	size_t length = strspn(*path, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (length == 0 || length > MAX_NAME_LENGTH)
		return false;
	*name = pnstrdup(*path, length);
	*path += length;
	return true;
}
