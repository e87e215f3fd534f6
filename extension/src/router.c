/*
 * router.c
 *		A static route table; never sees SQL.
 *
 * A pattern matches segment by segment: {id} takes a positive whole number, {name} a word of lower-case letters,
 * digits and hyphens, anything else itself.
 */
#include "postgres.h"

#include "batch.h"
#include "bookings.h"
#include "cancellations.h"
#include "changes.h"
#include "customers.h"
#include "errcodes.h"
#include "etl.h"
#include "ops.h"
#include "payments.h"
#include "replication.h"
#include "reports.h"
#include "router.h"
#include "search.h"

typedef struct Route
{
	const char *method;
	const char *pattern;
	BkHandler handler;
} Route;

/* clang-format off */
static const Route routes[] = {
	{"GET",   "/v1/airports",                             bk_airports_find},
	{"GET",   "/v1/flights",                              bk_flights_search},
	{"GET",   "/v1/flights/{id}",                         bk_flights_get},
	{"GET",   "/v1/flights/{id}/seat_map",                bk_flights_seat_map},
	{"POST",  "/v1/customers",                            bk_customers_create},
	{"GET",   "/v1/customers",                            bk_customers_find},
	{"GET",   "/v1/customers/{id}",                       bk_customers_get},
	{"PATCH", "/v1/customers/{id}",                       bk_customers_update},
	{"POST",  "/v1/bookings",                             bk_bookings_create},
	{"POST",  "/v1/booking_batches",                      bk_batches_create},
	{"GET",   "/v1/bookings",                             bk_bookings_find},
	{"GET",   "/v1/bookings/{id}",                        bk_bookings_get},
	{"POST",  "/v1/bookings/{id}/payments",               bk_payments_create},
	{"POST",  "/v1/bookings/{id}/cancellations",          bk_cancellations_create},
	{"POST",  "/v1/cancellations/{id}/actions/confirm",   bk_cancellations_confirm},
	{"POST",  "/v1/bookings/{id}/changes",                bk_changes_create},
	{"POST",  "/v1/changes/{id}/actions/confirm",         bk_changes_confirm},
	{"PUT",   "/v1/bookings/{id}/items/{id}/seat",        bk_seats_change},
	{"GET",   "/v1/reports",                              bk_reports_list},
	{"GET",   "/v1/reports/{name}",                       bk_report_run},
	{"POST",  "/v1/etl_runs",                             bk_etl_runs_create},
	{"GET",   "/v1/etl_runs",                             bk_etl_runs_list},
	{"GET",   "/v1/health",                               bk_health_get},
	{"GET",   "/v1/replication",                          bk_replication_get},
	{"GET",   "/v1/metrics",                              bk_metrics_get},
};
/* clang-format on */

static bool matches(const char *pattern, BkRequest *request);
static bool take_id(const char **path, int64 *id);
static bool take_name(const char **path, const char **name);

void
bk_router_dispatch(BkRequest *request, BkResponse *response)
{
	bool path_known = false;

	for (int i = 0; i < lengthof(routes); i++)
	{
		if (!matches(routes[i].pattern, request))
			continue;
		path_known = true;
		if (strcmp(routes[i].method, request->method) == 0)
		{
			routes[i].handler(request, response);
			return;
		}
	}
	if (path_known)
		ereport(ERROR, errcode(SB_METHOD_NOT_ALLOWED),
				errmsg("%s does not take %s", request->path, request->method));
	ereport(ERROR, errcode(SB_ROUTE_NOT_FOUND), errmsg("no such path: %s", request->path));
}

/* Whether the path is of the pattern's form; fills ids and name of the request if so. */
static bool
matches(const char *pattern, BkRequest *request)
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

/* A positive number without leading zeros that fits. */
static bool
take_id(const char **path, int64 *id)
{
	size_t digits = strspn(*path, "0123456789");

	if (digits == 0 || digits > 18 || **path == '0')
		return false;
	*id = strtoll(*path, NULL, 10);
	*path += digits;
	return true;
}

static bool
take_name(const char **path, const char **name)
{
	size_t length = strspn(*path, "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (length == 0 || length > 64)
		return false;
	*name = pnstrdup(*path, length);
	*path += length;
	return true;
}
