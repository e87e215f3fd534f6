/*
 * status.h
 *	  What an SQLSTATE means over HTTP, and the problem document that says so.
 */
#ifndef GW_STATUS_H
#define GW_STATUS_H

#include <stdbool.h>

#include "reply.h"
#include "sqlerror.h"

/* What the gateway itself may do about an error before it answers. */
typedef enum GwRemedy
{
	GW_REMEDY_NONE,
	GW_REMEDY_RETRY,    /* rolled back, may pass the next time */
	GW_REMEDY_RECONNECT /* this server is no longer the right one */
} GwRemedy;

typedef struct GwStatus
{
	const char *sqlstate; /* whole code, class, or NULL: an error of the gateway */
	int http;
	const char *code; /* stable name for clients */
	bool retryable;   /* may the same request pass later? */
	int retry_after;  /* seconds, 0: no header */
	bool explain;     /* show the server's message, detail and hint */
	GwRemedy remedy;
	const char *title;
} GwStatus;

extern const GwStatus *gw_status_of_sqlstate(const char *sqlstate);
extern void gw_status_problem(GwReply *reply, const char *request_id, const char *code,
							  const char *detail);
extern void gw_status_sql_problem(GwReply *reply, const char *request_id,
								  const GwSqlError *error);

#endif /* GW_STATUS_H */
