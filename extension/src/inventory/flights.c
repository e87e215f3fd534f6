/*
 * flights.c
 *		A dated flight.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/errcodes.h"
#include "inventory/flights.h"

static BkQuery get_flight = BK_SNAPSHOT_SELECT(
	"SELECT " BK_SQL_FLIGHT "  FROM public.flights AS f" BK_SQL_FLIGHT_AIRPORTS
	" WHERE f.flight_id = $1",
	INT8OID);

BkRows
bk_flight_get(int64 flight_id)
{
	BkRows flight = bk_query_run(&get_flight, bk_int64(flight_id));

	if (flight.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	return flight;
}
