/*
 * bookings.c
 *		The row of a booking: locking it, settling it after its items have changed, letting holds lapse.
 *
 * Whoever changes a booking locks its row first and looks at the clock afterwards: a hold that lapsed while we waited for
 * the lock has lapsed.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/words.h"
#include "booking/booking_summary.h"
#include "booking/bookings.h"
#include "booking/items.h"

/* Conflicts with every other change of the booking, not with rows that come to refer to it. */
static BkQuery lock_booking =
	BK_SELECT("SELECT status, total_amount, currency, version, payment_required_by"
			  "  FROM public.bookings"
			  " WHERE booking_id = $1"
			  "   FOR NO KEY UPDATE",
			  INT8OID);

/* Total and status follow from the items; a hold of which something is left stays a hold. */
static BkQuery settle_booking = BK_UPDATE(
	"UPDATE public.bookings AS b"
	"   SET total_amount = i.total, version = b.version + 1, updated_at = pg_catalog.clock_timestamp(),"
	"       status = CASE WHEN i.live = 0 THEN 'cancelled'"
	"                     WHEN b.status = 'held' THEN 'held'"
	"                     WHEN i.some_cancelled THEN 'partially_cancelled'"
	"                     ELSE b.status END,"
	"       cancelled_at = CASE WHEN i.live = 0 THEN pg_catalog.clock_timestamp() END"
	"  FROM (SELECT pg_catalog.count(*) FILTER (WHERE status <> 'cancelled'),"
	"               pg_catalog.sum(fee_amount + CASE status WHEN 'cancelled' THEN penalty_amount ELSE price END),"
	"               pg_catalog.bool_or(status = 'cancelled')"
	"          FROM public.booking_items"
	"         WHERE booking_id = $1) AS i (live, total, some_cancelled)"
	" WHERE b.booking_id = $1",
	INT8OID);

static BkQuery move_deadline =
	BK_UPDATE("UPDATE public.bookings SET payment_required_by = $2 WHERE booking_id = $1",
			  INT8OID, TIMESTAMPTZOID);

/* $2 the moment, which an index can be asked for. Skips what another session has locked: whoever has it settles it. */
static BkQuery lock_lapsed =
	BK_SELECT("SELECT pg_catalog.array_agg(b.booking_id) AS booking_ids"
			  "  FROM (SELECT booking_id"
			  "          FROM public.bookings"
			  "         WHERE status = 'held' AND payment_required_by <= $2"
			  "         ORDER BY payment_required_by"
			  "         LIMIT $1"
			  "           FOR NO KEY UPDATE SKIP LOCKED) AS b",
			  INT8OID, TIMESTAMPTZOID);

/* Nothing is owed for a hold that has lapsed; it has been expired since its deadline. */
static BkQuery expire_bookings = BK_UPDATE(
	"UPDATE public.bookings"
	"   SET status = 'expired', total_amount = 0, expired_at = payment_required_by,"
	"       version = version + 1, updated_at = pg_catalog.clock_timestamp()"
	" WHERE booking_id = ANY ($1)",
	INT8ARRAYOID);

PG_FUNCTION_INFO_V1(booking_expire_holds);

/* booking.expire_holds(max_holds): settles lapsed holds and returns how many. Raises what bk_booking_expire_holds does. */
Datum
booking_expire_holds(PG_FUNCTION_ARGS)
{
	uint64 expired;

	bk_check_given("max_holds", !PG_ARGISNULL(0));
	SPI_connect();
	expired = bk_booking_expire_holds(PG_GETARG_INT32(0));
	SPI_finish();
	PG_RETURN_INT32((int32) expired);
}

/*
 * The row comes as its last writer left it, however long we waited. The clock is looked at after that, so no hold passes as
 * live that lapsed while we waited.
 */
BkBooking
bk_booking_lock(int64 booking_id, int64 if_version)
{
	BkBooking booking = {.booking_id = booking_id, .held_until = DT_NOEND};
	BkRows rows;

	bk_query_require_isolation();
	bk_booking_require_access(booking_id);
	if (if_version != BK_ANY_VERSION)
		bk_check_range("if_version", if_version, 1, PG_INT32_MAX);
	rows = bk_query_run(&lock_booking, bk_int64(booking_id));
	if (rows.count == 0)
		bk_booking_refuse_unknown(booking_id);
	booking.status = bk_row_text(rows, 0, "status");
	booking.total_amount = bk_row_value(rows, 0, "total_amount");
	booking.currency = bk_row_text(rows, 0, "currency");
	booking.version = bk_row_int32(rows, 0, "version");
	if (if_version != BK_ANY_VERSION && if_version != booking.version)
		ereport(ERROR, errcode(SB_STALE_VERSION),
				errmsg("booking " INT64_FORMAT " is at version %d, not " INT64_FORMAT,
					   booking_id, booking.version, if_version),
				errhint("Read it again, and decide on what it is now."));
	if (bk_word_is(booking.status, BK_HELD))
		booking.held_until = bk_row_timestamptz(rows, 0, "payment_required_by");
	if (booking.held_until <= GetCurrentTimestamp())
		booking.status = BK_EXPIRED;
	return booking;
}

/* What is cancelled or has lapsed has nothing left to act on. */
BkBooking
bk_booking_lock_live(int64 booking_id, int64 if_version)
{
	BkBooking booking = bk_booking_lock(booking_id, if_version);

	if (bk_word_is(booking.status, BK_CANCELLED))
		ereport(ERROR, errcode(SB_ALREADY_CANCELLED),
				errmsg("booking " INT64_FORMAT " is cancelled", booking_id));
	if (bk_word_is(booking.status, BK_EXPIRED))
		bk_booking_refuse_lapsed(booking_id);
	return booking;
}

void
bk_booking_refuse_lapsed(int64 booking_id)
{
	ereport(ERROR, errcode(SB_PAST_PAYMENT_DEADLINE),
			errmsg("the hold of booking " INT64_FORMAT " has lapsed", booking_id),
			errhint("Book again; the seats are free for anyone."));
}

int64
bk_booking_if_version(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? BK_ANY_VERSION : PG_GETARG_INT32(arg);
}

void
bk_booking_settle(int64 booking_id)
{
	(void) bk_query_run(&settle_booking, bk_int64(booking_id));
}

void
bk_booking_hold_until(int64 booking_id, TimestampTz held_until)
{
	(void) bk_query_run(&move_deadline, bk_int64(booking_id), bk_timestamptz(held_until));
}

Datum
bk_booking_id_array(int64 booking_id)
{
	Datum element = Int64GetDatum(booking_id);

	return bk_array(INT8OID, &element, 1);
}

/* Locks as a payment does, bookings, then seats, so that a sweep and a payment or a claim cannot deadlock. */
uint64
bk_booking_expire_holds(int64 max_holds)
{
	BkRows lapsed;
	BkRows freed;
	Datum booking_ids;

	bk_check_range("max_holds", max_holds, 1, PG_INT32_MAX);
	lapsed = bk_query_run(&lock_lapsed, bk_int64(max_holds),
						  bk_timestamptz(GetCurrentTimestamp()));
	if (bk_row_isnull(lapsed, 0, "booking_ids"))
		return 0;
	booking_ids = bk_row_value(lapsed, 0, "booking_ids");

	/* Seats before items: an item that a claim has taken over meanwhile is no longer held, and its seat not ours. */
	bk_seats_lock(booking_ids);
	freed = bk_items_expire(booking_ids);
	if (!bk_row_isnull(freed, 0, "flight_ids"))
		bk_seats_release(bk_row_value(freed, 0, "flight_ids"),
						 bk_row_value(freed, 0, "seat_numbers"));
	return bk_query_run(&expire_bookings, bk_datum(booking_ids)).count;
}
