/*
 * flights.h
 *		Rules about flights and fares that several statements share, as SQL.
 */
#ifndef BK_FLIGHTS_H
#define BK_FLIGHTS_H

/* Seats of flight f are on sale now. */
#define BK_SQL_ON_SALE                                     \
	"(f.status IN ('scheduled', 'on_time', 'delayed')"     \
	" AND pg_catalog.clock_timestamp() >= f.sales_open_at" \
	" AND pg_catalog.clock_timestamp() < f.sales_close_at)"

/*
 * The fare rule of booking b that applies to a flight at a moment, as fee (hours, cancellation_percent, change_percent):
 * the row with the greatest hours_before_departure not above the hours left, and everything where there is none.
 */
#define BK_SQL_FARE_RULE(flight, moment)                                                          \
	" LATERAL (SELECT r.hours_before_departure, r.cancellation_fee_percent, r.change_fee_percent" \
	"            FROM public.fare_rules AS r"                                                     \
	"           WHERE r.fare_code = b.fare_code"                                                  \
	"             AND " flight ".scheduled_departure - " moment                                   \
	"                 >= pg_catalog.make_interval(hours => r.hours_before_departure)"             \
	"           UNION ALL SELECT -1, 100, 100"                                                    \
	"           ORDER BY 1 DESC"                                                                  \
	"           LIMIT 1) AS fee (hours, cancellation_percent, change_percent)"

#endif
