/*
 * answer.c
 *	  Chooses who answers. Rule: the gateway knows no route of the API. What lies under /v1
 *	  is the database's, whatever it is called.
 */
#include "answer.h"

#include <stdlib.h>
#include <string.h>

#include "body.h"
#include "client.h"
#include "clock.h"
#include "dbcall.h"
#include "metrics.h"
#include "origin.h"
#include "ready.h"
#include "static.h"
#include "status.h"

#define API_PREFIX "/v1"
#define GONE_MS 50        /* a shorter wait is not worth a look */
#define POOL_WAIT_MS 2000 /* then more requests come than the database can take */

/*
 * Headers that booking_api gets, and their keys in its context: those that the extension
 * reads, and no other (regress/lint context compares them).
 */
static const struct
{
	const char *header;
	const char *key;
} context_headers[] = {
	{"Idempotency-Key", "idempotency_key"},
	{"If-Match", "if_match"},
	{"Authorization", "authorization"},
	{"Payment-Signature", "payment_signature"},
};

#define CONTEXT_ADDRESS "address" /* where the client calls from */
#define CONTEXT_HEADERS (sizeof(context_headers) / sizeof(context_headers[0]))

static bool fill_from_process(GwExchange *ex);
static void fill_from_files(GwExchange *ex);
static bool is_read(GwExchange *ex);
static void fill_from_memory(GwReply *reply, const char *type, char *text, size_t length);
static bool is_api_path(const char *path);
static void call_database(GwExchange *ex);
static bool make_context(GwExchange *ex, GwProblem *problem);

/* Fills the reply of an exchange whose framing and path have been checked. */
void
gw_answer_fill(GwExchange *ex)
{
	GwProblem problem;

	if (!ex->admin && !gw_origin_check_host(ex, &problem))
		gw_exchange_refuse(ex, &problem);
	else if (fill_from_process(ex))
		;
	else if (ex->admin)
		gw_exchange_refuse(ex, &(GwProblem){"not_found", "Ask for it on GATEWAY_PORT."});
	else if (is_api_path(ex->request.path))
		call_database(ex);
	else
		fill_from_files(ex);
	if (ex->request.safe)
		gw_reply_spare(&ex->reply, gw_exchange_header(ex, "If-None-Match"));
}

/*
 * Answers the paths of the process itself; false when path is none of them. A server that
 * stops turns everything away but /healthz.
 */
static bool
fill_from_process(GwExchange *ex)
{
	const char *path = ex->request.path;
	bool health = strcmp(path, "/healthz") == 0;
	bool ready = strcmp(path, "/readyz") == 0;
	bool metrics = strcmp(path, "/metrics") == 0;
	size_t length = 0;
	char *text;

	if (!health && atomic_load(ex->stopping))
	{
		ex->close = true;
		gw_exchange_refuse(ex, &(GwProblem){"unavailable", "The gateway is stopping."});
		return true;
	}
	if (!health && !ready && !metrics)
		return false;
	if (!is_read(ex))
		return true;
	if (health)
		fill_from_memory(&ex->reply, "application/json", strdup("{\"status\":\"ok\"}"),
						 15);
	else if (ready)
		gw_ready_reply(ex->config, ex->pool, &ex->request, &ex->reply);
	else
	{
		text = gw_metrics_text(&length);
		fill_from_memory(&ex->reply, "text/plain; version=0.0.4; charset=utf-8", text,
						 length);
	}
	return true;
}

/* Answers with a file of the page, if it is one. */
static void
fill_from_files(GwExchange *ex)
{
	const GwFile *file = gw_static_find(ex->request.path);

	if (file == NULL)
		gw_exchange_refuse(ex, &(GwProblem){"not_found", "There is nothing here."});
	else if (is_read(ex))
		gw_static_reply(file, &ex->reply);
}

/* Is what can only be read indeed read? If not, the reply tells what can be done. */
static bool
is_read(GwExchange *ex)
{
	bool asks = strcmp(ex->request.method, "OPTIONS") == 0;

	if (ex->request.safe && !asks)
		return true;
	if (asks)
		ex->reply.status = 204;
	else
		gw_exchange_refuse(ex,
						   &(GwProblem){"method_not_allowed", "This can only be read."});
	gw_reply_header(&ex->reply, "Allow", "GET, HEAD, OPTIONS");
	return false;
}

/* Takes text over. */
static void
fill_from_memory(GwReply *reply, const char *type, char *text, size_t length)
{
	reply->status = 200;
	reply->content_type = type;
	reply->body = text;
	reply->length = text != NULL ? length : 0;
}

/* Is path /v1 or below it? */
static bool
is_api_path(const char *path)
{
	const size_t length = sizeof(API_PREFIX) - 1;

	return strncmp(path, API_PREFIX, length) == 0 &&
		   (path[length] == '/' || path[length] == '\0');
}

/*
 * Hands the request to the database that has the path, once all of it has come and been
 * checked: no client is waited for while a connection is taken.
 */
static void
call_database(GwExchange *ex)
{
	const GwCallLimits limits = {.retry = true,
								 .client = ex->request.safe ? &ex->peer : NULL};
	GwDatabase db = gw_config_route(ex->config, ex->request.path);
	long asked = gw_clock_ms();
	GwConn *conn;
	GwProblem problem;

	if (!gw_origin_check_write(ex, &problem) ||
		!gw_request_set_query(&ex->request, gw_exchange_query(ex),
							  (size_t) ex->config->max_query, &problem) ||
		!gw_body_take(ex, &problem) || !make_context(ex, &problem))
		gw_exchange_refuse(ex, &problem);
	else if ((conn = gw_pool_take(ex->pool, db, POOL_WAIT_MS)) == NULL)
		gw_exchange_refuse(ex, &(GwProblem){"unavailable",
											"All connections to the database are busy. "
											"Nothing was done."});
	else
	{
		/* Whoever has had to wait, for a connection or a thread, may have gone meanwhile. */
		if (limits.client != NULL && (ex->crowded || gw_clock_ms() - asked > GONE_MS) &&
			gw_socket_has_gone(limits.client))
			gw_exchange_refuse(ex, &(GwProblem){"timeout", "The client has gone."});
		else
			gw_dbcall_run(conn, &ex->request, &limits, &ex->reply);
		gw_pool_give(ex->pool, conn);
	}
}

/* Sets the context of the request from its headers and the client's address. */
static bool
make_context(GwExchange *ex, GwProblem *problem)
{
	json_t *context = json_object();
	bool good = gw_request_add_context(context, CONTEXT_ADDRESS, gw_client_address(ex),
									   problem);

	for (size_t i = 0; good && i < CONTEXT_HEADERS; i++)
		good = gw_request_add_context(context, context_headers[i].key,
									  gw_exchange_header(ex, context_headers[i].header),
									  problem);
	if (good)
		ex->request.context = json_dumps(context, JSON_COMPACT);
	json_decref(context);
	return good;
}
