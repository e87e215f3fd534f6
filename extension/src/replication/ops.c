/*
 * ops.c
 *		What operators ask: is this database well?
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/query.h"
#include "base/result.h"

/* The columns that the C code reads or writes, a domain as its base type; a table that was altered behind its back shows here. */
static BkQuery missing_columns = BK_LONG_SELECT(
	"SELECT w.table_name || '.' || w.column_name AS object,"
	"       CASE WHEN c.attname IS NULL THEN 'is missing'"
	"            ELSE 'has type ' || t.name || ', not ' || w.type_name END AS problem"
	"  FROM (VALUES ('flights', 'flight_id', 'bigint'),"
	"               ('flights', 'scheduled_departure', 'timestamp with time zone'),"
	"               ('flights', 'sales_open_at', 'timestamp with time zone'),"
	"               ('flights', 'sales_close_at', 'timestamp with time zone'),"
	"               ('flights', 'status', 'text'), ('flights', 'currency', 'character'),"
	"               ('seats', 'flight_id', 'bigint'), ('seats', 'seat_number', 'text'),"
	"               ('seats', 'cabin_class', 'text'), ('seats', 'status', 'text'),"
	"               ('seats', 'characteristics', 'text'),"
	"               ('seats', 'price', 'numeric'), ('seats', 'held_until', 'timestamp with time zone'),"
	"               ('customers', 'customer_id', 'bigint'), ('customers', 'email', 'text'),"
	"               ('bookings', 'booking_id', 'bigint'), ('bookings', 'status', 'text'),"
	"               ('bookings', 'booking_reference', 'text'), ('bookings', 'total_amount', 'numeric'),"
	"               ('bookings', 'payment_required_by', 'timestamp with time zone'),"
	"               ('bookings', 'version', 'integer'), ('bookings', 'fare_code', 'text'),"
	"               ('booking_items', 'booking_id', 'bigint'), ('booking_items', 'item_no', 'smallint'),"
	"               ('booking_items', 'flight_id', 'bigint'), ('booking_items', 'seat_number', 'text'),"
	"               ('booking_items', 'status', 'text'), ('booking_items', 'price', 'numeric'),"
	"               ('booking_items', 'penalty_amount', 'numeric'),"
	"               ('payments', 'booking_id', 'bigint'), ('payments', 'amount', 'numeric'),"
	"               ('cancellations', 'booking_version', 'integer'),"
	"               ('cancellations', 'item_nos', 'smallint[]'),"
	"               ('booking_items', 'fee_amount', 'numeric'), ('payments', 'change_id', 'bigint'),"
	"               ('booking_changes', 'booking_version', 'integer'),"
	"               ('booking_changes', 'change_amount', 'numeric'),"
	"               ('booking_change_items', 'new_price', 'numeric'),"
	"               ('booking_events', 'event_type', 'text'), ('booking_events', 'seat_delta', 'smallint'),"
	"               ('booking_events', 'revenue_delta', 'numeric'))"
	"       AS w (table_name, column_name, type_name)"
	"  LEFT JOIN pg_catalog.pg_attribute AS c"
	"         ON c.attrelid = pg_catalog.to_regclass('public.' || w.table_name)"
	"        AND c.attname = w.column_name AND NOT c.attisdropped"
	"  LEFT JOIN LATERAL (SELECT pg_catalog.format_type(COALESCE(NULLIF(y.typbasetype, 0), y.oid), NULL)"
	"                       FROM pg_catalog.pg_type AS y WHERE y.oid = c.atttypid) AS t (name) ON true"
	" WHERE c.attname IS NULL OR t.name <> w.type_name"
	" UNION ALL "
	"SELECT w.name, 'is missing or invalid'"
	"  FROM (VALUES ('seats_pkey'), ('booking_items_live_seat_key'), ('booking_items_live_passenger_key'),"
	"               ('bookings_reference_key'), ('customers_email_key')) AS w (name)"
	" WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_index AS i"
	"                    WHERE i.indexrelid = pg_catalog.to_regclass('public.' || w.name)"
	"                      AND i.indisunique AND i.indisvalid)"
	" ORDER BY 1");

PG_FUNCTION_INFO_V1(booking_check_schema);

/* booking.check_schema(): see its COMMENT. */
Datum
booking_check_schema(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_query_run_old(&missing_columns, NULL, NULL));
	SPI_finish();
	return (Datum) 0;
}
