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
#include "fmgr.h"

#include "base/result.h"
#include "replication/replication.h"

/*
 * $1: with the seconds. A WAL sender and its slot are one link, named by the slot, which stays; so is a standby's receiver
 * and each subscription. Temporary slots and running base backups come and go, and are none.
 */
static BkQuery read_links = BK_SNAPSHOT_SELECT(
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

/*
 * $1: with age_seconds, which is what the loss of every node would cost: the age of the first commit that is not archived.
 * It counts from the first file that waits for the archiver, or else from the segment being written. The last file that was
 * archived would not do: it may be an old one that had been left behind.
 */
static BkQuery read_archive = BK_SNAPSHOT_SELECT(
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

/* One function, so that check_schema() and /readyz say the same. */
static BkQuery check_reports = BK_SNAPSHOT_SELECT(
	"SELECT object || ' ' || problem AS problem"
	"  FROM booking.check_reports()"
	" ORDER BY 1");

static char *find_problem(BkRows links, uint64 row);

PG_FUNCTION_INFO_V1(booking_replication_status);

/*
 * booking.replication_status(): a row for each copy of this database and for each source of it, connected or not. Reads
 * WAL to tell the lag in seconds.
 */
Datum
booking_replication_status(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_replication_links(true));
	SPI_finish();
	return (Datum) 0;
}

BkRows
bk_replication_links(bool with_seconds)
{
	return bk_query_run(&read_links, bk_bool(with_seconds));
}

BkRows
bk_replication_archive(bool with_seconds)
{
	return bk_query_run(&read_archive, bk_bool(with_seconds));
}

const char *
bk_replication_role(void)
{
	return RecoveryInProgress() ? "standby" : "primary";
}

TimeLineID
bk_replication_timeline(void)
{
	TimeLineID replayed;

	if (!RecoveryInProgress())
		return GetWALInsertionTimeLine();
	GetXLogReplayRecPtr(&replayed);
	return replayed;
}

bool
bk_replication_has_sync_standby(BkRows links)
{
	for (uint64 row = 0; row < links.count; row++)
	{
		const char *state = bk_row_text(links, row, "sync_state");

		if (state != NULL && (strcmp(state, "sync") == 0 || strcmp(state, "quorum") == 0))
			return true;
	}
	return false;
}

List *
bk_replication_problems(BkRows links, BkRows archive)
{
	List *problems = NIL;
	BkRows reports = bk_query_run(&check_reports);

	for (uint64 row = 0; row < links.count; row++)
	{
		char *problem = find_problem(links, row);

		if (problem != NULL)
			problems = lappend(problems, problem);
	}
	if (archive.count > 0 && bk_row_bool(archive, 0, "failing"))
		problems = lappend(problems, psprintf("archiving of WAL file %s fails",
											  bk_row_text(archive, 0, "last_failed_wal")));
	for (uint64 row = 0; row < reports.count; row++)
		problems = lappend(problems, bk_row_text(reports, row, "problem"));
	return problems;
}

/* What is wrong with a link, or NULL. Slots of a standby wait for its promotion: that nobody is connected to them is fine. */
static char *
find_problem(BkRows links, uint64 row)
{
	const char *name = bk_row_text(links, row, "name");
	const char *wal_status = bk_row_text(links, row, "wal_status");
	bool is_source = strcmp(bk_row_text(links, row, "direction"), "from") == 0;

	if (wal_status != NULL && strcmp(wal_status, "lost") == 0)
		return psprintf("slot %s is lost: its replica must be copied anew", name);
	if (bk_row_bool(links, row, "connected"))
		return NULL;
	if (is_source)
		return psprintf("%s does not receive", name);
	if (!RecoveryInProgress())
		return psprintf("nobody is connected to slot %s", name);
	return NULL;
}
