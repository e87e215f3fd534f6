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

static json_t *line_start(GwLogLevel level);
static void line_text(json_t *line, const char *key, const char *value);
static void line_write(json_t *line);

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

	line = line_start(level);
	line_text(line, "event", event);
	line_text(line, "message", message);
	line_write(line);
}

/* Writes the one line of a finished request. */
void
gw_log_request(const GwRequestLog *entry)
{
	GwLogLevel level = entry->status >= 500 ? GW_LOG_ERROR : GW_LOG_INFO;
	json_t *line;

	if (level > threshold)
		return;
	line = line_start(level);
	line_text(line, "event", "request");
	line_text(line, "request_id", entry->request_id);
	line_text(line, "method", entry->method);
	line_text(line, "path", entry->path);
	json_object_set_new(line, "status", json_integer(entry->status));
	if (entry->code != NULL)
		line_text(line, "code", entry->code);
	if (entry->sqlstate[0] != '\0')
		line_text(line, "sqlstate", entry->sqlstate);
	if (entry->error != NULL)
		line_text(line, "error", entry->error);
	json_object_set_new(line, "duration_ms", json_real(entry->seconds * 1000.0));
	json_object_set_new(line, "bytes", json_integer((json_int_t) entry->bytes));
	line_write(line);
}

static json_t *
line_start(GwLogLevel level)
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
	line_text(line, "time", text);
	line_text(line, "level", level_names[level]);
	return line;
}

/* A value that is not UTF-8 (a server's message in another encoding) becomes null. */
static void
line_text(json_t *line, const char *key, const char *value)
{
	json_t *text = json_string(value);

	json_object_set_new(line, key, text != NULL ? text : json_null());
}

/* Takes line over. */
static void
line_write(json_t *line)
{
	char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(6));

	if (text != NULL)
		fprintf(stdout, "%s\n", text);
	free(text);
	json_decref(line);
}
