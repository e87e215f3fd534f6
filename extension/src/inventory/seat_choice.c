/*
 * seat_choice.c
 *		Which seats of a cabin to give to passengers who named none.
 *
 * Together first, then cheapest. Where several choices are equally good one is taken at random, so that callers who ask at the
 * same time seldom get the same.
 */
#include "postgres.h"

#include <limits.h>

#include "common/pg_prng.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "inventory/seat_choice.h"

/* What keeps two picked seats apart, in the unit "one seat between them, twice". */
#define COST_SEAT_BETWEEN 2
#define COST_AISLE_BETWEEN 1
#define COST_NEXT_ROW 12

/* Steps of the search for an amount before it is given up: half a millisecond. */
#define MAX_STEPS 20000

/* The search for an amount: the wishes, and for each what is claimable, the cheapest first. */
typedef struct Search
{
	BkSeatWish **wishes;
	int count;
	int **order;    /* places in the wish's seats */
	int *free;      /* how many */
	int64 *lowest;  /* what the wishes from this one on cost at least */
	int64 *highest; /* and at most */
	int steps;
} Search;

static int pick_run(const BkSeatWish *wish, int start, int *picked, int64 *amount);
static bool begin_search(Search *search, BkSeatWish **wishes, int count);
static int compare_amounts(const void *a, const void *b, void *seats);
static bool search_from(Search *search, int at, int done, int from, int64 rest);
static int64 amount_at(const Search *search, int at, int place);
static int64 sum_at(const Search *search, int at, int first, int count);

int64
bk_hundredths(Datum amount)
{
	Datum hundred = NumericGetDatum(int64_to_numeric(100));

	return DatumGetInt64(
		DirectFunctionCall1(numeric_int8,
							DirectFunctionCall2(numeric_mul, amount, hundred)));
}

bool
bk_seat_choose_together(BkSeatWish *wish, int64 amount)
{
	int best_cost = INT_MAX;
	int64 best_amount = 0;
	int equals = 0;

	for (int start = 0; start < wish->seat_count; start++)
	{
		int picked[BK_MAX_PASSENGERS];
		int64 run_amount;
		int cost;

		if (!wish->seats[start].claimable)
			continue;
		cost = pick_run(wish, start, picked, &run_amount);
		if (cost < 0)
			break;
		if (amount != BK_ANY_AMOUNT && run_amount != amount)
			continue;
		if (cost < best_cost || (cost == best_cost && run_amount < best_amount))
		{
			best_cost = cost;
			best_amount = run_amount;
			equals = 0;
		}
		if (cost == best_cost && run_amount == best_amount &&
			pg_prng_uint64_range(&pg_global_prng_state, 0, (uint64) equals++) == 0)
			memcpy(wish->picked, picked, sizeof(picked));
	}
	return equals > 0;
}

/* The next claimable seats from start on: what keeps them apart, and what they cost; -1 if they are too few. */
static int
pick_run(const BkSeatWish *wish, int start, int *picked, int64 *amount)
{
	const BkCabinSeat *seats = wish->seats;
	int count = 0;
	int cost = 0;

	*amount = 0;
	for (int i = start; i < wish->seat_count && count < wish->count; i++)
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
		*amount += seats[i].amount;
		picked[count++] = i;
	}
	return count == wish->count ? cost : -1;
}

bool
bk_seat_choose_amount(BkSeatWish **wishes, int count, int64 amount)
{
	Search search;

	return begin_search(&search, wishes, count) && search_from(&search, 0, 0, 0, amount);
}

/* False if a wish has too few seats. */
static bool
begin_search(Search *search, BkSeatWish **wishes, int count)
{
	*search = (Search){.wishes = wishes,
					   .count = count,
					   .order = palloc_array(int *, count),
					   .free = palloc0_array(int, count),
					   .lowest = palloc0_array(int64, count + 1),
					   .highest = palloc0_array(int64, count + 1)};
	for (int at = count - 1; at >= 0; at--)
	{
		BkSeatWish *wish = wishes[at];

		search->order[at] = palloc_array(int, Max(wish->seat_count, 1));
		for (int i = 0; i < wish->seat_count; i++)
			if (wish->seats[i].claimable)
				search->order[at][search->free[at]++] = i;
		if (search->free[at] < wish->count)
			return false;
		qsort_arg(search->order[at], search->free[at], sizeof(int), compare_amounts,
				  wish->seats);
		search->lowest[at] = search->lowest[at + 1] + sum_at(search, at, 0, wish->count);
		search->highest[at] = search->highest[at + 1] +
							  sum_at(search, at, search->free[at] - wish->count,
									 wish->count);
	}
	return true;
}

/* By amount, then as they stand in the cabin. */
static int
compare_amounts(const void *a, const void *b, void *seats)
{
	int left = *(const int *) a;
	int right = *(const int *) b;
	int64 difference = ((BkCabinSeat *) seats)[left].amount -
					   ((BkCabinSeat *) seats)[right].amount;

	return difference != 0 ? (difference < 0 ? -1 : 1) : left - right;
}

/*
 * The wishes before number at are served, and so are done passengers of it, by seats before from; rest is to be spent on the
 * others. Of seats that cost the same only the first is tried.
 */
static bool
search_from(Search *search, int at, int done, int from, int64 rest)
{
	BkSeatWish *wish;
	int left;

	if (at == search->count)
		return rest == 0;
	wish = search->wishes[at];
	left = wish->count - done;
	if (left == 0)
		return search_from(search, at + 1, 0, 0, rest);
	if (++search->steps > MAX_STEPS || search->free[at] - from < left ||
		sum_at(search, at, search->free[at] - left, left) + search->highest[at + 1] < rest)
		return false;
	for (int i = from; i + left <= search->free[at]; i++)
	{
		int64 amount = amount_at(search, at, i);

		if (i > from && amount == amount_at(search, at, i - 1))
			continue;
		if (left * amount + search->lowest[at + 1] > rest)
			break;
		wish->picked[done] = search->order[at][i];
		if (search_from(search, at, done + 1, i + 1, rest - amount))
			return true;
	}
	return false;
}

static int64
amount_at(const Search *search, int at, int place)
{
	return search->wishes[at]->seats[search->order[at][place]].amount;
}

/* What so many seats cost, from place first of the order on. */
static int64
sum_at(const Search *search, int at, int first, int count)
{
	int64 sum = 0;

	for (int i = first; i < first + count; i++)
		sum += amount_at(search, at, i);
	return sum;
}
