/*
 * deliveries.c
 *		Requests to webhooks: made of events, sent, tried again.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/deliveries.h"
#include "booking/events.h"
#include "booking/webhooks.h"
#include "identity/signature.h"

#define MAX_DELIVERIES 1000    /* of a page */
#define SQL_MOST_EVENTS "5000" /* of a webhook, that become deliveries in one go */
#define SQL_MOST_AT_ONCE "8"   /* requests to one webhook */
#define SQL_LEASE "interval '30 seconds'" /* longer than a sender waits for an answer */
#define SQL_GIVES_UP "interval '72 hours'"
#define SQL_KEPT "interval '30 days'"

#define SQL_KEY_HOLDS \
	"(k.revoked_at IS NULL AND k.expires_at > pg_catalog.clock_timestamp())"

#define SQL_DELIVERY                                                               \
	"delivery_id, booking_id, pg_catalog.to_json(event_ids) AS event_ids, status," \
	" attempts, next_attempt_at, http_status, error, created_at, finished_at"

/* The events up to $1, of each webhook from its position on. What another sender is at, is left to it. */
static BkQuery queue_events = BK_UPDATE(
	"WITH hook AS MATERIALIZED ("
	"  SELECT w.webhook_id, w.event_types, w.position, LEAST(w.position + " SQL_MOST_EVENTS
	", $1) AS upto"
	"    FROM booking_private.webhooks AS w"
	"    JOIN booking_private.api_keys AS k USING (key_id)"
	"   WHERE w.position < $1 AND " SQL_KEY_HOLDS
	"   ORDER BY w.webhook_id FOR UPDATE OF w SKIP LOCKED),"
	" queued AS ("
	"  INSERT INTO booking_private.webhook_deliveries (webhook_id, booking_id, event_ids, next_attempt_at, gives_up_at)"
	"  SELECT h.webhook_id, e.booking_id, pg_catalog.array_agg(e.event_id ORDER BY e.event_id),"
	"         pg_catalog.clock_timestamp(), pg_catalog.clock_timestamp() + " SQL_GIVES_UP
	"    FROM hook AS h"
	"    JOIN public.booking_events AS e ON e.event_id > h.position AND e.event_id <= h.upto"
	"                                   AND e.event_type = ANY (h.event_types)"
	"   GROUP BY h.webhook_id, e.booking_id"
	"   ORDER BY h.webhook_id, pg_catalog.min(e.event_id))"
	" UPDATE booking_private.webhooks AS w"
	"    SET position = h.upto, updated_at = pg_catalog.clock_timestamp()"
	"   FROM hook AS h WHERE w.webhook_id = h.webhook_id",
	INT8OID);

/* Due again after 15 seconds, twice as long after each attempt and up to an hour, give or take a tenth. */
static BkQuery take_due = BK_UPDATE_RETURNING(
	"WITH due AS MATERIALIZED ("
	"  SELECT d.delivery_id, w.url, w.secret"
	"    FROM booking_private.webhooks AS w"
	"    JOIN booking_private.api_keys AS k USING (key_id),"
	"         LATERAL (SELECT d.delivery_id"
	"                    FROM booking_private.webhook_deliveries AS d"
	"                   WHERE d.webhook_id = w.webhook_id AND d.status = 'pending'"
	"                     AND d.next_attempt_at <= pg_catalog.clock_timestamp()"
	"                     AND NOT EXISTS (SELECT"
	"                                       FROM booking_private.webhook_deliveries AS o"
	"                                      WHERE o.webhook_id = d.webhook_id AND o.booking_id = d.booking_id"
	"                                        AND o.status = 'pending' AND o.delivery_id < d.delivery_id)"
	"                   ORDER BY d.next_attempt_at, d.delivery_id"
	"                   LIMIT GREATEST(0, " SQL_MOST_AT_ONCE
	" - (SELECT pg_catalog.count(*)"
	"                                              FROM booking_private.webhook_deliveries AS o"
	"                                             WHERE o.webhook_id = w.webhook_id AND o.status = 'pending'"
	"                                               AND o.taken_until > pg_catalog.clock_timestamp()))"
	"                     FOR UPDATE SKIP LOCKED) AS d"
	"   WHERE " SQL_KEY_HOLDS ")"
	" UPDATE booking_private.webhook_deliveries AS d"
	"    SET attempts = d.attempts + 1, taken_until = pg_catalog.clock_timestamp() + " SQL_LEASE
	","
	"        next_attempt_at = pg_catalog.clock_timestamp()"
	"                        + LEAST(15 * 2 ^ LEAST(d.attempts, 20), 3600) * (0.9 + 0.2 * pg_catalog.random())"
	"                          * interval '1 second',"
	"        updated_at = pg_catalog.clock_timestamp()"
	"   FROM due WHERE d.delivery_id = due.delivery_id"
	" RETURNING d.delivery_id, d.webhook_id, d.event_ids, due.url, due.secret");

/* What has arrived stays so, whatever a sender says that was slower. */
static BkQuery record_answer = BK_UPDATE_RETURNING(
	"UPDATE booking_private.webhook_deliveries AS d"
	"   SET status = a.status, http_status = $2, error = $3, taken_until = NULL,"
	"       finished_at = CASE WHEN a.status <> 'pending' THEN pg_catalog.clock_timestamp() END,"
	"       updated_at = pg_catalog.clock_timestamp()"
	"  FROM (SELECT o.delivery_id,"
	"               CASE WHEN $2 BETWEEN 200 AND 299 THEN 'delivered'"
	"                    WHEN o.next_attempt_at > o.gives_up_at THEN 'failed'"
	"                    ELSE 'pending' END AS status"
	"          FROM booking_private.webhook_deliveries AS o"
	"         WHERE o.delivery_id = $1 AND o.status <> 'delivered' FOR UPDATE) AS a"
	" WHERE d.delivery_id = a.delivery_id"
	" RETURNING d.status",
	INT8OID, INT4OID, TEXTOID);

static BkQuery list_deliveries = BK_SELECT("SELECT " SQL_DELIVERY
										   "  FROM booking_private.webhook_deliveries"
										   " WHERE webhook_id = $1 AND delivery_id < $2"
										   " ORDER BY delivery_id DESC LIMIT $3",
										   INT8OID, INT8OID, INT8OID);

static BkQuery repeat_delivery = BK_UPDATE_RETURNING(
	"UPDATE booking_private.webhook_deliveries"
	"   SET status = 'pending', attempts = 0, next_attempt_at = pg_catalog.clock_timestamp(),"
	"       gives_up_at = pg_catalog.clock_timestamp() + " SQL_GIVES_UP ","
	"       http_status = NULL, error = NULL, taken_until = NULL, finished_at = NULL, updated_at = pg_catalog.clock_timestamp()"
	" WHERE webhook_id = $1 AND delivery_id = $2"
	" RETURNING " SQL_DELIVERY,
	INT8OID, INT8OID);

static BkQuery read_state = BK_SELECT(
	"SELECT (SELECT pg_catalog.count(*) FROM booking_private.webhook_deliveries WHERE status = 'pending') AS pending,"
	"       COALESCE(pg_catalog.max(GREATEST(0, EXTRACT(epoch FROM pg_catalog.clock_timestamp() - e.occurred_at))), 0) AS lag_seconds"
	"  FROM booking_private.webhooks AS w"
	"  JOIN booking_private.api_keys AS k USING (key_id),"
	"       LATERAL (SELECT occurred_at FROM public.booking_events WHERE event_id > w.position ORDER BY event_id LIMIT 1) AS e"
	" WHERE " SQL_KEY_HOLDS);

static BkQuery forget_deliveries = BK_DELETE(
	"DELETE FROM booking_private.webhook_deliveries"
	" WHERE finished_at <= pg_catalog.now() - " SQL_KEPT);

static void put_due(BkResult *result, BkRows due, uint64 row);
static char *body_of(BkRows due, uint64 row);

PG_FUNCTION_INFO_V1(booking_due_deliveries);
PG_FUNCTION_INFO_V1(booking_record_delivery);

/* booking.due_deliveries(): makes deliveries of what has settled, and hands out those that are due. */
Datum
booking_due_deliveries(PG_FUNCTION_ARGS)
{
	BkResult result;
	BkRows due;

	SPI_connect();
	(void) bk_query_run(&queue_events, bk_int64(bk_events_settled()));
	due = bk_query_run(&take_due);
	result = bk_result_open(fcinfo, due);
	for (uint64 row = 0; row < due.count; row++)
		put_due(&result, due, row);
	SPI_finish();
	return (Datum) 0;
}

/* booking.record_delivery(delivery_id, http_status, error): what came of an attempt; the status then, null for one that is no more or has arrived. */
Datum
booking_record_delivery(PG_FUNCTION_ARGS)
{
	BkRows rows;
	text *status = NULL;

	bk_check_given("delivery_id", !PG_ARGISNULL(0));
	bk_check_given("http_status/error", !PG_ARGISNULL(1) || !PG_ARGISNULL(2));
	SPI_connect();
	rows = bk_query_run(&record_answer, bk_argument(fcinfo, 0), bk_argument(fcinfo, 1),
						bk_argument(fcinfo, 2));
	if (rows.count > 0)
	{
		Datum word = bk_row_value(rows, 0, "status");

		status = (text *) DatumGetPointer(SPI_datumTransfer(word, false, -1));
	}
	SPI_finish();
	if (status == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(status);
}

BkRows
bk_deliveries_list(int64 webhook_id, int64 before, int64 max_deliveries)
{
	bk_check_range("after", before, 1, PG_INT64_MAX);
	bk_check_range("limit", max_deliveries, 1, MAX_DELIVERIES);
	bk_webhook_require(webhook_id);
	return bk_query_run(&list_deliveries, bk_int64(webhook_id), bk_int64(before),
						bk_int64(max_deliveries));
}

BkRows
bk_delivery_repeat(int64 webhook_id, int64 delivery_id)
{
	BkRows rows;

	bk_webhook_require(webhook_id);
	rows = bk_query_run(&repeat_delivery, bk_int64(webhook_id), bk_int64(delivery_id));
	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no delivery " INT64_FORMAT, delivery_id));
	return rows;
}

BkRows
bk_deliveries_state(void)
{
	return bk_query_run(&read_state);
}

void
bk_deliveries_forget(void)
{
	(void) bk_query_run(&forget_deliveries);
}

/* A result row of due_deliveries(). */
static void
put_due(BkResult *result, BkRows due, uint64 row)
{
	char *body = body_of(due, row);

	bk_result_take(result, row);
	bk_result_set(result, "body", CStringGetTextDatum(body));
	bk_result_set(result, "signature",
				  CStringGetTextDatum(
					  bk_signature_write(bk_row_value(due, row, "secret"), body)));
	bk_result_put(result);
}

/* {"delivery_id", "webhook_id", "events": […]}: the same at each attempt. */
static char *
body_of(BkRows due, uint64 row)
{
	StringInfoData body;

	initStringInfo(&body);
	bk_json_open(&body, '{');
	bk_json_put_int64(&body, "delivery_id", bk_row_int64(due, row, "delivery_id"));
	bk_json_put_int64(&body, "webhook_id", bk_row_int64(due, row, "webhook_id"));
	bk_json_put_rows(&body, "events", bk_events_of(bk_row_value(due, row, "event_ids")));
	bk_json_close(&body, '}');
	return body.data;
}
