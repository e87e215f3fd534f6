/*
 * quotes.h
 *		What quotes of cancellations and of changes have in common.
 */
#ifndef BK_QUOTES_H
#define BK_QUOTES_H

#include "booking/bookings.h"

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

/* An amount, rounded as booking b's currency is. */
#define BK_SQL_ROUND(amount)                    \
	"pg_catalog.round(pg_catalog.round(" amount \
	", public.currency_decimals(b.currency)), 2)"

/*
 * Whether item i was let down by the airline: it cancelled the item's flight, or another flight of the passenger's journey. A
 * leg that the passenger had given up before, for a penalty, is none of it any more.
 */
#define BK_SQL_LET_DOWN(flight)                                             \
	"(" flight ".status = 'cancelled'"                                      \
	" OR EXISTS (SELECT FROM public.booking_items AS leg"                   \
	"              JOIN public.flights AS f USING (flight_id)"              \
	"             WHERE leg.booking_id = i.booking_id"                      \
	"               AND leg.journey_no = i.journey_no"                      \
	"               AND public.folded_text(leg.passenger_name)"             \
	"                   = public.folded_text(i.passenger_name)"             \
	"               AND leg.status <> 'expired' AND leg.penalty_amount = 0" \
	"               AND f.status = 'cancelled'))"

/*
 * The share of the price of item i, in percent, that a cancellation at a moment keeps: booking b at fare a on flight f, fee its
 * rule. Nothing where the airline let the passenger down, or within 24 hours of the purchase if the flight left a week or more
 * after the reservation (14 CFR 259.5(b)(4)). Hours, since a day is as long as the session's time zone makes it.
 */
#define BK_SQL_PENALTY_PERCENT(flight, moment)                                \
	" CASE"                                                                   \
	"   WHEN " BK_SQL_LET_DOWN(                                               \
		flight) " THEN 0"                                                     \
				"   WHEN " moment " <= b.confirmed_at + interval '24 hours'"  \
				"        AND " flight                                         \
				".scheduled_departure >= b.created_at + interval '168 hours'" \
				"   THEN 0"                                                   \
				"   WHEN NOT a.refundable THEN 100"                           \
				"   ELSE fee.cancellation_percent"                            \
				" END "

/*
 * Whether a quote may still be confirmed. Its row has status, booking_version, expires_at and superseded, whether the
 * booking has a newer one; it was read after the booking was locked. Raises done where it has been confirmed, stale where
 * it has expired, or the booking has changed or been quoted again since.
 */
extern void bk_quote_require_fresh(BkRows quote, const BkBooking *booking, int done,
								   int stale);

#endif
