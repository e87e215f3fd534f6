/*
 * changes.c
 *		Moving items to other seats or flights: a quote (change_quote.c), then its confirmation.
 *
 * A quote claims nothing. Confirming it locks the old seats and the new ones together, in lock order, claims the new and
 * then releases the old; items that stay keep their price. Another seat of the same flight costs no fee; another
 * flight costs the fare's change fee, or nothing where the airline cancelled the old one or the booking is not paid yet.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "booking/booking_document.h"
#include "booking/bookings.h"
#include "booking/changes.h"
#include "booking/items.h"
#include "booking/payments.h"
#include "booking/quotes.h"
#include "http/etag.h"
#include "http/handlers.h"

static BkQuery find_quote = BK_SELECT(
	"SELECT c.booking_id, c.status, c.booking_version, c.expires_at,"
	"       EXISTS (SELECT FROM public.booking_changes AS n"
	"                WHERE n.booking_id = c.booking_id AND n.change_id > c.change_id),"
	"       c.change_amount"
	"  FROM public.booking_changes AS c"
	" WHERE c.change_id = $1",
	INT8OID);

static BkQuery read_moves = BK_SELECT(
	"SELECT flight_id, seat_number FROM public.booking_change_items WHERE change_id = $1",
	INT8OID);

/*
 * A passenger who would be twice on a flight: another live item of the same name is there now or goes there too. One who
 * only leaves while the other comes counts as well, since the unique index sees each row for itself.
 */
static BkQuery find_double = BK_SELECT(
	"SELECT i.passenger_name, c.flight_id"
	"  FROM public.booking_change_items AS c"
	"  JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = c.item_no"
	"  JOIN public.booking_items AS j ON j.booking_id = $1 AND j.item_no <> i.item_no"
	"   AND pg_catalog.lower(j.passenger_name) = pg_catalog.lower(i.passenger_name)"
	"   AND j.status NOT IN ('cancelled', 'expired')"
	"  LEFT JOIN public.booking_change_items AS o ON o.change_id = $2 AND o.item_no = j.item_no"
	" WHERE c.change_id = $2 AND c.flight_id <> i.flight_id"
	"   AND c.flight_id IN (j.flight_id, o.flight_id)"
	" LIMIT 1",
	INT8OID, INT8OID);

static BkQuery confirm_quote =
	BK_UPDATE("UPDATE public.booking_changes"
			  "   SET status = 'confirmed', confirmed_at = pg_catalog.clock_timestamp(),"
			  "       updated_at = pg_catalog.clock_timestamp()"
			  " WHERE change_id = $1",
			  INT8OID);

static BkQuery read_change = BK_SELECT(
	"SELECT c.change_id, c.booking_id,"
	"       (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('item_no', i.item_no, 'flight_id', i.flight_id,"
	"                   'seat_number', i.seat_number, 'old_price', i.old_price::text, 'new_price', i.new_price::text,"
	"                   'fee_amount', i.fee_amount::text) ORDER BY i.item_no)"
	"          FROM public.booking_change_items AS i WHERE i.change_id = c.change_id) AS items,"
	"       c.change_amount, c.fee_amount, c.currency::text, c.status, c.expires_at, c.confirmed_at"
	"  FROM public.booking_changes AS c"
	" WHERE c.change_id = $1",
	INT8OID);

static BkTender read_tender(BkObject body);
static BkTender tender_from_args(FunctionCallInfo fcinfo, int first);
static bool require_tender(const BkBooking *booking, Datum due, const BkTender *tender);
static void refuse_double(int64 booking_id, int64 change_id);
static int claim_new_seats(const BkBooking *booking, int64 change_id);
static BkRows read_quote(int64 change_id);
static void put(BkResponse *response, int64 change_id);

PG_FUNCTION_INFO_V1(booking_quote_change);
PG_FUNCTION_INFO_V1(booking_confirm_change);
PG_FUNCTION_INFO_V1(booking_change_seat);

/* booking.quote_change(booking_id, change, if_version): see its COMMENT. */
Datum
booking_quote_change(PG_FUNCTION_ARGS)
{
	int count;
	BkMove *moves;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("booking_id and change are required"));
	SPI_connect();
	moves = bk_change_read_moves(bk_json_top(PG_GETARG_JSONB_P(1), "change"), &count);
	bk_result_return(fcinfo, read_quote(bk_change_quote(PG_GETARG_INT64(0),
														bk_booking_if_version(fcinfo, 2),
														moves, count)));
	SPI_finish();
	return (Datum) 0;
}

/* booking.confirm_change(change_id, amount, currency, method): see its COMMENT. */
Datum
booking_confirm_change(PG_FUNCTION_ARGS)
{
	BkTender tender;

	if (PG_ARGISNULL(0))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("change_id is required"));
	SPI_connect();
	tender = tender_from_args(fcinfo, 1);
	bk_change_confirm(PG_GETARG_INT64(0), &tender);
	bk_result_return(fcinfo, read_quote(PG_GETARG_INT64(0)));
	SPI_finish();
	return (Datum) 0;
}

/* booking.change_seat(booking_id, item_no, seat_number, amount, currency, method, if_version): see its COMMENT. */
Datum
booking_change_seat(PG_FUNCTION_ARGS)
{
	BkMove move = {0};
	BkTender tender;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("booking_id, item_no and seat_number are required"));
	SPI_connect();
	move.item_no = PG_GETARG_INT16(1);
	move.seat_number = text_to_cstring(PG_GETARG_TEXT_PP(2));
	tender = tender_from_args(fcinfo, 3);
	bk_change_confirm(bk_change_quote(PG_GETARG_INT64(0),
									  bk_booking_if_version(fcinfo, 6), &move, 1),
					  &tender);
	bk_booking_return(fcinfo, PG_GETARG_INT64(0));
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_changes_create(const BkRequest *request, BkResponse *response)
{
	int count;
	BkMove *moves = bk_change_read_moves(request->body, &count);

	put(response,
		bk_change_quote(request->ids[0], bk_http_if_match(request), moves, count));
}

void
bk_http_changes_confirm(const BkRequest *request, BkResponse *response)
{
	BkTender tender = read_tender(request->body);

	bk_change_confirm(request->ids[0], &tender);
	put(response, request->ids[0]);
}

void
bk_http_seat_change(const BkRequest *request, BkResponse *response)
{
	BkTender tender = read_tender(request->body);
	BkMove move = {.flight_id = 0,
				   .seat_number = bk_json_string(request->body, "seat", 3, BK_REQUIRED)};

	if (request->ids[1] > BK_MAX_ITEMS)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no item " INT64_FORMAT, request->ids[1]));
	move.item_no = (int16) request->ids[1];
	bk_change_confirm(bk_change_quote(request->ids[0], bk_http_if_match(request), &move,
									  1),
					  &tender);
	bk_http_put_booking(response, request->ids[0]);
}

void
bk_change_confirm(int64 change_id, const BkTender *tender)
{
	Datum values[] = {Int64GetDatum(change_id)};
	BkRows quote = bk_query_run_old(&find_quote, values, NULL);
	BkBooking booking;
	BkRows freed;
	Datum due;
	int count;
	bool pays;

	if (quote.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no change " INT64_FORMAT, change_id));
	booking = bk_booking_lock_live(bk_row_int64_at(quote, 0, 1), BK_ANY_VERSION);
	quote = bk_query_run_old(&find_quote, values,
							 NULL); /* as it is now that the booking is ours */
	bk_quote_require_fresh(quote, &booking, SB_CHANGE_STALE, SB_CHANGE_STALE);
	due = bk_row_value_at(quote, 0, 6);
	pays = require_tender(&booking, due, tender);

	refuse_double(booking.booking_id, change_id);
	bk_seats_lock_change(booking.booking_id, change_id);
	count = claim_new_seats(&booking, change_id);
	freed = bk_items_move(booking.booking_id, change_id);
	if (bk_row_int64_at(freed, 0, 3) != count)
		bk_booking_refuse_lapsed(booking.booking_id);
	bk_seats_release(bk_row_value_at(freed, 0, 1), bk_row_value_at(freed, 0, 2));
	(void) bk_query_run_old(&confirm_quote, values, NULL);
	if (pays)
		bk_payment_enter(booking.booking_id, due, booking.currency, tender->method, 0,
						 change_id);
	else if (strcmp(booking.status, "held") != 0)
		bk_payment_refund(booking.booking_id, DirectFunctionCall1(numeric_uminus, due),
						  booking.currency, 0, change_id);
	bk_booking_settle(booking.booking_id);
}

static BkTender
read_tender(BkObject body)
{
	BkObject payment = bk_json_object(body, "payment");
	BkTender tender = {0};

	if (payment.container != NULL)
		bk_payment_read(payment, &tender.amount, &tender.currency, &tender.method);
	return tender;
}

/* amount, currency, method: all or none. */
static BkTender
tender_from_args(FunctionCallInfo fcinfo, int first)
{
	BkTender tender = {0};

	if (PG_ARGISNULL(first) != PG_ARGISNULL(first + 1) || PG_ARGISNULL(first + 2))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("amount, currency and method go together"));
	if (PG_ARGISNULL(first))
		return tender;
	tender.amount = PG_GETARG_DATUM(first);
	tender.currency = text_to_cstring(PG_GETARG_TEXT_PP(first + 1));
	tender.method = text_to_cstring(PG_GETARG_TEXT_PP(first + 2));
	return tender;
}

/* Whether the caller pays something now, exactly what is due; a hold pays with the rest, later. */
static bool
require_tender(const BkBooking *booking, Datum due, const BkTender *tender)
{
	bool pays = strcmp(booking->status, "held") != 0 &&
				DatumGetBool(DirectFunctionCall2(numeric_gt, due,
												 DirectFunctionCall1(int4_numeric,
																	 Int32GetDatum(0))));

	if (pays && tender->currency == NULL)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("field \"payment\" is required: %s %s are due",
					   DatumGetCString(DirectFunctionCall1(numeric_out, due)),
					   booking->currency));
	if (!pays && tender->currency != NULL)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("field \"payment\" is given where nothing is due"));
	if (pays)
		bk_payment_compare(tender->amount, tender->currency, due, booking->currency);
	return pays;
}

static void
refuse_double(int64 booking_id, int64 change_id)
{
	Datum values[] = {Int64GetDatum(booking_id), Int64GetDatum(change_id)};
	BkRows rows = bk_query_run_old(&find_double, values, NULL);

	if (rows.count > 0)
		ereport(ERROR, errcode(SB_DUPLICATE_PASSENGER),
				errmsg("passenger \"%s\" would be twice on flight %s",
					   bk_row_text_at(rows, 0, 1), bk_row_text_at(rows, 0, 2)));
}

/* In the booking's state: held until its own deadline, or booked. The seats' prices are those of the quote. Returns how many. */
static int
claim_new_seats(const BkBooking *booking, int64 change_id)
{
	Datum values[] = {Int64GetDatum(change_id)};
	BkRows rows = bk_query_run_old(&read_moves, values, NULL);
	BkClaim *claims = palloc0_array(BkClaim, rows.count);
	BkTerms terms = {.status = strcmp(booking->status, "held") == 0 ? "held" : "booked",
					 .held_until = booking->held_until,
					 .fare_factor = DirectFunctionCall1(int4_numeric, Int32GetDatum(1))};

	for (uint64 row = 0; row < rows.count; row++)
	{
		claims[row].flight_id = bk_row_int64_at(rows, row, 1);
		claims[row].seat_number = bk_row_text_at(rows, row, 2);
		claims[row].terms = &terms;
	}
	bk_seats_claim(claims, (int) rows.count);
	return (int) rows.count;
}

static BkRows
read_quote(int64 change_id)
{
	Datum values[] = {Int64GetDatum(change_id)};

	return bk_query_run_old(&read_change, values, NULL);
}

static void
put(BkResponse *response, int64 change_id)
{
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, read_quote(change_id), 0);
	bk_json_close(response->body, '}');
}
