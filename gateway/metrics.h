/*
 * metrics.h
 *	  Counters of the process, written out as Prometheus text.
 */
#ifndef GW_METRICS_H
#define GW_METRICS_H

#include <stddef.h>

#include "database.h"

extern void gw_metrics_request_started(void);
extern void gw_metrics_request_done(const char *method, int status, double seconds);
extern int gw_metrics_in_flight(void);
extern void gw_metrics_db_error(const char *sqlstate);
extern void gw_metrics_db_retry(void);
extern void gw_metrics_db_connected(GwDatabase db);
extern void gw_metrics_db_disconnected(GwDatabase db);
extern void gw_metrics_db_connect_failed(GwDatabase db);
extern char *gw_metrics_text(size_t *length);

#endif /* GW_METRICS_H */
