/*
 * sender.c
 *	  The process that sends events to webhooks: asks the database what is due, posts it,
 *	  says what came of it. All that must not be lost stands in the database, so it may be
 *	  killed at any moment, and there may be several.
 */
#include <libpq-fe.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "post.h"

#define EXIT_BAD_SETTING 2
#define INTERVAL_MS 500 /* between two questions to the database */
#define STOP_MS 12000   /* longer than a request may take */
#define MAX_IN_FLIGHT 1024
#define MAX_PASSWORD 1024

#define SQL_DUE "SELECT delivery_id, url, body, signature FROM booking.due_deliveries()"
#define SQL_RECORD "SELECT booking.record_delivery($1, NULLIF($2, '0')::integer, $3)"

static volatile sig_atomic_t stopping;

static void handle_arguments(int argc, char **argv);
static void stop(int number);
static bool read_password(char *password);
static void serve(const char *url, const char *password);
static PGconn *unless_lost(PGconn *db, bool (*step)(PGconn *));
static PGconn *open_database(const char *url, const char *password);
static bool send_due(PGconn *db);
static bool record_finished(PGconn *db);
static bool record(PGconn *db, const GwPost *post);
static void say_failure(PGconn *db);

int
main(int argc, char **argv)
{
	const char *url = getenv("DATABASE_URL");
	const char *dev = getenv("BOOKING_DEV");
	char password[MAX_PASSWORD + 2] = "";
	struct sigaction action = {.sa_handler = stop};

	handle_arguments(argc, argv);
	if (url == NULL || url[0] == '\0' || !read_password(password))
	{
		fputs("booking_webhooks: DATABASE_URL is not set, or the first line of "
			  "DATABASE_PASSWORD_FILE cannot be read or is empty\n",
			  stderr);
		return EXIT_BAD_SETTING;
	}
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
	gw_log_init(GW_LOG_INFO);
	if (!gw_post_init(dev != NULL && strcmp(dev, "1") == 0))
		return EXIT_FAILURE;
	serve(url, password);
	return EXIT_SUCCESS;
}

/* Returns only when the process is to serve. */
static void
handle_arguments(int argc, char **argv)
{
	if (argc < 2)
		return;
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
	{
		puts("booking_webhooks " GATEWAY_VERSION);
		exit(EXIT_SUCCESS);
	}
	puts("Usage: booking_webhooks [--help | --version]\n\n"
		 "Sends the events of bookings to webhooks. Configured by the environment:\n\n"
		 "  DATABASE_URL\n      primary database: libpq URI or conninfo, several hosts "
		 "allowed; required\n"
		 "  DATABASE_PASSWORD_FILE\n      file whose first line is the password for it\n"
		 "  BOOKING_DEV\n      1 sends to addresses of this machine and of private "
		 "networks too, and without TLS");
	exit(argc == 2 && strcmp(argv[1], "--help") == 0 ? EXIT_SUCCESS : EXIT_BAD_SETTING);
}

static void
stop(int number)
{
	(void) number;
	stopping = 1;
}

/* The first line of the file that is named; true and empty where none is. */
static bool
read_password(char *password)
{
	const char *name = getenv("DATABASE_PASSWORD_FILE");
	FILE *in;

	if (name == NULL || name[0] == '\0')
		return true;
	in = fopen(name, "re");
	if (in == NULL)
		return false;
	if (fgets(password, MAX_PASSWORD + 2, in) == NULL)
		password[0] = '\0';
	fclose(in);
	password[strcspn(password, "\r\n")] = '\0';
	return password[0] != '\0';
}

/* Until a signal comes; then no more is begun, and what is under way may end. */
static void
serve(const char *url, const char *password)
{
	PGconn *db = NULL;
	long asked = 0;
	long end = 0;

	gw_log_event(GW_LOG_INFO, "start", "sending to webhooks");
	while (end == 0 || (gw_post_in_flight() > 0 && gw_clock_ms() < end))
	{
		if (stopping && end == 0)
			end = gw_clock_ms() + STOP_MS;
		if (gw_clock_ms() - asked >= INTERVAL_MS && end == 0)
		{
			asked = gw_clock_ms();
			if (db == NULL)
				db = open_database(url, password);
			db = unless_lost(db, send_due);
		}
		db = unless_lost(db, record_finished);
		gw_post_wait(INTERVAL_MS);
	}
	if (db != NULL)
		PQfinish(db);
	gw_log_event(GW_LOG_INFO, "stop", "%d requests are not known to have arrived",
				 gw_post_in_flight());
}

/* Does a step with the database; returns it, or NULL where it did not answer, and is to be opened anew. */
static PGconn *
unless_lost(PGconn *db, bool (*step)(PGconn *))
{
	if (db == NULL || step(db))
		return db;
	say_failure(db);
	PQfinish(db);
	return NULL;
}

/* NULL, which the log has then, where it cannot be reached. */
static PGconn *
open_database(const char *url, const char *password)
{
	const char *const names[] = {"dbname", "fallback_application_name",
								 "tcp_user_timeout", "password", NULL};
	const char *const values[] = {url, "booking_webhooks", "10000",
								  password[0] != '\0' ? password : NULL, NULL};
	PGconn *db = PQconnectdbParams(names, values, 1);

	if (PQstatus(db) == CONNECTION_OK)
		return db;
	say_failure(db);
	PQfinish(db);
	return NULL;
}

/* Begins what is due; false where the database does not say. */
static bool
send_due(PGconn *db)
{
	PGresult *due;
	bool ok;

	if (gw_post_in_flight() >= MAX_IN_FLIGHT)
		return true;
	due = PQexec(db, SQL_DUE);
	ok = PQresultStatus(due) == PGRES_TUPLES_OK;
	for (int row = 0; ok && row < PQntuples(due); row++)
		gw_post_start(PQgetvalue(due, row, 0), PQgetvalue(due, row, 1),
					  PQgetvalue(due, row, 2), PQgetvalue(due, row, 3));
	PQclear(due);
	return ok;
}

/* Records what has ended; false where the database does not take it, and it will be sent again. */
static bool
record_finished(PGconn *db)
{
	GwPost *post;
	bool ok = true;

	while (ok && (post = gw_post_next_finished()) != NULL)
	{
		ok = record(db, post);
		gw_post_free(post);
	}
	return ok;
}

static bool
record(PGconn *db, const GwPost *post)
{
	char status[16];
	const char *values[] = {post->delivery_id, status, post->error};
	PGresult *result;
	bool ok;

	snprintf(status, sizeof(status), "%ld", post->status);
	result = PQexecParams(db, SQL_RECORD, 3, NULL, values, NULL, NULL, 0);
	ok = PQresultStatus(result) == PGRES_TUPLES_OK;
	PQclear(result);
	gw_log_event(post->status / 100 == 2 ? GW_LOG_INFO : GW_LOG_WARNING, "delivery",
				 "%s: %ld %s", post->delivery_id, post->status,
				 post->error != NULL ? post->error : "");
	return ok;
}

/* What libpq says may have several lines, and the name of a role, but no password. */
static void
say_failure(PGconn *db)
{
	gw_log_event(GW_LOG_WARNING, "database", "%s", PQerrorMessage(db));
}
