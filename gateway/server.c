/*
 * server.c
 *	  Starts and stops the threads of the HTTP library, civetweb, and answers its calls: a
 *	  request comes to on_request, what the library refuses by itself to on_refusal. Rule:
 *	  each call is one exchange, begun and ended here.
 */
#include "server.h"

#include <civetweb.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "body.h"
#include "clock.h"
#include "exchange.h"
#include "framing.h"
#include "log.h"
#include "metrics.h"

#define BUFFER_FACTOR 4 /* what overflows the buffer gets a 400, not a 431 */
#define STOP_POLL_MS 10

struct GwServer
{
	const GwConfig *config;
	struct mg_context *context;
	GwPool *pool;
	bool admin;
	long threads;
	atomic_long clients; /* that have a thread */
	atomic_bool stopping;
};

static int on_connect(const struct mg_connection *conn, void **data);
static void on_disconnect(const struct mg_connection *conn);
static int on_log(const struct mg_connection *conn, const char *message);
static int on_refusal(struct mg_connection *conn, int status, const char *message);
static int on_request(struct mg_connection *conn);
static void begin_exchange(GwExchange *ex, struct mg_connection *conn,
						   const struct mg_request_info *info);
static void end_exchange(GwExchange *ex);

/* Starts the threads; NULL when it cannot listen, which the log then explains. */
GwServer *
gw_server_start(const GwConfig *config, const GwListener *listener)
{
	static const struct mg_callbacks callbacks = {.begin_request = on_request,
												  .http_error = on_refusal,
												  .log_message = on_log,
												  .init_connection = on_connect,
												  .connection_closed = on_disconnect};
	char port[64];
	char workers[24];
	char buffer[24];
	char request_timeout[24];
	char keep_alive[24];
	/* clang-format off */
	const char *options[] = {
		"listening_ports", port,
		"num_threads", workers,
		"max_request_size", buffer,
		"request_timeout_ms", request_timeout,
		"keep_alive_timeout_ms", keep_alive,
		"enable_keep_alive", config->keep_alive > 0 ? "yes" : "no",
		"listen_backlog", "256",
		"connection_queue", "64",
		"tcp_nodelay", "1",
		"decode_url", "no",
		"enable_auth_domain_check", "no", /* origin.c knows the hosts of an absolute target */
		"enable_directory_listing", "no",
		"access_control_allow_origin", "",
		"access_control_allow_methods", "",
		"access_control_allow_headers", "",
		NULL
	};
	/* clang-format on */
	GwServer *server = calloc(1, sizeof(*server));

	if (server == NULL || (server->pool = gw_pool_new(listener->connections)) == NULL)
	{
		free(server);
		return NULL;
	}
	snprintf(port, sizeof(port), "%s:%ld", listener->address, listener->port);
	snprintf(workers, sizeof(workers), "%ld", listener->threads);
	snprintf(buffer, sizeof(buffer), "%ld", config->max_header * BUFFER_FACTOR);
	snprintf(request_timeout, sizeof(request_timeout), "%ld", config->header_timeout);
	snprintf(keep_alive, sizeof(keep_alive), "%ld", config->keep_alive);
	server->config = config;
	server->admin = listener->admin;
	server->threads = listener->threads;
	mg_init_library(MG_FEATURES_DEFAULT);
	server->context = mg_start(&callbacks, server, options);
	if (server->context != NULL)
		return server;
	mg_exit_library();
	gw_pool_free(server->pool);
	free(server);
	return NULL;
}

/*
 * Lets the requests in flight finish, then ends the threads. False when the stop timeout
 * passed first: the threads then still run, and the process must exit without more.
 */
bool
gw_server_stop(GwServer *server)
{
	long deadline = gw_clock_ms() + server->config->stop_timeout;

	atomic_store(&server->stopping, true);
	while (gw_metrics_in_flight() > 0)
	{
		if (gw_clock_ms() >= deadline)
			return false;
		gw_clock_sleep(STOP_POLL_MS);
	}
	mg_stop(server->context);
	mg_exit_library();
	gw_pool_free(server->pool);
	free(server);
	return true;
}

/* Counts a client that gets a thread. */
static int
on_connect(const struct mg_connection *conn, void **data)
{
	GwServer *server = mg_get_user_data(mg_get_context(conn));

	*data = NULL;
	atomic_fetch_add(&server->clients, 1);
	return 0;
}

/* The thread is free again. */
static void
on_disconnect(const struct mg_connection *conn)
{
	GwServer *server = mg_get_user_data(mg_get_context(conn));

	atomic_fetch_sub(&server->clients, 1);
}

/* Brings the library's own messages into the log. */
static int
on_log(const struct mg_connection *conn, const char *message)
{
	(void) conn;
	gw_log_event(GW_LOG_WARNING, "http_server", "%s", message);
	return 1;
}

/* Answers what the library could not parse: there are no headers to look at. */
static int
on_refusal(struct mg_connection *conn, int status, const char *message)
{
	static const struct mg_request_info nothing = {0};
	GwExchange ex;
	GwProblem problem = {"malformed_request",
						 "The request is incomplete, much too large, came too slowly, or "
						 "is not HTTP."};

	(void) message;
	begin_exchange(&ex, conn, &nothing);
	gw_request_set_id(&ex.request, NULL);
	if (status == 413)
		problem = (GwProblem){"header_too_large", "The request header is too large."};
	else if (status == 505)
		problem = (GwProblem){"http_version_not_supported", "Use HTTP/1.1."};
	else if (status >= 500)
		problem = (GwProblem){"internal_error", "The request could not be read."};
	ex.close = true;
	gw_exchange_refuse(&ex, &problem);
	end_exchange(&ex);
	return 0;
}

/* Answers one request; the library sees only that it is done. */
static int
on_request(struct mg_connection *conn)
{
	GwExchange ex;
	GwProblem problem;
	int status;

	begin_exchange(&ex, conn, mg_get_request_info(conn));
	gw_request_set_id(&ex.request, gw_exchange_header(&ex, "X-Request-Id"));
	if (gw_framing_check(&ex, &problem) &&
		gw_request_set_target(&ex.request, ex.info->request_uri, &problem))
		gw_answer_fill(&ex);
	else
		gw_exchange_refuse(&ex, &problem);
	status = ex.reply.status;
	end_exchange(&ex);
	return status;
}

/* Makes ex an exchange on conn, with what the thread and the server lend it. */
static void
begin_exchange(GwExchange *ex, struct mg_connection *conn,
			   const struct mg_request_info *info)
{
	GwServer *server = mg_get_user_data(mg_get_context(conn));

	*ex = (GwExchange){.config = server->config,
					   .stopping = &server->stopping,
					   .admin = server->admin,
					   .crowded = atomic_load(&server->clients) * 4 > server->threads * 3,
					   .pool = server->pool,
					   .conn = conn,
					   .info = info,
					   .peer = {.address = info->remote_addr,
								.port = info->remote_port,
								.server_port = info->server_port}};
	gw_exchange_begin(ex);
}

/* Sends the reply, takes in what the client still sends, and ends the exchange. */
static void
end_exchange(GwExchange *ex)
{
	gw_exchange_send(ex);
	gw_body_drain(ex);
	gw_exchange_end(ex);
}
