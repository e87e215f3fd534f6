/*
 * exchange.c
 *	  Begins, sends and ends an exchange: every one is counted, answered and logged exactly
 *	  once. Rule: a request body that was not read to its end closes the connection, because
 *	  its bytes would be taken for the next request.
 */
#include "exchange.h"

#include <civetweb.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "status.h"

#define REQUESTS_PER_CONNECTION 100 /* so that a busy client gives its thread back */

static bool is_read_only(const char *method);
static bool is_kept(GwExchange *ex);
static const char *reason(const GwExchange *ex);

/*
 * Starts the clock and the counters. The caller has set the first members and zeroed
 * the rest; info without a method is a request that the library could not parse.
 */
void
gw_exchange_begin(GwExchange *ex)
{
	const char *method = ex->info->request_method;

	ex->start = gw_clock_seconds();
	gw_metrics_request_started();
	ex->request.method = method != NULL ? method : "other";
	ex->request.safe = is_read_only(ex->request.method);
}

/* The value of a request header, or NULL; it lives as long as the exchange. */
const char *
gw_exchange_header(const GwExchange *ex, const char *name)
{
	return mg_get_header(ex->conn, name);
}

/* The same of the last such header, where it came several times. */
const char *
gw_exchange_last_header(const GwExchange *ex, const char *name)
{
	for (int i = ex->info->num_headers - 1; i >= 0; i--)
		if (strcasecmp(ex->info->http_headers[i].name, name) == 0)
			return ex->info->http_headers[i].value;
	return NULL;
}

/* The query string as it came, or NULL. */
const char *
gw_exchange_query(const GwExchange *ex)
{
	return ex->info->query_string;
}

/* Makes the problem the reply. */
void
gw_exchange_refuse(GwExchange *ex, const GwProblem *problem)
{
	gw_status_problem(&ex->reply, ex->request.id, problem->code, problem->detail);
}

/* Sends the reply, head and body in one piece, and decides what becomes of the connection. */
void
gw_exchange_send(GwExchange *ex)
{
	const GwReply *reply = &ex->reply;
	bool keep = ex->info->http_version != NULL && is_kept(ex);
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!keep)
		mg_disable_connection_keep_alive(ex->conn);
	if (out == NULL)
		return;
	gw_reply_write(reply, out, reason(ex), ex->request.id,
				   keep ? ex->config->keep_alive : 0,
				   strcmp(ex->request.method, "HEAD") == 0);
	fclose(out);
	mg_write(ex->conn, text, length);
	free(text);
}

/* Logs and counts the exchange and frees what it holds; its reply has been sent. */
void
gw_exchange_end(GwExchange *ex)
{
	const GwRequestLog entry = {.request_id = ex->request.id,
								.method = ex->request.method,
								.path = ex->request.path != NULL ? ex->request.path : "",
								.status = ex->reply.status,
								.code = ex->reply.code,
								.sqlstate = ex->reply.sqlstate,
								.error = ex->reply.error,
								.seconds = gw_clock_seconds() - ex->start,
								.bytes = ex->reply.length};

	gw_log_request(&entry);
	gw_metrics_request_done(entry.method, entry.status, entry.seconds);
	gw_request_free(&ex->request);
	gw_reply_free(&ex->reply);
}

/* Does the method promise that doing it twice does no harm? */
static bool
is_read_only(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0 ||
		   strcmp(method, "OPTIONS") == 0;
}

/* Will the connection serve another request? Counts them on the way. */
static bool
is_kept(GwExchange *ex)
{
	const char *wish = gw_exchange_header(ex, "Connection");
	uintptr_t served = (uintptr_t) mg_get_user_connection_data(ex->conn) + 1;
	bool keep = strcmp(ex->info->http_version, "1.1") == 0;

	if (wish != NULL)
		keep = strcasecmp(wish, "keep-alive") == 0;
	keep = keep && !ex->close && !ex->body_pending && served < REQUESTS_PER_CONNECTION &&
		   ex->config->keep_alive > 0 && !ex->crowded && !atomic_load(ex->stopping);
	mg_set_user_connection_data(ex->conn, (void *) (keep ? served : 0));
	return keep;
}

/* The words of RFC 9110, where the library has older ones. */
static const char *
reason(const GwExchange *ex)
{
	return ex->reply.status == 422
			   ? "Unprocessable Content"
			   : mg_get_response_code_text(ex->conn, ex->reply.status);
}
