/*
 * pool.h
 *	  The database connections that requests share.
 */
#ifndef GW_POOL_H
#define GW_POOL_H

#include <stdbool.h>

#include "conn.h"

typedef struct GwPool GwPool;

extern GwPool *gw_pool_new(const long size[GW_DB_COUNT]);
extern GwConn *gw_pool_take(GwPool *pool, GwDatabase db, long wait_ms);
extern void gw_pool_give(GwPool *pool, GwConn *conn);
extern void gw_pool_free(GwPool *pool);

#endif /* GW_POOL_H */
