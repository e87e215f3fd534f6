/*
 * journeys.c
 *		Which flights of a booking make a journey.
 *
 * A flight goes on with the journey of an earlier one if it leaves from where that arrives, less than a day later, and does
 * not lead back to where the journey has been. Any other flight begins a journey.
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "booking/journeys.h"
#include "booking/person.h"
#include "inventory/connections.h"

static int compare_departures(const void *a, const void *b);
static void number_leg(BkLeg *legs, int leg);
static bool has_been(const BkLeg *legs, int count, int16 journey_no, const char *airport);
static const BkLeg *find_leg(const BkLeg *legs, int64 flight_id);
static void refuse_too_early(const BkBookingRequest *request, const BkLeg *legs);
static void require_in_time(const BkLeg *first, const BkLeg *second, const char *name);

const int16 *
bk_journeys_number(const BkBookingRequest *request, BkLeg *legs, int count)
{
	int16 *journey_nos = palloc_array(int16, request->count);

	qsort(legs, count, sizeof(BkLeg), compare_departures);
	for (int leg = 0; leg < count; leg++)
		number_leg(legs, leg);
	if (count > 1)
		refuse_too_early(request, legs);
	for (int i = 0; i < request->count; i++)
		journey_nos[i] = find_leg(legs, request->items[i].flight_id)->journey_no;
	return journey_nos;
}

static int
compare_departures(const void *a, const void *b)
{
	const BkLeg *left = a;
	const BkLeg *right = b;

	if (left->departure != right->departure)
		return left->departure < right->departure ? -1 : 1;
	return left->flight_id < right->flight_id ? -1 : left->flight_id > right->flight_id;
}

/* The legs before it have their numbers. The latest that it can go on from is the one. */
static void
number_leg(BkLeg *legs, int leg)
{
	BkLeg *next = &legs[leg];
	int16 newest = 0;

	next->connects = false;
	for (int i = leg - 1; i >= 0; i--)
	{
		BkLeg *last = &legs[i];

		newest = Max(newest, last->journey_no);
		if (!last->connects && strcmp(last->destination, next->origin) == 0 &&
			next->departure >= last->arrival &&
			next->departure < last->arrival + BK_MAX_CONNECTION_HOURS * USECS_PER_HOUR &&
			!has_been(legs, leg, last->journey_no, next->destination))
		{
			last->connects = true;
			next->journey_no = last->journey_no;
			return;
		}
	}
	next->journey_no = newest + 1;
}

/* Whether a journey, as far as its first legs go, has left from an airport. */
static bool
has_been(const BkLeg *legs, int count, int16 journey_no, const char *airport)
{
	for (int i = 0; i < count; i++)
		if (legs[i].journey_no == journey_no && strcmp(legs[i].origin, airport) == 0)
			return true;
	return false;
}

/* The leg of a flight, which is one of them. */
static const BkLeg *
find_leg(const BkLeg *legs, int64 flight_id)
{
	while (legs->flight_id != flight_id)
		legs++;
	return legs;
}

/* Every two flights of a passenger, in the order of departure. */
static void
refuse_too_early(const BkBookingRequest *request, const BkLeg *legs)
{
	for (int i = 0; i < request->count; i++)
		for (int j = i + 1; j < request->count; j++)
		{
			const BkItemRequest *one = &request->items[i];
			const BkItemRequest *other = &request->items[j];
			const BkLeg *first;
			const BkLeg *second;

			if (one->flight_id == other->flight_id ||
				strcmp(one->folded_name, other->folded_name) != 0)
				continue;
			first = find_leg(legs, one->flight_id);
			second = find_leg(legs, other->flight_id);
			require_in_time(Min(first, second), Max(first, second), one->passenger_name);
		}
}

/* Raises SB010 where the second flight leaves before the first has arrived, or before one can change to it. */
static void
require_in_time(const BkLeg *first, const BkLeg *second, const char *name)
{
	if (second->departure < first->arrival)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("flight " INT64_FORMAT " leaves before flight " INT64_FORMAT
					   " of passenger \"%s\" arrives",
					   second->flight_id, first->flight_id, name));
	if (strcmp(first->destination, second->origin) == 0 &&
		second->departure < first->arrival + BK_MIN_CONNECTION_HOURS * USECS_PER_HOUR)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("flight " INT64_FORMAT
					   " leaves less than %d hours after flight " INT64_FORMAT
					   " of passenger \"%s\" arrives",
					   second->flight_id, BK_MIN_CONNECTION_HOURS, first->flight_id,
					   name));
}
