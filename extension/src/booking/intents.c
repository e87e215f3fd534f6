/*
 * intents.c
 *		Payments that a provider confirms: what is to be paid, and what the provider says of it.
 *
 * An event is written first, under the provider's id: of two that are the same the second finds the first, and changes nothing. Then
 * the booking is locked, as by everybody who changes it.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/numeric.h"

#include "base/attempt.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/words.h"
#include "booking/bookings.h"
#include "booking/changes.h"
#include "booking/intents.h"
#include "booking/payments.h"
#include "identity/principal.h"

#define MAX_EVENT_ID_LENGTH 255
#define PENDING "pending"
#define FAILED "failed"

#define SQL_INTENT \
	"intent_id, booking_id, change_id, amount, currency::text, status, reason, created_at, settled_at"

static const char *const event_types[] = {BK_EVENT_SUCCEEDED, BK_EVENT_FAILED, NULL};

/* $2 0: none */
static BkQuery insert_intent = BK_INSERT_RETURNING(
	"INSERT INTO booking_private.payment_intents (booking_id, change_id, amount, currency)"
	" VALUES ($1, NULLIF($2, 0), $3, $4) RETURNING " SQL_INTENT,
	INT8OID, INT8OID, NUMERICOID, BPCHAROID);

static BkQuery find_intent = BK_SELECT(
	"SELECT " SQL_INTENT " FROM booking_private.payment_intents WHERE intent_id = $1",
	INT8OID);

static BkQuery insert_event = BK_INSERT(
	"INSERT INTO booking_private.payment_events (event_id, intent_id, type, amount, currency)"
	" VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
	TEXTOID, INT8OID, TEXTOID, NUMERICOID, BPCHAROID);

static BkQuery settle_intent = BK_UPDATE_RETURNING(
	"UPDATE booking_private.payment_intents"
	"   SET status = $2, reason = $3, settled_at = pg_catalog.clock_timestamp(), updated_at = pg_catalog.clock_timestamp()"
	" WHERE intent_id = $1 RETURNING " SQL_INTENT,
	INT8OID, TEXTOID, TEXTOID);

/* An intent that is paid, and with what. */
typedef struct Purchase
{
	int64 booking_id;
	int64 change_id; /* 0: the booking */
	const BkTender *tender;
} Purchase;

static bool is_open(BkRows intent);
static BkRows make_intent(const BkBooking *booking, int64 change_id, Datum amount);
static void check_event(const BkPaymentEvent *event);
static const char *pay(const Purchase *purchase, BkRows intent);
static void carry_out(void *argument);
static void refund(const Purchase *purchase, const char *currency);
pg_noreturn static void refuse_unknown(int64 intent_id);

BkRows
bk_intent_of_booking(int64 booking_id, int64 if_version)
{
	BkBooking booking = bk_booking_lock_live(booking_id, if_version);

	if (!bk_word_is(booking.status, BK_HELD))
		ereport(ERROR, errcode(SB_ALREADY_PAID),
				errmsg("booking " INT64_FORMAT " is already paid", booking_id));
	return make_intent(&booking, 0, booking.total_amount);
}

/* A change of a hold costs nothing by itself: it is paid with the rest. */
BkRows
bk_intent_of_change(int64 change_id)
{
	BkRows change = bk_change_row(change_id);
	BkBooking booking = bk_booking_lock_live(bk_row_int64(change, 0, "booking_id"),
											 BK_ANY_VERSION);

	change = bk_change_row(change_id);
	if (!bk_word_is(bk_row_text(change, 0, "status"), "quoted"))
		ereport(ERROR, errcode(SB_CHANGE_STALE),
				errmsg("change " INT64_FORMAT " is done", change_id));
	if (bk_word_is(booking.status, BK_HELD))
		bk_check_refuse("change", "is of a hold, which is paid as a whole");
	return make_intent(&booking, change_id, bk_row_value(change, 0, "change_amount"));
}

/* Whether it may still be paid: one who has failed may try again. */
static bool
is_open(BkRows intent)
{
	const char *status = bk_row_text(intent, 0, "status");

	return bk_word_is(status, PENDING) || bk_word_is(status, FAILED);
}

/* Raises SB010 where there is nothing to pay. */
static BkRows
make_intent(const BkBooking *booking, int64 change_id, Datum amount)
{
	if (!DatumGetBool(DirectFunctionCall2(numeric_gt, amount,
										  NumericGetDatum(int64_to_numeric(0)))))
		bk_check_refuse(change_id != 0 ? "change" : "booking", "costs nothing");
	return bk_query_run(&insert_intent, bk_int64(booking->booking_id),
						bk_int64(change_id), bk_datum(amount),
						bk_text(booking->currency));
}

BkRows
bk_intent_row(int64 intent_id)
{
	BkRows rows = bk_query_run(&find_intent, bk_int64(intent_id));

	if (rows.count == 0 || !bk_principal_has_booking(bk_row_int64(rows, 0, "booking_id")))
		refuse_unknown(intent_id);
	return rows;
}

/* Raises SB011. */
static void
refuse_unknown(int64 intent_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND),
			errmsg("no payment intent " INT64_FORMAT, intent_id));
}

BkRows
bk_intent_settle(const BkPaymentEvent *event)
{
	BkRows intent;
	Purchase purchase = {.tender = &event->tender};
	bool open;
	const char *reason = NULL;

	check_event(event);
	intent = bk_query_run(&find_intent, bk_int64(event->intent_id));
	if (intent.count == 0)
		refuse_unknown(event->intent_id);
	if (bk_query_run(&insert_event, bk_text(event->event_id), bk_int64(event->intent_id),
					 bk_text(event->type), event->tender.amount,
					 bk_text(event->tender.currency))
			.count == 0)
		return bk_query_run(&find_intent, bk_int64(event->intent_id));

	purchase.booking_id = bk_row_int64(intent, 0, "booking_id");
	if (!bk_row_isnull(intent, 0, "change_id"))
		purchase.change_id = bk_row_int64(intent, 0, "change_id");
	(void) bk_booking_lock(purchase.booking_id, BK_ANY_VERSION);
	/* As it is now that the booking is ours. */
	intent = bk_query_run(&find_intent, bk_int64(event->intent_id));
	open = is_open(intent);
	if (bk_word_is(event->type, BK_EVENT_SUCCEEDED))
		reason = pay(&purchase, intent);
	if (!open)
		return intent;
	return bk_query_run(&settle_intent, bk_int64(event->intent_id),
						bk_text(bk_word_is(event->type, BK_EVENT_FAILED) ? FAILED
								: reason != NULL                         ? "refunded"
																		 : "succeeded"),
						bk_text(reason));
}

/* Raises SB010. */
static void
check_event(const BkPaymentEvent *event)
{
	bk_check_given("event_id", event->event_id != NULL);
	bk_check_text("event_id", event->event_id, MAX_EVENT_ID_LENGTH);
	bk_check_given("type", event->type != NULL);
	bk_check_word("type", event->type, event_types);
	bk_tender_check(&event->tender);
}

/* Returns why the money goes back, NULL where it has its use. Nobody has to be asked whose booking it is. */
static const char *
pay(const Purchase *purchase, BkRows intent)
{
	const char *currency = bk_row_text(intent, 0, "currency");
	ErrorData *error;

	if (!is_open(intent))
	{
		refund(purchase, currency);
		return "it is paid already";
	}
	if (!bk_word_is(purchase->tender->currency, currency) ||
		!DatumGetBool(DirectFunctionCall2(numeric_eq, purchase->tender->amount.value,
										  bk_row_value(intent, 0, "amount"))))
	{
		refund(purchase, currency);
		return "the amount is another";
	}
	error = bk_attempt(carry_out, (void *) purchase);
	if (error == NULL)
		return NULL;
	refund(purchase, currency);
	return error->message;
}

/* A step of bk_attempt. */
static void
carry_out(void *argument)
{
	const Purchase *purchase = argument;

	if (purchase->change_id != 0)
		bk_change_confirm(purchase->change_id, purchase->tender);
	else
		(void) bk_payment_pay(purchase->booking_id, BK_ANY_VERSION, purchase->tender);
}

/* In and out again, in the ledger of the booking; what came in another currency is in the event alone, since a booking has but one. */
static void
refund(const Purchase *purchase, const char *currency)
{
	Datum amount = purchase->tender->amount.value;

	if (!bk_word_is(purchase->tender->currency, currency))
		return;
	(void) bk_payment_enter(purchase->booking_id, amount, currency,
							purchase->tender->method, 0, 0);
	(void) bk_payment_enter(purchase->booking_id,
							DirectFunctionCall1(numeric_uminus, amount), currency,
							purchase->tender->method, 0, 0);
}
