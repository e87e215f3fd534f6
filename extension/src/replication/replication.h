/*
 * replication.h
 *		Who copies this database, and how far behind; what it copies itself; what is archived.
 */
#ifndef BK_REPLICATION_H
#define BK_REPLICATION_H

#include "access/xlogdefs.h"
#include "nodes/pg_list.h"

#include "base/query.h"

/*
 * The links of this database, as rows of replication_status(). Without seconds lag_seconds is null and no WAL is read,
 * for callers who need an answer at once.
 */
extern BkRows bk_replication_links(bool with_seconds);

/*
 * How archiving goes; no row where WAL is not archived. Row: last_archived_wal, last_archived_at, waiting_files,
 * age_seconds (null without seconds), failed_count, last_failed_wal, last_failed_at, failing.
 */
extern BkRows bk_replication_archive(bool with_seconds);

/* "primary" or "standby" */
extern const char *bk_replication_role(void);

/* The timeline that this database writes or, as a standby, replays. */
extern TimeLineID bk_replication_timeline(void);

/* Whether commits wait for a synchronous standby, by the links. */
extern bool bk_replication_has_sync_standby(BkRows links);

/*
 * What is wrong with links, archive, publication and subscription, as sentences (char *) for an operator;
 * NIL when all is well.
 */
extern List *bk_replication_problems(BkRows links, BkRows archive);

#endif
