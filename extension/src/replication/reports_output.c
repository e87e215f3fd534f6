/*
 * reports_output.c
 *		The output plugin of reports_slot: pgoutput, except that a transaction is sent only when the synchronous standby has it.
 *
 * Otherwise the reports database could be ahead of a standby that takes over, with a booking that is nowhere else. Without
 * a synchronous standby it is pgoutput.
 */
#include "postgres.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "replication/logical.h"
#include "replication/output_plugin.h"
#include "replication/reorderbuffer.h"
#include "replication/syncrep.h"

static LogicalDecodeCommitCB pgoutput_commit;
static LogicalDecodeStreamCommitCB pgoutput_stream_commit;

PGDLLEXPORT void _PG_output_plugin_init(OutputPluginCallbacks *callbacks);

static void wait_for_standby(const ReorderBufferTXN *txn);
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
 * Returns when what the transaction wrote is safe from the loss of this node, as its own COMMIT does. A wait cut short sends
 * nothing: it ends the process. The postmaster's death cuts it short too, and does so without a mark that there is an
 * interrupt.
 */
static void
wait_for_standby(const ReorderBufferTXN *txn)
{
	HOLD_INTERRUPTS();
	SyncRepWaitForLSN(txn->end_lsn, true);
	RESUME_INTERRUPTS();
	if (ProcDiePending)
		InterruptPending = true;
	CHECK_FOR_INTERRUPTS();
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
