/*
 * seats_any.c
 *		Chooses neighbouring seats and locks them, skipping what others have locked.
 *
 * The cabin is read without locks, the best run of seats is picked from it, and only that run is locked. Where several
 * runs are equally good one is picked at random, so that callers who ask at the same time seldom pick the same. Locks
 * that a failed attempt leaves behind end with the transaction, and nobody waits for one another over them: claims of
 * any seat skip, claims of named seats have all been made before.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/pg_prng.h"
#include "miscadmin.h"

#include "base/arrays.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "inventory/seats_any.h"

/* Attempts to lock a chosen run before settling for seats wherever they are. */
#define MAX_ATTEMPTS 4

/* What keeps two picked seats apart, in the unit "one seat between them, twice". */
#define COST_SEAT_BETWEEN 2
#define COST_AISLE_BETWEEN 1
#define COST_NEXT_ROW 12

typedef struct Seat
{
	char *seat_number;
	int row;
	bool aisle;
	bool claimable;
} Seat;

static BkQuery read_cabin = BK_SELECT(
	"SELECT s.seat_number, pg_catalog.strpos(s.characteristics, 'A') > 0 AS is_aisle,"
	"       " BK_SQL_CLAIMABLE " AND s.seat_number <> ALL ($3) AS is_claimable"
	"  FROM public.seats AS s"
	" WHERE s.flight_id = $1 AND s.cabin_class = $2"
	" ORDER BY pg_catalog.length(s.seat_number), s.seat_number COLLATE pg_catalog.\"C\"",
	INT8OID, TEXTOID, TEXTARRAYOID);

static BkQuery lock_chosen =
	BK_SELECT("SELECT s.seat_number"
			  "  FROM public.seats AS s"
			  " WHERE s.flight_id = $1 AND s.seat_number = ANY ($2) AND " BK_SQL_CLAIMABLE
			  " ORDER BY s.seat_number COLLATE pg_catalog.\"C\""
			  "   FOR NO KEY UPDATE SKIP LOCKED",
			  INT8OID, TEXTARRAYOID);

static BkQuery lock_anywhere = BK_SELECT(
	"SELECT s.seat_number"
	"  FROM public.seats AS s"
	" WHERE s.flight_id = $1 AND s.cabin_class = $2 AND " BK_SQL_CLAIMABLE " LIMIT $3"
	"   FOR NO KEY UPDATE SKIP LOCKED",
	INT8OID, TEXTOID, INT8OID);

static void choose_group(BkClaim **group, int count);
static bool lock_run(BkClaim **group, int count, Datum *excluded, int *excluded_count);
static int read_seats(const BkClaim *claim, Datum *excluded, int excluded_count,
					  Seat **seats);
static int choose_run(const Seat *seats, int seat_count, int wanted);
static int pick_run(const Seat *seats, int seat_count, int start, int wanted, int *picked);
static void take_seats(BkClaim **group, BkRows rows);

void
bk_seats_choose(BkClaim **claims, int count)
{
	BkClaim **group = palloc_array(BkClaim *, Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		int members = 0;

		if (claims[i]->seat_number != NULL)
			continue;
		for (int j = i; j < count; j++)
			if (claims[j]->flight_id == claims[i]->flight_id &&
				strcmp(claims[j]->cabin_class, claims[i]->cabin_class) == 0)
				group[members++] = claims[j];
		choose_group(group, members);
	}
}

/* Seats for claims of one flight and cabin: together, or else wherever there are some. Raises SB001. */
static void
choose_group(BkClaim **group, int count)
{
	Datum excluded[BK_MAX_PASSENGERS * MAX_ATTEMPTS];
	int excluded_count = 0;
	BkRows rows;

	for (int attempt = 0; attempt < MAX_ATTEMPTS && count <= BK_MAX_PASSENGERS; attempt++)
	{
		CHECK_FOR_INTERRUPTS();
		if (lock_run(group, count, excluded, &excluded_count))
			return;
	}

	rows = bk_query_run(&lock_anywhere, bk_int64(group[0]->flight_id),
						bk_text(group[0]->cabin_class), bk_int64(count));
	if (rows.count < (uint64) count)
		ereport(ERROR, errcode(SB_SEAT_UNAVAILABLE),
				errmsg("flight " INT64_FORMAT " has " UINT64_FORMAT
					   " of the %d seats in %s that are asked for",
					   group[0]->flight_id, rows.count, count, group[0]->cabin_class),
				errhint("Ask for fewer seats, another cabin or another flight."));
	take_seats(group, rows);
}

/* Tries the best run of seats; on failure adds those that others have locked to excluded. */
static bool
lock_run(BkClaim **group, int count, Datum *excluded, int *excluded_count)
{
	Seat *seats;
	int seat_count = read_seats(group[0], excluded, *excluded_count, &seats);
	int start = choose_run(seats, seat_count, count);
	int picked[BK_MAX_PASSENGERS];
	Datum wanted[BK_MAX_PASSENGERS];
	BkRows rows;

	if (start < 0)
		return false;
	(void) pick_run(seats, seat_count, start, count, picked);
	for (int i = 0; i < count; i++)
		wanted[i] = CStringGetTextDatum(seats[picked[i]].seat_number);

	rows = bk_query_run(&lock_chosen, bk_int64(group[0]->flight_id),
						bk_datum(bk_array(TEXTOID, wanted, count)));
	if (rows.count == (uint64) count)
	{
		take_seats(group, rows);
		return true;
	}
	for (int i = 0; i < count; i++)
	{
		bool locked = false;

		for (uint64 row = 0; row < rows.count && !locked; row++)
			locked = strcmp(bk_row_text(rows, row, "seat_number"),
							seats[picked[i]].seat_number) == 0;
		if (!locked)
			excluded[(*excluded_count)++] = wanted[i];
	}
	return false;
}

/* Reads the seats of a cabin without locks, from front to back and left to right; returns how many. */
static int
read_seats(const BkClaim *claim, Datum *excluded, int excluded_count, Seat **seats)
{
	BkRows rows = bk_query_run(&read_cabin, bk_int64(claim->flight_id),
							   bk_text(claim->cabin_class),
							   bk_datum(bk_array(TEXTOID, excluded, excluded_count)));

	*seats = palloc_array(Seat, Max(rows.count, 1));
	for (uint64 row = 0; row < rows.count; row++)
	{
		Seat *seat = &(*seats)[row];

		seat->seat_number = bk_row_text(rows, row, "seat_number");
		seat->row = atoi(seat->seat_number);
		seat->aisle = bk_row_bool(rows, row, "is_aisle");
		seat->claimable = bk_row_bool(rows, row, "is_claimable");
	}
	return (int) rows.count;
}

/* Where the best run of claimable seats begins, one at random of equals; -1 if there are too few seats. */
static int
choose_run(const Seat *seats, int seat_count, int wanted)
{
	int picked[BK_MAX_PASSENGERS];
	int best = -1;
	int best_cost = INT_MAX;
	int equals = 0;

	for (int start = 0; start < seat_count; start++)
	{
		int cost;

		if (!seats[start].claimable)
			continue;
		cost = pick_run(seats, seat_count, start, wanted, picked);
		if (cost < 0)
			break;
		if (cost < best_cost)
		{
			best_cost = cost;
			equals = 0;
		}
		if (cost == best_cost &&
			pg_prng_uint64_range(&pg_global_prng_state, 0, (uint64) equals++) == 0)
			best = start;
	}
	return best;
}

/* The next claimable seats from start on, and what keeps them apart; -1 if they are too few. */
static int
pick_run(const Seat *seats, int seat_count, int start, int wanted, int *picked)
{
	int count = 0;
	int cost = 0;

	for (int i = start; i < seat_count && count < wanted; i++)
	{
		if (!seats[i].claimable)
			continue;
		if (count > 0)
		{
			int last = picked[count - 1];

			if (seats[i].row != seats[last].row)
				cost += COST_NEXT_ROW * (seats[i].row - seats[last].row);
			else
				cost += COST_SEAT_BETWEEN * (i - last - 1) +
						(seats[last].aisle && seats[i].aisle ? COST_AISLE_BETWEEN : 0);
		}
		picked[count++] = i;
	}
	return count == wanted ? cost : -1;
}

/* Gives the seats of rows, which are locked, to the claims. */
static void
take_seats(BkClaim **group, BkRows rows)
{
	for (uint64 row = 0; row < rows.count; row++)
		group[row]->seat_number = bk_row_text(rows, row, "seat_number");
}
