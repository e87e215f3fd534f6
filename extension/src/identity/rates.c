/*
 * rates.c
 *		How much a caller may ask for: requests and bookings a minute, and seats that guests hold.
 *
 * The table of counts is small and never full: where a caller finds no slot within reach that is theirs or of an earlier minute, they
 * take the one that has counted least. So a flood from many addresses makes the counts of others too low, and never too high.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "storage/spin.h"
#include "utils/timestamp.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/shared_state.h"
#include "identity/principal.h"
#include "identity/rates.h"

#define SLOTS 1024
#define REACH 8
#define STALE_MS 10000

/* What is counted a minute; limits[] has one more. */
typedef enum Kind
{
	REQUESTS,
	BOOKINGS,
	KINDS
} Kind;

#define HELD_SEATS KINDS
#define LIMITS (KINDS + 1)

typedef struct Slot
{
	uint64 who;
	int32 minute; /* of the server's clock */
	int32 counts[KINDS];
} Slot;

typedef struct Table
{
	slock_t lock;
	Slot slots[SLOTS];
} Table;

/* By roles, as bits; 0, no role: a stranger. */
typedef struct RoleLimit
{
	int roles;
	int most[LIMITS]; /* 0: no limit */
} RoleLimit;

static const char *const kind_names[] = {"requests", "bookings"};

static BkQuery read_limits = BK_SELECT(
	"SELECT pg_catalog.array_position('{agent,operator,analyst,admin}', caller) - 1 AS role,"
	"       requests, bookings, held_seats"
	"  FROM booking_private.rate_limits");

/* Of guests: who has a token that came with the booking. */
static BkQuery count_held = BK_SELECT(
	"SELECT pg_catalog.count(*) AS seats"
	"  FROM booking_private.booking_tokens AS t"
	"  JOIN public.bookings AS b USING (booking_id)"
	"  JOIN public.booking_items AS i USING (booking_id)"
	" WHERE t.address = $1 AND t.created_at > pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $2)"
	"   AND b.status = 'held' AND b.payment_required_by > pg_catalog.clock_timestamp() AND i.status = 'held'",
	TEXTOID, FLOAT8OID);

static bool find_caller(uint64 *who);
static int most_of(int what);
static void take(Kind kind, int count);
static Table *shared_table(void);
static Slot *slot_of(Table *table, uint64 who, int32 minute);

void
bk_rate_request(void)
{
	take(REQUESTS, 1);
}

void
bk_rate_bookings(int bookings, int held_seats)
{
	const char *address = bk_principal_address();
	int most = most_of(HELD_SEATS);

	take(BOOKINGS, bookings);
	if (held_seats > 0 && most > 0 && address != NULL && !bk_principal_has(BK_ROLE_AGENT))
	{
		BkRows held = bk_query_run(&count_held, bk_text(address),
								   bk_float8(bk_hold_duration));

		if (bk_row_int64(held, 0, "seats") + held_seats > most)
			ereport(ERROR, errcode(SB_HOLD_QUOTA),
					errmsg("guests from one address may have %d held seats at once", most),
					errhint("Pay a hold, cancel one or let one lapse."));
	}
}

/* What counts of a caller; false for one who is not counted: a SQL caller, and who calls booking_api without saying from where. */
static bool
find_caller(uint64 *who)
{
	int64 key_id = bk_principal_key();
	const char *address = bk_principal_address();

	if (key_id != 0)
		*who = hash_bytes_extended((const unsigned char *) &key_id, sizeof(key_id), 1);
	else if (address != NULL)
		*who = hash_bytes_extended((const unsigned char *) address, (int) strlen(address),
								   2);
	else
		return false;
	return true;
}

/* The most that the caller may have of a kind a minute, or of held seats; 0 for no limit. */
static int
most_of(int what)
{
	static RoleLimit limits[8];
	static int count = 0;
	static TimestampTz read_at = 0;
	TimestampTz now = GetCurrentTimestamp();
	int most = -1;

	if (count == 0 || TimestampDifferenceExceeds(read_at, now, STALE_MS))
	{
		BkRows rows = bk_query_run(&read_limits);

		count = Min((int) rows.count, lengthof(limits));
		for (int i = 0; i < count; i++)
			limits[i] = (RoleLimit){.roles = bk_row_isnull(rows, i, "role")
												 ? 0
												 : 1 << bk_row_int32(rows, i, "role"),
									.most = {bk_row_int32(rows, i, "requests"),
											 bk_row_int32(rows, i, "bookings"),
											 bk_row_int32(rows, i, "held_seats")}};
		read_at = now;
	}
	for (int i = 0; i < count; i++)
	{
		int here = limits[i].most[what];

		if (bk_principal_key() == 0 ? limits[i].roles != 0
									: !bk_principal_has(limits[i].roles))
			continue;
		if (here == 0)
			return 0;
		most = Max(most, here);
	}
	return Max(most, 0);
}

/* Counts for the caller. Raises SB025 past the limit. */
static void
take(Kind kind, int count)
{
	TimestampTz now = GetCurrentTimestamp();
	int32 minute = (int32) (now / USECS_PER_MINUTE);
	int most = most_of(kind);
	uint64 who;
	Table *table;
	Slot *slot;
	int taken;

	if (most == 0 || !find_caller(&who))
		return;
	table = shared_table();
	SpinLockAcquire(&table->lock);
	slot = slot_of(table, who, minute);
	taken = slot->counts[kind] += count;
	if (taken > most)
		slot->counts[kind] -= count;
	SpinLockRelease(&table->lock);
	if (taken > most)
		ereport(ERROR, errcode(SB_TOO_MANY_REQUESTS),
				errmsg("there may be %d %s a minute", most, kind_names[kind]),
				errhint("Retry-After: %d",
						60 - (int) (now % USECS_PER_MINUTE / USECS_PER_SEC)));
}

static Table *
shared_table(void)
{
	static Table *table = NULL;

	if (table == NULL)
		table = bk_shared_state("booking rates", sizeof(Table));
	return table;
}

/* The slot that counts for a caller in this minute. The table is locked. */
static Slot *
slot_of(Table *table, uint64 who, int32 minute)
{
	Slot *least = NULL;

	for (int i = 0; i < REACH; i++)
	{
		Slot *slot = &table->slots[(who + i) % SLOTS];
		bool is_now = slot->minute == minute;

		if (slot->who == who && is_now)
			return slot;
		if (!is_now)
			slot->counts[REQUESTS] = slot->counts[BOOKINGS] = 0;
		if (least == NULL || slot->counts[REQUESTS] + slot->counts[BOOKINGS] <
								 least->counts[REQUESTS] + least->counts[BOOKINGS])
			least = slot;
	}
	*least = (Slot){.who = who, .minute = minute};
	return least;
}
