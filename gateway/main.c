/*
 * main.c
 *	  The gateway process: read the settings, serve, wait for a signal, stop.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "config.h"
#include "conn.h"
#include "deadline.h"
#include "log.h"
#include "server.h"

/* One for each who asks: the supervisor, the scraper, a person, and one to spare. */
#define ADMIN_THREADS 4
#define REPORTS_SHARE 4 /* reports get a quarter of the connections */
#define EXIT_CANNOT_SERVE 1
#define EXIT_BAD_SETTING 2

static void handle_arguments(int argc, char **argv);
static void block_signals(sigset_t *stop);
static void raise_file_limit(void);
static GwServer *start_server(const GwConfig *config, const GwListener *listener);
static int serve(const GwConfig *config, const sigset_t *stop);

/* A wrong setting ends it before anything listens. */
int
main(int argc, char **argv)
{
	GwConfig config;
	char error[512];
	sigset_t stop;
	int status;

	handle_arguments(argc, argv);
	if (!gw_config_load(&config, error, sizeof(error)))
	{
		fprintf(stderr, "booking_gateway: %s\n", error);
		gw_config_free(&config);
		return EXIT_BAD_SETTING;
	}
	gw_log_init(config.log_level);
	for (int db = 0; db < GW_DB_COUNT; db++)
		gw_conn_setup((GwDatabase) db, config.url[db], config.password[db],
					  config.connect_budget);
	block_signals(&stop);
	status = serve(&config, &stop);
	gw_config_free(&config);
	return status;
}

/* Returns only when the process is to serve. */
static void
handle_arguments(int argc, char **argv)
{
	if (argc < 2)
		return;
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
	{
		gw_config_help(stdout);
		exit(EXIT_SUCCESS);
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0)
	{
		puts("booking_gateway " GATEWAY_VERSION);
		exit(EXIT_SUCCESS);
	}
	fputs("booking_gateway: it takes --help or --version; settings come from the "
		  "environment\n",
		  stderr);
	exit(EXIT_BAD_SETTING);
}

/* Threads inherit the mask, so that the signals wait for sigwait in this one. */
static void
block_signals(sigset_t *stop)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(stop);
	sigaddset(stop, SIGTERM);
	sigaddset(stop, SIGINT);
	pthread_sigmask(SIG_BLOCK, stop, NULL);
}

/* A client is a descriptor, and more may come than the usual 1024. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* NULL when it cannot listen, which stderr then says. */
static GwServer *
start_server(const GwConfig *config, const GwListener *listener)
{
	GwServer *server = gw_server_start(config, listener);

	if (server == NULL)
		fprintf(stderr, "booking_gateway: cannot listen on %s:%ld\n", listener->address,
				listener->port);
	return server;
}

/*
 * Serves until one of the signals comes; returns the exit status of the process. The
 * listener for operators answers until the other has stopped.
 */
static int
serve(const GwConfig *config, const sigset_t *stop)
{
	const long shared[GW_DB_COUNT] = {config->connections,
									  (config->connections + REPORTS_SHARE - 1) /
										  REPORTS_SHARE};
	const long own[GW_DB_COUNT] = {ADMIN_THREADS, ADMIN_THREADS};
	const GwListener clients = {config->address, config->port, config->workers, shared,
								false};
	const GwListener operators = {config->admin_address, config->admin_port,
								  ADMIN_THREADS, own, true};
	GwServer *server = NULL;
	GwServer *admin = NULL;
	int received = 0;

	raise_file_limit();
	if (!gw_deadline_start() ||
		(operators.port > 0 && (admin = start_server(config, &operators)) == NULL) ||
		(server = start_server(config, &clients)) == NULL)
		/* Threads run: no handlers, no frees. */
		_exit(EXIT_CANNOT_SERVE);
	gw_log_event(GW_LOG_INFO, "started", "version %s on %s:%ld, %ld workers",
				 GATEWAY_VERSION, config->address, config->port, config->workers);
	sigwait(stop, &received);
	gw_log_event(GW_LOG_INFO, "stopping", "received %s",
				 received == SIGTERM ? "SIGTERM" : "SIGINT");
	if (!gw_server_stop(server) || (admin != NULL && !gw_server_stop(admin)))
	{
		gw_log_event(GW_LOG_ERROR, "stopped", "requests in flight were given up");
		_exit(EXIT_CANNOT_SERVE);
	}
	gw_log_event(GW_LOG_INFO, "stopped", "all requests finished");
	return EXIT_SUCCESS;
}
