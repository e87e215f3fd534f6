/*
 * log.c
 *	  Log lines. Rule: no personal data and no secret is ever handed to this file; what
 *	  arrives is written, escaped by jansson, as one line in one write.
 */
#include "log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const level_names[] = {"error", "warning", "info", "debug"};

static GwLogLevel threshold = GW_LOG_INFO;

static json_t *start_line(GwLogLevel level);
static void add_text(json_t *line, const char *key, const char *value);
static void finish_line(json_t *line);

/* Reads a name of --help's list; false leaves level as it was. */
bool
gw_log_level_parse(const char *name, GwLogLevel *level)
{
	for (int i = GW_LOG_ERROR; i <= GW_LOG_DEBUG; i++)
	{
		if (strcmp(name, level_names[i]) == 0)
		{
			*level = (GwLogLevel) i;
			return true;
		}
	}
	return false;
}

/* Call before any thread starts. */
void
gw_log_init(GwLogLevel level)
{
	threshold = level;
	setvbuf(stdout, NULL, _IOLBF, 0);
}

/* Writes an event of the process itself: start, stop, a lost database. */
void
gw_log_event(GwLogLevel level, const char *event, const char *format, ...)
{
	char message[512];
	va_list args;
	json_t *line;

	if (level > threshold)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);

	line = start_line(level);
	add_text(line, "event", event);
	add_text(line, "message", message);
	finish_line(line);
}

/* Writes the one line of a finished request. */
void
gw_log_request(const GwRequestLog *entry)
{
	GwLogLevel level = entry->status >= 500 ? GW_LOG_ERROR : GW_LOG_INFO;
	json_t *line;

	if (level > threshold)
		return;
	line = start_line(level);
	add_text(line, "event", "request");
	add_text(line, "request_id", entry->request_id);
	add_text(line, "method", entry->method);
	add_text(line, "path", entry->path);
	json_object_set_new(line, "status", json_integer(entry->status));
	if (entry->code != NULL)
		add_text(line, "code", entry->code);
	if (entry->sqlstate[0] != '\0')
		add_text(line, "sqlstate", entry->sqlstate);
	if (entry->error != NULL)
		add_text(line, "error", entry->error);
	json_object_set_new(line, "duration_ms", json_real(entry->seconds * 1000.0));
	json_object_set_new(line, "bytes", json_integer((json_int_t) entry->bytes));
	finish_line(line);
}

/* A new line with its time, in UTC, and level; finish_line frees it. */
static json_t *
start_line(GwLogLevel level)
{
	json_t *line = json_object();
	struct timespec now;
	struct tm utc;
	char text[40];
	size_t length;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(text + length, sizeof(text) - length, ".%03dZ",
			 (int) (now.tv_nsec / 1000000));
	add_text(line, "time", text);
	add_text(line, "level", level_names[level]);
	return line;
}

/* A value that is not UTF-8 (a server's message in another encoding) becomes null. */
static void
add_text(json_t *line, const char *key, const char *value)
{
	json_t *text = json_string(value);

	json_object_set_new(line, key, text != NULL ? text : json_null());
}

/* Writes line in one piece and frees it. Without memory it is lost, and nothing else. */
static void
finish_line(json_t *line)
{
	char *text = json_dumps(line,
							JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));

	if (text != NULL)
	{
		flockfile(stdout);
		for (const char *c = text; *c != '\0'; c++)
		{
			if (*c == 127) /* which jansson leaves as it is */
				fputs_unlocked("\\u007F", stdout);
			else
				putc_unlocked(*c, stdout);
		}
		putc_unlocked('\n', stdout);
		funlockfile(stdout);
	}
	free(text);
	json_decref(line);
}
