/*
 * airports.h
 *		The airports served.
 */
#ifndef BK_AIRPORTS_H
#define BK_AIRPORTS_H

#include "base/query.h"

#define BK_DEFAULT_AIRPORTS 500

/*
 * Airports whose code, city and name have each word of text in them, whatever its case and accents, the best first; all by city where
 * text is NULL. At most limit of them, 1 to 500, after the one of that code in the same order (NULL: from the first). Raises SB010.
 * Rows: iata, name, city, country, time_zone.
 */
extern BkRows bk_airports_find(const char *text, const char *after, int64 limit);

/*
 * The time zone (IANA) of the airport that a field names by its IATA code. Raises SB010 where none is served by that code,
 * so that a typing error is not mistaken for a route without flights.
 */
extern const char *bk_airport_zone(const char *field, const char *iata);

#endif
