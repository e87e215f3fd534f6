/*
 * airports.c
 *		The airports served.
 */
#include "postgres.h"

#include "catalog/pg_type.h"

#include "base/check.h"
#include "inventory/airports.h"

#define MAX_TEXT_LENGTH 64
#define IATA_LENGTH 3

static BkQuery find_airports = BK_SNAPSHOT_SELECT(
	"SELECT iata, name, city, country, time_zone"
	"  FROM public.airports"
	" WHERE $1 IS NULL OR iata = pg_catalog.upper($1)"
	"    OR pg_catalog.strpos(pg_catalog.lower(city || ' ' || name), pg_catalog.lower($1)) > 0"
	" ORDER BY iata = pg_catalog.upper($1) DESC, city, iata"
	" LIMIT 500",
	TEXTOID);

static BkQuery find_zone = BK_SNAPSHOT_SELECT(
	"SELECT time_zone FROM public.airports WHERE iata = $1", BPCHAROID);

BkRows
bk_airports_find(const char *text)
{
	bk_check_text("query", text, MAX_TEXT_LENGTH);
	return bk_query_run(&find_airports, bk_text(text));
}

const char *
bk_airport_zone(const char *field, const char *iata)
{
	BkRows zone;

	bk_check_given(field, iata != NULL);
	bk_check_text(field, iata, IATA_LENGTH);
	zone = bk_query_run(&find_zone, bk_text(iata));
	if (zone.count == 0)
		bk_check_refuse(field,
						"must be the IATA code of an airport served, such as \"LHR\"");
	return bk_row_text(zone, 0, "time_zone");
}
