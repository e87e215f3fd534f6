/*
 * bookings.c
 *		The row of a booking: locking it, settling it after its items have changed, letting holds lapse.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "booking/bookings.h"
#include "booking/items.h"

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

static BkQuery lock_lapsed = BK_SELECT(
	"SELECT pg_catalog.array_agg(b.booking_id)"
	"  FROM (SELECT booking_id"
	"          FROM public.bookings"
	"         WHERE status = 'held' AND payment_required_by <= pg_catalog.clock_timestamp()"
	"         ORDER BY payment_required_by"
	"         LIMIT $1"
	"           FOR NO KEY UPDATE SKIP LOCKED) AS b",
	INT8OID);

static BkQuery expire_bookings = BK_UPDATE(
	"UPDATE public.bookings"
	"   SET status = 'expired', total_amount = 0, expired_at = pg_catalog.clock_timestamp(),"
	"       version = version + 1, updated_at = pg_catalog.clock_timestamp()"
	" WHERE booking_id = ANY ($1)",
	INT8ARRAYOID);

PG_FUNCTION_INFO_V1(booking_expire_holds);

/* booking.expire_holds(max_holds): see its COMMENT. */
Datum
booking_expire_holds(PG_FUNCTION_ARGS)
{
	int32 limit = PG_GETARG_INT32(0);
	uint64 expired;

	if (limit < 1)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("max_holds must be positive"));
	SPI_connect();
	expired = bk_booking_expire_holds(limit);
	SPI_finish();
	PG_RETURN_INT32((int32) expired);
}

BkBooking
bk_booking_lock(int64 booking_id, int32 if_version)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	BkRows rows = bk_query_run_old(&lock_booking, values, NULL);
	BkBooking booking = {.booking_id = booking_id};

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no booking " INT64_FORMAT, booking_id));
	booking.status = bk_row_text_at(rows, 0, 1);
	booking.total_amount = bk_row_value_at(rows, 0, 2);
	booking.currency = bk_row_text_at(rows, 0, 3);
	booking.version = bk_row_int32_at(rows, 0, 4);
	if (if_version != BK_ANY_VERSION && if_version != booking.version)
		ereport(ERROR, errcode(SB_STALE_VERSION),
				errmsg("booking " INT64_FORMAT " is at version %d, not %d", booking_id,
					   booking.version, if_version),
				errhint("Read it again, and decide on what it is now."));
	booking.held_until = strcmp(booking.status, "held") == 0
							 ? bk_row_timestamptz_at(rows, 0, 5)
							 : DT_NOEND;
	if (booking.held_until <= GetCurrentTimestamp())
		booking.status = "expired";
	return booking;
}

int32
bk_booking_if_version(FunctionCallInfo fcinfo, int arg)
{
	if (PG_ARGISNULL(arg))
		return BK_ANY_VERSION;
	if (PG_GETARG_INT32(arg) < 1)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("if_version must be a version of the booking, from 1"));
	return PG_GETARG_INT32(arg);
}

BkBooking
bk_booking_lock_live(int64 booking_id, int32 if_version)
{
	BkBooking booking = bk_booking_lock(booking_id, if_version);

	if (strcmp(booking.status, "cancelled") == 0)
		ereport(ERROR, errcode(SB_ALREADY_CANCELLED),
				errmsg("booking " INT64_FORMAT " is cancelled", booking_id));
	if (strcmp(booking.status, "expired") == 0)
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

void
bk_booking_settle(int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};

	(void) bk_query_run_old(&settle_booking, values, NULL);
}

Datum
bk_booking_id_array(int64 booking_id)
{
	Datum element = Int64GetDatum(booking_id);

	return PointerGetDatum(construct_array_builtin(&element, 1, INT8OID));
}

uint64
bk_booking_expire_holds(int limit)
{
	Datum values[] = {Int64GetDatum(limit)};
	BkRows rows = bk_query_run_old(&lock_lapsed, values, NULL);
	BkRows freed;
	bool isnull;
	Datum booking_ids = bk_row_datum_at(rows, 0, 1, &isnull);

	if (isnull)
		return 0;

	/* Seats before items: an item that a claim has taken over meanwhile is no longer held, and its seat not ours. */
	bk_seats_lock(booking_ids);
	freed = bk_items_expire(booking_ids);
	if (!bk_row_isnull_at(freed, 0, 1))
		bk_seats_release(bk_row_value_at(freed, 0, 1), bk_row_value_at(freed, 0, 2));
	return bk_query_run_old(&expire_bookings, &booking_ids, NULL).count;
}
