/*
 * ops.h
 *		What operators ask: is this database well?
 */
#ifndef BK_OPS_H
#define BK_OPS_H

#include "router.h"

/* Handler: GET /v1/health */
extern void bk_health_get(const BkRequest *request, BkResponse *response);

#endif
