/*
 * booking_create.c
 *		Makes bookings: checks the terms, claims the seats (seats.c), has the rows written (booking_record.c).
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/booking_create.h"
#include "booking/booking_summary.h"
#include "booking/booking_record.h"
#include "booking/booking_request.h"
#include "booking/customers.h"
#include "booking/items.h"
#include "booking/itinerary.h"
#include "booking/journeys.h"
#include "inventory/flights.h"
#include "inventory/seats.h"

/* What a booking of this flight must know, with the fare's factor (null: no such fare). */
static BkQuery find_terms = BK_SELECT(
	"SELECT " BK_SQL_ON_SALE " AS on_sale, f.currency, f.sales_close_at, f.origin::text,"
	"       f.destination::text, f.scheduled_departure, f.scheduled_arrival,"
	"       public.currency_decimals(f.currency) AS decimals,"
	"       (SELECT price_factor FROM public.fares WHERE fare_code = $2) AS price_factor"
	"  FROM public.flights AS f"
	" WHERE f.flight_id = $1",
	INT8OID, TEXTOID);

static BkQuery count_holds = BK_SNAPSHOT_SELECT(
	"SELECT pg_catalog.count(*) AS holds, COALESCE(pg_catalog.sum(i.seats), 0)::bigint AS seats"
	"  FROM public.bookings AS b"
	" CROSS JOIN LATERAL (SELECT pg_catalog.count(*) AS seats FROM public.booking_items AS i"
	"                      WHERE i.booking_id = b.booking_id AND i.status = 'held') AS i"
	" WHERE b.customer_id = $1 AND b.status = 'held'"
	"   AND b.payment_required_by > pg_catalog.clock_timestamp()",
	INT8OID);

static bool flight_seen(const BkBookingRequest *request, int item);
static TimestampTz read_terms(BkNewBooking *booking, int64 flight_id, BkLeg *leg);
static void require_quota(int64 customer_id, const char *what, int64 held, int wanted,
						  int allowed);

PG_FUNCTION_INFO_V1(booking_create_booking);

/* booking.create_booking(booking): makes a booking of a JSON object and returns its summary, without looking at its row. */
Datum
booking_create_booking(PG_FUNCTION_ARGS)
{
	Jsonb *json = PG_ARGISNULL(0) ? NULL : PG_GETARG_JSONB_P(0);
	BkObject body;
	BkBookingRequest request;
	BkNewBooking booking;

	SPI_connect();
	body = bk_json_top(json, "booking");
	request = bk_booking_read_request(body);
	bk_json_require_known(body);
	bk_booking_create(&request, &booking);
	bk_booking_return_new(fcinfo, &booking);
	SPI_finish();
	return (Datum) 0;
}

/* Whether the transaction wrote anything before is asked first: from prepare on it has locked rows. */
void
bk_booking_create(const BkBookingRequest *request, BkNewBooking *booking)
{
	bool alone = !TransactionIdIsValid(GetTopTransactionIdIfAny());

	bk_booking_prepare(request, palloc_array(BkClaim, request->count), booking);
	if (request->customer_id != 0)
	{
		bk_customer_lock(request->customer_id);
		if (!request->instant)
			bk_booking_require_quota(request->customer_id, 1, request->count);
		bk_booking_require_single(request);
	}
	bk_seats_claim(booking->claims, request->count);
	bk_items_expire_claimed(booking->claims, request->count);
	bk_booking_record(booking);
	if (!request->instant && alone && !bk_hold_durable)
		(void) set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION,
								 GUC_ACTION_LOCAL, true, 0, false);
}

/* A hold lasts as long as holds do, and no longer than the sales of any of its flights. */
void
bk_booking_prepare(const BkBookingRequest *request, BkClaim *claims, BkNewBooking *booking)
{
	TimestampTz held_until = GetCurrentTimestamp() + bk_hold_duration * USECS_PER_SEC;

	BkLeg legs[BK_MAX_ITEMS];
	int leg_count = 0;

	bk_query_require_isolation();
	*booking = (BkNewBooking){.request = request, .claims = claims};
	bk_booking_fill_claims(request, claims);
	for (int i = 0; i < request->count; i++)
	{
		claims[i].terms = &booking->terms;
		if (!flight_seen(request, i))
		{
			TimestampTz sales_close_at = read_terms(booking, claims[i].flight_id,
													&legs[leg_count++]);

			held_until = Min(held_until, sales_close_at);
		}
	}
	booking->journey_nos = bk_journeys_number(request, legs, leg_count);
	booking->terms.status = request->instant ? BK_BOOKED : BK_HELD;
	booking->terms.held_until = held_until;
	booking->terms.amount = request->tender.amount;
	booking->terms.amount.isnull |= !request->tender.given;
}

/* In the order of the items; the claims share the texts of the request. */
void
bk_booking_fill_claims(const BkBookingRequest *request, BkClaim *claims)
{
	for (int i = 0; i < request->count; i++)
		claims[i] = (BkClaim){.flight_id = request->items[i].flight_id,
							  .seat_number = request->items[i].seat_number,
							  .cabin_class = request->items[i].cabin_class,
							  .is_minor = !bk_word_is(request->items[i].passenger_type,
													  BK_ADULT)};
}

/* Whether an earlier item is on the same flight. */
static bool
flight_seen(const BkBookingRequest *request, int item)
{
	for (int i = 0; i < item; i++)
		if (request->items[i].flight_id == request->items[item].flight_id)
			return true;
	return false;
}

/*
 * Sets fare factor and currency of the booking, and the leg; returns when sales of the flight end. Raises SB002 (not on sale), SB010
 * (another currency than the flights before) and SB011 (no such flight or fare).
 */
static TimestampTz
read_terms(BkNewBooking *booking, int64 flight_id, BkLeg *leg)
{
	const BkBookingRequest *request = booking->request;
	BkRows terms = bk_query_run(&find_terms, bk_int64(flight_id),
								bk_text(request->fare_code));
	char *currency;

	if (terms.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no flight " INT64_FORMAT, flight_id));
	if (!bk_row_bool(terms, 0, "on_sale"))
		ereport(ERROR, errcode(SB_FLIGHT_NOT_OPEN),
				errmsg("flight " INT64_FORMAT " is not on sale", flight_id),
				errdetail("It is outside its sales window, has left or is cancelled."));
	if (bk_row_isnull(terms, 0, "price_factor"))
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no fare \"%s\"", request->fare_code));

	currency = bk_row_text(terms, 0, "currency");
	if (booking->currency != NULL && strcmp(currency, booking->currency) != 0)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("the flights are sold in different currencies"),
				errhint("Make a booking for each currency."));
	booking->currency = currency;
	booking->terms.fare_factor = bk_row_value(terms, 0, "price_factor");
	booking->terms.decimals = bk_row_int32(terms, 0, "decimals");
	*leg = (BkLeg){.flight_id = flight_id,
				   .origin = bk_row_text(terms, 0, "origin"),
				   .destination = bk_row_text(terms, 0, "destination"),
				   .departure = bk_row_timestamptz(terms, 0, "scheduled_departure"),
				   .arrival = bk_row_timestamptz(terms, 0, "scheduled_arrival")};
	return bk_row_timestamptz(terms, 0, "sales_close_at");
}

/* Counts what is there now, also where the transaction's snapshot is older: the holds of the lock's last owner are among them. */
void
bk_booking_require_quota(int64 customer_id, int holds, int seats)
{
	BkRows held;

	if (bk_max_holds == 0 && bk_max_held_seats == 0)
		return;
	PushActiveSnapshot(GetLatestSnapshot());
	held = bk_query_run(&count_holds, bk_int64(customer_id));
	PopActiveSnapshot();
	require_quota(customer_id, "holds", bk_row_int64(held, 0, "holds"), holds,
				  bk_max_holds);
	require_quota(customer_id, "held seats", bk_row_int64(held, 0, "seats"), seats,
				  bk_max_held_seats);
}

void
bk_booking_require_single(const BkBookingRequest *request)
{
	BkTraveller *travellers = palloc_array(BkTraveller, request->count);

	for (int i = 0; i < request->count; i++)
		travellers[i] = (BkTraveller){.flight_id = request->items[i].flight_id,
									  .name = request->items[i].passenger_name,
									  .folded_name = request->items[i].folded_name};
	bk_itinerary_require_single(request->customer_id, 0, travellers, request->count);
}

/* 0 allows all. Raises SB018. */
static void
require_quota(int64 customer_id, const char *what, int64 held, int wanted, int allowed)
{
	if (allowed > 0 && held + wanted > allowed)
		ereport(ERROR, errcode(SB_HOLD_QUOTA),
				errmsg("customer " INT64_FORMAT " may have %d %s at once", customer_id,
					   allowed, what),
				errdetail("There are " INT64_FORMAT " already, and %d are asked for.",
						  held, wanted),
				errhint("Pay a hold, cancel one or let one lapse."));
}
