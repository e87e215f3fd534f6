/*
 * client.h
 *	  Where a request comes from.
 */
#ifndef GW_CLIENT_H
#define GW_CLIENT_H

#include "exchange.h"

extern const char *gw_client_address(const GwExchange *ex);

#endif /* GW_CLIENT_H */
