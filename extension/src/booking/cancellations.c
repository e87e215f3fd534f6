/*
 * cancellations.c
 *		Cancelling: a quote, then its confirmation.
 *
 * A quote locks nothing but the booking's row for its own moment. Its penalties are worked out as of the moment of the
 * quote, when it is made and again when it is confirmed, so that confirming it late within its life costs the same.
 *
 * Penalty of a confirmed item: BK_SQL_PENALTY_PERCENT of its price. A held item has nothing to refund and nothing to keep.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/numeric.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/bookings.h"
#include "booking/cancellations.h"
#include "booking/items.h"
#include "booking/payments.h"
#include "booking/quotes.h"
#include "identity/principal.h"
#include "inventory/flights.h"

/* The flight f of item i has left, as far as cancelling goes. */
#define SQL_FLOWN "(i.status IN ('flown', 'no_show') OR " BK_SQL_LEFT("f") ")"

/*
 * The items asked for ($2 null: every live one whose flight has not left, or all live ones where all have left), as of $3.
 * One row: how many there are, how many of them are not there or not live, and how many fly on a flight that has left; their
 * numbers and penalties; sums.
 */
static BkQuery price_cancellation = BK_SELECT(
	"SELECT pg_catalog.count(*) AS items,"
	"       pg_catalog.count(*) FILTER (WHERE " BK_SQL_LIVE(
		"i") " IS NOT TRUE) AS not_live,"
			 "       pg_catalog.count(*) FILTER (WHERE " SQL_FLOWN ") AS flight_left,"
			 "       pg_catalog.array_agg(w.item_no ORDER BY w.item_no) AS item_nos,"
			 "       pg_catalog.array_agg(p.penalty ORDER BY w.item_no) AS penalties,"
			 "       pg_catalog.sum(p.penalty) AS penalty_amount,"
			 "       pg_catalog.sum(CASE i.status WHEN 'held' THEN 0 ELSE i.price - p.penalty END) AS refund_amount"
			 "  FROM (SELECT pg_catalog.unnest($2) AS item_no"
			 "        UNION"
			 "        SELECT l.item_no"
			 "          FROM (SELECT c.item_no, c.can_be, pg_catalog.bool_or(c.can_be) OVER () AS some_can"
			 "                  FROM (SELECT i.item_no, (SELECT NOT " SQL_FLOWN
			 "                                             FROM public.flights AS f"
			 "                                            WHERE f.flight_id = i.flight_id) AS can_be"
			 "                          FROM public.booking_items AS i"
			 "                         WHERE $2 IS NULL AND i.booking_id = $1 AND " BK_SQL_LIVE(
				 "i") ") AS c) AS l"
					  "         WHERE l.can_be OR NOT l.some_can) AS w"
					  "  JOIN public.bookings AS b ON b.booking_id = $1"
					  "  JOIN public.fares AS a ON a.fare_code = b.fare_code"
					  "  LEFT JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
					  "  LEFT JOIN public.flights AS f ON f.flight_id = i.flight_id," BK_SQL_FARE_RULE(
						  "f",
						  "$3") ","
								"       LATERAL (SELECT CASE i.status WHEN 'held' THEN 0"
								"               ELSE " BK_SQL_ROUND(
									"i.price * " BK_SQL_PENALTY_PERCENT(
										"f",
										"$3") " / 100") "               END) AS p (penalty)",
	INT8OID, INT2ARRAYOID, TIMESTAMPTZOID);

static BkQuery insert_quote = BK_INSERT_RETURNING(
	"INSERT INTO public.cancellations"
	"       (booking_id, item_nos, booking_version, refund_amount, penalty_amount, currency,"
	"        created_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $7 + pg_catalog.make_interval(secs => $8))"
	" RETURNING cancellation_id",
	INT8OID, INT2ARRAYOID, INT4OID, NUMERICOID, NUMERICOID, BPCHAROID, TIMESTAMPTZOID,
	FLOAT8OID);

/* What bk_quote_require_fresh looks at, and what was quoted. */
static BkQuery find_quote = BK_SELECT(
	"SELECT c.booking_id, c.status, c.booking_version, c.expires_at,"
	"       EXISTS (SELECT FROM public.cancellations AS n"
	"                WHERE n.booking_id = c.booking_id AND n.cancellation_id > c.cancellation_id) AS superseded,"
	"       c.item_nos, c.created_at, c.refund_amount"
	"  FROM public.cancellations AS c"
	" WHERE c.cancellation_id = $1",
	INT8OID);

static BkQuery confirm_quote =
	BK_UPDATE("UPDATE public.cancellations"
			  "   SET status = 'confirmed', confirmed_at = pg_catalog.clock_timestamp(),"
			  "       updated_at = pg_catalog.clock_timestamp()"
			  " WHERE cancellation_id = $1",
			  INT8OID);

/* As callers see it; the names of the columns are those of the SQL functions and of the JSON. */
static BkQuery read_cancellation = BK_SELECT(
	"SELECT cancellation_id, booking_id, pg_catalog.to_json(item_nos) AS items, refund_amount,"
	"       penalty_amount, currency::text, status, expires_at, confirmed_at"
	"  FROM public.cancellations"
	" WHERE cancellation_id = $1",
	INT8OID);

/* What cancelling some items costs as of a moment. */
typedef struct Price
{
	int64 count;
	Datum item_nos;       /* smallint[], ascending */
	Datum penalties;      /* numeric[], of the same items */
	Datum penalty_amount; /* numeric, their sum */
	Datum refund_amount;  /* numeric */
} Price;

pg_noreturn static void refuse_unknown(int64 cancellation_id);
static int64 quote_args(FunctionCallInfo fcinfo);
static NullableDatum item_array(const BkItemList *items);
static Price price_items(const BkBooking *booking, NullableDatum item_nos,
						 TimestampTz moment);
static void require_cancellable(const BkBooking *booking, BkRows rows);
static void cancel_items(const BkBooking *booking, const Price *due);

PG_FUNCTION_INFO_V1(booking_quote_cancellation);
PG_FUNCTION_INFO_V1(booking_confirm_cancellation);
PG_FUNCTION_INFO_V1(booking_cancel);

/*
 * booking.quote_cancellation(booking_id, item_nos, if_version): quotes cancelling the items, null for all that can be, and
 * returns the quote. Raises what bk_cancellation_quote does.
 */
Datum
booking_quote_cancellation(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_cancellation_row(quote_args(fcinfo)));
	SPI_finish();
	return (Datum) 0;
}

/*
 * booking.confirm_cancellation(cancellation_id): carries a quote out and returns it. Raises what bk_cancellation_confirm
 * does.
 */
Datum
booking_confirm_cancellation(PG_FUNCTION_ARGS)
{
	int64 cancellation_id = PG_GETARG_INT64(0);

	bk_check_given("cancellation_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_cancellation_confirm(cancellation_id);
	bk_result_return(fcinfo, bk_cancellation_row(cancellation_id));
	SPI_finish();
	return (Datum) 0;
}

/* booking.cancel(booking_id, item_nos, if_version): the two in one call. Raises what either does. */
Datum
booking_cancel(PG_FUNCTION_ARGS)
{
	int64 cancellation_id;

	SPI_connect();
	cancellation_id = quote_args(fcinfo);
	bk_cancellation_confirm(cancellation_id);
	bk_result_return(fcinfo, bk_cancellation_row(cancellation_id));
	SPI_finish();
	return (Datum) 0;
}

int64
bk_cancellation_quote(int64 booking_id, int64 if_version, const BkItemList *items)
{
	NullableDatum item_nos = item_array(items);
	BkBooking booking = bk_booking_lock_live(booking_id, if_version);
	TimestampTz moment = GetCurrentTimestamp();
	Price quoted = price_items(&booking, item_nos, moment);
	BkRows rows = bk_query_run(&insert_quote, bk_int64(booking_id),
							   bk_datum(quoted.item_nos), bk_int32(booking.version),
							   bk_datum(quoted.refund_amount),
							   bk_datum(quoted.penalty_amount), bk_text(booking.currency),
							   bk_timestamptz(moment), bk_float8(bk_quote_duration));

	return bk_row_int64(rows, 0, "cancellation_id");
}

/*
 * The quote is read once to learn whose it is, and again under the lock of its booking: only then does it hold still. Items
 * are priced as of the moment of the quote, so that the refund can only differ where the fare's rules or the flight have
 * changed since.
 */
void
bk_cancellation_confirm(int64 cancellation_id)
{
	BkRows quote = bk_query_run(&find_quote, bk_int64(cancellation_id));
	BkBooking booking;
	Price due;

	if (quote.count == 0 ||
		!bk_principal_has_booking(bk_row_int64(quote, 0, "booking_id")))
		refuse_unknown(cancellation_id);
	booking = bk_booking_lock_live(bk_row_int64(quote, 0, "booking_id"), BK_ANY_VERSION);
	/* As it is now that the booking is ours. */
	quote = bk_query_run(&find_quote, bk_int64(cancellation_id));
	bk_quote_require_fresh(quote, &booking, SB_ALREADY_CANCELLED, SB_CANCELLATION_STALE);

	due = price_items(&booking, bk_datum(bk_row_value(quote, 0, "item_nos")),
					  bk_row_timestamptz(quote, 0, "created_at"));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, due.refund_amount,
										  bk_row_value(quote, 0, "refund_amount"))))
		ereport(ERROR, errcode(SB_CANCELLATION_STALE),
				errmsg("the refund is no longer what was quoted"),
				errhint("Ask for a new quote."));

	cancel_items(&booking, &due);
	bk_payment_refund(booking.booking_id, due.refund_amount, booking.currency,
					  cancellation_id, 0);
	(void) bk_query_run(&confirm_quote, bk_int64(cancellation_id));
	bk_booking_settle(booking.booking_id);
}

BkRows
bk_cancellation_row(int64 cancellation_id)
{
	BkRows rows = bk_query_run(&read_cancellation, bk_int64(cancellation_id));

	if (rows.count == 0 || !bk_principal_has_booking(bk_row_int64(rows, 0, "booking_id")))
		refuse_unknown(cancellation_id);
	return rows;
}

/* Raises SB011. */
static void
refuse_unknown(int64 cancellation_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND),
			errmsg("no cancellation " INT64_FORMAT, cancellation_id));
}

/* Quotes by the arguments booking_id, item_nos and if_version of a SQL function; item_nos has to be a plain list. */
static int64
quote_args(FunctionCallInfo fcinfo)
{
	BkItemList items = {.field = "item_nos"};

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	if (!PG_ARGISNULL(1))
	{
		ArrayType *array = PG_GETARG_ARRAYTYPE_P(1);

		if (ARR_NDIM(array) > 1 || ARR_HASNULL(array))
			bk_check_refuse(items.field, "must be a list of item numbers");
		items.numbers = (const int16 *) ARR_DATA_PTR(array);
		items.count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	return bk_cancellation_quote(PG_GETARG_INT64(0), bk_booking_if_version(fcinfo, 2),
								 &items);
}

/* The items asked for as smallint[], null for all that can be cancelled. Raises SB010. */
static NullableDatum
item_array(const BkItemList *items)
{
	Datum elements[BK_MAX_ITEMS];

	if (items->numbers == NULL)
		return bk_null();
	if (items->count < 1 || items->count > BK_MAX_ITEMS)
		bk_check_refuse(items->field,
						psprintf("must have 1 to %d elements", BK_MAX_ITEMS));
	for (int i = 0; i < items->count; i++)
	{
		bk_check_range(items->field, items->numbers[i], 1, BK_MAX_ITEMS);
		elements[i] = Int16GetDatum(items->numbers[i]);
	}
	return bk_datum(bk_array(INT2OID, elements, items->count));
}

/* What cancelling the items (smallint[], null: all that can be cancelled) costs as of a moment. Raises SB003, SB009, SB010. */
static Price
price_items(const BkBooking *booking, NullableDatum item_nos, TimestampTz moment)
{
	BkRows rows = bk_query_run(&price_cancellation, bk_int64(booking->booking_id),
							   item_nos, bk_timestamptz(moment));

	require_cancellable(booking, rows);
	return (Price){.count = bk_row_int64(rows, 0, "items"),
				   .item_nos = bk_row_value(rows, 0, "item_nos"),
				   .penalties = bk_row_value(rows, 0, "penalties"),
				   .penalty_amount = bk_row_value(rows, 0, "penalty_amount"),
				   .refund_amount = bk_row_value(rows, 0, "refund_amount")};
}

/* Raises SB003, SB009 or SB010 where a row of price_cancellation forbids the cancellation. */
static void
require_cancellable(const BkBooking *booking, BkRows rows)
{
	bool missing = bk_row_int64(rows, 0, "items") == 0 ||
				   bk_row_int64(rows, 0, "not_live") > 0;

	/* A hold that has lapsed since it was locked may have lost items to a claim, even all of them. */
	if (missing && booking->held_until <= GetCurrentTimestamp())
		bk_booking_refuse_lapsed(booking->booking_id);
	if (missing)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("booking " INT64_FORMAT " has no such live item",
					   booking->booking_id),
				errhint(
					"Name items that are neither cancelled nor expired, or none for all."));
	if (bk_row_int64(rows, 0, "flight_left") > 0)
		ereport(ERROR, errcode(SB_NOT_CANCELLABLE),
				errmsg("a flight of booking " INT64_FORMAT " has left",
					   booking->booking_id),
				errhint("Name the items of flights that have not left yet."));
}

/* Cancels the items and frees their seats. Raises SB003 where a claim has taken over one of a lapsed hold's meanwhile. */
static void
cancel_items(const BkBooking *booking, const Price *due)
{
	BkRows freed;

	bk_seats_lock(bk_booking_id_array(booking->booking_id));
	freed = bk_items_cancel(booking->booking_id, due->item_nos, due->penalties);
	if (bk_row_int64(freed, 0, "items") != due->count)
		bk_booking_refuse_lapsed(booking->booking_id);
	bk_seats_release(bk_row_value(freed, 0, "flight_ids"),
					 bk_row_value(freed, 0, "seat_numbers"));
}
