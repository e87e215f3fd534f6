/*
 * seats_any.c
 *		Seats for passengers who named none: reads the cabin without locks, has seats chosen (seat_choice.c), locks those.
 *
 * Only the chosen seats are locked, and what others have locked is skipped. Locks that a failed attempt leaves behind end
 * with the transaction, and nobody waits for one another over them: claims of any seat skip, claims of named seats have all
 * been made before.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "base/arrays.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/words.h"
#include "inventory/seat_choice.h"
#include "inventory/seat_map.h"
#include "inventory/seats_any.h"

/* Attempts to lock chosen seats before settling for seats wherever they are. */
#define MAX_ATTEMPTS 4

/* Claims of one flight and cabin, and what they look at. */
typedef struct ClaimGroup
{
	BkClaim **claims;
	int count;
	bool minors;              /* there are some among them */
	BkSeatWish wish;          /* set where count is at most BK_MAX_PASSENGERS */
	const char **locked_away; /* seats that others have locked */
	int locked_away_count;
} ClaimGroup;

static BkQuery lock_chosen =
	BK_SELECT("SELECT s.seat_number"
			  "  FROM public.seats AS s"
			  " WHERE s.flight_id = $1 AND s.seat_number = ANY ($2) AND " BK_SQL_CLAIMABLE
			  " ORDER BY s.seat_number COLLATE pg_catalog.\"C\""
			  "   FOR NO KEY UPDATE SKIP LOCKED",
			  INT8OID, TEXTARRAYOID);

/* The cheapest, wherever they are; $4: not in an exit row; $5: none of these. */
static BkQuery lock_anywhere =
	BK_SELECT("SELECT s.seat_number"
			  "  FROM public.seats AS s"
			  " WHERE s.flight_id = $1 AND s.cabin_class = $2 AND " BK_SQL_CLAIMABLE
			  "   AND NOT ($4 AND " BK_SQL_EXIT_ROW ") AND s.seat_number <> ALL ($5)"
			  " ORDER BY s.price"
			  " LIMIT $3"
			  "   FOR NO KEY UPDATE SKIP LOCKED",
			  INT8OID, TEXTOID, INT8OID, BOOLOID, TEXTARRAYOID);

static ClaimGroup *group_claims(BkClaim **claims, int count, int *groups_count);
static bool settle(ClaimGroup *groups, int count, int64 amount);
static bool choose(ClaimGroup *groups, int count, int64 amount);
static void read_cabin(ClaimGroup *group);
static bool is_locked_away(const ClaimGroup *group, const char *seat_number);
static int64 fare_amount(Datum price, const BkTerms *terms);
static bool lock_picked(ClaimGroup *group);
static void take_anywhere(ClaimGroup *group);
static void take_some(ClaimGroup *group, bool minors, Datum *taken, int *taken_count);

void
bk_seats_choose(BkClaim **claims, int count, int64 amount)
{
	int groups_count;
	ClaimGroup *groups = group_claims(claims, count, &groups_count);

	if (amount != BK_ANY_AMOUNT && settle(groups, groups_count, amount))
		return;
	for (int i = 0; i < groups_count; i++)
		if (!settle(&groups[i], 1, BK_ANY_AMOUNT))
			take_anywhere(&groups[i]);
}

/* One group for each flight and cabin, in the order of their first claims. */
static ClaimGroup *
group_claims(BkClaim **claims, int count, int *groups_count)
{
	ClaimGroup *groups = palloc0_array(ClaimGroup, Max(count, 1));
	bool *grouped = palloc0_array(bool, Max(count, 1));

	*groups_count = 0;
	for (int i = 0; i < count; i++)
	{
		ClaimGroup *group = &groups[*groups_count];

		if (grouped[i])
			continue;
		group->claims = palloc_array(BkClaim *, count - i);
		for (int j = i; j < count; j++)
			if (claims[j]->flight_id == claims[i]->flight_id &&
				strcmp(claims[j]->cabin_class, claims[i]->cabin_class) == 0)
			{
				grouped[j] = true;
				group->claims[group->count++] = claims[j];
				group->minors |= claims[j]->is_minor;
			}
		group->locked_away = palloc_array(const char *, BK_MAX_PASSENGERS *MAX_ATTEMPTS);
		(*groups_count)++;
	}
	return groups;
}

/* Gives the claims of the groups seats that are chosen together and locked; false if that did not come about. */
static bool
settle(ClaimGroup *groups, int count, int64 amount)
{
	for (int i = 0; i < count; i++)
	{
		if (groups[i].count > BK_MAX_PASSENGERS)
			return false;
		groups[i].locked_away_count = 0;
	}
	for (int attempt = 0; attempt < MAX_ATTEMPTS; attempt++)
	{
		bool locked = true;

		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < count; i++)
			read_cabin(&groups[i]);
		if (!choose(groups, count, amount))
			return false;
		for (int i = 0; i < count; i++)
			locked &= lock_picked(&groups[i]);
		if (locked)
			return true;
	}
	return false;
}

/* Sets what the groups' wishes have picked. Seats that fit the amount need not be together. */
static bool
choose(ClaimGroup *groups, int count, int64 amount)
{
	BkSeatWish **wishes;

	if (count == 1 && bk_seat_choose_together(&groups->wish, amount))
		return true;
	if (amount == BK_ANY_AMOUNT)
		return false;
	wishes = palloc_array(BkSeatWish *, count);
	for (int i = 0; i < count; i++)
		wishes[i] = &groups[i].wish;
	return bk_seat_choose_amount(wishes, count, amount);
}

/* The cabin as it is now, this transaction's own claims included. */
static void
read_cabin(ClaimGroup *group)
{
	const BkClaim *claim = group->claims[0];
	BkSeatMap map;
	BkSeatWish *wish = &group->wish;
	Datum price = (Datum) 0;
	int64 amount = 0;

	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	map = bk_seat_map_read(claim->flight_id);
	PopActiveSnapshot();

	*wish = (BkSeatWish){.count = group->count,
						 .seats = palloc_array(BkCabinSeat, Max(map.count, 1))};
	for (int i = 0; i < map.count; i++)
	{
		const BkSeat *seat = &map.seats[i];
		BkCabinSeat *cabin_seat = &wish->seats[wish->seat_count];

		if (!bk_seat_text_is(seat->cabin_class, claim->cabin_class))
			continue;
		if (seat->price != price) /* most neighbours share one */
			amount = fare_amount(seat->price, claim->terms);
		price = seat->price;
		cabin_seat->seat_number = TextDatumGetCString(seat->seat_number);
		cabin_seat->row = atoi(cabin_seat->seat_number);
		cabin_seat->amount = amount;
		cabin_seat->aisle = bk_seat_is_aisle(seat);
		cabin_seat->claimable = bk_seat_text_is(seat->status, BK_AVAILABLE) &&
								!(group->minors && bk_seat_is_exit_row(seat)) &&
								!is_locked_away(group, cabin_seat->seat_number);
		wish->seat_count++;
	}
}

static bool
is_locked_away(const ClaimGroup *group, const char *seat_number)
{
	for (int i = 0; i < group->locked_away_count; i++)
		if (strcmp(group->locked_away[i], seat_number) == 0)
			return true;
	return false;
}

/* What a claim of a seat at this price will cost, as the claim rounds it. */
static int64
fare_amount(Datum price, const BkTerms *terms)
{
	Datum exact = DirectFunctionCall2(numeric_mul, price, terms->fare_factor);

	return bk_hundredths(
		DirectFunctionCall2(numeric_round, exact, Int32GetDatum(terms->decimals)));
}

/* Locks the seats that were picked and gives them to the claims; what others have locked is noted as such. */
static bool
lock_picked(ClaimGroup *group)
{
	const BkSeatWish *wish = &group->wish;
	Datum wanted[BK_MAX_PASSENGERS];
	BkRows rows;

	for (int i = 0; i < group->count; i++)
		wanted[i] = CStringGetTextDatum(wish->seats[wish->picked[i]].seat_number);
	rows = bk_query_run(&lock_chosen, bk_int64(group->claims[0]->flight_id),
						bk_datum(bk_array(TEXTOID, wanted, group->count)));
	for (int i = 0; i < group->count; i++)
	{
		char *seat_number = wish->seats[wish->picked[i]].seat_number;
		bool locked = false;

		group->claims[i]->seat_number = seat_number;
		for (uint64 row = 0; row < rows.count && !locked; row++)
			locked = strcmp(bk_row_text(rows, row, "seat_number"), seat_number) == 0;
		if (!locked)
			group->locked_away[group->locked_away_count++] = seat_number;
	}
	return rows.count == (uint64) group->count;
}

/* Seats wherever there are some, first for those who may not sit in an exit row. Raises SB001. */
static void
take_anywhere(ClaimGroup *group)
{
	Datum *taken = palloc_array(Datum, group->count);
	int taken_count = 0;

	take_some(group, true, taken, &taken_count);
	take_some(group, false, taken, &taken_count);
}

/* Seats for the minors of a group, or for all others; taken are those that it has. Raises SB001. */
static void
take_some(ClaimGroup *group, bool minors, Datum *taken, int *taken_count)
{
	const BkClaim *first = group->claims[0];
	int wanted = 0;
	uint64 row = 0;
	BkRows rows;

	for (int i = 0; i < group->count; i++)
		wanted += group->claims[i]->is_minor == minors;
	if (wanted == 0)
		return;
	rows = bk_query_run(&lock_anywhere, bk_int64(first->flight_id),
						bk_text(first->cabin_class), bk_int64(wanted), bk_bool(minors),
						bk_datum(bk_array(TEXTOID, taken, *taken_count)));
	if (rows.count < (uint64) wanted)
		ereport(ERROR, errcode(SB_SEAT_UNAVAILABLE),
				errmsg("flight " INT64_FORMAT " has " UINT64_FORMAT
					   " of the %d seats in %s that are asked for",
					   first->flight_id, rows.count + *taken_count, group->count,
					   first->cabin_class),
				errhint("Ask for fewer seats, another cabin or another flight."));
	for (int i = 0; i < group->count; i++)
	{
		if (group->claims[i]->is_minor != minors)
			continue;
		group->claims[i]->seat_number = bk_row_text(rows, row++, "seat_number");
		taken[(*taken_count)++] = CStringGetTextDatum(group->claims[i]->seat_number);
	}
}
