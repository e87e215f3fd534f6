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
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "base/query.h"
#include "booking/bookings.h"
#include "booking/items.h"
#include "booking/payments.h"

#define REFERENCE_ALPHABET "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#define REFERENCE_ATTEMPTS 20
#define RANDOM_POOL 510 /* bytes, a multiple of BK_REFERENCE_LENGTH */

enum record_arg
{
	REFERENCE,
	CUSTOMER,
	STATUS,
	FARE,
	CHANNEL,
	TOTAL,
	CURRENCY,
	HELD_UNTIL,
	CONFIRMED_AT,
	EMAIL,
	PHONE,
	METHOD,
	FLIGHTS,
	SEATS,
	NAMES,
	TYPES,
	PRICES,
	RECORD_ARGS
};

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
	"         (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, status)"
	"  SELECT booking_id, no, ($13)[no], ($14)[no], ($15)[no], ($16)[no], ($17)[no], $3"
	"    FROM (SELECT booking_id, pg_catalog.generate_subscripts($13, 1) AS no FROM booking) AS i"
	"  RETURNING booking_id, item_no, flight_id, seat_number, price),"
	" event AS ("
	"  " BK_SQL_INSERT_EVENT "  SELECT booking_id, item_no, flight_id, seat_number, $3,"
	"         CASE $3 WHEN 'confirmed' THEN 1 ELSE 0 END,"
	"         CASE $3 WHEN 'confirmed' THEN price ELSE 0 END, pg_catalog.clock_timestamp()"
	"    FROM item),"
	" payment AS ("
	"  INSERT INTO public.payments (booking_id, amount, currency, method)"
	"  SELECT booking_id, $6, $7, $12 FROM booking WHERE $12 IS NOT NULL)"
	" SELECT booking_id FROM booking",
	TEXTOID, INT8OID, TEXTOID, TEXTOID, TEXTOID, NUMERICOID, BPCHAROID, TIMESTAMPTZOID,
	TIMESTAMPTZOID, TEXTOID, TEXTOID, TEXTOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, NUMERICARRAYOID);

static Datum sum_prices(const BkClaim *claims, int count);
static void booking_args(const BkBookingWish *wish, Datum *values, char *nulls);
static void item_args(const BkBookingWish *wish, Datum *values);
static void put_text(const char *text, int arg, Datum *values, char *nulls);
static void new_reference(char *reference);

int64
bk_booking_record(BkBookingWish *wish)
{
	Datum values[RECORD_ARGS];
	char nulls[RECORD_ARGS];

	wish->total = sum_prices(wish->claims, wish->count);
	wish->confirmed_at = wish->instant ? GetCurrentTimestamp() : DT_NOEND;
	if (wish->instant)
	{
		bk_tender_compare(&wish->tender, wish->total, wish->due_currency);
		bk_payment_make_durable();
	}
	memset(nulls, ' ', sizeof(nulls));
	booking_args(wish, values, nulls);
	item_args(wish, values);

	for (int attempt = 0; attempt < REFERENCE_ATTEMPTS; attempt++)
	{
		BkRows rows;

		new_reference(wish->reference);
		values[REFERENCE] = CStringGetTextDatum(wish->reference);
		rows = bk_query_run_old(&record_booking, values, nulls);
		if (rows.count == 1)
			return bk_row_int64_at(rows, 0, 1);
	}
	ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("no free booking reference in %d attempts", REFERENCE_ATTEMPTS));
}

static Datum
sum_prices(const BkClaim *claims, int count)
{
	Datum total = claims[0].price;

	for (int i = 1; i < count; i++)
		total = DirectFunctionCall2(numeric_add, total, claims[i].price);
	return total;
}

static void
booking_args(const BkBookingWish *wish, Datum *values, char *nulls)
{
	values[CUSTOMER] = Int64GetDatum(wish->customer_id);
	values[TOTAL] = wish->total;
	put_text(wish->instant ? "confirmed" : "held", STATUS, values, nulls);
	put_text(wish->fare_code, FARE, values, nulls);
	put_text(wish->channel, CHANNEL, values, nulls);
	put_text(wish->due_currency, CURRENCY, values, nulls);
	values[HELD_UNTIL] = TimestampTzGetDatum(wish->terms.held_until);
	values[CONFIRMED_AT] = TimestampTzGetDatum(wish->confirmed_at);
	nulls[wish->instant ? HELD_UNTIL : CONFIRMED_AT] = 'n';
	put_text(wish->contact_email, EMAIL, values, nulls);
	put_text(wish->contact_phone, PHONE, values, nulls);
	put_text(wish->instant ? wish->tender.method : NULL, METHOD, values, nulls);
}

/* The items as parallel arrays, in the order of the wish. */
static void
item_args(const BkBookingWish *wish, Datum *values)
{
	Datum *columns[PRICES - FLIGHTS + 1];
	int count = wish->count;

	for (int i = 0; i < lengthof(columns); i++)
		columns[i] = palloc_array(Datum, count);
	for (int i = 0; i < count; i++)
	{
		const BkClaim *claim = &wish->claims[i];

		columns[0][i] = Int64GetDatum(claim->flight_id);
		columns[1][i] = CStringGetTextDatum(claim->seat_number);
		columns[2][i] = CStringGetTextDatum(claim->passenger_name);
		columns[3][i] = CStringGetTextDatum(claim->passenger_type);
		columns[4][i] = claim->price;
	}
	values[FLIGHTS] = PointerGetDatum(construct_array_builtin(columns[0], count, INT8OID));
	for (int i = 1; i <= 3; i++)
		values[FLIGHTS + i] = PointerGetDatum(
			construct_array_builtin(columns[i], count, TEXTOID));
	values[PRICES] = PointerGetDatum(
		construct_array(columns[4], count, NUMERICOID, -1, false, TYPALIGN_INT));
}

static void
put_text(const char *text, int arg, Datum *values, char *nulls)
{
	if (text == NULL)
		nulls[arg] = 'n';
	else
		values[arg] = CStringGetTextDatum(text);
}

/*
 * Six random characters; 32 letters make every one five random bits. Random bytes are had by the pool, since a call
 * costs as much as a statement; each is used once.
 */
static void
new_reference(char *reference)
{
	static unsigned char pool[RANDOM_POOL];
	static int used = RANDOM_POOL;

	if (used == RANDOM_POOL)
	{
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR),
					errmsg("no random bytes to be had"));
		used = 0;
	}
	for (int i = 0; i < BK_REFERENCE_LENGTH; i++)
		reference[i] = REFERENCE_ALPHABET[pool[used++] % 32];
	reference[BK_REFERENCE_LENGTH] = '\0';
}
