/*
 * conn.c
 *	  Opens, checks and drops database connections. A connection belongs to the request that
 *	  took it from the pool, so none is locked. Rule: when one thread learns that a server is gone or has become a
 *	  standby it raises the generation, and every thread reopens before its next use.
 */
#include "conn.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "status.h"

#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 2000

/* How to reach a database, and what the threads tell each other about it. */
typedef struct Target
{
	const char *url; /* NULL: not configured */
	const char *password;
	long connect_budget;
	atomic_uint generation;
	atomic_long down_since; /* clock of the first failed connect, 0 when up */
} Target;

static Target targets[GW_DB_COUNT];

static bool is_alive(GwConn *conn);
static bool open_conn(GwConn *conn, GwSqlError *error);
static PGconn *connect_target(const Target *target);
static bool prepare_session(GwConn *conn, GwSqlError *error);
static bool read_statement_timeout(GwConn *conn, GwSqlError *error);
static bool check_result(const PGresult *result, ExecStatusType expected,
						 GwSqlError *error);
static void note_down(GwConn *conn, const GwSqlError *error);
static void note_up(GwConn *conn);
static void on_notice(void *arg, const PGresult *result);

/* Is url one that libpq reads? Sets password, malloc'd, when url holds one. */
bool
gw_conn_url_password(const char *url, char **password)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	if (options == NULL)
		return false;
	for (PQconninfoOption *option = options; option->keyword != NULL; option++)
	{
		if (strcmp(option->keyword, "password") == 0 && option->val != NULL)
			*password = strdup(option->val);
	}
	PQconninfoFree(options);
	return true;
}

/*
 * Says how a database is reached; url and password must live as long as the process. Call
 * before any thread starts.
 */
void
gw_conn_setup(GwDatabase db, const char *url, const char *password, long connect_budget)
{
	targets[db].url = url;
	targets[db].password = password;
	targets[db].connect_budget = connect_budget;
}

/*
 * Makes conn usable: open, of the current generation, nothing from the server pending.
 * A patient call repeats a failed connect with growing random pauses, until the database
 * has been down for the connect budget; after that each call tries once. What waiting does
 * not cure, such as a missing extension, is reported at once.
 */
bool
gw_conn_ensure(GwConn *conn, bool patient, GwSqlError *error)
{
	Target *target = &targets[conn->db];

	if (target->url == NULL)
	{
		gw_sqlerror_set(error, GW_NO_CONNECTION, "this database is not configured");
		return false;
	}
	if (conn->pg != NULL && is_alive(conn))
		return true;
	gw_conn_close(conn);
	for (int attempt = 0; !open_conn(conn, error); attempt++)
	{
		note_down(conn, error);
		if (!patient || gw_status_of_sqlstate(error->sqlstate)->http != 503 ||
			gw_clock_ms() - atomic_load(&target->down_since) >= target->connect_budget)
			return false;
		gw_sqlerror_free(error);
		gw_clock_back_off(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
	}
	note_up(conn);
	return true;
}

/* Ends the session if there is one; conn may be used again. */
void
gw_conn_close(GwConn *conn)
{
	if (conn->pg == NULL)
		return;
	PQfinish(conn->pg);
	conn->pg = NULL;
	gw_metrics_db_disconnected(conn->db);
}

/* Closes conn now and every other connection to its database before its next use. */
void
gw_conn_drop_all(GwConn *conn)
{
	/* Only the first of the threads that notice the same loss raises the number. */
	unsigned seen = conn->generation;

	if (conn->pg != NULL)
		atomic_compare_exchange_strong(&targets[conn->db].generation, &seen, seen + 1);
	gw_conn_close(conn);
}

/*
 * Takes in what the server said while the connection was idle. It speaks then only to
 * report a parameter or to end the session; a closed socket shows as readable too.
 */
static bool
is_alive(GwConn *conn)
{
	struct pollfd waiting = {.fd = PQsocket(conn->pg), .events = POLLIN};

	if (conn->generation != atomic_load(&targets[conn->db].generation))
		return false;
	while (PQstatus(conn->pg) == CONNECTION_OK && poll(&waiting, 1, 0) > 0)
	{
		if (PQconsumeInput(conn->pg) != 1 || PQisBusy(conn->pg))
			return false;
	}
	return PQstatus(conn->pg) == CONNECTION_OK && !conn->doomed;
}

/* Opens a session that is ready for GW_CONN_STATEMENT; false leaves conn closed. */
static bool
open_conn(GwConn *conn, GwSqlError *error)
{
	const Target *target = &targets[conn->db];
	PGconn *pg;

	conn->generation = atomic_load(&target->generation);
	conn->doomed = false;
	pg = connect_target(target);
	if (PQstatus(pg) != CONNECTION_OK)
	{
		gw_sqlerror_set(error, GW_NO_CONNECTION, pg ? PQerrorMessage(pg) : "no memory");
		PQfinish(pg);
		gw_metrics_db_connect_failed(conn->db);
		return false;
	}
	conn->pg = pg;
	gw_metrics_db_connected(conn->db);
	PQsetNoticeReceiver(pg, on_notice, conn);
	if (read_statement_timeout(conn, error) && prepare_session(conn, error))
		return true;
	gw_conn_close(conn);
	return false;
}

/* The URL overrides what stands before it; a password file overrides the URL. */
static PGconn *
connect_target(const Target *target)
{
	const char *const keywords[] = {"connect_timeout",
									"tcp_user_timeout",
									"keepalives_idle",
									"keepalives_interval",
									"keepalives_count",
									"fallback_application_name",
									"dbname",
									"client_encoding",
									target->password != NULL ? "password" : NULL,
									NULL};
	const char *const values[] = {"2",         "5000", "5",
								  "2",         "3",    "booking_gateway",
								  target->url, "UTF8", target->password,
								  NULL};

	return PQconnectdbParams(keywords, values, 1);
}

/*
 * Learns how long a statement may take here, because an answer must be waited for a little
 * longer. The database role decides it (sql/roles.sql), and the gateway sets no other.
 */
static bool
read_statement_timeout(GwConn *conn, GwSqlError *error)
{
	PGresult *result = PQexec(conn->pg, "SELECT setting"
										"  FROM pg_catalog.pg_settings"
										" WHERE name = 'statement_timeout'");
	bool good = check_result(result, PGRES_TUPLES_OK, error);

	if (good)
		conn->statement_timeout = strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return good;
}

/* Prepares the one statement that the gateway ever sends for a request. */
static bool
prepare_session(GwConn *conn, GwSqlError *error)
{
	PGresult *result = PQprepare(conn->pg, GW_CONN_STATEMENT,
								 "SELECT status, headers, body"
								 "  FROM booking.booking_api($1::text, $2::text, $3::jsonb,"
								 "                           $4::jsonb, $5::jsonb)",
								 5, NULL);
	bool good = check_result(result, PGRES_COMMAND_OK, error);

	PQclear(result);
	return good;
}

/* Is result of the expected kind? If not, error tells why. */
static bool
check_result(const PGresult *result, ExecStatusType expected, GwSqlError *error)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == expected)
		return true;
	gw_sqlerror_set(error, sqlstate != NULL ? sqlstate : GW_NO_CONNECTION,
					PQresultErrorMessage(result));
	return false;
}

/* Remembers since when the database is down, and logs the first failure. */
static void
note_down(GwConn *conn, const GwSqlError *error)
{
	long none = 0;

	if (atomic_compare_exchange_strong(&targets[conn->db].down_since, &none,
									   gw_clock_ms()))
		gw_log_event(GW_LOG_ERROR, "database_down", "%s: %s", gw_database_name(conn->db),
					 error->message != NULL ? error->message : "");
}

/* Forgets that the database was down, and logs that it is back. */
static void
note_up(GwConn *conn)
{
	if (atomic_exchange(&targets[conn->db].down_since, 0) != 0)
		gw_log_event(GW_LOG_INFO, "database_up", "%s: connected again",
					 gw_database_name(conn->db));
}

/* Keeps notices off stderr; the goodbye to an idle session comes this way. */
static void
on_notice(void *arg, const PGresult *result)
{
	GwConn *conn = arg;
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (sqlstate != NULL && strncmp(sqlstate, "57P", 3) == 0)
		conn->doomed = true;
}
