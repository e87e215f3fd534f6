/*
 * framing.h
 *	  Where a request begins and ends.
 */
#ifndef GW_FRAMING_H
#define GW_FRAMING_H

#include "exchange.h"

extern bool gw_framing_check(GwExchange *ex, GwProblem *problem);

#endif /* GW_FRAMING_H */
