/*
 * seats.c
 *		The only writer of public.seats.
 *
 * A named seat is locked, checked and written by one UPDATE: under READ COMMITTED it waits for a concurrent claim's
 * commit and then looks at the row as that claim left it. Whether a hold has lapsed is judged in the same look, so by
 * the clock after any earlier claim ended; a hold only ever goes from live to lapsed, so a look that came early can
 * refuse a seat but not give one away.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/arrays.h"
#include "base/compat.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/words.h"
#include "inventory/seats.h"
#include "inventory/seats_any.h"

static BkQuery claim_available = BK_UPDATE_RETURNING(
	"UPDATE public.seats AS s"
	"   SET status = $3, held_until = $4, updated_at = pg_catalog.clock_timestamp()"
	" WHERE flight_id = $1 AND seat_number = $2 AND status = 'available'"
	" RETURNING pg_catalog.round(pg_catalog.round(s.price * $5, $6), 2) AS price, s.cabin_class," BK_SQL_EXIT_ROW
	" AS is_exit_row",
	INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID, INT4OID);

static BkQuery claim_lapsed = BK_UPDATE_RETURNING(
	"UPDATE public.seats AS s"
	"   SET status = $3, held_until = $4, updated_at = pg_catalog.clock_timestamp()"
	" WHERE flight_id = $1 AND seat_number = $2"
	"   AND status = 'held' AND held_until <= pg_catalog.clock_timestamp()"
	" RETURNING pg_catalog.round(pg_catalog.round(s.price * $5, $6), 2) AS price, s.cabin_class," BK_SQL_EXIT_ROW
	" AS is_exit_row",
	INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID, INT4OID);

/* Which of the wanted seats cannot be had, as words for the error. */
static BkQuery unavailable_seats = BK_SELECT(
	"SELECT pg_catalog.string_agg(pg_catalog.format('%s of flight %s', w.seat_number, w.flight_id), ', '"
	"                             ORDER BY w.flight_id, w.seat_number) AS seats,"
	"       pg_catalog.bool_or(s.flight_id IS NULL) AS one_is_unknown"
	"  FROM unnest($1, $2) AS w (flight_id, seat_number)"
	"  LEFT JOIN public.seats AS s USING (flight_id, seat_number)"
	" WHERE s.flight_id IS NULL"
	"    OR NOT " BK_SQL_CLAIMABLE,
	INT8ARRAYOID, TEXTARRAYOID);

static BkQuery lock_seats =
	BK_SELECT("SELECT s.flight_id"
			  "  FROM public.booking_items AS i"
			  "  JOIN public.seats AS s USING (flight_id, seat_number)"
			  " WHERE i.booking_id = ANY ($1) AND " BK_SQL_LIVE(
				  "i") " ORDER BY s.flight_id, s.seat_number COLLATE pg_catalog.\"C\""
					   "   FOR NO KEY UPDATE OF s",
			  INT8ARRAYOID);

static BkQuery lock_named =
	BK_SELECT("SELECT s.flight_id"
			  "  FROM unnest($1, $2) AS w (flight_id, seat_number)"
			  "  JOIN public.seats AS s USING (flight_id, seat_number)"
			  " ORDER BY s.flight_id, s.seat_number COLLATE pg_catalog.\"C\""
			  "   FOR NO KEY UPDATE OF s",
			  INT8ARRAYOID, TEXTARRAYOID);

static BkQuery lock_change = BK_SELECT(
	"SELECT s.flight_id"
	"  FROM (SELECT flight_id, seat_number FROM public.booking_change_items WHERE change_id = $2"
	"         UNION"
	"        SELECT i.flight_id, i.seat_number"
	"          FROM public.booking_items AS i"
	"         WHERE i.booking_id = $1 AND " BK_SQL_LIVE(
		"i") ") AS w"
			 "  JOIN public.seats AS s USING (flight_id, seat_number)"
			 " ORDER BY s.flight_id, s.seat_number COLLATE pg_catalog.\"C\""
			 "   FOR NO KEY UPDATE OF s",
	INT8OID, INT8OID);

static BkQuery book_seats = BK_UPDATE(
	"UPDATE public.seats AS s"
	"   SET status = 'booked', held_until = NULL, updated_at = pg_catalog.clock_timestamp()"
	"  FROM public.booking_items AS i"
	" WHERE i.booking_id = $1 AND i.status = 'held'"
	"   AND s.flight_id = i.flight_id AND s.seat_number = i.seat_number",
	INT8OID);

static BkQuery move_deadline =
	BK_UPDATE("UPDATE public.seats AS s"
			  "   SET held_until = $2, updated_at = pg_catalog.clock_timestamp()"
			  "  FROM public.booking_items AS i"
			  " WHERE i.booking_id = $1 AND i.status = 'held'"
			  "   AND s.flight_id = i.flight_id AND s.seat_number = i.seat_number",
			  INT8OID, TIMESTAMPTZOID);

static BkQuery release_seats = BK_UPDATE(
	"UPDATE public.seats AS s"
	"   SET status = 'available', held_until = NULL, updated_at = pg_catalog.clock_timestamp()"
	"  FROM unnest($1, $2) AS f (flight_id, seat_number)"
	" WHERE s.flight_id = f.flight_id AND s.seat_number = f.seat_number",
	INT8ARRAYOID, TEXTARRAYOID);

static int compare_claims(const void *a, const void *b);
static bool claim_seat(BkClaim *claim);
static int64 amount_left(const BkClaim *claims, int count);
static Datum list_flights(BkClaim **claims, int count);
static Datum list_seats(BkClaim **claims, int count);
pg_noreturn static void refuse_claims(BkClaim **claims, int count);

void
bk_seats_claim(BkClaim *claims, int count)
{
	BkClaim **named = palloc_array(BkClaim *, count);
	BkClaim **any = palloc_array(BkClaim *, count);
	int named_count = 0;
	int any_count = 0;

	for (int i = 0; i < count; i++)
	{
		if (claims[i].seat_number != NULL)
			named[named_count++] = &claims[i];
		else
			any[any_count++] = &claims[i];
	}

	qsort(named, named_count, sizeof(BkClaim *), compare_claims);
	for (int i = 0; i < named_count; i++)
		if (!claim_seat(named[i]))
			refuse_claims(named + i, named_count - i);

	/* Last, because their locks come in no order: whoever holds them waits for no seat any more. */
	if (any_count > 0)
		bk_seats_choose(any, any_count, amount_left(claims, count));
	for (int i = 0; i < any_count; i++)
		if (!claim_seat(any[i]))
			elog(ERROR, "a locked seat was taken");
}

void
bk_seats_lock_named(const BkClaim *claims, int count)
{
	BkClaim **named = palloc_array(BkClaim *, Max(count, 1));
	int named_count = 0;

	for (int i = 0; i < count; i++)
		if (claims[i].seat_number != NULL)
			named[named_count++] = unconstify(BkClaim *, &claims[i]);
	bk_rows_free(bk_query_run(&lock_named, bk_datum(list_flights(named, named_count)),
							  bk_datum(list_seats(named, named_count))));
}

void
bk_seats_lock(Datum booking_ids)
{
	bk_rows_free(bk_query_run(&lock_seats, bk_datum(booking_ids)));
}

void
bk_seats_lock_change(int64 booking_id, int64 change_id)
{
	bk_rows_free(bk_query_run(&lock_change, bk_int64(booking_id), bk_int64(change_id)));
}

void
bk_seats_book(int64 booking_id)
{
	(void) bk_query_run(&book_seats, bk_int64(booking_id));
}

void
bk_seats_hold_until(int64 booking_id, TimestampTz held_until)
{
	(void) bk_query_run(&move_deadline, bk_int64(booking_id), bk_timestamptz(held_until));
}

void
bk_seats_release(Datum flight_ids, Datum seat_numbers)
{
	(void) bk_query_run(&release_seats, bk_datum(flight_ids), bk_datum(seat_numbers));
}

/* The lock order: by flight, then by the bytes of the seat number, as lock_seats sorts. */
static int
compare_claims(const void *a, const void *b)
{
	const BkClaim *left = *(BkClaim *const *) a;
	const BkClaim *right = *(BkClaim *const *) b;

	if (left->flight_id != right->flight_id)
		return left->flight_id < right->flight_id ? -1 : 1;
	return strcmp(left->seat_number, right->seat_number);
}

/*
 * Takes one seat, lapsed holds included; false if it is gone. The third look is for a lapsed hold that a sweep freed
 * while the second one waited for it.
 */
static bool
claim_seat(BkClaim *claim)
{
	const BkTerms *terms = claim->terms;
	NullableDatum values[] = {bk_int64(claim->flight_id),
							  bk_text(claim->seat_number),
							  bk_text(terms->status),
							  bk_datum_if(bk_word_is(terms->status, BK_HELD),
										  TimestampTzGetDatum(terms->held_until)),
							  bk_datum(terms->fare_factor),
							  bk_int32(terms->decimals)};
	BkRows rows = bk_query_run_values(&claim_available, values, lengthof(values));

	claim->lapsed = false;
	if (rows.count == 0)
	{
		rows = bk_query_run_values(&claim_lapsed, values, lengthof(values));
		claim->lapsed = rows.count > 0;
		if (!claim->lapsed)
			rows = bk_query_run_values(&claim_available, values, lengthof(values));
	}
	if (rows.count == 0)
		return false;
	claim->price = bk_row_value(rows, 0, "price");
	claim->cabin_class = bk_row_text(rows, 0, "cabin_class");
	if (claim->is_minor && bk_row_bool(rows, 0, "is_exit_row"))
		bk_seats_refuse_minor(claim->seat_number, claim->flight_id);
	return true;
}

void
bk_seats_refuse_minor(const char *seat_number, int64 flight_id)
{
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("seat %s of flight " INT64_FORMAT
				   " is in an exit row, where no child or infant may sit",
				   seat_number, flight_id),
			errhint("Choose another seat, or ask for any seat of the cabin."));
}

/*
 * What the claims without a seat should cost together, in hundredths, where all claims are on the same terms and these say what
 * they should cost; the others have been made. BK_ANY_AMOUNT otherwise, and where nothing is left.
 */
static int64
amount_left(const BkClaim *claims, int count)
{
	const BkTerms *terms = claims[0].terms;
	int64 left;

	if (terms->amount.isnull)
		return BK_ANY_AMOUNT;
	left = bk_hundredths(terms->amount.value);
	for (int i = 0; i < count; i++)
	{
		if (claims[i].terms != terms)
			return BK_ANY_AMOUNT;
		if (claims[i].seat_number != NULL)
			left -= bk_hundredths(claims[i].price);
	}
	return Max(left, BK_ANY_AMOUNT);
}

/* The flights of claims, bigint[]; list_seats gives their seats in the same order. */
static Datum
list_flights(BkClaim **claims, int count)
{
	Datum *flight_ids = palloc_array(Datum, Max(count, 1));

	for (int i = 0; i < count; i++)
		flight_ids[i] = Int64GetDatum(claims[i]->flight_id);
	return bk_array(INT8OID, flight_ids, count);
}

/* The seat numbers of claims, text[]. */
static Datum
list_seats(BkClaim **claims, int count)
{
	Datum *seat_numbers = palloc_array(Datum, Max(count, 1));

	for (int i = 0; i < count; i++)
		seat_numbers[i] = CStringGetTextDatum(claims[i]->seat_number);
	return bk_array(TEXTOID, seat_numbers, count);
}

/* Says which of these claims cannot be had (SB001, SB010); the first one could not a moment ago. */
static void
refuse_claims(BkClaim **claims, int count)
{
	BkRows rows = bk_query_run(&unavailable_seats, bk_datum(list_flights(claims, count)),
							   bk_datum(list_seats(claims, count)));
	char *seats = bk_row_text(rows, 0, "seats");

	if (seats != NULL && bk_row_bool(rows, 0, "one_is_unknown"))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("no such seat: %s", seats));
	if (seats == NULL)
		seats = psprintf("%s of flight " INT64_FORMAT, claims[0]->seat_number,
						 claims[0]->flight_id);
	ereport(ERROR, errcode(SB_SEAT_UNAVAILABLE), errmsg("seat not available: %s", seats),
			errdetail("It is held or booked already, or not for sale."),
			errhint("Choose another seat, or ask for any seat of the cabin."));
}
