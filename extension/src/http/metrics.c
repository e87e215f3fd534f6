/*
 * metrics.c
 *		/v1/metrics: replication, archiving and webhooks as Prometheus text, format 0.0.4.
 *
 * A number that is not known is left out: Prometheus knows absence, and a 0 would say that all is well.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/json_write.h"
#include "booking/deliveries.h"
#include "http/handlers.h"
#include "replication/readiness.h"
#include "replication/replication.h"

/* A column of the links as a metric, labelled with the link's name. */
typedef struct LinkMetric
{
	const char *name;
	const char *label;
	const char *column;
	const char *help;
} LinkMetric;

static const LinkMetric link_metrics[] = {
	{"booking_replication_lag_seconds", "target", "lag_seconds",
	 "Age of the first commit that the target lacks."},
	{"booking_replication_lag_bytes", "target", "lag_bytes", "WAL that the target lacks."},
	{"booking_replication_connected", "target", "connected",
	 "1 while the target is connected."},
	{"booking_slot_retained_bytes", "slot", "retained_bytes", "WAL that the slot keeps."},
};

static void put_link_metric(StringInfo out, const LinkMetric *metric, BkRows links);
static const char *read_number(BkRows rows, uint64 row, const char *column);
static void put_slot_status(StringInfo out, BkRows links);
static void put_archive_metrics(StringInfo out, BkRows archive);
static void put_blocking(StringInfo out, BkRows blockers);
static void put_webhooks(StringInfo out, BkRows state);
static void put_head(StringInfo out, const char *name, const char *type, const char *help);
static void put_label(StringInfo out, const char *name, const char *value);
static bool is_repeated(BkRows links, uint64 row);

/* GET /v1/metrics. Reads WAL for the seconds. */
void
bk_http_metrics_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;
	BkRows links = bk_replication_links(true);

	bk_json_put_string(response->headers, "Content-Type",
					   "text/plain; version=0.0.4; charset=utf-8");
	put_head(out, "booking_database_info", "gauge", "The database that answers.");
	appendStringInfo(
		out, "booking_database_info{role=\"%s\",timeline=\"%u\",version=\"%s\"} 1\n",
		bk_replication_role(), bk_replication_timeline(), BOOKING_VERSION);
	for (int i = 0; i < lengthof(link_metrics); i++)
		put_link_metric(out, &link_metrics[i], links);
	put_slot_status(out, links);
	put_head(out, "booking_sync_standby", "gauge",
			 "1 while commits wait for a synchronous standby.");
	appendStringInfo(out, "booking_sync_standby %d\n",
					 bk_replication_has_sync_standby(links));
	put_archive_metrics(out, bk_replication_archive(true));
	put_blocking(out, bk_readiness_blockers());
	put_webhooks(out, bk_deliveries_state());
}

/* Of the session that has kept others waiting longest; 0 when there is none. */
static void
put_blocking(StringInfo out, BkRows blockers)
{
	put_head(out, "booking_blocking_seconds", "gauge",
			 "For how long a session has kept others waiting; 0 below 5 s.");
	appendStringInfo(out, "booking_blocking_seconds %s\n",
					 blockers.count > 0 ? bk_row_text(blockers, 0, "seconds") : "0");
}

static void
put_webhooks(StringInfo out, BkRows state)
{
	put_head(
		out, "booking_webhook_lag_seconds", "gauge",
		"Age of the first event that has not been looked at for a webhook; 0 when there is none.");
	appendStringInfo(out, "booking_webhook_lag_seconds %s\n",
					 bk_row_text(state, 0, "lag_seconds"));
	put_head(out, "booking_webhook_deliveries_pending", "gauge",
			 "Requests to webhooks that have not arrived.");
	appendStringInfo(out, "booking_webhook_deliveries_pending %s\n",
					 bk_row_text(state, 0, "pending"));
}

/* A line for each link that has the number. */
static void
put_link_metric(StringInfo out, const LinkMetric *metric, BkRows links)
{
	put_head(out, metric->name, "gauge", metric->help);
	for (uint64 row = 0; row < links.count; row++)
	{
		const char *number = read_number(links, row, metric->column);

		if (number == NULL || is_repeated(links, row))
			continue;
		appendStringInfo(out, "%s{", metric->name);
		put_label(out, metric->label, bk_row_text(links, row, "name"));
		appendStringInfo(out, "} %s\n", number);
	}
}

/* A column as a sample's value, a boolean as 1 or 0; NULL for a null. */
static const char *
read_number(BkRows rows, uint64 row, const char *column)
{
	const char *text = bk_row_text(rows, row, column);

	if (text == NULL || bk_rows_type(rows, bk_rows_column(rows, column)) != BOOLOID)
		return text;
	return bk_row_bool(rows, row, column) ? "1" : "0";
}

/* The state of each slot's WAL as a label, which is how Prometheus has words. */
static void
put_slot_status(StringInfo out, BkRows links)
{
	put_head(out, "booking_slot_wal_status", "gauge",
			 "1 for the state of the slot's WAL: reserved, extended, unreserved, lost.");
	for (uint64 row = 0; row < links.count; row++)
	{
		const char *wal_status = bk_row_text(links, row, "wal_status");

		if (wal_status == NULL)
			continue;
		appendStringInfoString(out, "booking_slot_wal_status{");
		put_label(out, "slot", bk_row_text(links, row, "name"));
		appendStringInfo(out, ",status=\"%s\"} 1\n", wal_status);
	}
}

/* Nothing where WAL is not archived. */
static void
put_archive_metrics(StringInfo out, BkRows archive)
{
	if (archive.count == 0)
		return;
	put_head(out, "booking_archive_failed_total", "counter",
			 "Failed attempts to archive a WAL file.");
	appendStringInfo(out, "booking_archive_failed_total %s\n",
					 bk_row_text(archive, 0, "failed_count"));
	if (bk_row_isnull(archive, 0, "age_seconds"))
		return;
	put_head(out, "booking_archive_age_seconds", "gauge",
			 "Age of the first commit that is not archived.");
	appendStringInfo(out, "booking_archive_age_seconds %s\n",
					 bk_row_text(archive, 0, "age_seconds"));
}

/* Begins a metric: its samples follow, all together, as the format demands. */
static void
put_head(StringInfo out, const char *name, const char *type, const char *help)
{
	appendStringInfo(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label, its value escaped: a replica may call itself anything. */
static void
put_label(StringInfo out, const char *name, const char *value)
{
	appendStringInfo(out, "%s=\"", name);
	for (; *value != '\0'; value++)
	{
		if (*value == '"' || *value == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *value);
	}
	appendStringInfoChar(out, '"');
}

/* Whether the row before has the same name, as replicas without slots may; a metric has it once. */
static bool
is_repeated(BkRows links, uint64 row)
{
	return row > 0 && strcmp(bk_row_text(links, row, "name"),
							 bk_row_text(links, row - 1, "name")) == 0;
}
