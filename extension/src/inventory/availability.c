/*
 * availability.c
 *		Counts what a flight has left to sell.
 *
 * Nothing is kept between counts, so no count is ever stale; reading all seats of a flight is cheap enough (seat_scan.c).
 */
#include "postgres.h"

#include "utils/datum.h"
#include "utils/fmgrprotos.h"

#include "inventory/availability.h"
#include "inventory/seat_scan.h"

const char *const bk_cabin_classes[] = {"first", "business", "premium_economy", "economy",
										NULL};

static void count_seat(const BkSeat *seat, BkCabin *cabins);
static bool is_lower(Datum price, Datum than);
static BkCabin *find_cabin(Datum cabin_class, BkCabin *cabins);

void
bk_availability_count(int64 flight_id, BkCabin cabins[BK_CABINS])
{
	BkSeatScan *scan = bk_seat_scan_begin(flight_id);
	BkSeat seat;

	for (int i = 0; i < BK_CABINS; i++)
		cabins[i] = (BkCabin){.cabin_class = bk_cabin_classes[i]};
	while (bk_seat_scan_next(scan, &seat))
		count_seat(&seat, cabins);
	bk_seat_scan_end(scan);
}

/* Adds a seat to its cabin. The seat's values pass with the scan, so a price that is kept is copied. */
static void
count_seat(const BkSeat *seat, BkCabin *cabins)
{
	BkCabin *cabin = find_cabin(seat->cabin_class, cabins);

	cabin->seats++;
	if (!seat->claimable)
		return;
	if (cabin->seats_available++ == 0 || is_lower(seat->price, cabin->price_from))
		cabin->price_from = datumCopy(seat->price, false, -1);
}

/* Whether a price is below another. Most seats of a cabin have the same one, in the same bytes: these are not computed with. */
static bool
is_lower(Datum price, Datum than)
{
	return !datum_image_eq(price, than, false, -1) &&
		   DatumGetBool(DirectFunctionCall2(numeric_lt, price, than));
}

/* The cabin of a seat. The schema admits no class that is not in bk_cabin_classes. */
static BkCabin *
find_cabin(Datum cabin_class, BkCabin *cabins)
{
	for (int i = BK_CABINS - 1; i >= 0; i--) /* most seats are in economy */
		if (bk_seat_text_is(cabin_class, cabins[i].cabin_class))
			return &cabins[i];
	elog(ERROR, "unknown cabin class");
}
