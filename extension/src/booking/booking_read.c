/*
 * booking_read.c
 *		Bookings as callers see them.
 *
 * A hold that has lapsed is shown as expired from that moment on, whether or not the sweep has been by.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "booking/bookings.h"
#include "http/etag.h"
#include "http/handlers.h"

#define SQL_SHOWN_STATUS                                                                    \
	"CASE WHEN b.status = 'held' AND b.payment_required_by <= pg_catalog.clock_timestamp()" \
	"     THEN 'expired' ELSE b.status END"

#define MAX_BOOKINGS 100
#define DEFAULT_BOOKINGS 20

static const char *const statuses[] = {"held",      "confirmed", "partially_cancelled",
									   "cancelled", "expired",   "completed",
									   NULL};

static BkQuery summary = BK_SELECT(
	"SELECT b.booking_id, b.booking_reference, " SQL_SHOWN_STATUS ", b.total_amount,"
	"       b.currency::text, b.payment_required_by, b.version"
	"  FROM public.bookings AS b"
	" WHERE b.booking_id = $1",
	INT8OID);

static BkQuery read_booking = BK_SELECT(
	"SELECT b.booking_id, b.booking_reference, s.status, b.customer_id, b.fare_code, b.channel,"
	"       b.total_amount, (SELECT COALESCE(pg_catalog.sum(p.amount), 0.00)"
	"                          FROM public.payments AS p"
	"                         WHERE p.booking_id = b.booking_id) AS paid_amount,"
	"       b.currency, b.payment_required_by, b.confirmed_at, b.cancelled_at, b.expired_at,"
	"       b.version, b.created_at, b.contact_email, b.contact_phone"
	"  FROM public.bookings AS b,"
	"       LATERAL (SELECT " SQL_SHOWN_STATUS ") AS s (status)"
	" WHERE b.booking_id = $1",
	INT8OID);

/* Of read_booking; up to CREATED_AT they are shown as they are. */
enum booking_column
{
	STATUS = 3,
	VERSION = 14,
	CREATED_AT,
	CONTACT_EMAIL,
	CONTACT_PHONE
};

/* What an item shows of its flight f, o being the origin. */
#define SQL_ITEM_FLIGHT                                                             \
	"f.flight_id, f.flight_number, f.origin, f.destination, f.scheduled_departure," \
	" pg_catalog.timezone(o.time_zone, f.scheduled_departure) AS scheduled_departure_local"

static BkQuery read_items = BK_SELECT(
	"SELECT i.item_no, " SQL_ITEM_FLIGHT ","
	"       i.seat_number, s.cabin_class::text, i.passenger_name, i.passenger_type, i.price,"
	"       i.penalty_amount, i.status"
	"  FROM public.booking_items AS i"
	"  JOIN public.flights AS f USING (flight_id)"
	"  JOIN public.airports AS o ON o.iata = f.origin"
	"  JOIN public.seats AS s USING (flight_id, seat_number)"
	" WHERE i.booking_id = $1"
	" ORDER BY i.item_no",
	INT8OID);

static BkQuery read_flight = BK_SELECT("SELECT " SQL_ITEM_FLIGHT
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

/* Newest first. $2 status or null, $3 the booking before the page or null. */
static BkQuery list_bookings = BK_SELECT(
	"SELECT b.booking_id, b.booking_reference, s.status, b.total_amount, b.currency::text, b.payment_required_by,"
	"       b.version, b.created_at"
	"  FROM public.bookings AS b, LATERAL (SELECT " SQL_SHOWN_STATUS ") AS s (status)"
	" WHERE b.customer_id = $1 AND ($2 IS NULL OR s.status = $2) AND ($3 IS NULL OR b.booking_id < $3)"
	" ORDER BY b.booking_id DESC"
	" LIMIT $4",
	INT8OID, TEXTOID, INT8OID, INT8OID);

/* The last name is the end of the name, after a space: "Berg" and "van der Berg" both fit "Ann van der Berg". */
static BkQuery find_booking = BK_SELECT(
	"SELECT b.booking_id"
	"  FROM public.bookings AS b"
	" WHERE b.booking_reference = pg_catalog.upper($1)"
	"   AND EXISTS (SELECT"
	"                 FROM public.booking_items AS i"
	"                WHERE i.booking_id = b.booking_id"
	"                  AND pg_catalog.right(' ' || pg_catalog.lower(i.passenger_name),"
	"                                       pg_catalog.length($2) + 1) = ' ' || pg_catalog.lower($2))",
	TEXTOID, TEXTOID);

static void find_one(const BkRequest *request, BkResponse *response);
static void put_list(BkObject query, StringInfo out, int64 customer_id);
static void put_new_items(StringInfo out, const BkBookingWish *wish, const char *status);
static void put_rest(StringInfo out, const char *status, const char *email,
					 const char *phone);
static const char *available_actions(const char *status);
static int64 find(const char *reference, const char *last_name);

PG_FUNCTION_INFO_V1(booking_find_booking);
PG_FUNCTION_INFO_V1(booking_booking_items);
PG_FUNCTION_INFO_V1(booking_list_bookings);

/* booking.find_booking(booking_reference, last_name): see its COMMENT. */
Datum
booking_find_booking(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo,
					 bk_booking_summary(find(text_to_cstring(PG_GETARG_TEXT_PP(0)),
											 text_to_cstring(PG_GETARG_TEXT_PP(1)))));
	SPI_finish();
	return (Datum) 0;
}

/* booking.booking_items(booking_id): see its COMMENT. */
Datum
booking_booking_items(PG_FUNCTION_ARGS)
{
	Datum values[] = {PG_GETARG_DATUM(0)};

	SPI_connect();
	bk_result_return(fcinfo, bk_query_run_old(&read_items, values, NULL));
	SPI_finish();
	return (Datum) 0;
}

/* booking.list_bookings(customer_id, status, before, max_bookings): see its COMMENT. */
Datum
booking_list_bookings(PG_FUNCTION_ARGS)
{
	Datum values[4];
	char nulls[4];

	for (int i = 0; i < lengthof(values); i++)
	{
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	if (nulls[0] == 'n' || nulls[3] == 'n' || PG_GETARG_INT64(3) < 0)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("customer_id and a positive max_bookings are required"));
	SPI_connect();
	bk_result_return(fcinfo, bk_query_run_old(&list_bookings, values, nulls));
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_bookings_get(const BkRequest *request, BkResponse *response)
{
	bk_http_put_booking(response, request->ids[0]);
}

/* By customer a list, by reference and last name one. */
void
bk_http_bookings_find(const BkRequest *request, BkResponse *response)
{
	int64 customer_id = bk_json_int64(request->query, "customer_id", 1, PG_INT64_MAX,
									  BK_OPTIONAL, 0);

	if (customer_id != 0)
		put_list(request->query, response->body, customer_id);
	else
		find_one(request, response);
}

static void
find_one(const BkRequest *request, BkResponse *response)
{
	const char *reference = bk_json_string(request->query, "booking_reference", 64,
										   BK_REQUIRED);
	const char *last_name = bk_json_string(request->query, "last_name",
										   BK_MAX_NAME_LENGTH, BK_REQUIRED);

	bk_http_put_booking(response, find(reference, last_name));
}

static void
put_list(BkObject query, StringInfo out, int64 customer_id)
{
	const char *status = bk_json_word(query, "status", statuses, BK_OPTIONAL);
	int64 limit = bk_json_int64(query, "limit", 1, MAX_BOOKINGS, BK_OPTIONAL,
								DEFAULT_BOOKINGS);
	int64 after = bk_json_int64(query, "after", 1, PG_INT64_MAX, BK_OPTIONAL, 0);
	Datum values[] = {Int64GetDatum(customer_id),
					  status == NULL ? (Datum) 0 : CStringGetTextDatum(status),
					  Int64GetDatum(after), Int64GetDatum(limit)};
	char nulls[] = {' ', status == NULL ? 'n' : ' ', after == 0 ? 'n' : ' ', ' '};
	BkRows rows = bk_query_run_old(&list_bookings, values, nulls);

	bk_json_open(out, '{');
	bk_json_put_rows(out, "bookings", rows);
	bk_json_put_string(out, "next",
					   rows.count < (uint64) limit
						   ? NULL
						   : bk_row_text_at(rows, rows.count - 1, 1));
	bk_json_close(out, '}');
}

BkRows
bk_booking_summary(int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};

	return bk_query_run_old(&summary, values, NULL);
}

int32
bk_booking_put(StringInfo out, int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	BkRows booking = bk_query_run_old(&read_booking, values, NULL);

	if (booking.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no booking " INT64_FORMAT, booking_id));
	bk_json_open(out, '{');
	bk_json_put_columns(out, booking, 0, "booking_id", "created_at");
	put_rest(out, bk_row_text_at(booking, 0, STATUS),
			 bk_row_text_at(booking, 0, CONTACT_EMAIL),
			 bk_row_text_at(booking, 0, CONTACT_PHONE));
	bk_json_put_rows(out, "items", bk_query_run_old(&read_items, values, NULL));
	bk_json_put_rows(out, "payments", bk_query_run_old(&read_payments, values, NULL));
	bk_json_close(out, '}');
	return bk_row_int32_at(booking, 0, VERSION);
}

/* What reading would find, from the wish. */
void
bk_booking_put_new(StringInfo out, int64 booking_id, const BkBookingWish *wish)
{
	Datum values[] = {Int64GetDatum(booking_id)};
	const char *status = wish->instant ? "confirmed" : "held";
	const char *total = DatumGetCString(DirectFunctionCall1(numeric_out, wish->total));

	bk_json_open(out, '{');
	bk_json_put_int64(out, "booking_id", booking_id);
	bk_json_put_string(out, "booking_reference", wish->reference);
	bk_json_put_string(out, "status", status);
	bk_json_put_int64(out, "customer_id", wish->customer_id);
	bk_json_put_string(out, "fare_code", wish->fare_code);
	bk_json_put_string(out, "channel", wish->channel);
	bk_json_put_string(out, "total_amount", total);
	bk_json_put_string(out, "paid_amount", wish->instant ? total : "0.00");
	bk_json_put_string(out, "currency", wish->due_currency);
	bk_json_put_timestamp(out, "payment_required_by",
						  wish->instant ? DT_NOEND : wish->terms.held_until);
	bk_json_put_timestamp(out, "confirmed_at", wish->confirmed_at);
	bk_json_put_string(out, "cancelled_at", NULL);
	bk_json_put_string(out, "expired_at", NULL);
	bk_json_put_int64(out, "version", BK_FIRST_VERSION);
	bk_json_put_timestamp(out, "created_at", GetCurrentTransactionStartTimestamp());
	put_rest(out, status, wish->contact_email, wish->contact_phone);
	put_new_items(out, wish, status);
	bk_json_put_rows(out, "payments", bk_query_run_old(&read_payments, values, NULL));
	bk_json_close(out, '}');
}

static void
put_new_items(StringInfo out, const BkBookingWish *wish, const char *status)
{
	BkRows flight = {0};

	bk_json_key(out, "items");
	bk_json_open(out, '[');
	for (int i = 0; i < wish->count; i++)
	{
		const BkClaim *claim = &wish->claims[i];
		Datum values[] = {Int64GetDatum(claim->flight_id)};

		if (i == 0 || claim->flight_id != wish->claims[i - 1].flight_id)
			flight = bk_query_run_old(&read_flight, values, NULL);
		bk_json_open(out, '{');
		bk_json_put_int64(out, "item_no", i + 1);
		bk_json_put_row(out, flight, 0);
		bk_json_put_string(out, "seat_number", claim->seat_number);
		bk_json_put_string(out, "cabin_class", claim->cabin_class);
		bk_json_put_string(out, "passenger_name", claim->passenger_name);
		bk_json_put_string(out, "passenger_type", claim->passenger_type);
		bk_json_put_string(out, "price",
						   DatumGetCString(
							   DirectFunctionCall1(numeric_out, claim->price)));
		bk_json_put_string(out, "penalty_amount", "0.00");
		bk_json_put_string(out, "status", status);
		bk_json_close(out, '}');
	}
	bk_json_close(out, ']');
}

/* What follows the columns: contact, and the actions open to the customer. */
static void
put_rest(StringInfo out, const char *status, const char *email, const char *phone)
{
	bk_json_key(out, "contact");
	bk_json_open(out, '{');
	bk_json_put_string(out, "email", email);
	bk_json_put_string(out, "phone", phone);
	bk_json_close(out, '}');
	bk_json_key(out, "available_actions");
	appendStringInfoString(out, available_actions(status));
}

static const char *
available_actions(const char *status)
{
	if (strcmp(status, "held") == 0)
		return "[\"pay\",\"cancel\"]";
	if (strcmp(status, "confirmed") == 0 || strcmp(status, "partially_cancelled") == 0)
		return "[\"cancel\"]";
	return "[]";
}

/* The same error for an unknown reference and for a wrong name, so that references cannot be probed. */
static int64
find(const char *reference, const char *last_name)
{
	Datum values[] = {CStringGetTextDatum(reference), CStringGetTextDatum(last_name)};
	BkRows rows = bk_query_run_old(&find_booking, values, NULL);

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no booking of that reference and last name"));
	return bk_row_int64_at(rows, 0, 1);
}
