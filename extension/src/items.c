/*
 * items.c
 *		The only writer of booking_items and booking_events.
 *
 * Seat and revenue deltas of the events: seats sold and revenue count from confirmation on, so a hold that comes and
 * goes leaves zeros.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "items.h"

#define SQL_INSERT_EVENT                \
	"INSERT INTO public.booking_events" \
	" (booking_id, item_no, flight_id, seat_number, event_type, seat_delta, revenue_delta, occurred_at)"

static BkQuery insert_items = {
	.sql =
		"WITH item AS ("
		"  INSERT INTO public.booking_items"
		"         (booking_id, item_no, flight_id, seat_number, passenger_name, passenger_type, price, status)"
		"  SELECT $1, i.no, i.flight_id, i.seat_number, i.name, i.type, i.price, $7"
		"    FROM unnest($2, $3, $4, $5, $6) WITH ORDINALITY"
		"         AS i (flight_id, seat_number, name, type, price, no)"
		"  RETURNING item_no, flight_id, seat_number, price)"
		" " SQL_INSERT_EVENT " SELECT $1, item_no, flight_id, seat_number, $7,"
		"        CASE $7 WHEN 'confirmed' THEN 1 ELSE 0 END,"
		"        CASE $7 WHEN 'confirmed' THEN price ELSE 0 END, pg_catalog.clock_timestamp()"
		"   FROM item",
	.expect = SPI_OK_INSERT,
	.nargs = 7,
	.argtypes = {INT8OID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
				 NUMERICARRAYOID, TEXTOID},
};

static BkQuery confirm_items = {
	.sql = "WITH item AS ("
		   "  UPDATE public.booking_items"
		   "     SET status = 'confirmed', updated_at = pg_catalog.clock_timestamp()"
		   "   WHERE booking_id = $1 AND status = 'held'"
		   "  RETURNING item_no, flight_id, seat_number, price)"
		   " " SQL_INSERT_EVENT
		   " SELECT $1, item_no, flight_id, seat_number, 'confirmed', 1, price, pg_catalog.clock_timestamp()"
		   "   FROM item",
	.expect = SPI_OK_INSERT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery expire_seat = {
	.sql = "WITH item AS ("
		   "  UPDATE public.booking_items"
		   "     SET status = 'expired', updated_at = pg_catalog.clock_timestamp()"
		   "   WHERE flight_id = $1 AND seat_number = $2 AND status = 'held'"
		   "  RETURNING booking_id, item_no)"
		   " " SQL_INSERT_EVENT
		   " SELECT booking_id, item_no, $1, $2, 'expired', 0, 0, pg_catalog.clock_timestamp()"
		   "   FROM item",
	.expect = SPI_OK_INSERT,
	.nargs = 2,
	.argtypes = {INT8OID, TEXTOID},
};

static BkQuery expire_items = {
	.sql =
		"WITH item AS ("
		"  UPDATE public.booking_items"
		"     SET status = 'expired', updated_at = pg_catalog.clock_timestamp()"
		"   WHERE booking_id = ANY ($1) AND status = 'held'"
		"  RETURNING booking_id, item_no, flight_id, seat_number),"
		" event AS ("
		"  " SQL_INSERT_EVENT
		"  SELECT booking_id, item_no, flight_id, seat_number, 'expired', 0, 0, pg_catalog.clock_timestamp()"
		"    FROM item)"
		" SELECT pg_catalog.array_agg(flight_id), pg_catalog.array_agg(seat_number) FROM item",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8ARRAYOID},
};

static BkQuery cancel_items = {
	.sql =
		"WITH before AS ("
		"  SELECT i.item_no, i.price, c.penalty, i.status <> 'held' AS sold"
		"    FROM public.booking_items AS i"
		"    JOIN unnest($2, $3) AS c (item_no, penalty) ON c.item_no = i.item_no"
		"   WHERE i.booking_id = $1 AND i.status NOT IN ('cancelled', 'expired')),"
		" item AS ("
		"  UPDATE public.booking_items AS i"
		"     SET status = 'cancelled', penalty_amount = b.penalty, updated_at = pg_catalog.clock_timestamp()"
		"    FROM before AS b"
		"   WHERE i.booking_id = $1 AND i.item_no = b.item_no"
		"  RETURNING i.item_no, i.flight_id, i.seat_number, b.sold, b.price - b.penalty AS refund),"
		" event AS ("
		"  " SQL_INSERT_EVENT "  SELECT $1, item_no, flight_id, seat_number, 'cancelled',"
		"         CASE WHEN sold THEN -1 ELSE 0 END, CASE WHEN sold THEN -refund ELSE 0 END,"
		"         pg_catalog.clock_timestamp()"
		"    FROM item)"
		" SELECT pg_catalog.array_agg(flight_id), pg_catalog.array_agg(seat_number), pg_catalog.count(*) FROM item",
	.expect = SPI_OK_SELECT,
	.nargs = 3,
	.argtypes = {INT8OID, INT2ARRAYOID, NUMERICARRAYOID},
};

/* An item that changes its flight leaves an event on either flight, so that each flight's events tell its seats. */
static BkQuery move_items = {
	.sql =
		"WITH moved AS ("
		"  SELECT i.item_no, i.flight_id AS old_flight, i.seat_number AS old_seat, i.status <> 'held' AS sold,"
		"         c.flight_id, c.seat_number, c.old_price, c.new_price, c.fee_amount"
		"    FROM public.booking_items AS i"
		"    JOIN public.booking_change_items AS c ON c.change_id = $2 AND c.item_no = i.item_no"
		"   WHERE i.booking_id = $1 AND i.status NOT IN ('cancelled', 'expired')),"
		" item AS ("
		"  UPDATE public.booking_items AS i"
		"     SET flight_id = m.flight_id, seat_number = m.seat_number, price = m.new_price,"
		"         fee_amount = i.fee_amount + m.fee_amount, updated_at = pg_catalog.clock_timestamp()"
		"    FROM moved AS m"
		"   WHERE i.booking_id = $1 AND i.item_no = m.item_no),"
		" event AS ("
		"  " SQL_INSERT_EVENT "  SELECT $1, item_no, e.flight_id, e.seat_number,"
		"         CASE WHEN old_flight = m.flight_id THEN 'seat_changed' ELSE 'flight_changed' END,"
		"         CASE WHEN sold THEN e.seat_delta ELSE 0 END, CASE WHEN sold THEN e.revenue_delta ELSE 0 END,"
		"         pg_catalog.clock_timestamp()"
		"    FROM moved AS m,"
		"         LATERAL (SELECT m.flight_id, m.seat_number, 0, new_price - old_price + fee_amount"
		"                   WHERE old_flight = m.flight_id"
		"                   UNION ALL"
		"                  SELECT old_flight, old_seat, -1, -old_price WHERE old_flight <> m.flight_id"
		"                   UNION ALL"
		"                  SELECT m.flight_id, m.seat_number, 1, new_price + fee_amount"
		"                   WHERE old_flight <> m.flight_id)"
		"         AS e (flight_id, seat_number, seat_delta, revenue_delta))"
		" SELECT pg_catalog.array_agg(old_flight), pg_catalog.array_agg(old_seat), pg_catalog.count(*) FROM moved",
	.expect = SPI_OK_SELECT,
	.nargs = 2,
	.argtypes = {INT8OID, INT8OID},
};

void
bk_items_insert(int64 booking_id, const BkClaim *claims, int count, const char *status)
{
	Datum *columns[5];
	Datum values[7];

	for (int column = 0; column < lengthof(columns); column++)
		columns[column] = palloc_array(Datum, count);
	for (int i = 0; i < count; i++)
	{
		columns[0][i] = Int64GetDatum(claims[i].flight_id);
		columns[1][i] = CStringGetTextDatum(claims[i].seat_number);
		columns[2][i] = CStringGetTextDatum(claims[i].passenger_name);
		columns[3][i] = CStringGetTextDatum(claims[i].passenger_type);
		columns[4][i] = claims[i].price;
	}

	values[0] = Int64GetDatum(booking_id);
	values[1] = PointerGetDatum(construct_array_builtin(columns[0], count, INT8OID));
	for (int column = 1; column < 4; column++)
		values[column + 1] = PointerGetDatum(
			construct_array_builtin(columns[column], count, TEXTOID));
	values[5] = PointerGetDatum(
		construct_array(columns[4], count, NUMERICOID, -1, false, TYPALIGN_INT));
	values[6] = CStringGetTextDatum(status);
	(void) bk_query_run(&insert_items, values, NULL);
}

uint64
bk_items_confirm(int64 booking_id)
{
	Datum values[] = {Int64GetDatum(booking_id)};

	return bk_query_run(&confirm_items, values, NULL).count;
}

void
bk_items_expire_seat(int64 flight_id, const char *seat_number)
{
	Datum values[] = {Int64GetDatum(flight_id), CStringGetTextDatum(seat_number)};

	if (bk_query_run(&expire_seat, values, NULL).count != 1)
		elog(ERROR, "held seat \"%s\" of flight " INT64_FORMAT " has no held item",
			 seat_number, flight_id);
}

BkRows
bk_items_expire(Datum booking_ids)
{
	return bk_query_run(&expire_items, &booking_ids, NULL);
}

BkRows
bk_items_move(int64 booking_id, int64 change_id)
{
	Datum values[] = {Int64GetDatum(booking_id), Int64GetDatum(change_id)};

	return bk_query_run(&move_items, values, NULL);
}

BkRows
bk_items_cancel(int64 booking_id, Datum item_nos, Datum penalties)
{
	Datum values[] = {Int64GetDatum(booking_id), item_nos, penalties};

	return bk_query_run(&cancel_items, values, NULL);
}
