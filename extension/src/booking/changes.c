/*
 * changes.c
 *		Moving items to other seats or flights: a quote (change_quote.c), then its confirmation.
 *
 * A quote claims nothing. Confirming it locks the old seats and the new ones together, in lock order, claims the new and
 * then releases the old; seats that items of the change exchange are neither claimed nor released. Items that stay keep their
 * price. The fees are those of change_quote.c.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/numeric.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/words.h"
#include "booking/booking_summary.h"
#include "booking/bookings.h"
#include "booking/changes.h"
#include "booking/customers.h"
#include "booking/items.h"
#include "booking/itinerary.h"
#include "booking/payments.h"
#include "booking/quotes.h"
#include "identity/principal.h"

/* What bk_quote_require_fresh looks at, and what was quoted. */
static BkQuery find_quote = BK_SELECT(
	"SELECT c.booking_id, b.customer_id, c.status, c.booking_version, c.expires_at,"
	"       EXISTS (SELECT FROM public.booking_changes AS n"
	"                WHERE n.booking_id = c.booking_id AND n.change_id > c.change_id) AS superseded,"
	"       c.change_amount,"
	"       EXISTS (SELECT FROM public.booking_change_items AS n"
	"                 JOIN public.booking_items AS i ON i.booking_id = c.booking_id AND i.item_no = n.item_no"
	"                WHERE n.change_id = c.change_id AND n.flight_id <> i.flight_id) AS elsewhere"
	"  FROM public.booking_changes AS c"
	"  JOIN public.bookings AS b USING (booking_id)"
	" WHERE c.change_id = $1",
	INT8OID);

/* The passengers who come to another flight, and which. */
static BkQuery read_newcomers = BK_SELECT(
	"SELECT c.flight_id, i.passenger_name, public.folded_text(i.passenger_name) AS folded_name"
	"  FROM public.booking_change_items AS c"
	"  JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = c.item_no"
	" WHERE c.change_id = $2 AND c.flight_id <> i.flight_id",
	INT8OID, INT8OID);

/* The seats that the booking does not have yet: those that another item of the change leaves are its own. */
static BkQuery read_new_seats = BK_SELECT(
	"SELECT c.flight_id, c.seat_number"
	"  FROM public.booking_change_items AS c"
	" WHERE c.change_id = $2"
	"   AND NOT EXISTS (SELECT"
	"                     FROM public.booking_change_items AS o"
	"                     JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = o.item_no"
	"                    WHERE o.change_id = $2 AND o.item_no <> c.item_no"
	"                      AND i.flight_id = c.flight_id AND i.seat_number = c.seat_number"
	"                      AND " BK_SQL_LIVE("i") ")",
	INT8OID, INT8OID);

/*
 * A passenger who would be twice on a flight: another live item of the same name is there now or goes there too. One who
 * only leaves while the other comes counts as well, since the unique index sees each row for itself. OFFSET 0: the items of the
 * booking are few, and nobody is looked for by name among all.
 */
static BkQuery find_double = BK_SELECT(
	"SELECT i.passenger_name, c.flight_id"
	"  FROM public.booking_change_items AS c"
	"  JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = c.item_no"
	" CROSS JOIN LATERAL (SELECT j.item_no, j.flight_id, j.passenger_name"
	"                       FROM public.booking_items AS j"
	"                      WHERE j.booking_id = $1 AND " BK_SQL_LIVE(
		"j") " OFFSET 0) AS j"
			 "  LEFT JOIN public.booking_change_items AS o ON o.change_id = $2 AND o.item_no = j.item_no"
			 " WHERE c.change_id = $2 AND c.flight_id <> i.flight_id AND j.item_no <> i.item_no"
			 "   AND c.flight_id IN (j.flight_id, o.flight_id)"
			 "   AND public.folded_text(j.passenger_name) = public.folded_text(i.passenger_name)"
			 " LIMIT 1",
	INT8OID, INT8OID);

/* When the first of the flights that a change moves to closes its sales. */
static BkQuery find_sales_close =
	BK_SELECT("SELECT pg_catalog.min(f.sales_close_at) AS sales_close_at"
			  "  FROM public.booking_change_items AS c"
			  "  JOIN public.flights AS f USING (flight_id)"
			  " WHERE c.change_id = $1",
			  INT8OID);

static BkQuery confirm_quote =
	BK_UPDATE("UPDATE public.booking_changes"
			  "   SET status = 'confirmed', confirmed_at = pg_catalog.clock_timestamp(),"
			  "       updated_at = pg_catalog.clock_timestamp()"
			  " WHERE change_id = $1",
			  INT8OID);

/* As callers see it; the names of the columns are those of the SQL functions and of the JSON. */
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

pg_noreturn static void refuse_unknown(int64 change_id);
static bool require_tender(const BkBooking *booking, Datum due, const BkTender *tender);
static void refuse_double(int64 customer_id, int64 booking_id, int64 change_id);
static void shorten_hold(BkBooking *booking, int64 change_id);
static void move_items(const BkBooking *booking, int64 change_id);
static void claim_new_seats(const BkBooking *booking, int64 change_id);
static Datum numeric_of(int number);

PG_FUNCTION_INFO_V1(booking_quote_change);
PG_FUNCTION_INFO_V1(booking_confirm_change);
PG_FUNCTION_INFO_V1(booking_change_seat);

/*
 * booking.quote_change(booking_id, change, if_version): quotes moving the items that change names and returns the quote.
 * Raises what bk_change_quote does.
 */
Datum
booking_quote_change(PG_FUNCTION_ARGS)
{
	int64 if_version = bk_booking_if_version(fcinfo, 2);
	int count;
	BkMove *moves;

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	bk_check_given("change", !PG_ARGISNULL(1));
	SPI_connect();
	moves = bk_change_read_moves(bk_json_top(PG_GETARG_JSONB_P(1), "change"), &count);
	bk_result_return(fcinfo, bk_change_row(bk_change_quote(PG_GETARG_INT64(0), if_version,
														   moves, count)));
	SPI_finish();
	return (Datum) 0;
}

/*
 * booking.confirm_change(change_id, amount, currency, method): carries a quote out and returns it. Raises what
 * bk_change_confirm does.
 */
Datum
booking_confirm_change(PG_FUNCTION_ARGS)
{
	int64 change_id = PG_GETARG_INT64(0);
	BkTender tender = bk_tender_of_args(fcinfo, 1);

	bk_check_given("change_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_change_confirm(change_id, &tender);
	bk_result_return(fcinfo, bk_change_row(change_id));
	SPI_finish();
	return (Datum) 0;
}

/*
 * booking.change_seat(booking_id, item_no, seat_number, amount, currency, method, if_version): moves an item to another
 * seat of its flight and returns the booking's summary. Raises what bk_change_seat does.
 */
Datum
booking_change_seat(PG_FUNCTION_ARGS)
{
	int64 booking_id = PG_GETARG_INT64(0);
	BkTender tender = bk_tender_of_args(fcinfo, 3);
	BkMove move = {.path = "",
				   .item_no = PG_GETARG_INT16(1),
				   .seat_number = bk_argument_text(fcinfo, 2)};

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	bk_check_given("item_no", !PG_ARGISNULL(1));
	SPI_connect();
	bk_change_seat(booking_id, bk_booking_if_version(fcinfo, 6), &move, &tender);
	bk_booking_return(fcinfo, booking_id);
	SPI_finish();
	return (Datum) 0;
}

/* The quote is read once to learn whose it is, and again under the lock of its booking: only then does it hold still. */
void
bk_change_confirm(int64 change_id, const BkTender *tender)
{
	BkRows quote;
	BkBooking booking;
	Datum due;
	int64 customer_id;
	bool elsewhere; /* does a passenger come to another flight? */
	bool pays;

	if (tender->given)
		bk_tender_check(tender);
	quote = bk_query_run(&find_quote, bk_int64(change_id));
	if (quote.count == 0 ||
		!bk_principal_has_booking(bk_row_int64(quote, 0, "booking_id")))
		refuse_unknown(change_id);
	elsewhere = bk_row_bool(quote, 0, "elsewhere");
	customer_id = bk_row_int64(quote, 0, "customer_id");
	if (elsewhere)
		bk_customer_lock(customer_id);
	booking = bk_booking_lock_live(bk_row_int64(quote, 0, "booking_id"), BK_ANY_VERSION);
	/* As it is now that the booking is ours. */
	quote = bk_query_run(&find_quote, bk_int64(change_id));
	bk_quote_require_fresh(quote, &booking, SB_CHANGE_STALE, SB_CHANGE_STALE);
	due = bk_row_value(quote, 0, "change_amount");
	bk_change_require_still_allowed(booking.booking_id, change_id);
	pays = require_tender(&booking, due, tender);

	if (elsewhere)
		refuse_double(customer_id, booking.booking_id, change_id);
	bk_seats_lock_change(booking.booking_id, change_id);
	if (bk_word_is(booking.status, BK_HELD))
		shorten_hold(&booking, change_id);
	move_items(&booking, change_id);
	(void) bk_query_run(&confirm_quote, bk_int64(change_id));
	if (pays)
		bk_payment_enter(booking.booking_id, due, booking.currency, tender->method, 0,
						 change_id);
	else if (!bk_word_is(booking.status, BK_HELD))
		bk_payment_refund(booking.booking_id, DirectFunctionCall1(numeric_uminus, due),
						  booking.currency, 0, change_id);
	bk_booking_settle(booking.booking_id);
}

void
bk_change_seat(int64 booking_id, int64 if_version, const BkMove *move,
			   const BkTender *tender)
{
	bk_change_confirm(bk_change_quote(booking_id, if_version, move, 1), tender);
}

BkRows
bk_change_row(int64 change_id)
{
	BkRows rows = bk_query_run(&read_change, bk_int64(change_id));

	if (rows.count == 0 || !bk_principal_has_booking(bk_row_int64(rows, 0, "booking_id")))
		refuse_unknown(change_id);
	return rows;
}

/* Raises SB011. */
static void
refuse_unknown(int64 change_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no change " INT64_FORMAT, change_id));
}

/*
 * Whether the caller pays something now, exactly what is due; a hold pays with the rest, later. Raises SB006, and SB010
 * where nothing is offered and something due, or the other way round.
 */
static bool
require_tender(const BkBooking *booking, Datum due, const BkTender *tender)
{
	bool pays = !bk_word_is(booking->status, BK_HELD) &&
				DatumGetBool(DirectFunctionCall2(numeric_gt, due, numeric_of(0)));

	if (!pays && tender->given)
		bk_check_refuse("payment", "is given where nothing is due");
	if (pays)
		bk_tender_compare(tender, due, booking->currency);
	return pays;
}

/* Raises SB008 where the change would take a passenger to a flight twice, in this booking or in two of the customer. */
static void
refuse_double(int64 customer_id, int64 booking_id, int64 change_id)
{
	BkRows rows = bk_query_run(&find_double, bk_int64(booking_id), bk_int64(change_id));
	BkTraveller *travellers;

	if (rows.count > 0)
		ereport(ERROR, errcode(SB_DUPLICATE_PASSENGER),
				errmsg("passenger \"%s\" would be twice on flight %s",
					   bk_row_text(rows, 0, "passenger_name"),
					   bk_row_text(rows, 0, "flight_id")));
	rows = bk_query_run(&read_newcomers, bk_int64(booking_id), bk_int64(change_id));
	travellers = palloc_array(BkTraveller, Max(rows.count, 1));
	for (uint64 row = 0; row < rows.count; row++)
		travellers[row] = (BkTraveller){.flight_id = bk_row_int64(rows, row, "flight_id"),
										.name = bk_row_text(rows, row, "passenger_name"),
										.folded_name = bk_row_text(rows, row,
																   "folded_name")};
	bk_itinerary_require_single(customer_id, booking_id, travellers, rows.count);
}

/* A hold lasts no longer than the sales of any of its flights, those that it moves to included. Its seats must be locked. */
static void
shorten_hold(BkBooking *booking, int64 change_id)
{
	BkRows rows = bk_query_run(&find_sales_close, bk_int64(change_id));
	TimestampTz sales_close_at = bk_row_timestamptz(rows, 0, "sales_close_at");

	if (sales_close_at >= booking->held_until)
		return;
	booking->held_until = sales_close_at;
	bk_booking_hold_until(booking->booking_id, sales_close_at);
	bk_seats_hold_until(booking->booking_id, sales_close_at);
}

/*
 * The seats, old and new, must be locked; the new ones are claimed before the old are released. Raises SB001, and SB003
 * where a claim has taken over a seat of a lapsed hold meanwhile.
 */
static void
move_items(const BkBooking *booking, int64 change_id)
{
	BkRows moved;

	claim_new_seats(booking, change_id);
	moved = bk_items_move(booking->booking_id, change_id);
	if (!bk_row_bool(moved, 0, "all_moved"))
		bk_booking_refuse_lapsed(booking->booking_id);
	if (!bk_row_isnull(moved, 0, "flight_ids"))
		bk_seats_release(bk_row_value(moved, 0, "flight_ids"),
						 bk_row_value(moved, 0, "seat_numbers"));
}

/*
 * Claims the seats in the booking's state: held until its own deadline, or booked. Their prices are those of the quote, so
 * what the claim makes of them is not looked at.
 */
static void
claim_new_seats(const BkBooking *booking, int64 change_id)
{
	BkRows rows = bk_query_run(&read_new_seats, bk_int64(booking->booking_id),
							   bk_int64(change_id));
	BkClaim *claims = palloc0_array(BkClaim, rows.count);
	BkTerms terms = {.status = bk_word_is(booking->status, BK_HELD) ? BK_HELD : BK_BOOKED,
					 .held_until = booking->held_until,
					 .fare_factor = numeric_of(1),
					 .decimals = 2,
					 .amount = {.isnull = true}};

	for (uint64 row = 0; row < rows.count; row++)
	{
		claims[row].flight_id = bk_row_int64(rows, row, "flight_id");
		claims[row].seat_number = bk_row_text(rows, row, "seat_number");
		claims[row].terms = &terms;
	}
	bk_seats_claim(claims, (int) rows.count);
	bk_items_expire_claimed(claims, (int) rows.count);
}

/* A whole number as a numeric. */
static Datum
numeric_of(int number)
{
	return NumericGetDatum(int64_to_numeric(number));
}
