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
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "inventory/seats.h"
#include "inventory/seats_any.h"

static BkQuery claim_available = BK_UPDATE_RETURNING(
	"UPDATE public.seats"
	"   SET status = $3, held_until = $4, updated_at = pg_catalog.clock_timestamp()"
	" WHERE flight_id = $1 AND seat_number = $2 AND status = 'available'"
	" RETURNING pg_catalog.round(price * $5, 2), cabin_class",
	INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID);

static BkQuery claim_lapsed = BK_UPDATE_RETURNING(
	"UPDATE public.seats"
	"   SET status = $3, held_until = $4, updated_at = pg_catalog.clock_timestamp()"
	" WHERE flight_id = $1 AND seat_number = $2"
	"   AND status = 'held' AND held_until <= pg_catalog.clock_timestamp()"
	" RETURNING pg_catalog.round(price * $5, 2), cabin_class",
	INT8OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, NUMERICOID);

/* Which of the wanted seats cannot be had, as words for the error. */
static BkQuery unavailable_seats = BK_SELECT(
	"SELECT pg_catalog.string_agg(pg_catalog.format('%s of flight %s', w.seat_number, w.flight_id), ', '"
	"                             ORDER BY w.flight_id, w.seat_number),"
	"       pg_catalog.bool_or(s.flight_id IS NULL)"
	"  FROM unnest($1, $2) AS w (flight_id, seat_number)"
	"  LEFT JOIN public.seats AS s USING (flight_id, seat_number)"
	" WHERE s.flight_id IS NULL"
	"    OR NOT " BK_SQL_CLAIMABLE,
	INT8ARRAYOID, TEXTARRAYOID);

static BkQuery lock_seats = BK_SELECT(
	"SELECT s.flight_id"
	"  FROM public.booking_items AS i"
	"  JOIN public.seats AS s USING (flight_id, seat_number)"
	" WHERE i.booking_id = ANY ($1) AND i.status NOT IN ('cancelled', 'expired')"
	" ORDER BY s.flight_id, s.seat_number COLLATE pg_catalog.\"C\""
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
	"         WHERE i.booking_id = $1 AND i.status NOT IN ('cancelled', 'expired')) AS w"
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

static BkQuery release_seats = BK_UPDATE(
	"UPDATE public.seats AS s"
	"   SET status = 'available', held_until = NULL, updated_at = pg_catalog.clock_timestamp()"
	"  FROM unnest($1, $2) AS f (flight_id, seat_number)"
	" WHERE s.flight_id = f.flight_id AND s.seat_number = f.seat_number",
	INT8ARRAYOID, TEXTARRAYOID);

static int compare_claims(const void *a, const void *b);
static bool claim_named(BkClaim *claim);
static void seat_arrays(BkClaim **claims, int count, Datum *values);
pg_noreturn static void refuse(BkClaim **claims, int count);

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
		if (!claim_named(named[i]))
			refuse(named + i, named_count - i);

	/* Last, because their locks come in no order: whoever holds them waits for no seat any more. */
	bk_seats_choose(any, any_count);
	for (int i = 0; i < any_count; i++)
		if (!claim_named(any[i]))
			elog(ERROR, "a locked seat was taken");
}

void
bk_seats_lock_named(const BkClaim *claims, int count)
{
	BkClaim **named = palloc_array(BkClaim *, Max(count, 1));
	int named_count = 0;
	Datum values[2];

	for (int i = 0; i < count; i++)
		if (claims[i].seat_number != NULL)
			named[named_count++] = unconstify(BkClaim *, &claims[i]);
	seat_arrays(named, named_count, values);
	bk_rows_free(bk_query_run_old(&lock_named, values, NULL));
}

void
bk_seats_lock(Datum booking_ids)
{
	bk_rows_free(bk_query_run_old(&lock_seats, &booking_ids, NULL));
}

void
bk_seats_lock_change(int64 booking_id, int64 change_id)
{
	Datum values[] = {Int64GetDatum(booking_id), Int64GetDatum(change_id)};

	bk_rows_free(bk_query_run_old(&lock_change, values, NULL));
}

void
bk_seats_book(int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};

	(void) bk_query_run_old(&book_seats, values, NULL);
}

void
bk_seats_release(Datum flight_ids, Datum seat_numbers)
{
	Datum values[] = {flight_ids, seat_numbers};

	(void) bk_query_run_old(&release_seats, values, NULL);
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
claim_named(BkClaim *claim)
{
	const BkTerms *terms = claim->terms;
	Datum values[] = {Int64GetDatum(claim->flight_id),
					  CStringGetTextDatum(claim->seat_number),
					  CStringGetTextDatum(terms->status),
					  TimestampTzGetDatum(terms->held_until), terms->fare_factor};
	const char *nulls = strcmp(terms->status, "held") == 0 ? NULL : "   n ";
	BkRows rows = bk_query_run_old(&claim_available, values, nulls);

	claim->lapsed = false;
	if (rows.count == 0)
	{
		rows = bk_query_run_old(&claim_lapsed, values, nulls);
		claim->lapsed = rows.count > 0;
		if (!claim->lapsed)
			rows = bk_query_run_old(&claim_available, values, nulls);
	}
	if (rows.count == 0)
		return false;
	claim->price = bk_row_value_at(rows, 0, 1);
	claim->cabin_class = bk_row_text_at(rows, 0, 2);
	return true;
}

/* The seats of claims as parallel arrays, bigint[] and text[]. */
static void
seat_arrays(BkClaim **claims, int count, Datum *values)
{
	Datum *flight_ids = palloc_array(Datum, Max(count, 1));
	Datum *seat_numbers = palloc_array(Datum, Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		flight_ids[i] = Int64GetDatum(claims[i]->flight_id);
		seat_numbers[i] = CStringGetTextDatum(claims[i]->seat_number);
	}
	values[0] = PointerGetDatum(construct_array_builtin(flight_ids, count, INT8OID));
	values[1] = PointerGetDatum(construct_array_builtin(seat_numbers, count, TEXTOID));
}

/* Says which of these claims cannot be had; the first one could not a moment ago. */
static void
refuse(BkClaim **claims, int count)
{
	Datum values[2];
	BkRows rows;
	char *seats;

	seat_arrays(claims, count, values);
	rows = bk_query_run_old(&unavailable_seats, values, NULL);

	seats = bk_row_text_at(rows, 0, 1);
	if (seats != NULL && bk_row_bool_at(rows, 0, 2))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("no such seat: %s", seats));
	if (seats == NULL)
		seats = psprintf("%s of flight " INT64_FORMAT, claims[0]->seat_number,
						 claims[0]->flight_id);
	ereport(ERROR, errcode(SB_SEAT_UNAVAILABLE), errmsg("seat not available: %s", seats),
			errdetail("It is held or booked by someone else, or not for sale."),
			errhint("Choose another seat, or ask for any seat of the cabin."));
}
