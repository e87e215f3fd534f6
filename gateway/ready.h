/*
 * ready.h
 *	  May traffic be sent to this gateway?
 */
#ifndef GW_READY_H
#define GW_READY_H

#include "config.h"
#include "pool.h"
#include "reply.h"
#include "request.h"

extern void gw_ready_reply(const GwConfig *config, GwPool *pool, const GwRequest *request,
						   GwReply *reply);

#endif /* GW_READY_H */
