/*
 * fares.c
 *		The fares on sale, as callers see them. What a cancellation or a change costs is worked out where it is quoted (quotes.h).
 */
#include "postgres.h"

#include "fmgr.h"

#include "base/result.h"
#include "booking/fares.h"

/* The names of the columns are those of the SQL function and of the JSON. */
static BkQuery list_fares = BK_SNAPSHOT_SELECT(
	"SELECT a.fare_code, a.name, a.refundable, a.changeable, a.price_factor,"
	"       COALESCE((SELECT pg_catalog.json_agg(pg_catalog.json_build_object("
	"                            'hours_before_departure', r.hours_before_departure,"
	"                            'cancellation_fee_percent', r.cancellation_fee_percent::text,"
	"                            'change_fee_percent', r.change_fee_percent::text)"
	"                        ORDER BY r.hours_before_departure DESC)"
	"                   FROM public.fare_rules AS r"
	"                  WHERE r.fare_code = a.fare_code), '[]') AS fees"
	"  FROM public.fares AS a"
	" ORDER BY a.price_factor, a.fare_code");

PG_FUNCTION_INFO_V1(booking_list_fares);

/* booking.list_fares(): the fares on sale. */
Datum
booking_list_fares(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_fares_list());
	SPI_finish();
	return (Datum) 0;
}

BkRows
bk_fares_list(void)
{
	return bk_query_run(&list_fares);
}
