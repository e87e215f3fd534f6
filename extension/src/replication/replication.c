/*
 * replication.c
 *		Who copies this database, and how far behind; what it copies itself; what is archived.
 *
 * A copy that is gone must not look like one without lag: lag counts from the position of its WAL sender, or of its slot
 * when there is no sender. The seconds are the age of the first commit after that position (wal.c).
 */
#include "postgres.h"

#include "access/xlog.h"
#include "access/xlogrecovery.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "http/handlers.h"
#include "replication/replication.h"

/* Columns of links */
enum
{
	DIRECTION = 1,
	NAME,
	CONNECTED = 5,
	SYNC_STATE = 7,
	LAG_BYTES,
	LAG_SECONDS,
	WAL_STATUS = 17,
	RETAINED_BYTES
};

/*
 * $1: with the seconds. A WAL sender and its slot are one link, named by the slot, which stays; so is a standby's receiver
 * and each subscription. Temporary slots and running base backups come and go, and are none.
 */
static BkQuery links = BK_SNAPSHOT_SELECT(
	"WITH here AS (SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()"
	"                          ELSE pg_catalog.pg_current_wal_lsn() END AS lsn),"
	" copies AS"
	" (SELECT COALESCE(s.slot_name::text, r.application_name) AS name, s.slot_type, r.application_name,"
	"         r.pid IS NOT NULL AS connected, r.state, r.sync_state, s.wal_status,"
	"         r.sent_lsn, r.write_lsn, r.flush_lsn, r.replay_lsn, r.write_lag, r.flush_lag, r.replay_lag,"
	"         s.restart_lsn, s.safe_wal_size,"
	"         CASE WHEN s.wal_status IS DISTINCT FROM 'lost'"
	"              THEN COALESCE(r.replay_lsn, r.flush_lsn, s.confirmed_flush_lsn, s.restart_lsn) END AS position"
	"    FROM (SELECT * FROM pg_catalog.pg_replication_slots WHERE NOT temporary) AS s"
	"    FULL JOIN (SELECT * FROM pg_catalog.pg_stat_replication WHERE state <> 'backup') AS r"
	"      ON r.pid = s.active_pid"
	"   WHERE s.slot_name IS NOT NULL"
	"      OR NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS t WHERE t.active_pid = r.pid))"
	" SELECT 'to' AS direction, name, COALESCE(slot_type, 'physical') AS type, application_name AS replica, connected,"
	"       state, sync_state,"
	"       (GREATEST(lsn, position) - position)::bigint AS lag_bytes,"
	"       CASE WHEN $1 THEN booking.wal_commit_age(position) END AS lag_seconds,"
	"       (GREATEST(lsn, sent_lsn) - sent_lsn)::bigint AS sent_lag_bytes,"
	"       (GREATEST(lsn, write_lsn) - write_lsn)::bigint AS write_lag_bytes,"
	"       (GREATEST(lsn, flush_lsn) - flush_lsn)::bigint AS flush_lag_bytes,"
	"       (GREATEST(lsn, replay_lsn) - replay_lsn)::bigint AS replay_lag_bytes,"
	"       EXTRACT(EPOCH FROM write_lag)::float8 AS write_lag_seconds,"
	"       EXTRACT(EPOCH FROM flush_lag)::float8 AS flush_lag_seconds,"
	"       EXTRACT(EPOCH FROM replay_lag)::float8 AS replay_lag_seconds,"
	"       wal_status, (GREATEST(lsn, restart_lsn) - restart_lsn)::bigint AS retained_bytes, safe_wal_size"
	"  FROM copies CROSS JOIN here"
	" UNION ALL "
	/* A standby that has replayed what its receiver got is as fresh as the receiver's connection. */
	"SELECT 'from', COALESCE(NULLIF(pg_catalog.current_setting('primary_slot_name'), ''), 'primary'), 'physical', NULL,"
	"       COALESCE(w.status = 'streaming', false), w.status, NULL,"
	"       (GREATEST(w.latest_end_lsn, w.flushed_lsn, lsn) - lsn)::bigint,"
	"       CASE WHEN w.status = 'streaming' AND w.latest_end_lsn <= lsn AND w.flushed_lsn <= lsn THEN 0"
	"            ELSE EXTRACT(EPOCH FROM pg_catalog.clock_timestamp()"
	"                                    - pg_catalog.pg_last_xact_replay_timestamp()) END::float8,"
	"       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
	"  FROM here LEFT JOIN pg_catalog.pg_stat_wal_receiver AS w ON true"
	" WHERE pg_catalog.pg_is_in_recovery()"
	" UNION ALL "
	/* What it has not been sent a subscriber cannot know: the lag is the publisher's to tell. */
	"SELECT 'from', s.subname::text, 'logical', NULL, bool_or(a.pid IS NOT NULL),"
	"       CASE WHEN NOT s.subenabled THEN 'disabled'"
	"            WHEN EXISTS (SELECT FROM pg_catalog.pg_subscription_rel AS r"
	"                          WHERE r.srsubid = s.oid AND r.srsubstate <> 'r') THEN 'copying'"
	"            WHEN bool_or(a.pid IS NOT NULL) THEN 'streaming' END,"
	"       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
	"  FROM pg_catalog.pg_subscription AS s"
	"  LEFT JOIN pg_catalog.pg_stat_subscription AS a ON a.subid = s.oid AND a.relid IS NULL"
	" WHERE s.subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
	" GROUP BY s.oid, s.subname, s.subenabled"
	" ORDER BY 1, 2",
	BOOLOID);

/* Columns of archive */
enum
{
	AGE_SECONDS = 4,
	FAILED_COUNT,
	LAST_FAILED_WAL,
	FAILING = 8
};

/*
 * $1: with age_seconds, which is what the loss of every node would cost: the age of the first commit that is not archived.
 * It counts from the first file that waits for the archiver, or else from the segment being written. The last file that was
 * archived would not do: it may be an old one that had been left behind.
 */
static BkQuery archive = BK_SNAPSHOT_SELECT(
	"SELECT last_archived_wal, last_archived_time AS last_archived_at, files AS waiting_files,"
	"       CASE WHEN $1 THEN booking.wal_commit_age('0/0'::pg_lsn + size * CASE"
	"            WHEN files > 0 THEN ('x' || substr(first, 9, 8))::bit(32)::bigint * (4294967296 / size)"
	"                                + ('x' || substr(first, 17, 8))::bit(32)::bigint"
	"            WHEN NOT pg_catalog.pg_is_in_recovery() THEN div(pg_catalog.pg_current_wal_lsn() - '0/0', size)"
	"            END) END AS age_seconds,"
	"       failed_count, last_failed_wal, last_failed_time AS last_failed_at,"
	"       COALESCE(last_failed_time > COALESCE(last_archived_time, '-infinity'), false) AS failing"
	"  FROM pg_catalog.pg_stat_archiver,"
	"       (SELECT count(*) AS files, min(name) AS first FROM pg_catalog.pg_ls_archive_statusdir()"
	"         WHERE name ~ '^[0-9A-F]{24}\\.ready$') AS waiting,"
	"       pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_segment_size')) AS size"
	" WHERE pg_catalog.current_setting('archive_mode') ="
	"       ANY (CASE WHEN pg_catalog.pg_is_in_recovery() THEN '{always}' ELSE '{on,always}' END::text[])",
	BOOLOID);

/* A number of each link, as a metric */
typedef struct LinkMetric
{
	const char *name;
	const char *label;
	int column;
	const char *help;
} LinkMetric;

static const LinkMetric link_metrics[] = {
	{"booking_replication_lag_seconds", "target", LAG_SECONDS,
	 "Age of the first commit that the target lacks."},
	{"booking_replication_lag_bytes", "target", LAG_BYTES, "WAL that the target lacks."},
	{"booking_replication_connected", "target", CONNECTED,
	 "1 while the target is connected."},
	{"booking_slot_retained_bytes", "slot", RETAINED_BYTES, "WAL that the slot keeps."},
};

static BkRows run(BkQuery *query, bool with_seconds);
static TimeLineID timeline(void);
static bool sync_standby(BkRows rows);
static void put_problems(StringInfo out, BkRows rows, BkRows archived);
static void put_problem(StringInfo out, const char *format, const char *name);
static void put_link_metric(StringInfo out, const LinkMetric *metric, BkRows rows);
static void put_slot_status(StringInfo out, BkRows rows);
static void put_archive_metrics(StringInfo out, BkRows archived);
static void put_head(StringInfo out, const char *name, const char *type, const char *help);
static void put_label(StringInfo out, const char *name, const char *value);
static bool is_repeated(BkRows rows, uint64 row);

PG_FUNCTION_INFO_V1(booking_replication_status);

/* booking.replication_status(): see its COMMENT. */
Datum
booking_replication_status(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, run(&links, true));
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_replication_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;
	BkRows rows = run(&links, true);
	BkRows archived = run(&archive, true);

	bk_json_open(out, '{');
	bk_json_put_string(out, "role", RecoveryInProgress() ? "standby" : "primary");
	bk_json_put_int64(out, "timeline", timeline());
	bk_json_key(out, "sync_standby");
	appendStringInfoString(out, sync_standby(rows) ? "true" : "false");
	bk_json_put_rows(out, "links", rows);
	bk_json_key(out, "archive");
	if (archived.count == 0)
		appendStringInfoString(out, "null");
	else
	{
		bk_json_open(out, '{');
		bk_json_put_row(out, archived, 0);
		bk_json_close(out, '}');
	}
	bk_json_key(out, "problems");
	put_problems(out, rows, archived);
	bk_json_close(out, '}');
}

void
bk_replication_put_problems(StringInfo out, const char *key)
{
	bk_json_key(out, key);
	put_problems(out, run(&links, false), run(&archive, false));
}

void
bk_http_metrics_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;
	BkRows rows = run(&links, true);

	bk_json_put_string(response->headers, "Content-Type",
					   "text/plain; version=0.0.4; charset=utf-8");
	put_head(out, "booking_database_info", "gauge", "The database that answers.");
	appendStringInfo(
		out, "booking_database_info{role=\"%s\",timeline=\"%u\",version=\"%s\"} 1\n",
		RecoveryInProgress() ? "standby" : "primary", timeline(), BOOKING_VERSION);
	for (int i = 0; i < lengthof(link_metrics); i++)
		put_link_metric(out, &link_metrics[i], rows);
	put_slot_status(out, rows);
	put_head(out, "booking_sync_standby", "gauge",
			 "1 while commits wait for a synchronous standby.");
	appendStringInfo(out, "booking_sync_standby %d\n", sync_standby(rows));
	put_archive_metrics(out, run(&archive, true));
}

static BkRows
run(BkQuery *query, bool with_seconds)
{
	Datum values[] = {BoolGetDatum(with_seconds)};

	return bk_query_run_old(query, values, NULL);
}

static TimeLineID
timeline(void)
{
	TimeLineID replayed;

	if (!RecoveryInProgress())
		return GetWALInsertionTimeLine();
	GetXLogReplayRecPtr(&replayed);
	return replayed;
}

static bool
sync_standby(BkRows rows)
{
	for (uint64 row = 0; row < rows.count; row++)
	{
		const char *state = bk_row_text_at(rows, row, SYNC_STATE);

		if (state != NULL && (strcmp(state, "sync") == 0 || strcmp(state, "quorum") == 0))
			return true;
	}
	return false;
}

/* Slots of a standby wait for its promotion; that nobody is connected to them is no problem. */
static void
put_problems(StringInfo out, BkRows rows, BkRows archived)
{
	bk_json_open(out, '[');
	for (uint64 row = 0; row < rows.count; row++)
	{
		const char *name = bk_row_text_at(rows, row, NAME);
		const char *status = bk_row_text_at(rows, row, WAL_STATUS);
		bool source = strcmp(bk_row_text_at(rows, row, DIRECTION), "from") == 0;

		if (status != NULL && strcmp(status, "lost") == 0)
			put_problem(out, "slot %s is lost: its replica must be copied anew", name);
		else if (!bk_row_bool_at(rows, row, CONNECTED) && source)
			put_problem(out, "%s does not receive", name);
		else if (!bk_row_bool_at(rows, row, CONNECTED) && !RecoveryInProgress())
			put_problem(out, "nobody is connected to slot %s", name);
	}
	if (archived.count > 0 && bk_row_bool_at(archived, 0, FAILING))
		put_problem(out, "archiving of WAL file %s fails",
					bk_row_text_at(archived, 0, LAST_FAILED_WAL));
	bk_json_close(out, ']');
}

static void
put_problem(StringInfo out, const char *format, const char *name)
{
	if (out->data[out->len - 1] != '[')
		appendStringInfoChar(out, ',');
	escape_json(out, psprintf(format, name));
}

static void
put_link_metric(StringInfo out, const LinkMetric *metric, BkRows rows)
{
	put_head(out, metric->name, "gauge", metric->help);
	for (uint64 row = 0; row < rows.count; row++)
	{
		if (bk_row_isnull_at(rows, row, metric->column) || is_repeated(rows, row))
			continue;
		appendStringInfo(out, "%s{", metric->name);
		put_label(out, metric->label, bk_row_text_at(rows, row, NAME));
		appendStringInfo(out, "} %s\n",
						 metric->column == CONNECTED
							 ? (bk_row_bool_at(rows, row, CONNECTED) ? "1" : "0")
							 : bk_row_text_at(rows, row, metric->column));
	}
}

static void
put_slot_status(StringInfo out, BkRows rows)
{
	put_head(out, "booking_slot_wal_status", "gauge",
			 "1 for the state of the slot's WAL: reserved, extended, unreserved, lost.");
	for (uint64 row = 0; row < rows.count; row++)
	{
		const char *status = bk_row_text_at(rows, row, WAL_STATUS);

		if (status == NULL)
			continue;
		appendStringInfoString(out, "booking_slot_wal_status{");
		put_label(out, "slot", bk_row_text_at(rows, row, NAME));
		appendStringInfo(out, ",status=\"%s\"} 1\n", status);
	}
}

static void
put_archive_metrics(StringInfo out, BkRows archived)
{
	if (archived.count == 0)
		return;
	put_head(out, "booking_archive_failed_total", "counter",
			 "Failed attempts to archive a WAL file.");
	appendStringInfo(out, "booking_archive_failed_total %s\n",
					 bk_row_text_at(archived, 0, FAILED_COUNT));
	if (bk_row_isnull_at(archived, 0, AGE_SECONDS))
		return;
	put_head(out, "booking_archive_age_seconds", "gauge",
			 "Age of the first commit that is not archived.");
	appendStringInfo(out, "booking_archive_age_seconds %s\n",
					 bk_row_text_at(archived, 0, AGE_SECONDS));
}

static void
put_head(StringInfo out, const char *name, const char *type, const char *help)
{
	appendStringInfo(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A replica may call itself anything. */
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
is_repeated(BkRows rows, uint64 row)
{
	return row > 0 && strcmp(bk_row_text_at(rows, row, NAME),
							 bk_row_text_at(rows, row - 1, NAME)) == 0;
}
