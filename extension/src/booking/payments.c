/*
 * payments.c
 *		The only writer of public.payments, but for the payment of an instant booking (booking_record.c).
 *
 * The ledger is append-only: a refund is an entry of its own. Entries are made under the lock of their booking.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/guc.h"
#include "utils/numeric.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/words.h"
#include "booking/booking_summary.h"
#include "booking/bookings.h"
#include "booking/items.h"
#include "booking/payments.h"
#include "identity/principal.h"
#include "inventory/flights.h"

/* 0 names no cancellation, no change. */
static BkQuery enter_payment = BK_INSERT_RETURNING(
	"INSERT INTO public.payments (booking_id, amount, currency, method, cancellation_id, change_id)"
	" VALUES ($1, $2, $3, $4, NULLIF($5, 0), NULLIF($6, 0))"
	" RETURNING payment_id",
	INT8OID, NUMERICOID, BPCHAROID, TEXTOID, INT8OID, INT8OID);

/*
 * A refund goes back by the ways that the money came, the one last paid by first, each taking no more than it still has. $2 is
 * positive. One row: what all of them take.
 */
static BkQuery enter_refund = BK_SELECT(
	"WITH method AS ("
	"  SELECT method, pg_catalog.sum(amount) AS paid,"
	"         pg_catalog.max(payment_id) FILTER (WHERE amount > 0) AS newest"
	"    FROM public.payments"
	"   WHERE booking_id = $1"
	"   GROUP BY method),"
	" share AS ("
	"  SELECT method, newest,"
	"         LEAST(paid, $2 - (pg_catalog.sum(paid) OVER (ORDER BY newest DESC) - paid)) AS amount"
	"    FROM method"
	"   WHERE paid > 0),"
	" refund AS ("
	"  INSERT INTO public.payments (booking_id, amount, currency, method, cancellation_id, change_id)"
	"  SELECT $1, -amount, $3, method, NULLIF($4, 0), NULLIF($5, 0)"
	"    FROM share"
	"   WHERE amount > 0"
	"   ORDER BY newest DESC"
	"  RETURNING amount)"
	" SELECT -pg_catalog.sum(amount) AS refunded FROM refund",
	INT8OID, NUMERICOID, BPCHAROID, INT8OID, INT8OID);

/* Items may have been cancelled while it was a hold. */
static BkQuery confirm_booking = BK_UPDATE(
	"UPDATE public.bookings AS b"
	"   SET status = CASE WHEN EXISTS (SELECT FROM public.booking_items AS i"
	"                                   WHERE i.booking_id = $1 AND i.status = 'cancelled')"
	"                     THEN 'partially_cancelled' ELSE 'confirmed' END,"
	"       confirmed_at = pg_catalog.clock_timestamp(), version = b.version + 1,"
	"       updated_at = pg_catalog.clock_timestamp()"
	" WHERE b.booking_id = $1",
	INT8OID);

/*
 * The items to be confirmed, and those that a claim has expired, so that their number shows what is missing; and a flight that
 * will not take its passenger, if there is one.
 */
static BkQuery count_items =
	BK_SELECT("SELECT pg_catalog.count(*) AS items,"
			  "       pg_catalog.min(f.flight_id) FILTER (WHERE " BK_SQL_GROUNDED(
				  "f") ") AS grounded"
					   "  FROM public.booking_items AS i"
					   "  JOIN public.flights AS f USING (flight_id)"
					   " WHERE i.booking_id = $1 AND i.status <> 'cancelled'",
			  INT8OID);

static BkQuery read_payment = BK_SELECT(
	"SELECT payment_id, booking_id, amount, currency, method, cancellation_id, change_id, created_at"
	"  FROM public.payments"
	" WHERE payment_id = $1",
	INT8OID);

static bool is_zero(Datum amount);

PG_FUNCTION_INFO_V1(booking_pay);

/*
 * booking.pay(booking_id, amount, currency, method, if_version): pays a hold and returns the booking's summary. Raises what
 * bk_payment_pay does.
 */
Datum
booking_pay(PG_FUNCTION_ARGS)
{
	int64 booking_id = PG_GETARG_INT64(0);
	BkTender tender = bk_tender_of_args(fcinfo, 1);

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_payment_pay(booking_id, bk_booking_if_version(fcinfo, 4), &tender);
	bk_booking_return(fcinfo, booking_id);
	SPI_finish();
	return (Datum) 0;
}

int64
bk_payment_enter(int64 booking_id, Datum amount, const char *currency, const char *method,
				 int64 cancellation_id, int64 change_id)
{
	BkRows entry;

	if (is_zero(amount))
		return 0;
	bk_payment_make_durable();
	entry = bk_query_run(&enter_payment, bk_int64(booking_id), bk_datum(amount),
						 bk_text(currency), bk_text(method), bk_int64(cancellation_id),
						 bk_int64(change_id));
	return bk_row_int64(entry, 0, "payment_id");
}

/* For this transaction alone, which a hold made before in it may have let off waiting. */
void
bk_payment_make_durable(void)
{
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
		(void) set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
}

/* What the booking has paid covers what is due back; if it does not, the books are wrong and nothing is written. */
void
bk_payment_refund(int64 booking_id, Datum amount, const char *currency,
				  int64 cancellation_id, int64 change_id)
{
	BkRows rows;

	if (is_zero(amount))
		return;
	bk_payment_make_durable();
	rows = bk_query_run(&enter_refund, bk_int64(booking_id), bk_datum(amount),
						bk_text(currency), bk_int64(cancellation_id),
						bk_int64(change_id));
	if (bk_row_isnull(rows, 0, "refunded") ||
		!DatumGetBool(
			DirectFunctionCall2(numeric_eq, bk_row_value(rows, 0, "refunded"), amount)))
		elog(ERROR, "booking " INT64_FORMAT " has paid less than it is refunded",
			 booking_id);
}

/* Wrong input is refused before any lock is taken. */
int64
bk_payment_pay(int64 booking_id, int64 if_version, const BkTender *tender)
{
	BkBooking booking;
	BkRows rows;

	bk_tender_check(tender);
	booking = bk_booking_lock_live(booking_id, if_version);
	if (!bk_word_is(booking.status, BK_HELD))
		ereport(ERROR, errcode(SB_ALREADY_PAID),
				errmsg("booking " INT64_FORMAT " is already paid", booking_id));
	bk_tender_compare(tender, booking.total_amount, booking.currency);

	bk_seats_lock(bk_booking_id_array(booking_id));
	bk_seats_book(booking_id);
	/* A claim may have taken over a seat between our look at the clock and our lock on the seat. */
	rows = bk_query_run(&count_items, bk_int64(booking_id));
	if (bk_items_confirm(booking_id) != (uint64) bk_row_int64(rows, 0, "items"))
		bk_booking_refuse_lapsed(booking_id);
	if (!bk_row_isnull(rows, 0, "grounded"))
		ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
				errmsg("flight %s has left or is cancelled",
					   bk_row_text(rows, 0, "grounded")),
				errhint("Cancel its items, and pay for the rest."));

	(void) bk_query_run(&confirm_booking, bk_int64(booking_id));
	return bk_payment_enter(booking_id, tender->amount.value, tender->currency,
							tender->method, 0, 0);
}

BkRows
bk_payment_row(int64 payment_id)
{
	BkRows rows = bk_query_run(&read_payment, bk_int64(payment_id));

	if (rows.count == 0 || !bk_principal_has_booking(bk_row_int64(rows, 0, "booking_id")))
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no payment " INT64_FORMAT, payment_id));
	return rows;
}

/* Whether there is nothing to enter: the ledger has no entries of nothing. */
static bool
is_zero(Datum amount)
{
	return DatumGetBool(
		DirectFunctionCall2(numeric_eq, amount, NumericGetDatum(int64_to_numeric(0))));
}
