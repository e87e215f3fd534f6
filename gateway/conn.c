/*
 * conn.c
 *	  Opens, checks and drops database connections. A connection belongs to one thread, so
 *	  none is locked. Rule: when one thread learns that a server is gone or has become a
 *	  standby it raises the generation, and every thread reopens before its next use.
 */
#include "conn.h"

#include <libpq-fe.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "log.h"
#include "metrics.h"

#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 2000

typedef struct Pool
{
	const char *url;
	const char *password;
	atomic_uint generation;
	atomic_long down_since; /* clock of the first failed connect, 0 when up */
} Pool;

static Pool pools[GW_DB_COUNT];
static long connect_budget;

static bool conn_alive(GwConn *conn);
static bool conn_open(GwConn *conn, GwSqlError *error);
static PGconn *connect_params(const Pool *pool);
static bool conn_prepare(GwConn *conn, GwSqlError *error);
static bool read_statement_timeout(GwConn *conn, GwSqlError *error);
static bool result_good(const PGresult *result, ExecStatusType expected,
						GwSqlError *error);
static void note_down(GwConn *conn, const GwSqlError *error);
static void note_up(GwConn *conn);
static void on_notice(void *arg, const PGresult *result);

/* Is url well-formed? Sets password (malloc'd) when url holds one. */
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

/* Call before any thread starts; keeps pointers into config. */
void
gw_conn_setup(const GwConfig *config)
{
	connect_budget = config->connect_budget;
	for (int db = 0; db < GW_DB_COUNT; db++)
	{
		Pool *pool = &pools[db];

		pool->url = config->url[db];
		pool->password = config->password[db];
	}
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
	Pool *pool = &pools[conn->db];

	if (pool->url == NULL)
	{
		gw_sql_error_set(error, GW_NO_CONNECTION, "this database is not configured");
		return false;
	}
	if (conn->pg != NULL && conn_alive(conn))
		return true;
	gw_conn_close(conn);
	for (int attempt = 0; !conn_open(conn, error); attempt++)
	{
		note_down(conn, error);
		if (!patient || gw_status_of_sqlstate(error->sqlstate)->http != 503 ||
			gw_conn_clock_ms() - atomic_load(&pool->down_since) >= connect_budget)
			return false;
		gw_sql_error_free(error);
		gw_conn_pause(attempt, FIRST_PAUSE_MS, LONGEST_PAUSE_MS);
	}
	note_up(conn);
	return true;
}

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
		atomic_compare_exchange_strong(&pools[conn->db].generation, &seen, seen + 1);
	gw_conn_close(conn);
}

/* Sleeps a random time of at most base * 2^attempt, capped ("full jitter"). */
void
gw_conn_pause(int attempt, long base_ms, long cap_ms)
{
	long most = base_ms;
	uint32_t random = 0;
	struct timespec pause;
	long ms;

	while (attempt-- > 0 && most < cap_ms)
		most *= 2;
	if (most > cap_ms)
		most = cap_ms;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t) sizeof(random))
		random = (uint32_t) gw_conn_clock_ms();
	ms = 1 + (long) (random % (uint32_t) most);
	pause.tv_sec = ms / 1000;
	pause.tv_nsec = ms % 1000 * 1000000;
	nanosleep(&pause, NULL);
}

/* Milliseconds of a clock that is never set. */
long
gw_conn_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Replaces what error holds. */
void
gw_sql_error_set(GwSqlError *error, const char *sqlstate, const char *message)
{
	gw_sql_error_free(error);
	snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
	error->message = strdup(message);
	if (error->message != NULL)
		error->message[strcspn(error->message, "\r\n")] = '\0';
}

void
gw_sql_error_free(GwSqlError *error)
{
	free(error->message);
	free(error->detail);
	free(error->hint);
	memset(error, 0, sizeof(*error));
}

/*
 * Takes in what the server said while the connection was idle. It speaks then only to
 * report a parameter or to end the session; a closed socket shows as readable too.
 */
static bool
conn_alive(GwConn *conn)
{
	struct pollfd waiting = {.fd = PQsocket(conn->pg), .events = POLLIN};

	if (conn->generation != atomic_load(&pools[conn->db].generation))
		return false;
	while (PQstatus(conn->pg) == CONNECTION_OK && poll(&waiting, 1, 0) > 0)
	{
		if (PQconsumeInput(conn->pg) != 1 || PQisBusy(conn->pg))
			return false;
	}
	return PQstatus(conn->pg) == CONNECTION_OK && !conn->doomed;
}

static bool
conn_open(GwConn *conn, GwSqlError *error)
{
	const Pool *pool = &pools[conn->db];
	PGconn *pg;

	conn->generation = atomic_load(&pool->generation);
	conn->doomed = false;
	pg = connect_params(pool);
	if (PQstatus(pg) != CONNECTION_OK)
	{
		gw_sql_error_set(error, GW_NO_CONNECTION, pg ? PQerrorMessage(pg) : "no memory");
		PQfinish(pg);
		gw_metrics_db_connect_failed(conn->db);
		return false;
	}
	conn->pg = pg;
	gw_metrics_db_connected(conn->db);
	PQsetNoticeReceiver(pg, on_notice, conn);
	if (read_statement_timeout(conn, error) && conn_prepare(conn, error))
		return true;
	gw_conn_close(conn);
	return false;
}

/* The URL overrides what stands before it; a password file overrides the URL. */
static PGconn *
connect_params(const Pool *pool)
{
	const char *const keywords[] = {"connect_timeout",
									"tcp_user_timeout",
									"keepalives_idle",
									"keepalives_interval",
									"keepalives_count",
									"fallback_application_name",
									"dbname",
									"client_encoding",
									pool->password != NULL ? "password" : NULL,
									NULL};
	const char *const values[] = {"2",       "5000", "5",
								  "2",       "3",    "booking_gateway",
								  pool->url, "UTF8", pool->password,
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
	bool good = result_good(result, PGRES_TUPLES_OK, error);

	if (good)
		conn->statement_timeout = strtol(PQgetvalue(result, 0, 0), NULL, 10);
	PQclear(result);
	return good;
}

/* Prepares the one statement that the gateway ever sends for a request. */
static bool
conn_prepare(GwConn *conn, GwSqlError *error)
{
	PGresult *result = PQprepare(conn->pg, GW_CONN_STATEMENT,
								 "SELECT status, headers, body"
								 "  FROM booking.booking_api($1::text, $2::text, $3::jsonb,"
								 "                           $4::jsonb, $5::jsonb)",
								 5, NULL);
	bool good = result_good(result, PGRES_COMMAND_OK, error);

	PQclear(result);
	return good;
}

/* Is result of the expected kind? If not, error tells why. */
static bool
result_good(const PGresult *result, ExecStatusType expected, GwSqlError *error)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (PQresultStatus(result) == expected)
		return true;
	gw_sql_error_set(error, sqlstate != NULL ? sqlstate : GW_NO_CONNECTION,
					 PQresultErrorMessage(result));
	return false;
}

/* Remembers since when the database is down, and logs the first failure. */
static void
note_down(GwConn *conn, const GwSqlError *error)
{
	long none = 0;

	if (atomic_compare_exchange_strong(&pools[conn->db].down_since, &none,
									   gw_conn_clock_ms()))
		gw_log_event(GW_LOG_ERROR, "database_down", "%s: %s",
					 gw_config_database_name(conn->db),
					 error->message != NULL ? error->message : "");
}

static void
note_up(GwConn *conn)
{
	if (atomic_exchange(&pools[conn->db].down_since, 0) != 0)
		gw_log_event(GW_LOG_INFO, "database_up", "%s: connected again",
					 gw_config_database_name(conn->db));
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
