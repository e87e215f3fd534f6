/*
 * airports.h
 *		The airports served.
 */
#ifndef BK_AIRPORTS_H
#define BK_AIRPORTS_H

#include "base/query.h"

/*
 * Airports whose code is text, or whose city or name has it in them, upper and lower case alike; all where text is NULL.
 * Raises SB010. Rows: iata, name, city, country, time_zone.
 */
extern BkRows bk_airports_find(const char *text);

/*
 * The time zone (IANA) of the airport that a field names by its IATA code. Raises SB010 where none is served by that code,
 * so that a typing error is not mistaken for a route without flights.
 */
extern const char *bk_airport_zone(const char *field, const char *iata);

#endif
