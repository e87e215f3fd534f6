/*
 * reports_output.c
 *		The output plugin of reports_slot: pgoutput, except that a transaction is sent only when the synchronous standby has it.
 *
 * Otherwise the reports database could be ahead of a standby that takes over, with a booking that is nowhere else. Without
 * a synchronous standby it is pgoutput.
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "postmaster/interrupt.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"
#include "replication/reorderbuffer.h"
#include "replication/syncrep.h"
#include "replication/walsender.h"
#include "replication/walsender_private.h"
#include "storage/fd.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/guc.h"
#include "utils/pidfile.h"
#include "utils/wait_event.h"

#define MIN_PAUSE_MS 5L
#define MAX_PAUSE_MS 500L

static LogicalDecodeCommitCB pgoutput_commit;
static LogicalDecodeStreamCommitCB pgoutput_stream_commit;

PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

static void wait_for_standby(const ReorderBufferTXN *txn);
static bool standby_has(XLogRecPtr lsn);
static bool server_is_stopping(void);
static void send_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
						XLogRecPtr commit_lsn);
static void send_stream_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
							   XLogRecPtr commit_lsn);

/* Called by the server when it decodes for the slot: pgoutput's callbacks, with a wait before each of the two that commit. */
void
_PG_output_plugin_init(OutputPluginCallbacks *callbacks)
{
	LogicalOutputPluginInit init = (LogicalOutputPluginInit)
		load_external_function("pgoutput", "_PG_output_plugin_init", true, NULL);

	init(callbacks);
	pgoutput_commit = callbacks->commit_cb;
	pgoutput_stream_commit = callbacks->stream_commit_cb;
	callbacks->commit_cb = send_commit;
	callbacks->stream_commit_cb = send_stream_commit;
}

/*
 * Returns when what the transaction wrote is safe from the loss of this node, as its own COMMIT does. SyncRepWaitForLSN() would
 * not do: it returns too when it is cancelled, and is not told of a shutdown. Here both end the wait by an error, and
 * nothing is sent; the subscription connects again and asks for the transaction once more.
 */
static void
wait_for_standby(const ReorderBufferTXN *txn)
{
	long pause = MIN_PAUSE_MS;

	while (!standby_has(txn->end_lsn))
	{
		CHECK_FOR_INTERRUPTS();
		if (server_is_stopping())
			ereport(FATAL, errcode(ERRCODE_ADMIN_SHUTDOWN),
					errmsg("terminating connection due to administrator command"));
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, pause,
						 PG_WAIT_EXTENSION);
		ResetLatch(MyLatch);
		pause = Min(pause * 2, MAX_PAUSE_MS);
		if (ConfigReloadPending) /* there may be no such standby any more */
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
			SyncRepInitConfig();
		}
	}
}

/* Whether the synchronous standby has the log up to a point, in the sense of synchronous_commit; so it is where there is none. */
static bool
standby_has(XLogRecPtr lsn)
{
	int mode = synchronous_commit == SYNCHRONOUS_COMMIT_REMOTE_APPLY ? SYNC_REP_WAIT_APPLY
			   : synchronous_commit == SYNCHRONOUS_COMMIT_REMOTE_WRITE
				   ? SYNC_REP_WAIT_WRITE
				   : SYNC_REP_WAIT_FLUSH;
	bool has;

	if (!SyncRepRequested() || SyncRepStandbyNames == NULL || *SyncRepStandbyNames == '\0')
		return true;
	LWLockAcquire(SyncRepLock, LW_SHARED);
	has = lsn <= WalSndCtl->lsn[mode];
	LWLockRelease(SyncRepLock);
	return has;
}

/* What the postmaster says of itself in its file, which is all that a process that decodes is told of a shutdown. */
static bool
server_is_stopping(void)
{
	FILE *file = AllocateFile("postmaster.pid", "r");
	char line[MAXPGPATH];
	bool stopping = false;

	if (file == NULL)
		return false;
	for (int number = 1; fgets(line, sizeof(line), file) != NULL; number++)
		if (number == LOCK_FILE_LINE_PM_STATUS)
			stopping = strncmp(line, PM_STATUS_STOPPING, strlen(PM_STATUS_STOPPING)) == 0;
	FreeFile(file);
	return stopping;
}

/* The commit of a transaction that is sent as a whole. */
static void
send_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn, XLogRecPtr commit_lsn)
{
	wait_for_standby(txn);
	pgoutput_commit(ctx, txn, commit_lsn);
}

/* The commit of a large transaction, whose changes have been sent while it ran and are applied with this. */
static void
send_stream_commit(LogicalDecodingContext *ctx, ReorderBufferTXN *txn,
				   XLogRecPtr commit_lsn)
{
	wait_for_standby(txn);
	pgoutput_stream_commit(ctx, txn, commit_lsn);
}
