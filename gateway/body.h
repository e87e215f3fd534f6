/*
 * body.h
 *	  The body of a request, from the connection.
 */
#ifndef GW_BODY_H
#define GW_BODY_H

#include "exchange.h"

extern bool gw_body_take(GwExchange *ex, GwProblem *problem);
extern void gw_body_drain(GwExchange *ex);

#endif /* GW_BODY_H */
