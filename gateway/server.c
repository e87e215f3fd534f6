/*
 * server.c
 *	  HTTP in, HTTP out, on civetweb. Each request is answered by on_request; what the
 *	  library refuses by itself comes through on_refusal. Rule: a request body that was not
 *	  read to its end closes the connection, because its bytes would be taken for the next
 *	  request.
 */
#include "server.h"

#include <civetweb.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "dbcall.h"
#include "metrics.h"
#include "ready.h"
#include "request.h"
#include "static.h"
#include "status.h"

#define API_PREFIX "/v1"
#define BUFFER_FACTOR 4             /* what overflows the buffer gets a 400, not a 431 */
#define BODY_PIECE 16               /* mg_read blocks until it has all it was asked for */
#define REQUESTS_PER_CONNECTION 100 /* so that a busy client gives its thread back */
#define DRAIN_MS 1000
#define DRAIN_BYTES 1048576
#define STOP_POLL_MS 10

struct GwServer
{
	const GwConfig *config;
	struct mg_context *context;
	atomic_bool stopping;
};

/* What a worker thread owns. */
typedef struct Worker
{
	GwConn conns[GW_DB_COUNT];
} Worker;

typedef struct Exchange
{
	GwServer *server;
	struct mg_connection *conn;
	const struct mg_request_info *info;
	Worker *worker;
	GwRequest request;
	GwReply reply;
	size_t body_length; /* announced */
	bool body_pending;  /* announced and not read to its end */
	bool close;
	struct timespec start;
} Exchange;

/* Header -> key of the context that booking_api gets: what the extension reads, no more. */
static const struct
{
	const char *header;
	const char *key;
} context_headers[] = {
	{"Idempotency-Key", "idempotency_key"},
	{"If-Match", "if_match"},
};

static void *on_thread_start(const struct mg_context *context, int type);
static void on_thread_end(const struct mg_context *context, int type, void *worker);
static int on_log(const struct mg_connection *conn, const char *message);
static int on_refusal(struct mg_connection *conn, int status, const char *message);
static int on_request(struct mg_connection *conn);
static void exchange_begin(Exchange *ex, struct mg_connection *conn);
static void exchange_end(Exchange *ex);
static void exchange_refuse(Exchange *ex, const GwProblem *problem);
static bool headers_check(Exchange *ex, GwProblem *problem);
static size_t header_size(const struct mg_request_info *info);
static bool header_check(Exchange *ex, const struct mg_header *header, int seen[3],
						 GwProblem *problem);
static bool length_parse(Exchange *ex, const char *text, GwProblem *problem);
static void dispatch(Exchange *ex);
static bool dispatch_own(Exchange *ex, const char *path);
static void reply_text(GwReply *reply, const char *type, char *text, size_t length);
static void call_database(Exchange *ex);
static bool body_take(Exchange *ex, GwProblem *problem);
static bool body_expected(Exchange *ex, GwProblem *problem);
static bool body_read(Exchange *ex, GwProblem *problem);
static void body_drain(Exchange *ex);
static bool context_make(Exchange *ex, GwProblem *problem);
static bool connection_kept(Exchange *ex);
static void reply_send(Exchange *ex);
static double seconds_since(const struct timespec *start);

/* Starts the threads; NULL when it cannot listen, which the log then explains. */
GwServer *
gw_server_start(const GwConfig *config)
{
	static const struct mg_callbacks callbacks = {.begin_request = on_request,
												  .http_error = on_refusal,
												  .log_message = on_log,
												  .init_thread = on_thread_start,
												  .exit_thread = on_thread_end};
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
		"enable_directory_listing", "no",
		"access_control_allow_origin", "",
		"access_control_allow_methods", "",
		"access_control_allow_headers", "",
		NULL
	};
	/* clang-format on */
	GwServer *server = calloc(1, sizeof(*server));

	if (server == NULL)
		return NULL;
	snprintf(port, sizeof(port), "%s:%ld", config->address, config->port);
	snprintf(workers, sizeof(workers), "%ld", config->workers);
	snprintf(buffer, sizeof(buffer), "%ld", config->max_header * BUFFER_FACTOR);
	snprintf(request_timeout, sizeof(request_timeout), "%ld", config->header_timeout);
	snprintf(keep_alive, sizeof(keep_alive), "%ld", config->keep_alive);
	server->config = config;
	mg_init_library(MG_FEATURES_DEFAULT);
	server->context = mg_start(&callbacks, server, options);
	if (server->context != NULL)
		return server;
	mg_exit_library();
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
	const struct timespec pause = {0, STOP_POLL_MS * 1000000};
	long deadline = gw_conn_clock_ms() + server->config->stop_timeout;

	atomic_store(&server->stopping, true);
	while (gw_metrics_in_flight() > 0)
	{
		if (gw_conn_clock_ms() >= deadline)
			return false;
		nanosleep(&pause, NULL);
	}
	mg_stop(server->context);
	mg_exit_library();
	free(server);
	return true;
}

/* type 1 is a worker; its connections are opened when first needed. */
static void *
on_thread_start(const struct mg_context *context, int type)
{
	Worker *worker = NULL;

	(void) context;
	if (type == 1 && (worker = calloc(1, sizeof(*worker))) != NULL)
	{
		for (int db = 0; db < GW_DB_COUNT; db++)
			worker->conns[db].db = (GwDatabase) db;
	}
	return worker;
}

static void
on_thread_end(const struct mg_context *context, int type, void *worker)
{
	(void) context;
	if (type == 1 && worker != NULL)
	{
		for (int db = 0; db < GW_DB_COUNT; db++)
			gw_conn_close(&((Worker *) worker)->conns[db]);
		free(worker);
	}
}

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
	Exchange ex;
	GwProblem problem = {"malformed_request",
						 "The request is incomplete, much too large, came too slowly, or "
						 "is not HTTP."};

	(void) message;
	exchange_begin(&ex, conn);
	ex.info = &nothing;
	ex.request.method = "other";
	gw_request_set_id(&ex.request, NULL);
	if (status == 413)
		problem = (GwProblem){"header_too_large", "The request header is too large."};
	else if (status == 505)
		problem = (GwProblem){"http_version_not_supported", "Use HTTP/1.1."};
	else if (status >= 500)
		problem = (GwProblem){"internal_error", "The request could not be read."};
	ex.close = true;
	exchange_refuse(&ex, &problem);
	exchange_end(&ex);
	return 0;
}

/* Answers one request; the library sees only that it is done. */
static int
on_request(struct mg_connection *conn)
{
	Exchange ex;
	GwProblem problem;
	int status;

	exchange_begin(&ex, conn);
	gw_request_set_id(&ex.request, mg_get_header(conn, "X-Request-Id"));
	if (headers_check(&ex, &problem) &&
		gw_request_set_path(&ex.request, ex.info->local_uri_raw, &problem))
		dispatch(&ex);
	else
		exchange_refuse(&ex, &problem);
	status = ex.reply.status;
	exchange_end(&ex);
	return status;
}

static void
exchange_begin(Exchange *ex, struct mg_connection *conn)
{
	memset(ex, 0, sizeof(*ex));
	clock_gettime(CLOCK_MONOTONIC, &ex->start);
	gw_metrics_request_started();
	ex->conn = conn;
	ex->server = mg_get_user_data(mg_get_context(conn));
	ex->worker = mg_get_thread_pointer(conn);
	ex->info = mg_get_request_info(conn);
	ex->request.method = ex->info->request_method;
	ex->request.safe = ex->request.method != NULL &&
					   (strcmp(ex->request.method, "GET") == 0 ||
						strcmp(ex->request.method, "HEAD") == 0);
}

/* Sends the reply and writes the log line. */
static void
exchange_end(Exchange *ex)
{
	GwRequestLog entry;

	reply_send(ex);
	if (ex->body_pending)
		body_drain(ex);
	entry = (GwRequestLog){.request_id = ex->request.id,
						   .method = ex->request.method,
						   .path = ex->request.path != NULL ? ex->request.path : "",
						   .status = ex->reply.status,
						   .code = ex->reply.code,
						   .sqlstate = ex->reply.sqlstate,
						   .error = ex->reply.error,
						   .seconds = seconds_since(&ex->start),
						   .bytes = ex->reply.length};
	gw_log_request(&entry);
	gw_metrics_request_done(entry.method, entry.status, entry.seconds);
	gw_request_free(&ex->request);
	gw_reply_free(&ex->reply);
}

static void
exchange_refuse(Exchange *ex, const GwProblem *problem)
{
	gw_status_problem(&ex->reply, ex->request.id, problem->code, problem->detail);
}

/* Checks what frames the message: exactly one Host, one plain length, no chunks. */
static bool
headers_check(Exchange *ex, GwProblem *problem)
{
	int seen[3] = {0};

	if (ex->info->num_headers >= MG_MAX_HEADERS ||
		header_size(ex->info) > (size_t) ex->server->config->max_header)
	{
		/* Of too many headers the library drops some, a Content-Length perhaps. */
		ex->close = true;
		*problem = (GwProblem){"header_too_large", "The request header is too large."};
		return false;
	}
	for (int i = 0; i < ex->info->num_headers; i++)
	{
		if (!header_check(ex, &ex->info->http_headers[i], seen, problem))
		{
			ex->close = true;
			return false;
		}
	}
	if (seen[2] == 0 && strcmp(ex->info->http_version, "1.1") == 0)
	{
		*problem = (GwProblem){"malformed_request", "The Host header is missing."};
		return false;
	}
	if (ex->body_length == 0 || !ex->request.safe)
		return true;
	*problem = (GwProblem){"malformed_request", "A read request takes no body."};
	return false;
}

/* Bytes of the request line and the headers, but for the spaces between. */
static size_t
header_size(const struct mg_request_info *info)
{
	size_t size = strlen(info->request_uri);

	if (info->query_string != NULL)
		size += strlen(info->query_string);
	for (int i = 0; i < info->num_headers; i++)
		size += strlen(info->http_headers[i].name) + strlen(info->http_headers[i].value) +
				sizeof(": \r\n") - 1;
	return size;
}

/* seen counts Content-Length, Transfer-Encoding and Host. */
static bool
header_check(Exchange *ex, const struct mg_header *header, int seen[3], GwProblem *problem)
{
	if (strcasecmp(header->name, "Host") == 0 && seen[2]++ > 0)
		*problem = (GwProblem){"malformed_request", "The Host header is given twice."};
	else if (strcasecmp(header->name, "Content-Length") == 0)
	{
		if (seen[0]++ == 0 && seen[1] == 0)
			return length_parse(ex, header->value, problem);
		*problem = (GwProblem){"malformed_request", "The body's length is ambiguous."};
	}
	else if (strcasecmp(header->name, "Transfer-Encoding") == 0)
	{
		if (seen[1]++ == 0 && seen[0] == 0)
		{
			/* A Content-Length that follows makes it ambiguous. */
			*problem = (GwProblem){"length_required",
								   "Send the body with a Content-Length."};
			if (mg_get_header(ex->conn, "Content-Length") == NULL)
				return false;
		}
		*problem = (GwProblem){"malformed_request", "The body's length is ambiguous."};
	}
	else
		return true;
	return false;
}

static bool
length_parse(Exchange *ex, const char *text, GwProblem *problem)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || text[digits] != '\0' || digits > 18)
	{
		*problem = (GwProblem){"malformed_request", "Content-Length is not a number."};
		return false;
	}
	ex->body_length = strtoul(text, NULL, 10);
	ex->body_pending = ex->body_length > 0;
	return true;
}

static void
dispatch(Exchange *ex)
{
	const char *path = ex->request.path;
	size_t prefix = sizeof(API_PREFIX) - 1;

	if (dispatch_own(ex, path))
		return;
	if (strncmp(path, API_PREFIX, prefix) == 0 &&
		(path[prefix] == '/' || path[prefix] == '\0'))
		call_database(ex);
	else
		gw_static_reply(&ex->request, mg_get_header(ex->conn, "If-None-Match"),
						&ex->reply);
}

/* The paths of the process itself; false when path is none of them. */
static bool
dispatch_own(Exchange *ex, const char *path)
{
	bool health = strcmp(path, "/healthz") == 0;
	bool ready = strcmp(path, "/readyz") == 0;
	bool metrics = strcmp(path, "/metrics") == 0;
	size_t length = 0;
	char *text;

	if (!health && atomic_load(&ex->server->stopping))
	{
		ex->close = true;
		gw_status_problem(&ex->reply, ex->request.id, "unavailable",
						  "The gateway is stopping.");
		return true;
	}
	if (!health && !ready && !metrics)
		return false;
	if (!ex->request.safe)
	{
		gw_status_problem(&ex->reply, ex->request.id, "method_not_allowed",
						  "This can only be read.");
		gw_reply_header(&ex->reply, "Allow", "GET, HEAD");
	}
	else if (health)
		reply_text(&ex->reply, "application/json", strdup("{\"status\":\"ok\"}"), 15);
	else if (ready)
		gw_ready_reply(ex->server->config, ex->worker->conns, &ex->request, &ex->reply);
	else
	{
		text = gw_metrics_text(&length);
		reply_text(&ex->reply, "text/plain; version=0.0.4; charset=utf-8", text, length);
	}
	return true;
}

/* Takes text over. */
static void
reply_text(GwReply *reply, const char *type, char *text, size_t length)
{
	reply->status = 200;
	reply->content_type = type;
	reply->body = text;
	reply->length = text != NULL ? length : 0;
}

static void
call_database(Exchange *ex)
{
	const GwConfig *config = ex->server->config;
	GwDatabase db = gw_config_route(config, ex->request.path);
	GwCallLimits limits = {.timeout = 0, .retry = true};
	GwProblem problem;

	if (ex->worker == NULL)
		exchange_refuse(ex, &(GwProblem){"internal_error", "Out of memory."});
	else if (!gw_request_set_query(&ex->request, ex->info->query_string,
								   (size_t) config->max_query, &problem) ||
			 !body_take(ex, &problem) || !context_make(ex, &problem))
		exchange_refuse(ex, &problem);
	else
		gw_dbcall_run(&ex->worker->conns[db], &ex->request, &limits, &ex->reply);
}

/* Reads and checks the body, if one was announced. */
static bool
body_take(Exchange *ex, GwProblem *problem)
{
	if (ex->body_length == 0)
		return true;
	if (ex->body_length > (size_t) ex->server->config->max_body)
	{
		*problem = (GwProblem){"body_too_large", "The body is larger than allowed."};
		return false;
	}
	if (!gw_request_is_json(mg_get_header(ex->conn, "Content-Type")))
	{
		*problem = (GwProblem){"unsupported_media_type",
							   "Send the body as Content-Type: application/json."};
		return false;
	}
	return body_expected(ex, problem) && body_read(ex, problem) &&
		   gw_request_check_body(ex->request.body, ex->body_length, problem);
}

/* Tells a client that waits for it to go on. */
static bool
body_expected(Exchange *ex, GwProblem *problem)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *expect = mg_get_header(ex->conn, "Expect");

	if (expect == NULL)
		return true;
	if (strcasecmp(expect, "100-continue") == 0)
	{
		mg_write(ex->conn, go_on, sizeof(go_on) - 1);
		return true;
	}
	*problem = (GwProblem){"expectation_failed", "Only 100-continue can be expected."};
	return false;
}

/* Reads in small pieces, to look at the clock between them. */
static bool
body_read(Exchange *ex, GwProblem *problem)
{
	long deadline = gw_conn_clock_ms() + ex->server->config->body_timeout;
	char *body = malloc(ex->body_length + 1);
	size_t got = 0;
	int n = 1;

	if (body == NULL)
	{
		*problem = (GwProblem){"internal_error", "Out of memory."};
		return false;
	}
	while (got < ex->body_length && n > 0 && gw_conn_clock_ms() < deadline)
	{
		size_t left = ex->body_length - got;

		n = mg_read(ex->conn, body + got, left < BODY_PIECE ? left : BODY_PIECE);
		if (n > 0)
			got += (size_t) n;
	}
	body[got] = '\0';
	ex->request.body = body;
	if (got == ex->body_length)
	{
		ex->body_pending = false;
		return true;
	}
	*problem = (GwProblem){"request_timeout", "The body did not come in time."};
	return false;
}

/*
 * Reads on for a moment, so that the reply reaches a client that is still sending: closing
 * with unread bytes would reset the connection.
 */
static void
body_drain(Exchange *ex)
{
	char piece[1024];
	long deadline = gw_conn_clock_ms() + DRAIN_MS;
	size_t got = 0;
	int n;

	if (mg_get_header(ex->conn, "Expect") != NULL ||
		strcmp(ex->reply.code != NULL ? ex->reply.code : "", "request_timeout") == 0)
		return;
	do
	{
		n = mg_read(ex->conn, piece, sizeof(piece));
		got += n > 0 ? (size_t) n : 0;
	} while (n > 0 && got < DRAIN_BYTES && gw_conn_clock_ms() < deadline);
}

static bool
context_make(Exchange *ex, GwProblem *problem)
{
	json_t *context = json_object();
	bool good = true;

	for (size_t i = 0; good && i < sizeof(context_headers) / sizeof(context_headers[0]);
		 i++)
		good = gw_context_add(context, context_headers[i].key,
							  mg_get_header(ex->conn, context_headers[i].header),
							  problem);
	if (good)
		ex->request.context = json_dumps(context, JSON_COMPACT);
	json_decref(context);
	return good;
}

/* Will the connection serve another request? Counts them on the way. */
static bool
connection_kept(Exchange *ex)
{
	const char *wish = mg_get_header(ex->conn, "Connection");
	const char *version = ex->info->http_version;
	uintptr_t served = (uintptr_t) mg_get_user_connection_data(ex->conn) + 1;
	bool keep = version != NULL && strcmp(version, "1.1") == 0;

	if (wish != NULL)
		keep = strcasecmp(wish, "keep-alive") == 0;
	keep = keep && !ex->close && !ex->body_pending && served < REQUESTS_PER_CONNECTION &&
		   ex->server->config->keep_alive > 0 && !atomic_load(&ex->server->stopping);
	mg_set_user_connection_data(ex->conn, (void *) (keep ? served : 0));
	return keep;
}

/* Writes head and body in one piece. */
static void
reply_send(Exchange *ex)
{
	const GwReply *reply = &ex->reply;
	bool keep = ex->info->http_version != NULL && connection_kept(ex);
	char *text = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&text, &length);

	if (!keep)
		mg_disable_connection_keep_alive(ex->conn);
	if (out == NULL)
		return;
	gw_reply_write(reply, out, mg_get_response_code_text(ex->conn, reply->status),
				   ex->request.id, keep, strcmp(ex->request.method, "HEAD") == 0);
	fclose(out);
	mg_write(ex->conn, text, length);
	free(text);
}

static double
seconds_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double) (now.tv_sec - start->tv_sec) +
		   (double) (now.tv_nsec - start->tv_nsec) / 1e9;
}
