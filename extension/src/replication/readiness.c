/*
 * readiness.c
 *		Can this database take bookings at this moment, and who keeps it from that?
 *
 * A server that answers is not one that books: a session may hold a lock that every booking waits for in vain. Waiters give up
 * after a quarter of a second (lock_timeout), so nobody waits long; how long the blocking transaction lasts is what tells.
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_namespace.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"

#include "replication/readiness.h"

/* What a booking writes. */
static const char *const tables[] = {"seats",          "bookings", "booking_items",
									 "booking_events", "payments", "customers"};

/* The modes are those that conflict with the ROW EXCLUSIVE of a booking. */
static BkQuery find_blockers = BK_SNAPSHOT_SELECT(
	"WITH blocker AS"
	" (SELECT l.pid"
	"    FROM pg_catalog.pg_locks AS l"
	"   WHERE l.granted AND l.locktype = 'relation'"
	"     AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock',"
	"                    'AccessExclusiveLock')"
	"     AND l.relation = ANY (ARRAY (SELECT c.oid FROM pg_catalog.pg_class AS c"
	"                                   WHERE c.relnamespace = 'public'::regnamespace"
	"                                     AND c.relkind = 'r'))"
	"     AND l.database = (SELECT oid FROM pg_catalog.pg_database"
	"                        WHERE datname = pg_catalog.current_database())"
	"   UNION"
	"  SELECT b.pid"
	"    FROM pg_catalog.pg_locks AS l, unnest(pg_catalog.pg_blocking_pids(l.pid)) AS b (pid)"
	"   WHERE NOT l.granted)"
	" SELECT seconds,"
	"        pg_catalog.format('session %s of %s (%s) has kept others waiting for %s s:"
	" SELECT pg_terminate_backend(%s) ends it',"
	"                          pid, usename, state, round(seconds), pid) AS problem"
	"   FROM (SELECT a.pid, a.usename, a.state,"
	"                EXTRACT(EPOCH FROM pg_catalog.clock_timestamp() - a.xact_start)::float8"
	"                    AS seconds"
	"           FROM pg_catalog.pg_stat_activity AS a"
	"          WHERE a.pid IN (SELECT pid FROM blocker)) AS s"
	"  WHERE seconds > 5"
	"  ORDER BY seconds DESC");

bool
bk_readiness_takes_bookings(void)
{
	if (RecoveryInProgress())
		return true;
	for (int i = 0; i < lengthof(tables); i++)
	{
		Oid table = get_relname_relid(tables[i], PG_PUBLIC_NAMESPACE);

		if (!OidIsValid(table) || !ConditionalLockRelationOid(table, RowExclusiveLock))
			return false;
		UnlockRelationOid(table, RowExclusiveLock);
	}
	return true;
}

BkRows
bk_readiness_blockers(void)
{
	return bk_query_run(&find_blockers);
}
