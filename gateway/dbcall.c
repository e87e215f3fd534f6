/*
 * dbcall.c
 *	  Sends a request to the database and makes a reply of the answer. Rule: a statement is
 *	  sent a second time only when the first one certainly left nothing behind, or when it
 *	  was a read.
 */
#include "dbcall.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "metrics.h"
#include "status.h"

#define MAX_RETRIES 3
#define MAX_RECONNECTS 1
#define RETRY_PAUSE_MS 20
#define LONGEST_RETRY_PAUSE_MS 200
#define CANCEL_MS 1000       /* then the connection is given up */
#define LOOK_MS 100          /* how often to look whether the client is still there */
#define ANSWER_GRACE_MS 2000 /* past statement_timeout, then the server is given up */
#define LONGEST_ANSWER_MS \
	600000 /* where the role has a longer statement_timeout, or none */

typedef struct Tries
{
	int retries;
	int reconnects;
} Tries;

static bool try_call(GwConn *conn, const GwRequest *request, const GwCallLimits *limits,
					 GwReply *reply, GwSqlError *error);
static bool recover_call(GwConn *conn, const GwRequest *request,
						 const GwCallLimits *limits, const GwSqlError *error,
						 Tries *tries);
static bool send_call(GwConn *conn, const GwRequest *request);
static long answer_time(const GwConn *conn, const GwCallLimits *limits);
static PGresult *receive_answer(PGconn *pg, long timeout, const GwPeer **client,
								bool *row_seen);
static bool wait_for_answer(PGconn *pg, long deadline, const GwPeer **client);
static bool cancel(PGconn *pg);
static void *run_cancel(void *request);
static void take_error(GwSqlError *error, const PGresult *result, bool row_seen);
static char *copy_field(const PGresult *result, int field);
static bool take_reply(GwReply *reply, const PGresult *result, GwSqlError *error);
static void take_refusal(const char *body, GwSqlError *error);

/* Fills reply with the database's answer or with a problem; it always has one. */
void
gw_dbcall_run(GwConn *conn, const GwRequest *request, const GwCallLimits *limits,
			  GwReply *reply)
{
	Tries tries = {0, 0};
	GwSqlError error = {0};

	while (!try_call(conn, request, limits, reply, &error))
	{
		gw_metrics_db_error(error.sqlstate);
		if (!recover_call(conn, request, limits, &error, &tries))
		{
			gw_status_sql_problem(reply, request->id, &error);
			break;
		}
		gw_metrics_db_retry();
		gw_sqlerror_free(&error);
	}
	gw_sqlerror_free(&error);
}

/* One attempt; false leaves the reason in error. */
static bool
try_call(GwConn *conn, const GwRequest *request, const GwCallLimits *limits,
		 GwReply *reply, GwSqlError *error)
{
	PGresult *result;
	const GwPeer *client = limits->client;
	bool row_seen = false;
	bool good = false;

	if (!gw_conn_ensure(conn, limits->retry, error))
		return false;
	if (!send_call(conn, request))
	{
		gw_sqlerror_set(error, GW_UNKNOWN_OUTCOME, PQerrorMessage(conn->pg));
		return false;
	}
	result = receive_answer(conn->pg, answer_time(conn, limits), &client, &row_seen);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		good = take_reply(reply, result, error);
	else if (result == NULL && client != limits->client)
	{
		gw_sqlerror_set(error, "57014", "the client has gone");
		gw_conn_close(conn);
	}
	else if (result == NULL && request->safe && limits->retry)
	{
		/* Sent again it would only wait as long again. */
		gw_sqlerror_set(error, "57014", "no answer in time");
		gw_conn_drop_all(conn);
	}
	else
		take_error(error, result, row_seen);
	PQclear(result);
	return good;
}

/*
 * Cleans up after a failed attempt and says whether to try again. An unknown outcome is
 * tried again for reads only; a probe with its short time never costs the others their
 * connections.
 */
static bool
recover_call(GwConn *conn, const GwRequest *request, const GwCallLimits *limits,
			 const GwSqlError *error, Tries *tries)
{
	const GwStatus *status = gw_status_of_sqlstate(error->sqlstate);
	bool unknown = strcmp(error->sqlstate, GW_UNKNOWN_OUTCOME) == 0;
	bool had_connection = conn->pg != NULL;

	if (status->remedy == GW_REMEDY_RECONNECT && limits->retry)
		gw_conn_drop_all(conn);
	else if (status->remedy == GW_REMEDY_RECONNECT ||
			 (conn->pg != NULL && PQstatus(conn->pg) != CONNECTION_OK))
		gw_conn_close(conn);
	if (!limits->retry || (unknown && !request->safe))
		return false;
	if (status->remedy == GW_REMEDY_RECONNECT)
		return had_connection && tries->reconnects++ < MAX_RECONNECTS;
	if (status->remedy != GW_REMEDY_RETRY || tries->retries >= MAX_RETRIES)
		return false;
	gw_clock_back_off(tries->retries++, RETRY_PAUSE_MS, LONGEST_RETRY_PAUSE_MS);
	return true;
}

/* Sends the one statement; HEAD is to the database what GET is. */
static bool
send_call(GwConn *conn, const GwRequest *request)
{
	const char *method = strcmp(request->method, "HEAD") == 0 ? "GET" : request->method;
	const char *const values[] = {method, request->path, request->query, request->body,
								  request->context};

	return PQsendQueryPrepared(conn->pg, GW_CONN_STATEMENT, 5, values, NULL, NULL, 0) ==
		   1;
}

/* How long to wait for the answer to what conn was sent, in milliseconds: never forever. */
static long
answer_time(const GwConn *conn, const GwCallLimits *limits)
{
	long most = conn->statement_timeout + ANSWER_GRACE_MS;

	if (limits->timeout > 0)
		return limits->timeout;
	return conn->statement_timeout > 0 && most < LONGEST_ANSWER_MS ? most
																   : LONGEST_ANSWER_MS;
}

/*
 * Returns the row or the first error, or NULL when the time is over. A row may be followed
 * by an error, because the commit comes after it; then the error is the result. Where the
 * client has gone, the statement is cancelled, and client becomes NULL.
 */
static PGresult *
receive_answer(PGconn *pg, long timeout, const GwPeer **client, bool *row_seen)
{
	long deadline = gw_clock_ms() + timeout;
	PGresult *last = NULL;

	for (;;)
	{
		PGresult *next;

		if (!wait_for_answer(pg, deadline, client))
		{
			PQclear(last);
			return NULL;
		}
		next = PQgetResult(pg);
		if (next == NULL)
			return last;
		if (last != NULL && PQresultStatus(last) == PGRES_FATAL_ERROR)
		{
			/* Only the first error has a SQLSTATE; next says that the line is dead. */
			PQclear(next);
			continue;
		}
		*row_seen = *row_seen || PQresultStatus(next) == PGRES_TUPLES_OK;
		PQclear(last);
		last = next;
	}
}

/* Waits until PQgetResult would not block; false when the deadline is over. */
static bool
wait_for_answer(PGconn *pg, long deadline, const GwPeer **client)
{
	while (PQisBusy(pg))
	{
		struct pollfd waiting = {.fd = PQsocket(pg), .events = POLLIN};
		long left = deadline - gw_clock_ms();
		int ready;

		if (left <= 0)
			return false;
		if (*client != NULL && left > LOOK_MS)
			left = LOOK_MS;
		ready = poll(&waiting, 1, (int) left);
		if (ready < 0 && errno != EINTR)
			return false;
		/* A failure here shows as a result with an error. */
		if (ready > 0 && PQconsumeInput(pg) != 1)
			return true;
		if (ready == 0 && *client != NULL && gw_socket_has_gone(*client))
		{
			*client = NULL;
			if (!cancel(pg))
				return false;
		}
	}
	return true;
}

/*
 * Asks the server to end what it does for us; the answer then is an error. The library waits
 * for that without a limit, so a thread of its own does. False when it is not known in time
 * whether the request has arrived: it may yet, and must not meet another statement.
 */
static bool
cancel(PGconn *pg)
{
	const struct timespec until = gw_clock_after(CANCEL_MS);
	PGcancel *request = PQgetCancel(pg);
	pthread_t thread;

	if (request == NULL || pthread_create(&thread, NULL, run_cancel, request) != 0)
	{
		PQfreeCancel(request);
		return false;
	}
	if (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) == 0)
		return true;
	pthread_detach(thread);
	return false;
}

/* The thread of a request, which it frees. */
static void *
run_cancel(void *request)
{
	char error[256];

	PQcancel(request, error, sizeof(error));
	PQfreeCancel(request);
	return NULL;
}

/*
 * The server ends a session with an error before the commit, which is certain to leave
 * nothing, or by silence, which is not. No SQLSTATE means silence.
 */
static void
take_error(GwSqlError *error, const PGresult *result, bool row_seen)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	bool fatal = severity == NULL || strcmp(severity, "ERROR") != 0;

	if (sqlstate == NULL || (fatal && row_seen))
	{
		gw_sqlerror_set(error, GW_UNKNOWN_OUTCOME,
						result != NULL ? PQresultErrorMessage(result)
									   : "no answer in time");
		return;
	}
	gw_sqlerror_set(error, sqlstate, "");
	free(error->message);
	error->message = copy_field(result, PG_DIAG_MESSAGE_PRIMARY);
	error->detail = copy_field(result, PG_DIAG_MESSAGE_DETAIL);
	error->hint = copy_field(result, PG_DIAG_MESSAGE_HINT);
}

/* The field of an error, malloc'd, or NULL where it has none. */
static char *
copy_field(const PGresult *result, int field)
{
	const char *text = PQresultErrorField(result, field);

	return text != NULL ? strdup(text) : NULL;
}

/* Checks the shape of the answer; a wrong one is an internal error. One without a status is an error that was returned, not raised. */
static bool
take_reply(GwReply *reply, const PGresult *result, GwSqlError *error)
{
	long status = 0;

	if (PQntuples(result) == 1 && PQnfields(result) == 3)
		status = strtol(PQgetvalue(result, 0, 0), NULL, 10);
	if (PQntuples(result) == 1 && PQnfields(result) == 3 && PQgetisnull(result, 0, 0))
	{
		take_refusal(PQgetvalue(result, 0, 2), error);
		return false;
	}
	if (status < 200 || status > 599)
	{
		gw_sqlerror_set(error, "XX000", "booking_api returned no row or a wrong status");
		return false;
	}
	reply->status = (int) status;
	if (!PQgetisnull(result, 0, 1))
		reply->headers = json_loads(PQgetvalue(result, 0, 1), 0, NULL);
	if (!PQgetisnull(result, 0, 2))
	{
		reply->length = (size_t) PQgetlength(result, 0, 2);
		reply->body = malloc(reply->length + 1);
		if (reply->body == NULL)
			reply->length = 0;
		else
			memcpy(reply->body, PQgetvalue(result, 0, 2), reply->length + 1);
	}
	return true;
}

/* {"sqlstate", "detail", "hint"}, the last two as the message and the hint of a raised error. */
static void
take_refusal(const char *body, GwSqlError *error)
{
	json_t *refusal = json_loads(body, 0, NULL);
	const char *sqlstate = NULL;
	const char *detail = NULL;
	const char *hint = NULL;

	(void) json_unpack(refusal, "{s:s, s:s, s?:s?}", "sqlstate", &sqlstate, "detail",
					   &detail, "hint", &hint);
	gw_sqlerror_set(error, sqlstate != NULL ? sqlstate : "XX000",
					detail != NULL ? detail : "booking_api returned no status");
	error->hint = hint != NULL ? strdup(hint) : NULL;
	json_decref(refusal);
}
