/*
 * payments.c
 *		The only writer of public.payments, but for the payment of an instant booking (booking_record.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/booking_document.h"
#include "booking/bookings.h"
#include "booking/items.h"
#include "booking/payments.h"
#include "http/etag.h"
#include "http/handlers.h"

static const char *const methods[] = {"card", "bank_transfer", "cash", "voucher", NULL};

/* 0 names no cancellation, no change. */
static BkQuery enter_payment = BK_INSERT(
	"INSERT INTO public.payments (booking_id, amount, currency, method, cancellation_id, change_id)"
	" VALUES ($1, $2, $3, $4, NULLIF($5, 0), NULLIF($6, 0))",
	INT8OID, NUMERICOID, BPCHAROID, TEXTOID, INT8OID, INT8OID);

/* A refund goes back by the way the money came. */
static BkQuery payment_method = BK_SELECT("SELECT method FROM public.payments"
										  " WHERE booking_id = $1 AND amount > 0"
										  " ORDER BY payment_id DESC LIMIT 1",
										  INT8OID);

static BkQuery confirm_booking = BK_UPDATE(
	"UPDATE public.bookings AS b"
	"   SET status = CASE WHEN EXISTS (SELECT FROM public.booking_items AS i"
	"                                   WHERE i.booking_id = $1 AND i.status = 'cancelled')"
	"                     THEN 'partially_cancelled' ELSE 'confirmed' END,"
	"       confirmed_at = pg_catalog.clock_timestamp(), version = b.version + 1,"
	"       updated_at = pg_catalog.clock_timestamp()"
	" WHERE b.booking_id = $1",
	INT8OID);

static BkQuery count_items = BK_SELECT("SELECT pg_catalog.count(*) FROM public.booking_items"
									   " WHERE booking_id = $1 AND status <> 'cancelled'",
									   INT8OID);

PG_FUNCTION_INFO_V1(booking_pay);

/* booking.pay(booking_id, amount, currency, method, if_version): see its COMMENT. */
Datum
booking_pay(PG_FUNCTION_ARGS)
{
	int64 booking_id = PG_GETARG_INT64(0);

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("booking_id, amount, currency and method are required"));
	SPI_connect();
	bk_payment_pay(booking_id, bk_booking_if_version(fcinfo, 4), PG_GETARG_DATUM(1),
				   text_to_cstring(PG_GETARG_TEXT_PP(2)),
				   text_to_cstring(PG_GETARG_TEXT_PP(3)));
	bk_booking_return(fcinfo, booking_id);
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_payments_create(const BkRequest *request, BkResponse *response)
{
	Datum amount;
	const char *currency;
	const char *method;

	bk_payment_read(request->body, &amount, &currency, &method);
	bk_payment_pay(request->ids[0], bk_http_if_match(request), amount, currency, method);
	bk_http_put_booking(response, request->ids[0]);
}

void
bk_payment_read(BkObject payment, Datum *amount, const char **currency,
				const char **method)
{
	(void) bk_json_money(payment, "amount", BK_REQUIRED, amount);
	*currency = bk_json_string(payment, "currency", 3, BK_REQUIRED);
	*method = bk_json_word(payment, "method", methods, BK_OPTIONAL);
	if (*method == NULL)
		*method = methods[0];
}

void
bk_payment_compare(Datum amount, const char *currency, Datum due, const char *due_currency)
{
	if (strcmp(currency, due_currency) == 0 &&
		DatumGetBool(DirectFunctionCall2(numeric_eq, amount, due)))
		return;
	ereport(ERROR, errcode(SB_PRICE_CHANGED),
			errmsg("the amount is %s %s, not %s %s",
				   DatumGetCString(DirectFunctionCall1(numeric_out, due)), due_currency,
				   DatumGetCString(DirectFunctionCall1(numeric_out, amount)), currency),
			errhint(
				"Nothing was booked or paid. Ask the passenger about the new amount."));
}

void
bk_payment_enter(int64 booking_id, Datum amount, const char *currency, const char *method,
				 int64 cancellation_id, int64 change_id)
{
	Datum values[] = {Int64GetDatum(booking_id),      amount,
					  CStringGetTextDatum(currency),  CStringGetTextDatum(method),
					  Int64GetDatum(cancellation_id), Int64GetDatum(change_id)};

	bk_payment_make_durable();
	(void) bk_query_run_old(&enter_payment, values, NULL);
}

void
bk_payment_make_durable(void)
{
	if (synchronous_commit == SYNCHRONOUS_COMMIT_OFF)
		(void) set_config_option("synchronous_commit", "on", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
}

void
bk_payment_refund(int64 booking_id, Datum amount, const char *currency,
				  int64 cancellation_id, int64 change_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	Datum negative = DirectFunctionCall1(numeric_uminus, amount);

	if (DatumGetBool(DirectFunctionCall2(numeric_eq, amount, negative)))
		return;
	bk_payment_enter(booking_id, negative, currency,
					 bk_row_text_at(bk_query_run_old(&payment_method, values, NULL), 0, 1),
					 cancellation_id, change_id);
}

void
bk_payment_pay(int64 booking_id, int32 if_version, Datum amount, const char *currency,
			   const char *method)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	BkBooking booking = bk_booking_lock_live(booking_id, if_version);

	if (strcmp(booking.status, "held") != 0)
		ereport(ERROR, errcode(SB_ALREADY_PAID),
				errmsg("booking " INT64_FORMAT " is already paid", booking_id));
	bk_payment_compare(amount, currency, booking.total_amount, booking.currency);

	bk_seats_lock(bk_booking_id_array(booking_id));
	bk_seats_book(booking_id);
	/* A claim may have taken over a seat between our look at the clock and our lock on the seat. */
	if (bk_items_confirm(booking_id) !=
		(uint64) bk_row_int64_at(bk_query_run_old(&count_items, values, NULL), 0, 1))
		bk_booking_refuse_lapsed(booking_id);

	(void) bk_query_run_old(&confirm_booking, values, NULL);
	bk_payment_enter(booking_id, amount, currency, method, 0, 0);
}
