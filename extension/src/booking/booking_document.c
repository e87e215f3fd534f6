/*
 * booking_document.c
 *		A booking as callers see it: its document, a JSON object.
 *
 * It has one writer. What it writes is filled from the booking's rows, or from what was just made, so that making a booking
 * does not read what it wrote. What a field shows is decided where it is filled, its name and place where it is written.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/check.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/words.h"
#include "booking/booking_document.h"
#include "booking/booking_summary.h"
#include "booking/itinerary.h"
#include "inventory/flights.h"

#define NO_AMOUNT "0.00"
#define CHANGE_ACTIONS "\"cancel\",\"change\""

static BkQuery read_booking = BK_SELECT(
	"SELECT " BK_SQL_SUMMARY ","
	"       b.customer_id, b.fare_code, b.channel, b.confirmed_at, b.cancelled_at, s.expired_at, b.created_at,"
	"       b.contact_email, b.contact_phone,"
	"       (SELECT COALESCE(pg_catalog.sum(p.amount), " NO_AMOUNT ")"
	"          FROM public.payments AS p"
	"         WHERE p.booking_id = b.booking_id) AS paid_amount"
	"  FROM " BK_SQL_SHOWN_BOOKINGS " WHERE b.booking_id = $1",
	INT8OID);

/* What an item shows of its flight f, o being the origin. */
#define SQL_ITEM_FLIGHT                                                             \
	"f.flight_id, f.flight_number, f.origin, f.destination, f.scheduled_departure," \
	" pg_catalog.timezone(o.time_zone, f.scheduled_departure) AS scheduled_departure_local"
/* What the customer may do about an item depends on these. */
#define SQL_FLIGHT_STATE \
	BK_SQL_LEFT("f") " AS has_left," BK_SQL_GROUNDED("f") " AS grounded"
#define FIRST_OF_FLIGHT "flight_id"
#define LAST_OF_FLIGHT "scheduled_departure_local"

static BkQuery read_items = BK_SELECT(
	"SELECT i.item_no, i.journey_no, " SQL_ITEM_FLIGHT ","
	"       i.seat_number, s.cabin_class::text, i.passenger_name, i.passenger_type, i.price,"
	"       i.penalty_amount, i.fee_amount,"
	"       CASE WHEN i.status = 'held' AND shown.status = 'expired' THEN 'expired' ELSE i.status END AS status, " SQL_FLIGHT_STATE
	"  FROM public.booking_items AS i"
	"  JOIN (SELECT b.booking_id, s.status FROM " BK_SQL_SHOWN_BOOKINGS
	") AS shown USING (booking_id)"
	"  JOIN public.flights AS f USING (flight_id)"
	"  JOIN public.airports AS o ON o.iata = f.origin"
	"  JOIN public.seats AS s USING (flight_id, seat_number)"
	" WHERE i.booking_id = $1"
	" ORDER BY i.item_no",
	INT8OID);

static BkQuery read_flight = BK_SELECT("SELECT " SQL_ITEM_FLIGHT
									   ", f.scheduled_arrival, " SQL_FLIGHT_STATE
									   "  FROM public.flights AS f"
									   "  JOIN public.airports AS o ON o.iata = f.origin"
									   " WHERE f.flight_id = $1",
									   INT8OID);

static BkQuery read_payments =
	BK_SELECT("SELECT payment_id, amount, currency, method, created_at"
			  "  FROM public.payments"
			  " WHERE booking_id = $1"
			  " ORDER BY payment_id",
			  INT8OID);

/* Amounts are text, as JSON has them. */
typedef struct BookingItem
{
	int item_no;
	int journey_no; /* 0: not known */
	BkRows flights; /* of read_items or read_flight */
	uint64 flight;  /* the row that has the item's */
	const char *seat_number;
	const char *cabin_class;
	const char *passenger_name;
	const char *passenger_type;
	const char *price;
	const char *penalty_amount;
	Datum fee_amount; /* numeric */
	const char *status;
} BookingItem;

typedef struct Document
{
	BkSummary summary;
	int64 customer_id;
	const char *fare_code;
	const char *channel;
	const char *paid_amount;
	TimestampTz confirmed_at;
	TimestampTz cancelled_at;
	TimestampTz expired_at;
	TimestampTz created_at;
	const char *contact_email; /* or NULL */
	const char *contact_phone; /* or NULL */
	const BookingItem *items;
	int item_count;
	BkRows payments;
	BkRows warnings;
} Document;

static Document document_from_rows(int64 booking_id);
static BookingItem *items_from_rows(BkRows rows);
static Document new_document(const BkNewBooking *booking);
static BookingItem *new_items(const BkNewBooking *booking);
static BkRows new_warnings(const BkNewBooking *booking, const BookingItem *items);
static void put_document(StringInfo out, const Document *document);
static void put_item(StringInfo out, const BookingItem *item);
static Datum sum_fees(const Document *document);
static void put_actions(StringInfo out, const Document *document);
static bool item_can_change(const BookingItem *item);
static bool item_is_live(const BookingItem *item);

PG_FUNCTION_INFO_V1(booking_booking_items);

/* booking.booking_items(booking_id): the items of a booking, in order. Raises SB011. */
Datum
booking_booking_items(PG_FUNCTION_ARGS)
{
	BkRows items;

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	SPI_connect();
	items = bk_query_run(&read_items, bk_argument(fcinfo, 0));
	if (items.count == 0) /* every booking has some */
		bk_booking_refuse_unknown(PG_GETARG_INT64(0));
	bk_result_return(fcinfo, items);
	SPI_finish();
	return (Datum) 0;
}

/* From the rows, in four statements. */
int32
bk_booking_put(StringInfo out, int64 booking_id)
{
	Document document = document_from_rows(booking_id);

	put_document(out, &document);
	return document.summary.version;
}

/* From what was made: a statement for each flight, one or two for the warnings, and one for the payment of an instant booking. */
void
bk_booking_put_new(StringInfo out, const BkNewBooking *booking)
{
	Document document = new_document(booking);

	put_document(out, &document);
}

/* Raises SB011. The document points into the rows, which live until SPI_finish(). */
static Document
document_from_rows(int64 booking_id)
{
	BkRows booking;
	BkRows items;

	bk_booking_require_access(booking_id);
	booking = bk_query_run(&read_booking, bk_int64(booking_id));
	if (booking.count == 0)
		bk_booking_refuse_unknown(booking_id);
	items = bk_query_run(&read_items, bk_int64(booking_id));
	return (Document){
		.summary = bk_summary_from_row(booking),
		.customer_id = bk_row_int64(booking, 0, "customer_id"),
		.fare_code = bk_row_text(booking, 0, "fare_code"),
		.channel = bk_row_text(booking, 0, "channel"),
		.paid_amount = bk_row_text(booking, 0, "paid_amount"),
		.confirmed_at = bk_moment_or_none(booking, "confirmed_at"),
		.cancelled_at = bk_moment_or_none(booking, "cancelled_at"),
		.expired_at = bk_moment_or_none(booking, "expired_at"),
		.created_at = bk_row_timestamptz(booking, 0, "created_at"),
		.contact_email = bk_row_text(booking, 0, "contact_email"),
		.contact_phone = bk_row_text(booking, 0, "contact_phone"),
		.items = items_from_rows(items),
		.item_count = (int) items.count,
		.payments = bk_query_run(&read_payments, bk_int64(booking_id)),
		.warnings = bk_itinerary_warnings(booking_id),
	};
}

/* From read_items, an item a row. */
static BookingItem *
items_from_rows(BkRows rows)
{
	BookingItem *items = palloc_array(BookingItem, Max(rows.count, 1));

	for (uint64 row = 0; row < rows.count; row++)
		items[row] = (BookingItem){
			.item_no = DatumGetInt16(bk_row_value(rows, row, "item_no")),
			.journey_no = bk_row_isnull(rows, row, "journey_no")
							  ? 0
							  : DatumGetInt16(bk_row_value(rows, row, "journey_no")),
			.flights = rows,
			.flight = row,
			.seat_number = bk_row_text(rows, row, "seat_number"),
			.cabin_class = bk_row_text(rows, row, "cabin_class"),
			.passenger_name = bk_row_text(rows, row, "passenger_name"),
			.passenger_type = bk_row_text(rows, row, "passenger_type"),
			.price = bk_row_text(rows, row, "price"),
			.penalty_amount = bk_row_text(rows, row, "penalty_amount"),
			.fee_amount = bk_row_value(rows, row, "fee_amount"),
			.status = bk_row_text(rows, row, "status")};
	return items;
}

/* What reading would find; only its flights, the warnings and the payment of an instant booking are read. */
static Document
new_document(const BkNewBooking *booking)
{
	const BkBookingRequest *request = booking->request;
	Document document = {
		.summary = bk_summary_new(booking),
		.customer_id = booking->customer_id,
		.fare_code = request->fare_code,
		.channel = request->channel,
		.paid_amount = NO_AMOUNT,
		.confirmed_at = booking->confirmed_at,
		.cancelled_at = DT_NOEND,
		.expired_at = DT_NOEND,
		.created_at = GetCurrentTransactionStartTimestamp(),
		.contact_email = request->contact_email,
		.contact_phone = request->contact_phone,
		.items = new_items(booking),
		.item_count = request->count,
	};

	document.warnings = new_warnings(booking, document.items);
	if (request->instant)
	{
		document.paid_amount = DatumGetCString(
			DirectFunctionCall1(numeric_out, booking->total));
		document.payments = bk_query_run(&read_payments, bk_int64(booking->booking_id));
	}
	return document;
}

/* Items of one flight that follow one another share its row. */
static BookingItem *
new_items(const BkNewBooking *booking)
{
	BookingItem *items = palloc_array(BookingItem, booking->request->count);
	BkRows flight = {0};
	Datum no_fee = DirectFunctionCall3(numeric_in, CStringGetDatum(NO_AMOUNT),
									   ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	for (int i = 0; i < booking->request->count; i++)
	{
		const BkItemRequest *item = &booking->request->items[i];
		const BkClaim *claim = &booking->claims[i];

		if (i == 0 || item->flight_id != item[-1].flight_id)
			flight = bk_query_run(&read_flight, bk_int64(item->flight_id));
		items[i] = (BookingItem){.item_no = i + 1,
								 .journey_no = booking->journey_nos[i],
								 .flights = flight,
								 .flight = 0,
								 .seat_number = claim->seat_number,
								 .cabin_class = claim->cabin_class,
								 .passenger_name = item->passenger_name,
								 .passenger_type = item->passenger_type,
								 .price = DatumGetCString(
									 DirectFunctionCall1(numeric_out, claim->price)),
								 .penalty_amount = NO_AMOUNT,
								 .fee_amount = no_fee,
								 .status = booking->status};
	}
	return items;
}

/* A guest has no other booking. */
static BkRows
new_warnings(const BkNewBooking *booking, const BookingItem *items)
{
	TimestampTz from = DT_NOEND;
	TimestampTz until = DT_NOBEGIN;

	for (int i = 0; i < booking->request->count; i++)
	{
		BkRows flight = items[i].flights;

		from = Min(from, bk_row_timestamptz(flight, 0, "scheduled_departure"));
		until = Max(until, bk_row_timestamptz(flight, 0, "scheduled_arrival"));
	}
	if (booking->request->customer_id == 0 ||
		!bk_itinerary_may_overlap(booking->customer_id, booking->booking_id, from, until))
		return (BkRows){0};
	return bk_itinerary_warnings(booking->booking_id);
}

/* The one place that knows names and order of the document's members. */
static void
put_document(StringInfo out, const Document *document)
{
	const BkSummary *summary = &document->summary;

	bk_json_open(out, '{');
	bk_json_put_int64(out, "booking_id", summary->booking_id);
	bk_json_put_string(out, "booking_reference", summary->booking_reference);
	bk_json_put_string(out, "status", summary->status);
	bk_json_put_int64(out, "customer_id", document->customer_id);
	bk_json_put_string(out, "fare_code", document->fare_code);
	bk_json_put_string(out, "channel", document->channel);
	bk_json_put_money(out, "total_amount", summary->total_amount);
	bk_json_put_money(out, "fee_amount", sum_fees(document));
	bk_json_put_string(out, "paid_amount", document->paid_amount);
	bk_json_put_string(out, "currency", summary->currency);
	bk_json_put_timestamp(out, "payment_required_by", summary->payment_required_by);
	bk_json_put_timestamp(out, "confirmed_at", document->confirmed_at);
	bk_json_put_timestamp(out, "cancelled_at", document->cancelled_at);
	bk_json_put_timestamp(out, "expired_at", document->expired_at);
	bk_json_put_int64(out, "version", summary->version);
	bk_json_put_timestamp(out, "created_at", document->created_at);
	bk_json_open_member(out, "contact", '{');
	bk_json_put_string(out, "email", document->contact_email);
	bk_json_put_string(out, "phone", document->contact_phone);
	bk_json_close(out, '}');
	put_actions(out, document);
	bk_json_open_member(out, "items", '[');
	for (int i = 0; i < document->item_count; i++)
		put_item(out, &document->items[i]);
	bk_json_close(out, ']');
	bk_json_put_rows(out, "payments", document->payments);
	bk_json_put_rows(out, "warnings", document->warnings);
	bk_json_close(out, '}');
}

/* The members of an item; those of its flight as the statements name them. */
static void
put_item(StringInfo out, const BookingItem *item)
{
	bk_json_open(out, '{');
	bk_json_put_int64(out, "item_no", item->item_no);
	if (item->journey_no != 0)
		bk_json_put_int64(out, "journey_no", item->journey_no);
	else
		bk_json_put_string(out, "journey_no", NULL);
	bk_json_put_columns(out, item->flights, item->flight, FIRST_OF_FLIGHT, LAST_OF_FLIGHT);
	bk_json_put_string(out, "seat_number", item->seat_number);
	bk_json_put_string(out, "cabin_class", item->cabin_class);
	bk_json_put_string(out, "passenger_name", item->passenger_name);
	bk_json_put_string(out, "passenger_type", item->passenger_type);
	bk_json_put_string(out, "price", item->price);
	bk_json_put_string(out, "penalty_amount", item->penalty_amount);
	bk_json_put_money(out, "fee_amount", item->fee_amount);
	bk_json_put_string(out, "status", item->status);
	bk_json_key(out, "available_actions");
	appendStringInfo(out, "[%s]", item_can_change(item) ? CHANGE_ACTIONS : "");
	bk_json_close(out, '}');
}

/* Numeric; the part of the total that is fees of changes. */
static Datum
sum_fees(const Document *document)
{
	Datum sum = document->items[0].fee_amount;

	for (int i = 1; i < document->item_count; i++)
		sum = DirectFunctionCall2(numeric_add, sum, document->items[i].fee_amount);
	return sum;
}

/* What the customer may do with the booking, as the rules of paying, cancelling and changing have it. */
static void
put_actions(StringInfo out, const Document *document)
{
	bool pay = bk_word_is(document->summary.status, BK_HELD);
	bool change = false;

	for (int i = 0; i < document->item_count; i++)
	{
		const BookingItem *item = &document->items[i];

		change = change || item_can_change(item);
		if (item_is_live(item))
			pay = pay && !bk_row_bool(item->flights, item->flight, "grounded");
	}
	bk_json_key(out, "available_actions");
	appendStringInfo(out, "[%s%s%s]", pay ? "\"pay\"" : "", pay && change ? "," : "",
					 change ? CHANGE_ACTIONS : "");
}

/* Whether an item can be cancelled, and moved: it has its seat, and its flight has not left. */
static bool
item_can_change(const BookingItem *item)
{
	return item_is_live(item) && !bk_word_is(item->status, BK_FLOWN) &&
		   !bk_word_is(item->status, BK_NO_SHOW) &&
		   !bk_row_bool(item->flights, item->flight, "has_left");
}

/* Whether an item has its seat: BK_SQL_LIVE. */
static bool
item_is_live(const BookingItem *item)
{
	return !bk_word_is(item->status, BK_CANCELLED) &&
		   !bk_word_is(item->status, BK_EXPIRED);
}
