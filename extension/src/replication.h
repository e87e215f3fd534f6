/*
 * replication.h
 *		Who copies this database, and how far behind; what it copies itself; what is archived.
 */
#ifndef BK_REPLICATION_H
#define BK_REPLICATION_H

#include "router.h"

/* Handler: GET /v1/replication */
extern void bk_replication_get(const BkRequest *request, BkResponse *response);

/* Handler: GET /v1/metrics, the same as Prometheus text */
extern void bk_metrics_get(const BkRequest *request, BkResponse *response);

/* Writes under key an array of sentences, empty when replication and archive are well. Reads no WAL. */
extern void bk_replication_put_problems(StringInfo out, const char *key);

#endif
