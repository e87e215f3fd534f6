/*
 * booking_record.c
 *		Writes a new booking with its items, events and payment, as one statement.
 *
 * One executor start instead of four is a tenth of a booking's cost; from then on each table has its own writer (items.c,
 * payments.c). A new booking's row is nobody else's to wait for, so it is written after the seats are claimed, when its
 * total is known.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/numeric.h"

#include "base/arrays.h"
#include "base/query.h"
#include "base/words.h"
#include "booking/booking_record.h"
#include "booking/customers.h"
#include "booking/items.h"
#include "booking/payments.h"

#define REFERENCE_ALPHABET "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#define REFERENCE_ATTEMPTS 20
#define RANDOM_POOL 510 /* bytes, a multiple of BK_REFERENCE_LENGTH */

/* The items as parallel arrays, in the order of the request. */
typedef struct ItemArrays
{
	Datum flight_ids;
	Datum seat_numbers;
	Datum passenger_names;
	Datum passenger_types;
	Datum prices;
	Datum journey_nos;
} ItemArrays;

/* No row: the reference is taken. */
static BkQuery record_booking = BK_SELECT(
	"WITH booking AS ("
	"  INSERT INTO public.bookings"
	"         (booking_reference, customer_id, status, fare_code, channel, total_amount, currency,"
	"          payment_required_by, confirmed_at, contact_email, contact_phone)"
	"  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
	"  ON CONFLICT ON CONSTRAINT bookings_reference_key DO NOTHING"
	"  RETURNING booking_id),"
	" item AS ("
	"  INSERT INTO public.booking_items"
	"         (booking_id, item_no, journey_no, flight_id, seat_number, passenger_name, passenger_type, price, status)"
	"  SELECT booking_id, no, ($18)[no], ($13)[no], ($14)[no], ($15)[no], ($16)[no], ($17)[no], $3"
	"    FROM (SELECT booking_id, pg_catalog.generate_subscripts($13, 1) AS no FROM booking) AS i"
	"  RETURNING booking_id, item_no, flight_id, seat_number, price),"
	" event AS ("
	"  " BK_SQL_INSERT_EVENT "  SELECT booking_id, item_no, flight_id, seat_number, $3,"
	"         CASE $3 WHEN 'confirmed' THEN 1 ELSE 0 END,"
	"         CASE $3 WHEN 'confirmed' THEN price ELSE 0 END, pg_catalog.clock_timestamp()"
	"    FROM item),"
	" payment AS ("
	"  INSERT INTO public.payments (booking_id, amount, currency, method)"
	"  SELECT booking_id, $6, $7, $12 FROM booking WHERE $12 IS NOT NULL AND $6 <> 0)"
	" SELECT booking_id FROM booking",
	TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, BPCHAROID, TIMESTAMPTZOID,
	TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, NUMERICARRAYOID, INT2ARRAYOID);

static Datum sum_prices(const BkClaim *claims, int count);
static int64 insert_booking(BkNewBooking *booking);
static ItemArrays item_arrays(const BkNewBooking *booking);
static void draw_reference(char *reference);

/* The amount is compared before anything is written, and the payment made durable with the rest. */
void
bk_booking_record(BkNewBooking *booking)
{
	const BkBookingRequest *request = booking->request;

	booking->total = sum_prices(booking->claims, request->count);
	booking->status = request->instant ? BK_CONFIRMED : BK_HELD;
	booking->confirmed_at = request->instant ? GetCurrentTimestamp() : DT_NOEND;
	if (request->instant)
	{
		bk_tender_compare(&request->tender, booking->total, booking->currency);
		bk_payment_make_durable();
	}
	booking->customer_id = request->customer_id != 0
							   ? request->customer_id
							   : bk_customer_add_guest(&request->guest);
	booking->booking_id = insert_booking(booking);
}

/* Numeric; there is at least one claim, and all are in one currency. */
static Datum
sum_prices(const BkClaim *claims, int count)
{
	Datum total = claims[0].price;

	for (int i = 1; i < count; i++)
		total = DirectFunctionCall2(numeric_add, total, claims[i].price);
	return total;
}

/* Draws references until one is free, and writes the booking under it; returns its id. */
static int64
insert_booking(BkNewBooking *booking)
{
	const BkBookingRequest *request = booking->request;
	ItemArrays items = item_arrays(booking);

	for (int attempt = 0; attempt < REFERENCE_ATTEMPTS; attempt++)
	{
		BkRows rows;

		draw_reference(booking->reference);
		rows = bk_query_run(&record_booking, bk_text(booking->reference),
							bk_int64(booking->customer_id), bk_text(booking->status),
							bk_text(request->fare_code), bk_text(request->channel),
							bk_datum(booking->total), bk_text(booking->currency),
							bk_datum_if(!request->instant,
										TimestampTzGetDatum(booking->terms.held_until)),
							bk_datum_if(request->instant,
										TimestampTzGetDatum(booking->confirmed_at)),
							bk_text(request->contact_email),
							bk_text(request->contact_phone),
							bk_text(request->tender.given ? request->tender.method : NULL),
							bk_datum(items.flight_ids), bk_datum(items.seat_numbers),
							bk_datum(items.passenger_names),
							bk_datum(items.passenger_types), bk_datum(items.prices),
							bk_datum(items.journey_nos));
		if (rows.count == 1)
			return bk_row_int64(rows, 0, "booking_id");
	}
	ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("no free booking reference in %d attempts", REFERENCE_ATTEMPTS));
}

/* Passengers come from the request, seats and prices from the claims. */
static ItemArrays
item_arrays(const BkNewBooking *booking)
{
	int count = booking->request->count;
	Datum *flights = palloc_array(Datum, count);
	Datum *seats = palloc_array(Datum, count);
	Datum *names = palloc_array(Datum, count);
	Datum *types = palloc_array(Datum, count);
	Datum *prices = palloc_array(Datum, count);
	Datum *journeys = palloc_array(Datum, count);

	for (int i = 0; i < count; i++)
	{
		const BkItemRequest *item = &booking->request->items[i];

		flights[i] = Int64GetDatum(item->flight_id);
		seats[i] = CStringGetTextDatum(booking->claims[i].seat_number);
		names[i] = CStringGetTextDatum(item->passenger_name);
		types[i] = CStringGetTextDatum(item->passenger_type);
		prices[i] = booking->claims[i].price;
		journeys[i] = Int16GetDatum(booking->journey_nos[i]);
	}
	return (ItemArrays){.flight_ids = bk_array(INT8OID, flights, count),
						.seat_numbers = bk_array(TEXTOID, seats, count),
						.passenger_names = bk_array(TEXTOID, names, count),
						.passenger_types = bk_array(TEXTOID, types, count),
						.prices = bk_array(NUMERICOID, prices, count),
						.journey_nos = bk_array(INT2OID, journeys, count)};
}

/*
 * Six random characters; 32 letters make every one five random bits. They are taken from a pool, since a call for
 * random bytes costs as much as a statement; each byte is used once.
 */
static void
draw_reference(char *reference)
{
	static unsigned char pool[RANDOM_POOL];
	static int used = RANDOM_POOL;

	if (used == RANDOM_POOL)
	{
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random bytes"));
		used = 0;
	}
	for (int i = 0; i < BK_REFERENCE_LENGTH; i++)
		reference[i] = REFERENCE_ALPHABET[pool[used++] % 32];
	reference[BK_REFERENCE_LENGTH] = '\0';
}
