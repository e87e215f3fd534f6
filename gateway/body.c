/*
 * body.c
 *	  Reads and checks a body. Rule: what is read is bounded by the announced length, by the
 *	  limits of the settings and by the clock, however slowly the bytes come.
 */
#include "body.h"

#include <civetweb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "deadline.h"

#define DRAIN_MS 1000
#define DRAIN_BYTES 1048576

static bool answer_expectation(GwExchange *ex, GwProblem *problem);
static bool read_body(GwExchange *ex, GwProblem *problem);
static bool has_sender_stopped(const GwExchange *ex);

/* Reads the body, if one was announced, into ex->request, which owns it then. */
bool
gw_body_take(GwExchange *ex, GwProblem *problem)
{
	if (ex->body_length == 0)
		return true;
	if (ex->body_length > (size_t) ex->config->max_body)
		return gw_request_refuse(problem, "body_too_large",
								 "The body is larger than allowed.");
	if (!gw_request_is_json(gw_exchange_header(ex, "Content-Type")))
		return gw_request_refuse(problem, "unsupported_media_type",
								 "Send the body as Content-Type: application/json.");
	return answer_expectation(ex, problem) && read_body(ex, problem) &&
		   gw_request_check_body(ex->request.body, ex->body_length, problem);
}

/*
 * Reads on for a moment, so that the reply reaches a client that is still sending: closing
 * with unread bytes would reset the connection.
 */
void
gw_body_drain(GwExchange *ex)
{
	char piece[16384];
	GwDeadline deadline;
	size_t got = 0;
	int n;

	if (!ex->body_pending || has_sender_stopped(ex))
		return;
	gw_deadline_begin(&deadline, &ex->peer, DRAIN_MS);
	do
	{
		n = mg_read(ex->conn, piece, sizeof(piece));
		got += n > 0 ? (size_t) n : 0;
	} while (n == sizeof(piece) && got < DRAIN_BYTES);
	gw_deadline_end(&deadline);
}

/* Tells a client that waits for it to go on. */
static bool
answer_expectation(GwExchange *ex, GwProblem *problem)
{
	static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *expect = gw_exchange_header(ex, "Expect");

	if (expect == NULL)
		return true;
	if (strcasecmp(expect, "100-continue") != 0)
		return gw_request_refuse(problem, "expectation_failed",
								 "Only 100-continue can be expected.");
	mg_write(ex->conn, go_on, sizeof(go_on) - 1);
	return true;
}

/* mg_read blocks until it has all it was asked for; the deadline ends it. */
static bool
read_body(GwExchange *ex, GwProblem *problem)
{
	GwDeadline deadline;
	char *body = malloc(ex->body_length + 1);
	int n;

	if (body == NULL)
		return gw_request_refuse(problem, "internal_error", "Out of memory.");
	gw_deadline_begin(&deadline, &ex->peer, ex->config->body_timeout);
	n = mg_read(ex->conn, body, ex->body_length);
	gw_deadline_end(&deadline);
	body[n > 0 ? n : 0] = '\0';
	ex->request.body = body;
	if (n < 0 || (size_t) n < ex->body_length)
		return gw_request_refuse(problem, "request_timeout",
								 "The body did not come in time.");
	ex->body_pending = false;
	return true;
}

/* Is there nothing more to come: the client waits to be told, or was too slow already? */
static bool
has_sender_stopped(const GwExchange *ex)
{
	return gw_exchange_header(ex, "Expect") != NULL ||
		   (ex->reply.code != NULL && strcmp(ex->reply.code, "request_timeout") == 0);
}
