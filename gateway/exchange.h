/*
 * exchange.h
 *	  One request and its answer, on a connection of the HTTP library.
 */
#ifndef GW_EXCHANGE_H
#define GW_EXCHANGE_H

#include <stdatomic.h>

#include "config.h"
#include "pool.h"
#include "reply.h"
#include "request.h"
#include "socket.h"

struct mg_connection;
struct mg_request_info;

typedef struct GwExchange
{
	const GwConfig *config;
	const atomic_bool *stopping; /* of the server: no connection is kept any more */
	bool admin;                  /* it came to the listener for operators */
	GwPool *pool;
	struct mg_connection *conn;
	const struct mg_request_info *info;
	GwPeer peer;
	GwRequest request;
	GwReply reply;
	size_t body_length; /* announced */
	bool body_pending;  /* announced and not read to its end */
	bool crowded;       /* the threads are needed: no connection is kept */
	bool close;         /* what follows on this connection cannot be trusted */
	double start;       /* clock */
} GwExchange;

extern void gw_exchange_begin(GwExchange *ex);
extern const char *gw_exchange_header(const GwExchange *ex, const char *name);
extern const char *gw_exchange_last_header(const GwExchange *ex, const char *name);
extern const char *gw_exchange_query(const GwExchange *ex);
extern void gw_exchange_refuse(GwExchange *ex, const GwProblem *problem);
extern void gw_exchange_send(GwExchange *ex);
extern void gw_exchange_end(GwExchange *ex);

#endif /* GW_EXCHANGE_H */
