/*
 * flights.h
 *		A dated flight, and what several statements say of flights, as SQL.
 */
#ifndef BK_FLIGHTS_H
#define BK_FLIGHTS_H

#include "base/query.h"

/*
 * A flight has left: by the clock and the best known time of its departure, since a status comes late or never. One that the
 * airline cancelled never leaves.
 */
#define BK_SQL_LEFT(flight)                                                              \
	"(" flight ".status <> 'cancelled'"                                                  \
	" AND COALESCE(" flight ".actual_departure, " flight ".estimated_departure, " flight \
	".scheduled_departure) <= pg_catalog.clock_timestamp())"

/* A flight takes nobody who has not paid for a seat of it: it has left, or the airline has cancelled it. */
#define BK_SQL_GROUNDED(flight) \
	"(" flight ".status = 'cancelled' OR " BK_SQL_LEFT(flight) ")"

/* Seats of flight f are on sale now. */
#define BK_SQL_ON_SALE                                     \
	"(f.status IN ('scheduled', 'on_time', 'delayed')"     \
	" AND pg_catalog.clock_timestamp() >= f.sales_open_at" \
	" AND pg_catalog.clock_timestamp() < f.sales_close_at" \
	" AND NOT " BK_SQL_LEFT("f") ")"

/*
 * The columns of flight f, where o and d give the time zones of its airports. Moments are given in UTC and in both local
 * times; durations are taken from the moments, so that neither a zone nor a date line bends them. The first column is
 * flight_id and the last one currency.
 */
#define BK_SQL_FLIGHT                                                                           \
	"f.flight_id, f.flight_number, f.status, f.origin::text, f.destination::text,"              \
	" f.scheduled_departure,"                                                                   \
	" pg_catalog.timezone(o.time_zone, f.scheduled_departure) AS scheduled_departure_local,"    \
	" o.time_zone AS origin_time_zone, f.scheduled_arrival,"                                    \
	" pg_catalog.timezone(d.time_zone, f.scheduled_arrival) AS scheduled_arrival_local,"        \
	" d.time_zone AS destination_time_zone,"                                                    \
	" pg_catalog.timezone(d.time_zone, f.scheduled_arrival)::date"                              \
	"   - pg_catalog.timezone(o.time_zone, f.scheduled_departure)::date AS arrival_day_offset," \
	" (EXTRACT(epoch FROM f.scheduled_arrival - f.scheduled_departure) / 60)::integer"          \
	"   AS duration_minutes,"                                                                   \
	" f.estimated_departure, f.estimated_arrival, f.actual_departure, f.actual_arrival,"        \
	" f.aircraft_code::text, f.distance_km, f.currency::text"
#define BK_SQL_FLIGHT_AIRPORTS                        \
	" JOIN public.airports AS o ON o.iata = f.origin" \
	" JOIN public.airports AS d ON d.iata = f.destination"

/* One flight. Row: BK_SQL_FLIGHT. Raises SB011. */
extern BkRows bk_flight_get(int64 flight_id);

#endif
