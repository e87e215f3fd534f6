/*
 * cancellations.c
 *		Cancelling: a quote, then its confirmation.
 *
 * A quote locks nothing but the booking's row for its own moment. Its penalties are worked out as of the moment of the
 * quote, when it is made and again when it is confirmed, so that confirming it late within its life costs the same.
 *
 * Penalty of a confirmed item: nothing where the airline cancelled the flight, or within 24 hours of the purchase if
 * departure is at least 7 days off (14 CFR 259.5(b)(4)); the whole price at a fare that is not refundable; otherwise the
 * percentage of the fare's rule for the time left. A held item has nothing to refund and nothing to keep.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "booking/bookings.h"
#include "booking/cancellations.h"
#include "booking/items.h"
#include "booking/payments.h"
#include "booking/quotes.h"
#include "http/etag.h"
#include "http/handlers.h"
#include "inventory/flights.h"

/*
 * The items asked for ($2 null: every live one), as of $3. Columns: items asked for but not there or not live; items
 * whose flight has left; numbers; penalties; sum of penalties; sum of refunds.
 */
static BkQuery price_cancellation = BK_SELECT(
	"SELECT pg_catalog.count(*) FILTER (WHERE i.status IS NULL OR i.status IN ('cancelled', 'expired')),"
	"       pg_catalog.count(*) FILTER (WHERE i.status IN ('flown', 'no_show')"
	"                                      OR f.status IN ('departed', 'arrived')),"
	"       pg_catalog.array_agg(w.item_no ORDER BY w.item_no),"
	"       pg_catalog.array_agg(p.penalty ORDER BY w.item_no),"
	"       pg_catalog.sum(p.penalty),"
	"       pg_catalog.sum(CASE i.status WHEN 'held' THEN 0 ELSE i.price - p.penalty END)"
	"  FROM (SELECT pg_catalog.unnest($2) AS item_no"
	"        UNION"
	"        SELECT l.item_no"
	"          FROM public.booking_items AS l"
	"         WHERE $2 IS NULL AND l.booking_id = $1 AND l.status NOT IN ('cancelled', 'expired')) AS w"
	"  JOIN public.bookings AS b ON b.booking_id = $1"
	"  JOIN public.fares AS a ON a.fare_code = b.fare_code"
	"  LEFT JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
	"  LEFT JOIN public.flights AS f ON f.flight_id = i.flight_id," BK_SQL_FARE_RULE(
		"f",
		"$3") ","
			  "       LATERAL (SELECT CASE"
			  "                         WHEN i.status = 'held' OR f.status = 'cancelled' THEN 0"
			  "                         WHEN $3 <= b.confirmed_at + interval '24 hours'"
			  "                              AND f.scheduled_departure >= $3 + interval '7 days' THEN 0"
			  "                         WHEN NOT a.refundable THEN i.price"
			  "                         ELSE pg_catalog.round(i.price * fee.cancellation_percent / 100, 2)"
			  "                       END) AS p (penalty)",
	INT8OID, INT2ARRAYOID, TIMESTAMPTZOID);

static BkQuery insert_quote = BK_INSERT_RETURNING(
	"INSERT INTO public.cancellations"
	"       (booking_id, item_nos, booking_version, refund_amount, penalty_amount, currency,"
	"        created_at, expires_at)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $7 + pg_catalog.make_interval(secs => $8))"
	" RETURNING cancellation_id",
	INT8OID, INT2ARRAYOID, INT4OID, NUMERICOID, NUMERICOID, BPCHAROID, TIMESTAMPTZOID,
	FLOAT8OID);

static BkQuery find_quote = BK_SELECT(
	"SELECT c.booking_id, c.status, c.booking_version, c.expires_at,"
	"       EXISTS (SELECT FROM public.cancellations AS n"
	"                WHERE n.booking_id = c.booking_id AND n.cancellation_id > c.cancellation_id),"
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

static BkQuery read_cancellation = BK_SELECT(
	"SELECT cancellation_id, booking_id, pg_catalog.to_json(item_nos) AS items, refund_amount,"
	"       penalty_amount, currency::text, status, expires_at, confirmed_at"
	"  FROM public.cancellations"
	" WHERE cancellation_id = $1",
	INT8OID);

typedef struct Price
{
	Datum item_nos;
	Datum penalties;
	Datum penalty_amount;
	Datum refund_amount;
} Price;

static Price price(const BkBooking *booking, Datum item_nos, bool all_items,
				   TimestampTz moment);
static BkRows read_quote(int64 cancellation_id);
static void put(BkResponse *response, int64 cancellation_id);

PG_FUNCTION_INFO_V1(booking_quote_cancellation);
PG_FUNCTION_INFO_V1(booking_confirm_cancellation);
PG_FUNCTION_INFO_V1(booking_cancel);

/* booking_id, item_nos (null: every live item), if_version, as of a SQL function. */
static int64
quote_from_args(FunctionCallInfo fcinfo)
{
	int64 booking_id;
	int32 if_version = bk_booking_if_version(fcinfo, 2);
	ArrayType *array;

	if (PG_ARGISNULL(0))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("booking_id is required"));
	booking_id = PG_GETARG_INT64(0);
	if (PG_ARGISNULL(1))
		return bk_cancellation_quote(booking_id, if_version, NULL, 0);

	array = PG_GETARG_ARRAYTYPE_P(1);
	if (ARR_NDIM(array) != 1 || ARR_HASNULL(array) || ARR_DIMS(array)[0] > BK_MAX_ITEMS)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("item_nos must be a list of 1 to %d item numbers", BK_MAX_ITEMS));
	return bk_cancellation_quote(booking_id, if_version, (int16 *) ARR_DATA_PTR(array),
								 ARR_DIMS(array)[0]);
}

/* booking.quote_cancellation(booking_id, item_nos, if_version): see its COMMENT. */
Datum
booking_quote_cancellation(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, read_quote(quote_from_args(fcinfo)));
	SPI_finish();
	return (Datum) 0;
}

/* booking.confirm_cancellation(cancellation_id): see its COMMENT. */
Datum
booking_confirm_cancellation(PG_FUNCTION_ARGS)
{
	int64 cancellation_id = PG_GETARG_INT64(0);

	SPI_connect();
	bk_cancellation_confirm(cancellation_id);
	bk_result_return(fcinfo, read_quote(cancellation_id));
	SPI_finish();
	return (Datum) 0;
}

/* booking.cancel(booking_id, item_nos, if_version): see its COMMENT. */
Datum
booking_cancel(PG_FUNCTION_ARGS)
{
	int64 cancellation_id;

	SPI_connect();
	cancellation_id = quote_from_args(fcinfo);
	bk_cancellation_confirm(cancellation_id);
	bk_result_return(fcinfo, read_quote(cancellation_id));
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_cancellations_create(const BkRequest *request, BkResponse *response)
{
	int count;
	int16 *item_nos = bk_json_int16_array(request->body, "items", BK_MAX_ITEMS, &count);

	put(response, bk_cancellation_quote(request->ids[0], bk_http_if_match(request),
										item_nos, count));
}

void
bk_http_cancellations_confirm(const BkRequest *request, BkResponse *response)
{
	bk_cancellation_confirm(request->ids[0]);
	put(response, request->ids[0]);
}

int64
bk_cancellation_quote(int64 booking_id, int32 if_version, const int16 *item_nos, int count)
{
	BkBooking booking = bk_booking_lock_live(booking_id, if_version);
	TimestampTz moment = GetCurrentTimestamp();
	Datum *elements = palloc_array(Datum, Max(count, 1));
	Price quoted;
	Datum values[8];

	for (int i = 0; i < count; i++)
		elements[i] = Int16GetDatum(item_nos[i]);
	quoted = price(&booking,
				   PointerGetDatum(construct_array_builtin(elements, count, INT2OID)),
				   count == 0, moment);

	values[0] = Int64GetDatum(booking_id);
	values[1] = quoted.item_nos;
	values[2] = Int32GetDatum(booking.version);
	values[3] = quoted.refund_amount;
	values[4] = quoted.penalty_amount;
	values[5] = CStringGetTextDatum(booking.currency);
	values[6] = TimestampTzGetDatum(moment);
	values[7] = Float8GetDatum((float8) bk_quote_duration);
	return bk_row_int64_at(bk_query_run_old(&insert_quote, values, NULL), 0, 1);
}

void
bk_cancellation_confirm(int64 cancellation_id)
{
	Datum values[] = {Int64GetDatum(cancellation_id)};
	BkRows quote = bk_query_run_old(&find_quote, values, NULL);
	BkBooking booking;
	Datum booking_ids;
	Price due;
	BkRows freed;

	if (quote.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no cancellation " INT64_FORMAT, cancellation_id));

	booking = bk_booking_lock_live(bk_row_int64_at(quote, 0, 1), BK_ANY_VERSION);
	quote = bk_query_run_old(&find_quote, values,
							 NULL); /* as it is now that the booking is ours */
	bk_quote_require_fresh(quote, &booking, SB_ALREADY_CANCELLED, SB_CANCELLATION_STALE);
	due = price(&booking, bk_row_value_at(quote, 0, 6), false,
				bk_row_timestamptz_at(quote, 0, 7));
	if (!DatumGetBool(DirectFunctionCall2(numeric_eq, due.refund_amount,
										  bk_row_value_at(quote, 0, 8))))
		ereport(ERROR, errcode(SB_CANCELLATION_STALE),
				errmsg("the refund is no longer what was quoted"),
				errhint("Ask for a new quote."));

	booking_ids = bk_booking_id_array(booking.booking_id);
	bk_seats_lock(booking_ids);
	freed = bk_items_cancel(booking.booking_id, due.item_nos, due.penalties);
	if (bk_row_int64_at(freed, 0, 3) != ARR_DIMS(DatumGetArrayTypeP(due.item_nos))[0])
		bk_booking_refuse_lapsed(booking.booking_id);
	bk_seats_release(bk_row_value_at(freed, 0, 1), bk_row_value_at(freed, 0, 2));
	bk_payment_refund(booking.booking_id, due.refund_amount, booking.currency,
					  cancellation_id, 0);
	(void) bk_query_run_old(&confirm_quote, values, NULL);
	bk_booking_settle(booking.booking_id);
}

/* What cancelling the items costs as of a moment. */
static Price
price(const BkBooking *booking, Datum item_nos, bool all_items, TimestampTz moment)
{
	Datum values[] = {Int64GetDatum(booking->booking_id), item_nos,
					  TimestampTzGetDatum(moment)};
	BkRows rows = bk_query_run_old(&price_cancellation, values, all_items ? " n " : NULL);
	Price price;

	/* A hold that has lapsed since it was locked may have lost items to a claim, even all of them. */
	if ((bk_row_int64_at(rows, 0, 1) > 0 || bk_row_isnull_at(rows, 0, 3)) &&
		booking->held_until <= GetCurrentTimestamp())
		bk_booking_refuse_lapsed(booking->booking_id);
	if (bk_row_int64_at(rows, 0, 1) > 0 || bk_row_isnull_at(rows, 0, 3))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("booking " INT64_FORMAT " has no such live item",
					   booking->booking_id),
				errhint(
					"Name items that are neither cancelled nor expired, or none for all."));
	if (bk_row_int64_at(rows, 0, 2) > 0)
		ereport(ERROR, errcode(SB_NOT_CANCELLABLE),
				errmsg("a flight of booking " INT64_FORMAT " has left",
					   booking->booking_id),
				errhint("Name the items of flights that have not left yet."));

	price.item_nos = bk_row_value_at(rows, 0, 3);
	price.penalties = bk_row_value_at(rows, 0, 4);
	price.penalty_amount = bk_row_value_at(rows, 0, 5);
	price.refund_amount = bk_row_value_at(rows, 0, 6);
	return price;
}

static BkRows
read_quote(int64 cancellation_id)
{
	Datum values[] = {Int64GetDatum(cancellation_id)};

	return bk_query_run_old(&read_cancellation, values, NULL);
}

static void
put(BkResponse *response, int64 cancellation_id)
{
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, read_quote(cancellation_id), 0);
	bk_json_close(response->body, '}');
}
