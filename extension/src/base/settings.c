/*
 * settings.c
 *		Module magic, version, settings.
 */
#include "postgres.h"

#include <limits.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/compat.h"
#include "base/errcodes.h"
#include "base/settings.h"

BK_MODULE_MAGIC;

int bk_hold_duration;
bool bk_hold_durable;
int bk_max_holds;
int bk_max_held_seats;
int bk_quote_duration;
char *bk_backup_directory;

static bool log_refusals;
static emit_log_hook_type next_emit_log_hook;

static void leave_refusals_out(ErrorData *error);

PG_FUNCTION_INFO_V1(booking_library_version);

void _PG_init(void);

/* Runs once a backend, when the library is loaded. Unknown settings under "booking." are errors from then on. */
void
_PG_init(void)
{
	DefineCustomIntVariable("booking.hold_duration",
							"How long a held booking may wait for its payment.",
							"Never beyond the end of sales of one of its flights.",
							&bk_hold_duration, 15 * 60, 1, 7 * 24 * 60 * 60, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"booking.hold_durability",
		"Whether the commit of a hold waits for its WAL to be flushed.",
		"Off, a crash may lose the holds of the last moments; a confirmed "
		"booking is always flushed.",
		&bk_hold_durable, true, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("booking.max_holds",
							"How many live holds a customer may have at once.",
							"0 for no limit.", &bk_max_holds, 10, 0, INT_MAX, PGC_SUSET,
							0, NULL, NULL, NULL);
	DefineCustomIntVariable("booking.max_held_seats",
							"How many seats a customer's live holds may have together.",
							"0 for no limit.", &bk_max_held_seats, BK_MAX_ITEMS, 0,
							INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("booking.quote_duration",
							"How long a cancellation or change quote can be confirmed.",
							NULL, &bk_quote_duration, 15 * 60, 1, 24 * 60 * 60, PGC_SUSET,
							GUC_UNIT_S, NULL, NULL, NULL);
	DefineCustomStringVariable("booking.backup_directory",
							   "Where backups of this server are kept.",
							   "disk_space() looks at it; empty for nowhere.",
							   &bk_backup_directory, "", PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable(
		"booking.log_refusals", "Whether refusals are written to the server's log.",
		"A seat that is taken, a wrong amount: errors of class SB, which callers cause and "
		"get. The gateway counts them.",
		&log_refusals, false, PGC_SUSET, 0, NULL, NULL, NULL);
	MarkGUCPrefixReserved("booking");
	next_emit_log_hook = emit_log_hook;
	emit_log_hook = leave_refusals_out;
}

/*
 * Keeps an error of class SB out of the server's log, with its statement. The client gets it as ever, and other errors are
 * logged as ever.
 */
static void
leave_refusals_out(ErrorData *error)
{
	if (!log_refusals && error->elevel == ERROR && SB_IS_OURS(error->sqlerrcode))
		error->output_to_server = false;
	if (next_emit_log_hook != NULL)
		next_emit_log_hook(error);
}

/* booking.library_version(): what this library was built as; check_schema() compares it with the extension's version. */
Datum
booking_library_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(BOOKING_VERSION));
}
