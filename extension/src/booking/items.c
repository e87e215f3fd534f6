/*
 * items.c
 *		The only writer of booking_items and booking_events, but for the first rows of a booking (booking_record.c).
 *
 * Seat and revenue deltas of the events: seats sold and revenue count from confirmation on, so a hold that comes and
 * goes leaves zeros.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/query.h"
#include "base/words.h"
#include "booking/items.h"

/* From here on the seats are sold and the prices are revenue. */
static BkQuery confirm_items = BK_INSERT(
	"WITH item AS ("
	"  UPDATE public.booking_items"
	"     SET status = 'confirmed', updated_at = pg_catalog.clock_timestamp()"
	"   WHERE booking_id = $1 AND status = 'held'"
	"  RETURNING item_no, flight_id, seat_number, price)"
	" " BK_SQL_INSERT_EVENT
	" SELECT $1, item_no, flight_id, seat_number, 'confirmed', 1, price, pg_catalog.clock_timestamp()"
	"   FROM item",
	INT8OID);

/* One item at most: booking_items_live_seat_key. */
static BkQuery expire_seat = BK_INSERT(
	"WITH item AS ("
	"  UPDATE public.booking_items"
	"     SET status = 'expired', updated_at = pg_catalog.clock_timestamp()"
	"   WHERE flight_id = $1 AND seat_number = $2 AND status = 'held'"
	"  RETURNING booking_id, item_no)"
	" " BK_SQL_INSERT_EVENT
	" SELECT booking_id, item_no, $1, $2, 'expired', 0, 0, pg_catalog.clock_timestamp()"
	"   FROM item",
	INT8OID, TEXTOID);

/* Items that a claim has expired already are no longer held and not found. */
static BkQuery expire_items = BK_SELECT(
	"WITH item AS ("
	"  UPDATE public.booking_items"
	"     SET status = 'expired', updated_at = pg_catalog.clock_timestamp()"
	"   WHERE booking_id = ANY ($1) AND status = 'held'"
	"  RETURNING booking_id, item_no, flight_id, seat_number),"
	" event AS ("
	"  " BK_SQL_INSERT_EVENT
	"  SELECT booking_id, item_no, flight_id, seat_number, 'expired', 0, 0, pg_catalog.clock_timestamp()"
	"    FROM item)"
	" SELECT pg_catalog.array_agg(flight_id) AS flight_ids, pg_catalog.array_agg(seat_number) AS seat_numbers"
	"   FROM item",
	INT8ARRAYOID);

/* What an item was before tells its deltas: a held one was never sold, so there is nothing to take back. */
static BkQuery cancel_items = BK_SELECT(
	"WITH before AS ("
	"  SELECT i.item_no, i.price, c.penalty, i.status <> 'held' AS sold"
	"    FROM public.booking_items AS i"
	"    JOIN unnest($2, $3) AS c (item_no, penalty) ON c.item_no = i.item_no"
	"   WHERE i.booking_id = $1 AND " BK_SQL_LIVE(
		"i") "),"
			 " item AS ("
			 "  UPDATE public.booking_items AS i"
			 "     SET status = 'cancelled', penalty_amount = b.penalty, updated_at = pg_catalog.clock_timestamp()"
			 "    FROM before AS b"
			 "   WHERE i.booking_id = $1 AND i.item_no = b.item_no"
			 "  RETURNING i.item_no, i.flight_id, i.seat_number, b.sold, b.price - b.penalty AS refund),"
			 " event AS ("
			 "  " BK_SQL_INSERT_EVENT
			 "  SELECT $1, item_no, flight_id, seat_number, 'cancelled',"
			 "         CASE WHEN sold THEN -1 ELSE 0 END, CASE WHEN sold THEN -refund ELSE 0 END,"
			 "         pg_catalog.clock_timestamp()"
			 "    FROM item)"
			 " SELECT pg_catalog.array_agg(flight_id) AS flight_ids, pg_catalog.array_agg(seat_number) AS seat_numbers,"
			 "        pg_catalog.count(*) AS items"
			 "   FROM item",
	INT8OID, INT2ARRAYOID, NUMERICARRAYOID);

/*
 * Items that exchange their seats do so by way of no flight at all, since the unique index sees each row for itself; the foreign key
 * waits until they have.
 */
static BkQuery let_seats_go = BK_UTILITY(
	"SET CONSTRAINTS public.booking_items_seat_fkey DEFERRED");
static BkQuery hold_seats = BK_UTILITY(
	"SET CONSTRAINTS public.booking_items_seat_fkey IMMEDIATE");

static BkQuery leave_seats = BK_UPDATE(
	"UPDATE public.booking_items AS i"
	"   SET flight_id = -i.flight_id"
	"  FROM public.booking_change_items AS c"
	" WHERE c.change_id = $2 AND c.item_no = i.item_no AND i.booking_id = $1 AND " BK_SQL_LIVE(
		"i"),
	INT8OID, INT8OID);

/* Whether an item of the change takes the seat of another. */
static BkQuery find_exchange = BK_SELECT(
	"SELECT EXISTS (SELECT"
	"                 FROM public.booking_change_items AS c"
	"                 JOIN public.booking_change_items AS o ON o.change_id = c.change_id AND o.item_no <> c.item_no"
	"                 JOIN public.booking_items AS i ON i.booking_id = $1 AND i.item_no = o.item_no"
	"                WHERE c.change_id = $2 AND i.flight_id = c.flight_id AND i.seat_number = c.seat_number) AS exchange",
	INT8OID, INT8OID);

/* An item that changes its flight leaves an event on either flight, so that each flight's events tell its seats. */
static BkQuery move_items = BK_SELECT(
	"WITH moved AS ("
	"  SELECT i.item_no, pg_catalog.abs(i.flight_id) AS old_flight, i.seat_number AS old_seat, i.status <> 'held' AS sold,"
	"         c.flight_id, c.seat_number, c.old_price, c.new_price, c.fee_amount"
	"    FROM public.booking_items AS i"
	"    JOIN public.booking_change_items AS c ON c.change_id = $2 AND c.item_no = i.item_no"
	"   WHERE i.booking_id = $1 AND " BK_SQL_LIVE(
		"i") "),"
			 " item AS ("
			 "  UPDATE public.booking_items AS i"
			 "     SET flight_id = m.flight_id, seat_number = m.seat_number, price = m.new_price,"
			 "         fee_amount = i.fee_amount + m.fee_amount, updated_at = pg_catalog.clock_timestamp()"
			 "    FROM moved AS m"
			 "   WHERE i.booking_id = $1 AND i.item_no = m.item_no),"
			 " event AS ("
			 "  " BK_SQL_INSERT_EVENT "  SELECT $1, item_no, e.flight_id, e.seat_number,"
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
			 " SELECT pg_catalog.array_agg(m.old_flight) FILTER (WHERE is_free) AS flight_ids,"
			 "        pg_catalog.array_agg(m.old_seat) FILTER (WHERE is_free) AS seat_numbers,"
			 "        pg_catalog.count(*) = (SELECT pg_catalog.count(*) FROM public.booking_change_items"
			 "                                WHERE change_id = $2) AS all_moved"
			 "   FROM moved AS m,"
			 "        LATERAL (SELECT NOT EXISTS (SELECT FROM moved AS t WHERE t.flight_id = m.old_flight"
			 "                                                             AND t.seat_number = m.old_seat)) AS f (is_free)",
	INT8OID, INT8OID);

uint64
bk_items_confirm(int64 booking_id)
{
	return bk_query_run(&confirm_items, bk_int64(booking_id)).count;
}

void
bk_items_expire_claimed(const BkClaim *claims, int count)
{
	for (int i = 0; i < count; i++)
	{
		BkRows expired;

		if (!claims[i].lapsed)
			continue;
		expired = bk_query_run(&expire_seat, bk_int64(claims[i].flight_id),
							   bk_text(claims[i].seat_number));
		if (expired.count != 1)
			elog(ERROR, "held seat \"%s\" of flight " INT64_FORMAT " has no held item",
				 claims[i].seat_number, claims[i].flight_id);
	}
}

BkRows
bk_items_expire(Datum booking_ids)
{
	return bk_query_run(&expire_items, bk_datum(booking_ids));
}

BkRows
bk_items_move(int64 booking_id, int64 change_id)
{
	BkRows moved;
	bool exchange = bk_row_bool(bk_query_run(&find_exchange, bk_int64(booking_id),
											 bk_int64(change_id)),
								0, "exchange");

	if (exchange)
	{
		(void) bk_query_run(&let_seats_go);
		(void) bk_query_run(&leave_seats, bk_int64(booking_id), bk_int64(change_id));
	}
	moved = bk_query_run(&move_items, bk_int64(booking_id), bk_int64(change_id));
	if (exchange)
		(void) bk_query_run(&hold_seats);
	return moved;
}

BkRows
bk_items_cancel(int64 booking_id, Datum item_nos, Datum penalties)
{
	return bk_query_run(&cancel_items, bk_int64(booking_id), bk_datum(item_nos),
						bk_datum(penalties));
}
