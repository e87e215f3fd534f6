/*
 * handlers.h
 *		The handlers of the route table (router.c): each reads a request, calls a rule of a noun, writes the response.
 */
#ifndef BK_HANDLERS_H
#define BK_HANDLERS_H

#include "http/request.h"

/* airports.c, flights.c, seat_map.c */
extern void bk_http_airports_find(const BkRequest *request, BkResponse *response);
extern void bk_http_flights_search(const BkRequest *request, BkResponse *response);
extern void bk_http_flights_get(const BkRequest *request, BkResponse *response);
extern void bk_http_seat_map_get(const BkRequest *request, BkResponse *response);

/* customers.c */
extern void bk_http_customers_create(const BkRequest *request, BkResponse *response);
extern void bk_http_customers_find(const BkRequest *request, BkResponse *response);
extern void bk_http_customers_get(const BkRequest *request, BkResponse *response);
extern void bk_http_customers_update(const BkRequest *request, BkResponse *response);
extern void bk_http_customers_anonymise(const BkRequest *request, BkResponse *response);

/* bookings.c, batches.c */
extern void bk_http_bookings_create(const BkRequest *request, BkResponse *response);
extern void bk_http_bookings_find(const BkRequest *request, BkResponse *response);
extern void bk_http_bookings_get(const BkRequest *request, BkResponse *response);
extern void bk_http_batches_create(const BkRequest *request, BkResponse *response);

/* fares.c, payments.c, cancellations.c, changes.c */
extern void bk_http_fares_list(const BkRequest *request, BkResponse *response);
extern void bk_http_payments_get(const BkRequest *request, BkResponse *response);
extern void bk_http_payments_create(const BkRequest *request, BkResponse *response);
extern void bk_http_cancellations_create(const BkRequest *request, BkResponse *response);
extern void bk_http_cancellations_get(const BkRequest *request, BkResponse *response);
extern void bk_http_cancellations_confirm(const BkRequest *request, BkResponse *response);
extern void bk_http_changes_create(const BkRequest *request, BkResponse *response);
extern void bk_http_changes_get(const BkRequest *request, BkResponse *response);
extern void bk_http_changes_confirm(const BkRequest *request, BkResponse *response);
extern void bk_http_seat_change(const BkRequest *request, BkResponse *response);

/* intents.c */
extern void bk_http_intents_create(const BkRequest *request, BkResponse *response);
extern void bk_http_intents_create_of_change(const BkRequest *request,
											 BkResponse *response);
extern void bk_http_intents_get(const BkRequest *request, BkResponse *response);
extern void bk_http_payment_events_take(const BkRequest *request, BkResponse *response);
extern void bk_http_payments_simulate(const BkRequest *request, BkResponse *response);

/* booking_tokens.c, api_keys.c */
extern void bk_http_tokens_create(const BkRequest *request, BkResponse *response);
extern void bk_http_tokens_revoke(const BkRequest *request, BkResponse *response);
extern void bk_http_keys_issue(const BkRequest *request, BkResponse *response);
extern void bk_http_keys_list(const BkRequest *request, BkResponse *response);
extern void bk_http_keys_revoke(const BkRequest *request, BkResponse *response);

/* reports.c, etl_runs.c */
extern void bk_http_reports_list(const BkRequest *request, BkResponse *response);
extern void bk_http_reports_run(const BkRequest *request, BkResponse *response);
extern void bk_http_etl_runs_create(const BkRequest *request, BkResponse *response);
extern void bk_http_etl_runs_get(const BkRequest *request, BkResponse *response);
extern void bk_http_etl_runs_list(const BkRequest *request, BkResponse *response);

/* operations.c, metrics.c */
extern void bk_http_health_get(const BkRequest *request, BkResponse *response);
extern void bk_http_replication_get(const BkRequest *request, BkResponse *response);
extern void bk_http_metrics_get(const BkRequest *request, BkResponse *response);

/* events.c, webhooks.c */
extern void bk_http_events_list(const BkRequest *request, BkResponse *response);
extern void bk_http_webhooks_create(const BkRequest *request, BkResponse *response);
extern void bk_http_webhooks_list(const BkRequest *request, BkResponse *response);
extern void bk_http_webhooks_delete(const BkRequest *request, BkResponse *response);
extern void bk_http_deliveries_list(const BkRequest *request, BkResponse *response);
extern void bk_http_deliveries_redeliver(const BkRequest *request, BkResponse *response);

#endif
