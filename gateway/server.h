/*
 * server.h
 *	  The HTTP side. Only server.c, exchange.c, framing.c and body.c see the library that
 *	  speaks it.
 */
#ifndef GW_SERVER_H
#define GW_SERVER_H

#include "config.h"

/* Where a server listens, with how many threads, and for whom. */
typedef struct GwListener
{
	const char *address;
	long port;
	long threads;
	const long *connections; /* of its own, for each database */
	bool admin;              /* for operators: health, readiness and metrics alone */
} GwListener;

typedef struct GwServer GwServer;

extern GwServer *gw_server_start(const GwConfig *config, const GwListener *listener);
extern bool gw_server_stop(GwServer *server);

#endif /* GW_SERVER_H */
