/*
 * origin.h
 *	  Whether a request comes from where it may: for a host that is ours, and not from
 *	  another site's page.
 */
#ifndef GW_ORIGIN_H
#define GW_ORIGIN_H

#include <stdbool.h>

#include "exchange.h"

extern bool gw_origin_check_host(const GwExchange *ex, GwProblem *problem);
extern bool gw_origin_check_write(const GwExchange *ex, GwProblem *problem);

#endif /* GW_ORIGIN_H */
