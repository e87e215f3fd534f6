/*
 * wal.c
 *		How old is what a copy of this database lacks? Found in the WAL itself, where a commit has its time.
 *
 * The lag that a WAL sender reports goes when the connection goes, and a standby's own clock says nothing while nothing
 * arrives. The first commit after a copy's position ages whether anybody is connected or not, by this server's clock.
 */
#include "postgres.h"

#include <unistd.h>

#include "access/rmgr.h"
#include "access/timeline.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "access/xlog_internal.h"
#include "access/xlogreader.h"
#include "access/xlogrecovery.h"
#include "access/xlogutils.h"
#include "fmgr.h"
#include "utils/pg_lsn.h"
#include "utils/timestamp.h"

/* More than this without a commit is a large transaction under way, and shows as bytes. */
#define MAX_READ (UINT64CONST(64) * 1024 * 1024)

static XLogRecPtr find_end(void);
static bool is_kept(XLogRecPtr after);
static bool find_record(XLogReaderState *reader, XLogRecPtr after);
static bool find_commit(XLogReaderState *reader, XLogRecPtr after, TimestampTz *moment);
static bool is_commit(XLogReaderState *reader);

PG_FUNCTION_INFO_V1(booking_wal_commit_age);

/*
 * booking.wal_commit_age(after pg_lsn): the age in seconds of the first commit after a position; 0 when there is none, null
 * when the WAL is gone or holds no commit for MAX_READ. Reads this server's WAL files and takes no lock.
 */
Datum
booking_wal_commit_age(PG_FUNCTION_ARGS)
{
	XLogRecPtr after = PG_GETARG_LSN(0);
	ReadLocalXLogPageNoWaitPrivate end = {0};
	XLogReaderState *reader;
	TimestampTz now = GetCurrentTimestamp();
	TimestampTz moment = now; /* of a commit still to come */
	bool known;

	if (after >= find_end())
		PG_RETURN_FLOAT8(0);
	if (!is_kept(after))
		PG_RETURN_NULL();
	reader = XLogReaderAllocate(wal_segment_size, NULL,
								XL_ROUTINE(.page_read = read_local_xlog_page_no_wait,
										   .segment_open = wal_segment_open,
										   .segment_close = wal_segment_close),
								&end);
	if (reader == NULL)
		ereport(ERROR, errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"));
	known = find_commit(reader, after, &moment);
	XLogReaderFree(reader);
	if (!known)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) Max(now - moment, 0) / USECS_PER_SEC);
}

/* Where the WAL ends that can be read: replayed on a standby, flushed on a primary. */
static XLogRecPtr
find_end(void)
{
	return RecoveryInProgress() ? GetXLogReplayRecPtr(NULL) : GetFlushRecPtr(NULL);
}

/*
 * Whether the file with a position is still there. The server remembers what it removed only until it is restarted, so the
 * file itself is looked for: on the timeline that the segment ends on, which is the one that is read. An invalid position
 * has no file.
 */
static bool
is_kept(XLogRecPtr after)
{
	char path[MAXPGPATH];
	TimeLineID timeline;
	XLogSegNo segment;
	XLogRecPtr last;

	if (XLogRecPtrIsInvalid(after))
		return false;
	if (RecoveryInProgress())
		(void) GetXLogReplayRecPtr(&timeline);
	else
		timeline = GetWALInsertionTimeLine();
	XLByteToSeg(after, segment, wal_segment_size);
	XLogSegNoOffsetToRecPtr(segment, wal_segment_size - 1, wal_segment_size, last);
	timeline = tliOfPointInHistory(last, readTimeLineHistory(timeline));
	XLogFilePath(path, timeline, segment, wal_segment_size);
	return access(path, F_OK) == 0;
}

/*
 * Goes to the first record after a position; false when there is none. Behind a switch of WAL files the rest of a file is
 * empty, and the next record is the first of the next file.
 */
static bool
find_record(XLogReaderState *reader, XLogRecPtr after)
{
	XLogRecPtr end = find_end();
	XLogSegNo segment;

	while (XLogRecPtrIsInvalid(XLogFindNextRecord(reader, after)))
	{
		XLByteToSeg(after, segment, wal_segment_size);
		XLogSegNoOffsetToRecPtr(segment + 1, 0, wal_segment_size, after);
		if (after >= end)
			return false;
	}
	return true;
}

/*
 * Sets moment to the time of the first commit, leaves it when there is none to the end, and is false when there is none
 * for too long. Not to be cancelled on its way, which would leave the segment's file open: the distance is bounded instead.
 */
static bool
find_commit(XLogReaderState *reader, XLogRecPtr after, TimestampTz *moment)
{
	char *problem;

	if (!find_record(reader, after))
		return true;
	while (XLogReadRecord(reader, &problem) != NULL)
	{
		if (is_commit(reader))
		{
			*moment = ((xl_xact_commit *) XLogRecGetData(reader))->xact_time;
			return true;
		}
		if (reader->ReadRecPtr - after > MAX_READ)
			return false;
	}
	return true;
}

/* Whether the record just read is a transaction's commit; a prepared one counts when it is committed. */
static bool
is_commit(XLogReaderState *reader)
{
	uint8 operation = XLogRecGetInfo(reader) & XLOG_XACT_OPMASK;

	return XLogRecGetRmid(reader) == RM_XACT_ID &&
		   (operation == XLOG_XACT_COMMIT || operation == XLOG_XACT_COMMIT_PREPARED);
}
