/*
 * config.c
 *	  The environment variables: one table says name, range, default and meaning, and
 *	  drives reading, checking and --help. Rule: no message here ever quotes the value of
 *	  a connection string or a password.
 */
#include "config.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "conn.h"

#define GUIDE_PASSWORD "yourpassword"
#define MAX_PASSWORD 1024

typedef enum SettingKind
{
	TEXT,
	NUMBER,
	FLAG
} SettingKind;

typedef struct Setting
{
	const char *name;
	SettingKind kind;
	size_t offset;
	const char *fallback; /* NULL: unset */
	long min;
	long max;
	const char *help;
} Setting;

#define FIELD(name) offsetof(GwConfig, name)

/* clang-format off */
static const Setting settings[] = {
	{"DATABASE_URL", TEXT, FIELD(url[GW_DB_PRIMARY]), NULL, 0, 0,
	 "primary database: libpq URI or conninfo, several hosts allowed; required"},
	{"DATABASE_PASSWORD_FILE", TEXT, FIELD(password_file[GW_DB_PRIMARY]), NULL, 0, 0,
	 "file whose first line is the password for DATABASE_URL"},
	{"REPORTS_DATABASE_URL", TEXT, FIELD(url[GW_DB_REPORTS]), NULL, 0, 0,
	 "reports database; without it the reports paths answer 503"},
	{"REPORTS_DATABASE_PASSWORD_FILE", TEXT, FIELD(password_file[GW_DB_REPORTS]), NULL, 0, 0,
	 "file whose first line is the password for REPORTS_DATABASE_URL"},
	{"GATEWAY_REPORTS_PATHS", TEXT, FIELD(reports_paths), "/v1/reports /v1/etl_runs", 0, 0,
	 "path prefixes sent to the reports database, separated by spaces"},
	{"GATEWAY_ADDRESS", TEXT, FIELD(address), "127.0.0.1", 0, 0,
	 "IPv4 address to listen on; 0.0.0.0 for all"},
	{"GATEWAY_PORT", NUMBER, FIELD(port), "4000", 1, 65535,
	 "TCP port to listen on"},
	{"GATEWAY_PUBLISHED_ADDRESS", TEXT, FIELD(published_address), NULL, 0, 0,
	 "IPv4 address that its port is reached by, where it is another: a host's that runs it in a container"},
	{"GATEWAY_ADMIN_ADDRESS", TEXT, FIELD(admin_address), "127.0.0.1", 0, 0,
	 "IPv4 address to listen on for health, readiness and metrics alone"},
	{"GATEWAY_ADMIN_PORT", NUMBER, FIELD(admin_port), "4001", 0, 65535,
	 "TCP port to listen on for these; 0: none"},
	{"GATEWAY_HOSTS", TEXT, FIELD(hosts), NULL, 0, 0,
	 "names it is asked by besides localhost, addresses and the machine's own, separated by spaces; * for all"},
	{"GATEWAY_PROXIES", TEXT, FIELD(proxies), NULL, 0, 0,
	 "addresses of proxies whose X-Forwarded-For is believed, separated by spaces"},
	{"GATEWAY_WORKERS", NUMBER, FIELD(workers), "2048", 1, 8192,
	 "threads, and so HTTP connections served at once"},
	{"GATEWAY_CONNECTIONS", NUMBER, FIELD(connections), "48", 1, 1024,
	 "connections to the primary database, which requests share; a quarter of it to reports"},
	{"GATEWAY_MAX_BODY", NUMBER, FIELD(max_body), "65536", 1, 16777216,
	 "largest request body, bytes"},
	{"GATEWAY_MAX_HEADER", NUMBER, FIELD(max_header), "16384", 1024, 1048576,
	 "largest request line and header together, bytes"},
	{"GATEWAY_MAX_QUERY", NUMBER, FIELD(max_query), "4096", 0, 1048576,
	 "largest query string, bytes"},
	{"GATEWAY_HEADER_TIMEOUT_MS", NUMBER, FIELD(header_timeout), "5000", 100, 600000,
	 "time a client has to send a request header, and to take in a response"},
	{"GATEWAY_BODY_TIMEOUT_MS", NUMBER, FIELD(body_timeout), "5000", 100, 600000,
	 "time a client has to send a request body"},
	{"GATEWAY_KEEP_ALIVE_MS", NUMBER, FIELD(keep_alive), "75000", 0, 600000,
	 "idle time after which a kept connection is closed"},
	{"GATEWAY_READY_TIMEOUT_MS", NUMBER, FIELD(ready_timeout), "1000", 10, 60000,
	 "time a database has to answer /readyz"},
	{"GATEWAY_CONNECT_BUDGET_MS", NUMBER, FIELD(connect_budget), "3000", 0, 60000,
	 "time spent on reconnecting before requests are answered 503 at once"},
	{"GATEWAY_STOP_TIMEOUT_MS", NUMBER, FIELD(stop_timeout), "10000", 0, 600000,
	 "time requests in flight have to finish after SIGTERM"},
	{"GATEWAY_LOG_LEVEL", TEXT, FIELD(log_level_name), "info", 0, 0,
	 "error, warning, info or debug"},
	{"BOOKING_DEV", FLAG, FIELD(dev), "0", 0, 1,
	 "1 allows the password of the setup guide, on loopback addresses; for development only"},
};
/* clang-format on */

#define SETTING_COUNT (sizeof(settings) / sizeof(settings[0]))

static bool read_setting(GwConfig *config, const Setting *setting, char *error,
						 size_t error_size);
static bool parse_number(const Setting *setting, const char *text, long *value);
static bool check_values(GwConfig *config, char *error, size_t error_size);
static bool check_address(const char *name, const char *address, char *error,
						  size_t error_size);
static bool check_development(const GwConfig *config, char *error, size_t error_size);
static bool split_prefixes(GwConfig *config);
static bool check_database(GwConfig *config, GwDatabase db, char *error,
						   size_t error_size);
static bool is_loopback(const char *address);
static bool is_guide_password(const char *in_url, const char *in_file);
static char *read_password(const char *file);

/* Fills config from the environment; false leaves a sentence for the user in error. */
bool
gw_config_load(GwConfig *config, char *error, size_t error_size)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		if (!read_setting(config, &settings[i], error, error_size))
			return false;
	}
	return check_values(config, error, error_size);
}

/* Prints every variable with its default and meaning. */
void
gw_config_help(FILE *out)
{
	fputs("Usage: booking_gateway [--help | --version]\n\n"
		  "Serves the flight booking REST API: each request is one call of\n"
		  "booking.booking_api in PostgreSQL. Configured by the environment:\n\n",
		  out);
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		const Setting *setting = &settings[i];

		fprintf(out, "  %s\n      %s", setting->name, setting->help);
		if (setting->kind == NUMBER)
			fprintf(out, " (%ld to %ld)", setting->min, setting->max);
		if (setting->fallback != NULL)
			fprintf(out, "\n      default: %s", setting->fallback);
		fputc('\n', out);
	}
	fputs("\nHow long a statement may take and wait for a lock is a setting of the database\n"
		  "role: ALTER ROLE booking_app SET statement_timeout = '5s'.\n"
		  "\nExit status: 0 after a requested stop, 1 when it cannot listen or a request\n"
		  "did not finish in time, 2 for a wrong setting.\n",
		  out);
}

/* Frees the strings; whoever was given one of them must have ended. */
void
gw_config_free(GwConfig *config)
{
	for (size_t i = 0; i < SETTING_COUNT; i++)
	{
		if (settings[i].kind == TEXT)
			free(*(char **) ((char *) config + settings[i].offset));
	}
	for (int db = 0; db < GW_DB_COUNT; db++)
		free(config->password[db]);
	memset(config, 0, sizeof(*config));
}

/* The database that answers this (decoded) path: a prefix ends where a part of it ends. */
GwDatabase
gw_config_route(const GwConfig *config, const char *path)
{
	for (int i = 0; i < GW_MAX_PREFIXES && config->reports_prefix[i] != NULL; i++)
	{
		size_t length = strlen(config->reports_prefix[i]);

		if (strncmp(path, config->reports_prefix[i], length) == 0 &&
			(path[length] == '\0' || path[length] == '/'))
			return GW_DB_REPORTS;
	}
	return GW_DB_PRIMARY;
}

/* Is word, in whatever case, one of the words of a setting, which spaces separate? A setting may be NULL. */
bool
gw_config_lists(const char *words, const char *word)
{
	size_t length = strlen(word);

	while (words != NULL && *words != '\0')
	{
		size_t next = strcspn(words, " ");

		if (next == length && strncasecmp(words, word, length) == 0)
			return true;
		words += next + strspn(words + next, " ");
	}
	return false;
}

/* Stores one setting, or its default when the variable is unset or empty. */
static bool
read_setting(GwConfig *config, const Setting *setting, char *error, size_t error_size)
{
	const char *text = getenv(setting->name);
	void *field = (char *) config + setting->offset;
	long value;

	if (text == NULL || *text == '\0')
		text = setting->fallback;
	if (setting->kind == TEXT)
	{
		*(char **) field = text != NULL ? strdup(text) : NULL;
		return true;
	}
	if (!parse_number(setting, text, &value))
	{
		snprintf(error, error_size, "%s must be %s between %ld and %ld, not \"%.32s\"",
				 setting->name, "a whole number", setting->min, setting->max, text);
		return false;
	}
	if (setting->kind == NUMBER)
		*(long *) field = value;
	else
		*(bool *) field = value != 0;
	return true;
}

/* Is text a whole number in the setting's range, and nothing else? */
static bool
parse_number(const Setting *setting, const char *text, long *value)
{
	char *end;

	errno = 0;
	*value = strtol(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *value >= setting->min &&
		   *value <= setting->max;
}

/* Checks what a range does not say, and derives what is stored in another form. */
static bool
check_values(GwConfig *config, char *error, size_t error_size)
{
	if (!check_address("GATEWAY_ADDRESS", config->address, error, error_size) ||
		!check_address("GATEWAY_ADMIN_ADDRESS", config->admin_address, error, error_size))
		return false;
	if (!gw_log_level_parse(config->log_level_name, &config->log_level))
	{
		snprintf(error, error_size,
				 "GATEWAY_LOG_LEVEL must be error, warning, info or debug, not \"%.32s\"",
				 config->log_level_name);
		return false;
	}
	if (!split_prefixes(config))
	{
		snprintf(error, error_size,
				 "GATEWAY_REPORTS_PATHS must be at most %d paths that begin with \"/\"",
				 GW_MAX_PREFIXES);
		return false;
	}
	return check_development(config, error, error_size) &&
		   check_database(config, GW_DB_PRIMARY, error, error_size) &&
		   check_database(config, GW_DB_REPORTS, error, error_size);
}

/* What everybody knows opens nothing that others reach. */
static bool
check_development(const GwConfig *config, char *error, size_t error_size)
{
	const char *reached = config->published_address != NULL ? config->published_address
															: config->address;

	if (!config->dev || is_loopback(reached))
		return true;
	snprintf(error, error_size,
			 "BOOKING_DEV=1 is for loopback addresses, and %.64s is none: choose secrets of "
			 "your own and BOOKING_DEV=0",
			 reached);
	return false;
}

/* Names are not looked up: what is listened on must not depend on a name server. */
static bool
check_address(const char *name, const char *address, char *error, size_t error_size)
{
	struct in_addr parsed;

	if (inet_pton(AF_INET, address, &parsed) == 1)
		return true;
	snprintf(error, error_size,
			 "%s must be an IPv4 address such as 127.0.0.1, not \"%.64s\"", name,
			 address);
	return false;
}

/* Cuts reports_paths, in place, into reports_prefix; false for too many or a wrong one. */
static bool
split_prefixes(GwConfig *config)
{
	char *rest = NULL;
	int count = 0;

	for (char *part = strtok_r(config->reports_paths, " ", &rest); part != NULL;
		 part = strtok_r(NULL, " ", &rest))
	{
		if (part[0] != '/' || count == GW_MAX_PREFIXES)
			return false;
		config->reports_prefix[count++] = part;
	}
	return true;
}

/* Reads the password file and refuses what must not reach a server. */
static bool
check_database(GwConfig *config, GwDatabase db, char *error, size_t error_size)
{
	const char *variable = db == GW_DB_PRIMARY ? "DATABASE" : "REPORTS_DATABASE";
	char *in_url = NULL;
	const char *problem = NULL;

	if (config->password_file[db] != NULL &&
		(config->password[db] = read_password(config->password_file[db])) == NULL)
		problem = "_PASSWORD_FILE cannot be read or its first line is empty or too long";
	else if (config->url[db] == NULL && db == GW_DB_PRIMARY)
		problem = "_URL is not set; example: postgresql://booking_app@localhost:5432/"
				  "flight_booking";
	else if (config->url[db] == NULL)
		return true;
	else if (!gw_conn_url_password(config->url[db], &in_url))
		problem = "_URL is not a valid PostgreSQL connection URI or string";
	else if (in_url != NULL && config->password[db] != NULL)
		problem = "_URL and the password file both give a password; keep one";
	else if (!config->dev && is_guide_password(in_url, config->password[db]))
		problem = "_URL uses the password of the setup guide; choose another one, or set "
				  "BOOKING_DEV=1 on a development machine";

	free(in_url);
	if (problem != NULL)
		snprintf(error, error_size, "%s%s", variable, problem);
	return problem == NULL;
}

/* Does the address stay on this machine? */
static bool
is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0;
}

/* Is the password that libpq would send the one that everybody knows? */
static bool
is_guide_password(const char *in_url, const char *in_file)
{
	const char *password = in_file != NULL ? in_file : in_url;

	if (password == NULL)
		password = getenv("PGPASSWORD");
	return password != NULL && strcmp(password, GUIDE_PASSWORD) == 0;
}

/* The first line of file, malloc'd; NULL when it cannot be read, is empty or too long. */
static char *
read_password(const char *file)
{
	FILE *in = fopen(file, "re");
	char line[MAX_PASSWORD + 2];
	char *password = NULL;

	if (in == NULL)
		return NULL;
	if (fgets(line, sizeof(line), in) != NULL)
	{
		size_t length = strcspn(line, "\r\n");

		if (length > 0 && length <= MAX_PASSWORD)
			password = strndup(line, length);
	}
	fclose(in);
	explicit_bzero(line, sizeof(line));
	return password;
}
