/*
 * log.h
 *	  One JSON object a line on stdout.
 */
#ifndef GW_LOG_H
#define GW_LOG_H

#include <stdbool.h>
#include <stddef.h>

typedef enum GwLogLevel
{
	GW_LOG_ERROR,
	GW_LOG_WARNING,
	GW_LOG_INFO,
	GW_LOG_DEBUG
} GwLogLevel;

typedef struct GwRequestLog
{
	const char *request_id;
	const char *method;
	const char *path; /* never the query string: it may hold names */
	int status;
	const char *code;     /* of a problem, else NULL */
	const char *sqlstate; /* "" when no database error */
	const char *error;    /* what the operator needs of a 5xx, else NULL */
	double seconds;
	size_t bytes; /* of the body sent */
} GwRequestLog;

extern bool gw_log_level_parse(const char *name, GwLogLevel *level);
extern void gw_log_init(GwLogLevel level);
extern void gw_log_event(GwLogLevel level, const char *event, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
extern void gw_log_request(const GwRequestLog *entry);

#endif /* GW_LOG_H */
