/*
 * config.h
 *	  What the environment tells the gateway, checked once at the start and read-only after.
 */
#ifndef GW_CONFIG_H
#define GW_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "database.h"
#include "log.h"

#define GW_MAX_PREFIXES 8

typedef struct GwConfig
{
	char *address; /* IPv4 address to listen on */
	long port;
	char *published_address; /* that clients reach it by, or NULL: address */
	char *admin_address;
	char *hosts;      /* names that are served, or NULL */
	char *proxies;    /* addresses whose X-Forwarded-For is believed, or NULL */
	long admin_port;  /* 0: no listener for operators */
	long workers;     /* threads: clients that are served at once */
	long connections; /* to each database */

	char *url[GW_DB_COUNT]; /* libpq URI or conninfo; reports may be NULL */
	char *password_file[GW_DB_COUNT];
	char *password[GW_DB_COUNT]; /* from password_file, or NULL */
	char *reports_paths;
	char *reports_prefix[GW_MAX_PREFIXES]; /* NULL-terminated unless full */

	long max_body; /* bytes */
	long max_header;
	long max_query;
	long header_timeout; /* milliseconds, like all that follow */
	long body_timeout;
	long keep_alive;
	long ready_timeout;
	long connect_budget;
	long stop_timeout;

	char *log_level_name;
	GwLogLevel log_level;
	bool dev;
} GwConfig;

extern bool gw_config_load(GwConfig *config, char *error, size_t error_size);
extern void gw_config_help(FILE *out);
extern void gw_config_free(GwConfig *config);
extern bool gw_config_lists(const char *words, const char *word);
extern GwDatabase gw_config_route(const GwConfig *config, const char *path);

#endif /* GW_CONFIG_H */
