/*
 * change_quote.c
 *		What moving items to other seats or flights would cost.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/bookings.h"
#include "booking/change_quote.h"
#include "booking/quotes.h"
#include "inventory/flights.h"
#include "inventory/availability.h"
#include "inventory/seats.h"
#include "inventory/seats_any.h"

#define MAX_SEAT_LENGTH 3 /* of a seat number */

/* $1 booking; $2 to $4 the moves: items, flights (0: the item's own) and seats. One row a move. */
static BkQuery price_moves = BK_SELECT(
	"SELECT w.item_no, COALESCE(" BK_SQL_LIVE(
		"i") ", false) AS item_live,"
			 "       COALESCE(b.status = 'held' AND i.status = 'expired', false) AS hold_lapsed,"
			 "       COALESCE(i.status IN ('flown', 'no_show') OR " BK_SQL_LEFT(
				 "o") ", false) AS flight_left,"
					  "       f.flight_id = o.flight_id OR a.changeable OR " BK_SQL_LET_DOWN(
						  "o") " AS changeable,"
							   "       COALESCE(f.flight_id, w.flight_id) AS new_flight, f.flight_id IS NOT NULL AS flight_found,"
							   "       f.flight_id = o.flight_id AND f.status <> 'cancelled' OR " BK_SQL_ON_SALE
							   " AS on_sale,"
							   "       f.currency = b.currency AS same_currency, s.seat_number IS NOT NULL AS seat_found,"
							   "       pg_catalog.count(*) OVER (PARTITION BY f.flight_id, w.seat_number) > 1 AS seat_twice,"
							   "       w.seat_number, i.passenger_type <> 'adult' AND " BK_SQL_EXIT_ROW
							   " AS minor_in_exit_row"
							   "  FROM unnest($2, $3, $4) AS w (item_no, flight_id, seat_number)"
							   "  JOIN public.bookings AS b ON b.booking_id = $1"
							   "  JOIN public.fares AS a ON a.fare_code = b.fare_code"
							   "  LEFT JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
							   "  LEFT JOIN public.flights AS o ON o.flight_id = i.flight_id"
							   "  LEFT JOIN public.flights AS f ON f.flight_id = COALESCE(NULLIF(w.flight_id, 0), i.flight_id)"
							   "  LEFT JOIN public.seats AS s ON s.flight_id = f.flight_id AND s.seat_number = w.seat_number",
	INT8OID, INT2ARRAYOID, INT8ARRAYOID, TEXTARRAYOID);

/*
 * Whether the airline owes the move: it let item i, which is paid, down; and seat s, on another flight f, is in the same cabin
 * and flies between the same cities as flight o. Such a move costs nothing.
 */
#define SQL_OWED                                                                                                         \
	"(" BK_SQL_LET_DOWN(                                                                                                 \
		"o") " AND i.status <> 'held' AND f.flight_id <> o.flight_id"                                                    \
			 " AND s.cabin_class = (SELECT old.cabin_class FROM public.seats AS old"                                     \
			 "                       WHERE old.flight_id = i.flight_id AND old.seat_number = i.seat_number)"             \
			 " AND NOT EXISTS (SELECT"                                                                                   \
			 "                   FROM (VALUES (o.origin, f.origin), (o.destination, f.destination)) AS e (was, becomes)" \
			 "                   JOIN public.airports AS p ON p.iata = e.was"                                            \
			 "                   JOIN public.airports AS n ON n.iata = e.becomes"                                        \
			 "                  WHERE (p.city, p.country) <> (n.city, n.country)))"

/*
 * What a move of item i of booking b, at fare a, from flight o to seat s costs besides the difference of the prices, as of a
 * moment; fee is the fare's rule for o. For a hold nothing. To another flight the share of the old price that the fare asks,
 * unless the airline let the passenger down. And where the new seat is cheaper, in the same cabin or another, on the same flight or
 * another: the share of the difference that a cancellation would keep of it. So a change never gives back more than cancelling
 * would, and the price of the item, of which a later cancellation keeps its own share, is what the new seat costs.
 */
#define SQL_SEAT_PRICE BK_SQL_ROUND("s.price * a.price_factor")
#define SQL_FEE(moment)                                                                                        \
	"CASE WHEN i.status = 'held' THEN 0"                                                                       \
	" ELSE CASE WHEN s.flight_id = i.flight_id OR " BK_SQL_LET_DOWN(                                           \
		"o") " THEN 0"                                                                                         \
			 "           ELSE " BK_SQL_ROUND(                                                                  \
				 "i.price * fee.change_percent / 100") " END"                                                  \
													   "    + " BK_SQL_ROUND(                                  \
														   "GREATEST(i.price - " SQL_SEAT_PRICE                \
														   ", 0)"                                              \
														   "                       * " BK_SQL_PENALTY_PERCENT( \
															   "o",                                            \
															   moment) " / 100") " END"

/*
 * The same moves, known to be allowed: the quote and its items in one statement. $5 the moment, $6 the booking's version,
 * $7 the seconds that the quote lives.
 */
static BkQuery insert_quote = BK_SELECT(
	"WITH move AS ("
	"  SELECT w.item_no, s.flight_id, s.seat_number, i.price AS old_price,"
	"         CASE WHEN " SQL_OWED " THEN LEAST(" SQL_SEAT_PRICE
	", i.price) ELSE " SQL_SEAT_PRICE " END AS new_price, " SQL_FEE(
		"$5") " AS fee_amount,"
			  "         b.currency"
			  "    FROM unnest($2, $3, $4) AS w (item_no, flight_id, seat_number)"
			  "    JOIN public.bookings AS b ON b.booking_id = $1"
			  "    JOIN public.fares AS a ON a.fare_code = b.fare_code"
			  "    JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
			  "    JOIN public.flights AS o ON o.flight_id = i.flight_id"
			  "    JOIN public.flights AS f ON f.flight_id = COALESCE(NULLIF(w.flight_id, 0), i.flight_id)"
			  "    JOIN public.seats AS s ON s.flight_id = f.flight_id AND s.seat_number = w.seat_number," BK_SQL_FARE_RULE(
				  "o",
				  "$5") "),"
						" quote AS ("
						"  INSERT INTO public.booking_changes"
						"         (booking_id, booking_version, change_amount, fee_amount, currency, created_at, expires_at)"
						"  SELECT $1, $6, pg_catalog.sum(new_price - old_price + fee_amount), pg_catalog.sum(fee_amount),"
						"         pg_catalog.min(currency), $5, $5 + pg_catalog.make_interval(secs => $7)"
						"    FROM move"
						"  RETURNING change_id),"
						" item AS ("
						"  INSERT INTO public.booking_change_items"
						"         (change_id, item_no, flight_id, seat_number, old_price, new_price, fee_amount)"
						"  SELECT change_id, item_no, flight_id, seat_number, old_price, new_price, fee_amount"
						"    FROM quote, move)"
						" SELECT change_id FROM quote",
	INT8OID, INT2ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, INT4OID,
	FLOAT8OID);

/* The moves of a quote, as the arrays that price_moves takes. */
static BkQuery read_moves = BK_SELECT(
	"SELECT pg_catalog.array_agg(item_no) AS item_nos, pg_catalog.array_agg(flight_id) AS flight_ids,"
	"       pg_catalog.array_agg(seat_number) AS seat_numbers"
	"  FROM public.booking_change_items"
	" WHERE change_id = $1",
	INT8OID);

/* Whether a quote charges more than it would now, because the airline has cancelled a flight since. */
static BkQuery charges_too_much = BK_SELECT(
	"SELECT pg_catalog.bool_or(" BK_SQL_LET_DOWN(
		"o") " AND c.fee_amount > 0"
			 "                          OR " SQL_OWED
			 " AND c.new_price > i.price) AS too_much"
			 "  FROM public.booking_change_items AS c"
			 "  JOIN public.booking_items AS i ON i.booking_id = $2 AND i.item_no = c.item_no"
			 "  JOIN public.flights AS o ON o.flight_id = i.flight_id"
			 "  JOIN public.flights AS f ON f.flight_id = c.flight_id"
			 "  JOIN public.seats AS s ON s.flight_id = c.flight_id AND s.seat_number = c.seat_number"
			 " WHERE c.change_id = $1",
	INT8OID, INT8OID);

/* Where $2, an item of booking $1 that goes to flight $3 (0: its own), is to find any seat. No row: it cannot go there at all. */
static BkQuery find_place = BK_SELECT(
	"SELECT f.flight_id, i.passenger_type <> 'adult' AS is_minor, a.price_factor,"
	"       public.currency_decimals(f.currency) AS decimals"
	"  FROM public.booking_items AS i"
	"  JOIN public.bookings AS b USING (booking_id)"
	"  JOIN public.fares AS a USING (fare_code)"
	"  JOIN public.flights AS f ON f.flight_id = COALESCE(NULLIF($3, 0), i.flight_id)"
	" WHERE i.booking_id = $1 AND i.item_no = $2 AND " BK_SQL_LIVE("i"),
	INT8OID, INT2OID, INT8OID);

/* The moves as the arrays that the statements take. */
typedef struct MoveArrays
{
	Datum item_nos;     /* smallint[] */
	Datum flight_ids;   /* bigint[] */
	Datum seat_numbers; /* text[] */
} MoveArrays;

static BkMove read_move(BkObject object);
static const BkMove *choose_seats(int64 booking_id, const BkMove *moves, int count);
static void check_moves(const BkMove *moves, int count);
static char *field_name(const BkMove *move, const char *field);
static MoveArrays move_arrays(const BkMove *moves, int count);
static void require_all_allowed(int64 booking_id, const MoveArrays *arrays);
static void require_allowed(BkRows moves, uint64 row);

BkMove *
bk_change_read_moves(BkObject body, int *count)
{
	BkArray items = bk_json_array(body, "items", BK_MAX_ITEMS, BK_REQUIRED);
	BkMove *moves = palloc_array(BkMove, items.length);

	*count = items.length;
	for (int i = 0; i < items.length; i++)
		moves[i] = read_move(bk_json_element(items, i));
	bk_json_require_known(body);
	return moves;
}

/* A named seat is not looked at for being free: only a claim can tell, and a quote claims nothing. */
int64
bk_change_quote(int64 booking_id, int64 if_version, const BkMove *moves, int count)
{
	BkBooking booking;
	MoveArrays arrays;
	BkRows rows;

	check_moves(moves, count);
	booking = bk_booking_lock_live(booking_id, if_version);
	arrays = move_arrays(choose_seats(booking_id, moves, count), count);
	require_all_allowed(booking_id, &arrays);

	rows = bk_query_run(&insert_quote, bk_int64(booking_id), bk_datum(arrays.item_nos),
						bk_datum(arrays.flight_ids), bk_datum(arrays.seat_numbers),
						bk_timestamptz(GetCurrentTimestamp()), bk_int32(booking.version),
						bk_float8(bk_quote_duration));
	return bk_row_int64(rows, 0, "change_id");
}

/* What has changed to the passenger's disadvantage alone keeps the price of the quote. */
void
bk_change_require_still_allowed(int64 booking_id, int64 change_id)
{
	BkRows rows = bk_query_run(&read_moves, bk_int64(change_id));
	MoveArrays arrays = {.item_nos = bk_row_value(rows, 0, "item_nos"),
						 .flight_ids = bk_row_value(rows, 0, "flight_ids"),
						 .seat_numbers = bk_row_value(rows, 0, "seat_numbers")};

	require_all_allowed(booking_id, &arrays);
	rows = bk_query_run(&charges_too_much, bk_int64(change_id), bk_int64(booking_id));
	if (bk_row_bool(rows, 0, "too_much"))
		ereport(ERROR, errcode(SB_CHANGE_STALE),
				errmsg("the airline has cancelled a flight since, and owes the change"),
				errhint("Ask for a new quote."));
}

/* A flight is only ever named in JSON, so its range is checked here. */
static BkMove
read_move(BkObject object)
{
	return (BkMove){.path = object.path,
					.item_no = bk_json_int64(object, "item_no", PG_INT64_MIN,
											 PG_INT64_MAX, BK_REQUIRED, 0),
					.flight_id = bk_json_int64(object, "flight_id", 1, PG_INT64_MAX,
											   BK_OPTIONAL, 0),
					.seat_number = bk_json_text(object, "seat"),
					.cabin_class = bk_json_word(object, "cabin_class", bk_cabin_classes,
												BK_OPTIONAL)};
}

/* The fields of each move, and that each item is named once. Raises SB010. */
static void
check_moves(const BkMove *moves, int count)
{
	for (int i = 0; i < count; i++)
	{
		const BkMove *move = &moves[i];

		bk_check_range(field_name(move, "item_no"), move->item_no, 1, BK_MAX_ITEMS);
		if (*move->path == '\0') /* a seat change, which knows no cabin */
			bk_check_given("seat", move->seat_number != NULL);
		else if ((move->seat_number == NULL) == (move->cabin_class == NULL))
			bk_check_refuse(field_name(move, "seat"),
							"or \"cabin_class\" is required, and not both");
		bk_check_text(field_name(move, "seat"), move->seat_number, MAX_SEAT_LENGTH);
		for (int j = 0; j < i; j++)
			if (moves[j].item_no == move->item_no)
				bk_check_refuse("items", "must name each item once");
	}
}

/*
 * The moves with a seat for each that asks for any of a cabin: one that is free now, chosen as for a booking. A move that is not
 * allowed gets none, "", and is refused with the others.
 */
static const BkMove *
choose_seats(int64 booking_id, const BkMove *moves, int count)
{
	BkMove *chosen = palloc_array(BkMove, count);
	BkClaim *claims = palloc0_array(BkClaim, count);
	BkTerms *terms = palloc0_array(BkTerms, count);
	BkClaim **any = palloc_array(BkClaim *, count);
	int any_count = 0;

	for (int i = 0; i < count; i++)
	{
		BkRows place;

		chosen[i] = moves[i];
		if (moves[i].seat_number != NULL)
			continue;
		chosen[i].seat_number = "";
		place = bk_query_run(&find_place, bk_int64(booking_id),
							 bk_int16((int16) moves[i].item_no),
							 bk_int64(moves[i].flight_id));
		if (place.count == 0)
			continue;
		terms[i].fare_factor = bk_row_value(place, 0, "price_factor");
		terms[i].decimals = bk_row_int32(place, 0, "decimals");
		claims[i] = (BkClaim){.flight_id = bk_row_int64(place, 0, "flight_id"),
							  .cabin_class = moves[i].cabin_class,
							  .is_minor = bk_row_bool(place, 0, "is_minor"),
							  .terms = &terms[i]};
		any[any_count++] = &claims[i];
	}
	bk_seats_choose(any, any_count, BK_ANY_AMOUNT);
	for (int i = 0; i < count; i++)
		if (claims[i].seat_number != NULL)
			chosen[i].seat_number = claims[i].seat_number;
	return chosen;
}

/* What errors call a field of the move. */
static char *
field_name(const BkMove *move, const char *field)
{
	return psprintf("%s%s", move->path, field);
}

/* The moves must have been checked. */
static MoveArrays
move_arrays(const BkMove *moves, int count)
{
	Datum item_nos[BK_MAX_ITEMS];
	Datum flight_ids[BK_MAX_ITEMS];
	Datum seat_numbers[BK_MAX_ITEMS];

	Assert(count <= BK_MAX_ITEMS);
	for (int i = 0; i < count; i++)
	{
		item_nos[i] = Int16GetDatum((int16) moves[i].item_no);
		flight_ids[i] = Int64GetDatum(moves[i].flight_id);
		seat_numbers[i] = CStringGetTextDatum(moves[i].seat_number);
	}
	return (MoveArrays){.item_nos = bk_array(INT2OID, item_nos, count),
						.flight_ids = bk_array(INT8OID, flight_ids, count),
						.seat_numbers = bk_array(TEXTOID, seat_numbers, count)};
}

/* Raises what forbids one of the moves. */
static void
require_all_allowed(int64 booking_id, const MoveArrays *arrays)
{
	BkRows rows = bk_query_run(&price_moves, bk_int64(booking_id),
							   bk_datum(arrays->item_nos), bk_datum(arrays->flight_ids),
							   bk_datum(arrays->seat_numbers));

	for (uint64 row = 0; row < rows.count; row++)
	{
		/* Since the booking was locked, and another has taken the seat. */
		if (bk_row_bool(rows, row, "hold_lapsed"))
			bk_booking_refuse_lapsed(booking_id);
		require_allowed(rows, row);
	}
}

/* Raises what forbids a move of price_moves: SB002, SB010, SB011, SB019. */
static void
require_allowed(BkRows moves, uint64 row)
{
	char *item = bk_row_text(moves, row, "item_no");
	char *flight = bk_row_text(moves, row, "new_flight");

	if (!bk_row_bool(moves, row, "item_live"))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("no live item %s", item),
				errhint("Name items that are neither cancelled nor expired."));
	if (bk_row_bool(moves, row, "flight_left"))
		ereport(ERROR, errcode(SB_NOT_CHANGEABLE),
				errmsg("the flight of item %s has left", item));
	if (!bk_row_bool(moves, row, "flight_found"))
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no flight %s", flight));
	if (!bk_row_bool(moves, row, "changeable"))
		ereport(ERROR, errcode(SB_NOT_CHANGEABLE),
				errmsg("the fare does not allow another flight"),
				errhint("Another seat of the same flight is always possible."));
	if (!bk_row_bool(moves, row, "on_sale"))
		ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
				errmsg("flight %s is not on sale", flight));
	if (!bk_row_bool(moves, row, "same_currency"))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("flight %s is sold in another currency", flight));
	if (!bk_row_bool(moves, row, "seat_found"))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("no such seat for item %s", item));
	if (bk_row_bool(moves, row, "seat_twice"))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("seat \"%s\" of flight %s is asked for twice",
					   bk_row_text(moves, row, "seat_number"), flight));
	if (bk_row_bool(moves, row, "minor_in_exit_row"))
		bk_seats_refuse_minor(bk_row_text(moves, row, "seat_number"),
							  bk_row_int64(moves, row, "new_flight"));
}
