/*
 * change_quote.c
 *		What moving items to other seats or flights would cost.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "booking/bookings.h"
#include "booking/changes.h"
#include "inventory/flights.h"

enum price_column
{
	ITEM_NO = 1,
	ITEM_LIVE,
	FLIGHT_LEFT,
	CHANGEABLE,
	NEW_FLIGHT,
	NEW_ON_SALE,
	SAME_CURRENCY,
	SEAT_EXISTS
};

/* $1 booking, $2 to $4 items, flights (0: its own) and seats, $5 the moment. One row a move. */
static BkQuery price_moves = BK_SELECT(
	"SELECT w.item_no, COALESCE(i.status NOT IN ('cancelled', 'expired'), false),"
	"       COALESCE(i.status IN ('flown', 'no_show') OR o.status IN ('departed', 'arrived'), false),"
	"       f.flight_id = o.flight_id OR a.changeable OR o.status = 'cancelled',"
	"       COALESCE(f.flight_id, w.flight_id), f.flight_id = o.flight_id OR " BK_SQL_ON_SALE
	","
	"       f.currency = b.currency, s.seat_number IS NOT NULL"
	"  FROM unnest($2, $3, $4) AS w (item_no, flight_id, seat_number)"
	"  JOIN public.bookings AS b ON b.booking_id = $1"
	"  JOIN public.fares AS a ON a.fare_code = b.fare_code"
	"  LEFT JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
	"  LEFT JOIN public.flights AS o ON o.flight_id = i.flight_id"
	"  LEFT JOIN public.flights AS f ON f.flight_id = COALESCE(NULLIF(w.flight_id, 0), i.flight_id)"
	"  LEFT JOIN public.seats AS s ON s.flight_id = f.flight_id AND s.seat_number = w.seat_number",
	INT8OID, INT2ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID);

/* The same moves, known to be allowed: the quote and its items in one statement. $6 version, $7 seconds it lives. */
static BkQuery insert_quote = BK_SELECT(
	"WITH move AS ("
	"  SELECT w.item_no, s.flight_id, s.seat_number, i.price AS old_price,"
	"         pg_catalog.round(s.price * a.price_factor, 2) AS new_price,"
	"         CASE WHEN i.status = 'held' OR s.flight_id = i.flight_id OR o.status = 'cancelled' THEN 0"
	"              ELSE pg_catalog.round(i.price * fee.change_percent / 100, 2) END AS fee_amount,"
	"         b.currency"
	"    FROM unnest($2, $3, $4) AS w (item_no, flight_id, seat_number)"
	"    JOIN public.bookings AS b ON b.booking_id = $1"
	"    JOIN public.fares AS a ON a.fare_code = b.fare_code"
	"    JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = w.item_no"
	"    JOIN public.flights AS o ON o.flight_id = i.flight_id"
	"    JOIN public.seats AS s ON s.flight_id = COALESCE(NULLIF(w.flight_id, 0), i.flight_id)"
	"                          AND s.seat_number = w.seat_number," BK_SQL_FARE_RULE(
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

static BkMove read_move(BkObject object);
static void move_arrays(const BkMove *moves, int count, Datum *values);
static void require_allowed(BkRows moves);

/* {"items": [{"item_no": 1, "flight_id": 2, "seat": "12A"}]}: each item once. */
BkMove *
bk_change_read_moves(BkObject body, int *count)
{
	BkArray items = bk_json_array(body, "items", BK_MAX_ITEMS, BK_REQUIRED);
	BkMove *moves = palloc_array(BkMove, items.length);

	*count = items.length;
	for (int i = 0; i < items.length; i++)
	{
		moves[i] = read_move(bk_json_element(items, i));
		for (int j = 0; j < i; j++)
			if (moves[i].item_no == moves[j].item_no)
				bk_json_reject(body, "items", "must name each item once");
	}
	return moves;
}

int64
bk_change_quote(int64 booking_id, int32 if_version, const BkMove *moves, int count)
{
	BkBooking booking = bk_booking_lock_live(booking_id, if_version);
	Datum values[7];

	values[0] = Int64GetDatum(booking_id);
	move_arrays(moves, count, &values[1]);
	values[4] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[5] = Int32GetDatum(booking.version);
	values[6] = Float8GetDatum((float8) bk_quote_duration);
	require_allowed(bk_query_run_old(&price_moves, values, NULL));
	return bk_row_int64_at(bk_query_run_old(&insert_quote, values, NULL), 0, 1);
}

static BkMove
read_move(BkObject object)
{
	return (BkMove){.item_no = (int16) bk_json_int64(object, "item_no", 1, BK_MAX_ITEMS,
													 BK_REQUIRED, 0),
					.flight_id = bk_json_int64(object, "flight_id", 1, PG_INT64_MAX,
											   BK_OPTIONAL, 0),
					.seat_number = bk_json_string(object, "seat", 3, BK_REQUIRED)};
}

static void
move_arrays(const BkMove *moves, int count, Datum *values)
{
	Datum *columns[3];

	for (int column = 0; column < lengthof(columns); column++)
		columns[column] = palloc_array(Datum, count);
	for (int i = 0; i < count; i++)
	{
		columns[0][i] = Int16GetDatum(moves[i].item_no);
		columns[1][i] = Int64GetDatum(moves[i].flight_id);
		columns[2][i] = CStringGetTextDatum(moves[i].seat_number);
	}
	values[0] = PointerGetDatum(construct_array_builtin(columns[0], count, INT2OID));
	values[1] = PointerGetDatum(construct_array_builtin(columns[1], count, INT8OID));
	values[2] = PointerGetDatum(construct_array_builtin(columns[2], count, TEXTOID));
}

static void
require_allowed(BkRows moves)
{
	for (uint64 row = 0; row < moves.count; row++)
	{
		char *item = bk_row_text_at(moves, row, ITEM_NO);

		if (!bk_row_bool_at(moves, row, ITEM_LIVE))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("no live item %s", item),
					errhint("Name items that are neither cancelled nor expired."));
		if (bk_row_bool_at(moves, row, FLIGHT_LEFT))
			ereport(ERROR, errcode(SB_NOT_CHANGEABLE),
					errmsg("the flight of item %s has left", item));
		if (bk_row_isnull_at(moves, row, NEW_ON_SALE))
			ereport(ERROR, errcode(SB_NOT_FOUND),
					errmsg("no flight %s", bk_row_text_at(moves, row, NEW_FLIGHT)));
		if (!bk_row_bool_at(moves, row, CHANGEABLE))
			ereport(ERROR, errcode(SB_NOT_CHANGEABLE),
					errmsg("the fare does not allow another flight"),
					errhint("Another seat of the same flight is always possible."));
		if (!bk_row_bool_at(moves, row, NEW_ON_SALE))
			ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
					errmsg("flight %s is not on sale",
						   bk_row_text_at(moves, row, NEW_FLIGHT)));
		if (!bk_row_bool_at(moves, row, SAME_CURRENCY))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg("flight %s is sold in another currency",
						   bk_row_text_at(moves, row, NEW_FLIGHT)));
		if (!bk_row_bool_at(moves, row, SEAT_EXISTS))
			ereport(ERROR, errcode(SB_VALIDATION_ERROR),
					errmsg("no such seat for item %s", item));
	}
}
