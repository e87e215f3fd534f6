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
#define MAX_AIRPORTS 500 /* of a page */

/*
 * Every word of $1 is in the code, the city or the name. First the airport of that code, then those that have just these words, codes
 * that begin so, and those where each word begins one. $2 the code of the airport before the page.
 */
static BkQuery find_airports = BK_SNAPSHOT_SELECT(
	"WITH wish AS ("
	"  SELECT w.text,"
	"         (SELECT pg_catalog.array_agg('%' || word || '%') FROM pg_catalog.string_to_table(w.text, ' ') AS word) AS words,"
	"         (SELECT pg_catalog.array_agg('% ' || word || '%') FROM pg_catalog.string_to_table(w.text, ' ') AS word) AS beginnings"
	"    FROM (SELECT public.plain_text($1)) AS w (text)),"
	" found AS ("
	"  SELECT a.iata, a.name, a.city, a.country, a.time_zone,"
	"         CASE WHEN $1 IS NULL THEN 0"
	"              WHEN a.iata = w.text THEN 1"
	"              WHEN pg_catalog.strpos(' ' || a.search_text || ' ', ' ' || w.text || ' ') > 0 THEN 2"
	"              WHEN pg_catalog.starts_with(a.iata, w.text) THEN 3"
	"              WHEN ' ' || a.search_text LIKE ALL (w.beginnings) THEN 4"
	"              ELSE 5 END AS rank"
	"    FROM public.airports AS a, wish AS w"
	"   WHERE $1 IS NULL OR a.search_text LIKE ALL (w.words))"
	" SELECT f.iata, f.name, f.city, f.country, f.time_zone"
	"  FROM found AS f"
	" WHERE $2 IS NULL"
	"    OR (f.rank, f.city, f.iata) > (SELECT l.rank, l.city, l.iata FROM found AS l WHERE l.iata = $2)"
	" ORDER BY f.rank, f.city, f.iata"
	" LIMIT $3",
	TEXTOID, TEXTOID, INT8OID);

static BkQuery find_zone = BK_SNAPSHOT_SELECT(
	"SELECT time_zone FROM public.airports WHERE iata = $1", BPCHAROID);

BkRows
bk_airports_find(const char *text, const char *after, int64 limit)
{
	bk_check_text("query", text, MAX_TEXT_LENGTH);
	bk_check_text("after", after, IATA_LENGTH);
	bk_check_range("limit", limit, 1, MAX_AIRPORTS);
	return bk_query_run(&find_airports, bk_text(text), bk_text(bk_code(after)),
						bk_int64(limit));
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
