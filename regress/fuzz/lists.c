/*
 * lists.c
 *		libFuzzer target over what booking.so parses: the lists of slices and passengers of a booking, of moves, of items.
 *
 * They need jsonb, palloc and ereport, so they run in a backend: fuzz_lists(options) hands over to libFuzzer, which ends the
 * process. The first byte chooses the list, the rest is its JSON text. What passes must be what the parsers promise, what they
 * refuse must have a SQLSTATE of ours or of bad data. They hold no lock, pin or snapshot, so an error takes no rollback; the
 * statements that they run, which fold names and tell the decimals of a currency, must not fail.
 *
 * What booking.so's sources palloc is allocated here, each piece at the end of a page before one that nobody may touch, so
 * that one byte too far is a crash at once. Built and run by run.
 */
#include "postgres.h"

#include <sys/mman.h>

#include "executor/spi.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "base/errcodes.h"
#include "base/settings.h"
#include "booking/booking_request.h"
#include "booking/change_quote.h"

#define MAX_ARGS 32
#define SLOTS 1024
#define SLOT_SIZE 16384 /* an input is shorter */
#define PAGE_SIZE 4096
#define UNWRITTEN 0x7f

extern int LLVMFuzzerRunDriver(int *argc, char ***argv,
							   int (*callback)(const uint8_t *data, size_t size));

static char *slots;
static int slots_used;

static void prepare_slots(void);
static int parse_one(const uint8_t *data, size_t size);
static void parse(char list, char *json);
static void require(bool holds);
static void require_request(const BkBookingRequest *request);

PG_FUNCTION_INFO_V1(fuzz_lists);

Datum
fuzz_lists(PG_FUNCTION_ARGS)
{
	char *options = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char *words[MAX_ARGS] = {"fuzz_lists"};
	char **argv = words;
	int argc = 1;

	for (char *word = strtok(options, " "); word != NULL && argc < MAX_ARGS - 1;
		 word = strtok(NULL, " "))
		argv[argc++] = word;
	prepare_slots();
	LLVMFuzzerRunDriver(&argc, &argv, parse_one);
	PG_RETURN_VOID();
}

void *
palloc(Size size)
{
	char *end;

	require(size <= SLOT_SIZE && slots_used < SLOTS);
	end = slots + (size_t) slots_used++ * (SLOT_SIZE + PAGE_SIZE) + SLOT_SIZE;
	return memset(end - MAXALIGN(size), UNWRITTEN, MAXALIGN(size));
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

/* palloc_array calls these in newer minor versions. */
void *
palloc_mul(Size size, Size count)
{
	return palloc(size * count);
}

void *
palloc0_mul(Size size, Size count)
{
	return palloc0(size * count);
}

char *
pnstrdup(const char *text, Size length)
{
	char *copy;

	length = strnlen(text, length);
	copy = memcpy(palloc(length + 1), text, length);
	copy[length] = '\0';
	return copy;
}

static void
prepare_slots(void)
{
	slots = mmap(NULL, (size_t) SLOTS * (SLOT_SIZE + PAGE_SIZE), PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	require(slots != MAP_FAILED);
	for (size_t i = 0; i < SLOTS; i++)
		require(mprotect(slots + i * (SLOT_SIZE + PAGE_SIZE), SLOT_SIZE,
						 PROT_READ | PROT_WRITE) == 0);
}

static int
parse_one(const uint8_t *data, size_t size)
{
	MemoryContext caller = CurrentMemoryContext;
	MemoryContext context;

	if (size == 0 || memchr(data, '\0', size) != NULL ||
		!pg_verifymbstr((const char *) data + 1, (int) size - 1, true))
		return -1;
	context = AllocSetContextCreate(caller, "fuzz", ALLOCSET_DEFAULT_SIZES);
	slots_used = 0;
	SPI_connect();
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		parse((char) data[0], pnstrdup((const char *) data + 1, size - 1));
	}
	PG_CATCH();
	{
		int code = geterrcode();

		require(SB_IS_OURS(code) || ERRCODE_TO_CATEGORY(code) == ERRCODE_DATA_EXCEPTION ||
				code == ERRCODE_STATEMENT_TOO_COMPLEX);
		FlushErrorState();
	}
	PG_END_TRY();
	SPI_finish();
	MemoryContextSwitchTo(caller);
	MemoryContextDelete(context);
	return 0;
}

static void
parse(char list, char *json)
{
	Jsonb *jsonb = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
	BkObject body = bk_json_top(jsonb, "body");
	BkBookingRequest request;
	BkMove *moves;
	int16 *items;
	int count;

	switch (list % 3)
	{
		case 0:
			request = bk_booking_read_request(body);
			require_request(&request);
			break;
		case 1:
			moves = bk_change_read_moves(body, &count);
			require(count >= 1 && count <= BK_MAX_ITEMS);
			for (int i = 0; i < count; i++)
				require(moves[i].path != NULL && moves[i].flight_id >= 0);
			break;
		default:
			items = bk_json_int16_array(body, "items", BK_MAX_ITEMS, &count);
			require(count >= 0 && count <= BK_MAX_ITEMS &&
					(count == 0) == (items == NULL));
			for (int i = 0; i < count; i++)
				require(items[i] >= 1);
	}
}

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* Every passenger has a name, and a seat or a cabin; money comes with an instant booking and no other. */
static void
require_request(const BkBookingRequest *request)
{
	require(request->count >= 1 && request->count <= BK_MAX_SLICES * BK_MAX_PASSENGERS);
	require(request->customer_id >= 1 && request->instant == request->tender.given);
	for (int i = 0; i < request->count; i++)
	{
		const BkItemRequest *item = &request->items[i];

		require(item->flight_id >= 1 && item->passenger_name[0] != '\0');
		require((item->seat_number == NULL) != (item->cabin_class == NULL));
		require(pg_mbstrlen(item->passenger_name) <= BK_MAX_NAME_LENGTH);
	}
}
