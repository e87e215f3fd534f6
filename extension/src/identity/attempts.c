/*
 * attempts.c
 *		Failed attempts to find a booking by its reference and a last name.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "identity/attempts.h"
#include "identity/principal.h"

/* Those of an attempt, the reference first: whoever waits for the one row holds none that another wants. */
#define SQL_SUBJECTS                                        \
	"(VALUES (1, 'reference ' || pg_catalog.upper($1), 5)," \
	"        (2, 'address ' || $2, 20)) AS s (no, subject, most)"

/* The counts that are over the limit, and for how many seconds yet. */
static BkQuery count_attempt = BK_SELECT(
	"WITH counted AS ("
	"  INSERT INTO booking_private.failed_attempts AS f (subject, failures, ends_at)"
	"  SELECT subject, 1, pg_catalog.clock_timestamp() + interval '1 hour'"
	"    FROM " SQL_SUBJECTS "   WHERE subject IS NOT NULL ORDER BY no"
	"  ON CONFLICT (subject) DO UPDATE"
	"     SET failures = CASE WHEN f.ends_at <= pg_catalog.clock_timestamp() THEN 1 ELSE f.failures + 1 END,"
	"         ends_at = CASE WHEN f.ends_at <= pg_catalog.clock_timestamp() THEN excluded.ends_at ELSE f.ends_at END"
	"  RETURNING subject, failures, ends_at)"
	" SELECT pg_catalog.max(pg_catalog.ceil(EXTRACT(epoch FROM c.ends_at - pg_catalog.clock_timestamp())))::integer AS seconds"
	"   FROM counted AS c JOIN " SQL_SUBJECTS " USING (subject)"
	"  WHERE c.failures > s.most",
	TEXTOID, TEXTOID);

static BkQuery forgive_attempt =
	BK_UPDATE("UPDATE booking_private.failed_attempts AS f SET failures = f.failures - 1"
			  "  FROM " SQL_SUBJECTS " WHERE f.subject = s.subject",
			  TEXTOID, TEXTOID);

static BkQuery forget_attempts = BK_DELETE(
	"DELETE FROM booking_private.failed_attempts WHERE ends_at <= pg_catalog.now()");

/* What is over the limit is not counted: the error takes it back. */
void
bk_attempt_begin(const char *reference)
{
	BkRows rows = bk_query_run(&count_attempt, bk_text(reference),
							   bk_text(bk_principal_address()));

	if (!bk_row_isnull(rows, 0, "seconds"))
		ereport(ERROR, errcode(SB_TOO_MANY_ATTEMPTS),
				errmsg("too many attempts have failed"),
				errhint("Retry-After: %d", Max(bk_row_int32(rows, 0, "seconds"), 1)));
}

void
bk_attempt_forgive(const char *reference)
{
	(void) bk_query_run(&forgive_attempt, bk_text(reference),
						bk_text(bk_principal_address()));
}

void
bk_attempts_forget(void)
{
	(void) bk_query_run(&forget_attempts);
}
