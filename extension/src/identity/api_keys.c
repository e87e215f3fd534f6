/*
 * api_keys.c
 *		The keys of programs that call the API.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "identity/api_keys.h"
#include "identity/secret.h"

#define KEY_MARK "bk_"
#define KEY_BYTES 32
#define SHOWN_DIGITS 4 /* of the secret, for people to tell keys apart */
#define MAX_CLIENT_LENGTH 200

/* api_keys.roles; the n-th is the n-th bit of a principal's. */
static const char *const key_roles[] = {"agent", "operator", "analyst", "admin", NULL};

#define SQL_KEY \
	"key_id, client, roles, hint, created_at, expires_at, revoked_at, last_used_on"

static BkQuery insert_key = BK_INSERT_RETURNING(
	"INSERT INTO booking_private.api_keys (secret_hash, hint, client, roles, expires_at)"
	" VALUES ($1, $2, $3, $4, pg_catalog.clock_timestamp() + $5)"
	" RETURNING key_id, expires_at",
	BYTEAOID, TEXTOID, TEXTOID, TEXTARRAYOID, INTERVALOID);

/* The first time stands. */
static BkQuery revoke_key = BK_UPDATE_RETURNING(
	"UPDATE booking_private.api_keys"
	"   SET revoked_at = COALESCE(revoked_at, pg_catalog.clock_timestamp()),"
	"       updated_at = pg_catalog.clock_timestamp()"
	" WHERE key_id = $1 RETURNING " SQL_KEY,
	INT8OID);

static BkQuery list_keys = BK_SELECT("SELECT " SQL_KEY
									 " FROM booking_private.api_keys ORDER BY key_id");

static BkQuery find_key = BK_SELECT(
	"SELECT secret_hash, roles,"
	"       revoked_at IS NULL AND expires_at > pg_catalog.clock_timestamp() AS holds,"
	"       last_used_on IS NOT DISTINCT FROM (pg_catalog.clock_timestamp() AT TIME ZONE 'UTC')::date"
	"           AS is_noted"
	"  FROM booking_private.api_keys WHERE key_id = $1",
	INT8OID);

/* Once a day, so that a key costs no write. */
static BkQuery note_use = BK_UPDATE(
	"UPDATE booking_private.api_keys"
	"   SET last_used_on = (pg_catalog.clock_timestamp() AT TIME ZONE 'UTC')::date"
	" WHERE key_id = $1",
	INT8OID);

static Datum *role_words(Datum roles, bool **nulls, int *count);
static void check_roles(NullableDatum roles);
static int role_bits(Datum roles);

PG_FUNCTION_INFO_V1(booking_issue_api_key);
PG_FUNCTION_INFO_V1(booking_revoke_api_key);
PG_FUNCTION_INFO_V1(booking_list_api_keys);

/* booking.issue_api_key(client, roles, valid_for): makes a key and shows it, this once. Raises SB010. */
Datum
booking_issue_api_key(PG_FUNCTION_ARGS)
{
	BkApiKeyWish wish = {.client = bk_argument_text(fcinfo, 0),
						 .roles = bk_argument(fcinfo, 1),
						 .valid_for = bk_argument(fcinfo, 2)};
	BkResult result;
	BkRows rows;
	char *api_key;

	SPI_connect();
	rows = bk_api_key_issue(&wish, &api_key);
	result = bk_result_open(fcinfo, rows);
	bk_result_take(&result, 0);
	bk_result_set(&result, "api_key", CStringGetTextDatum(api_key));
	bk_result_put(&result);
	SPI_finish();
	return (Datum) 0;
}

/* booking.revoke_api_key(key_id): ends a key and returns its row. Raises SB010, SB011. */
Datum
booking_revoke_api_key(PG_FUNCTION_ARGS)
{
	bk_check_given("key_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_result_return(fcinfo, bk_api_key_revoke(PG_GETARG_INT64(0)));
	SPI_finish();
	return (Datum) 0;
}

/* booking.list_api_keys(): all keys, without their secrets. */
Datum
booking_list_api_keys(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_api_keys_list());
	SPI_finish();
	return (Datum) 0;
}

BkRows
bk_api_key_issue(const BkApiKeyWish *wish, char **api_key)
{
	BkSecret secret = bk_secret_draw(KEY_BYTES);
	Interval nothing = {0};
	BkRows rows;

	bk_check_given("client", wish->client != NULL);
	bk_check_text("client", wish->client, MAX_CLIENT_LENGTH);
	check_roles(wish->roles);
	bk_check_given("valid_for", !wish->valid_for.isnull);
	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, wish->valid_for.value,
										  PointerGetDatum(&nothing))) <= 0)
		bk_check_refuse("valid_for", "must be longer than nothing");

	rows = bk_query_run(&insert_key, bk_datum(bk_secret_hash(&secret)),
						bk_text(pnstrdup(bk_secret_digits(&secret), SHOWN_DIGITS)),
						bk_text(wish->client), wish->roles, wish->valid_for);
	*api_key = bk_secret_write(KEY_MARK, bk_row_int64(rows, 0, "key_id"), &secret);
	return rows;
}

BkRows
bk_api_key_revoke(int64 key_id)
{
	BkRows rows = bk_query_run(&revoke_key, bk_int64(key_id));

	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no API key " INT64_FORMAT, key_id));
	return rows;
}

BkRows
bk_api_keys_list(void)
{
	return bk_query_run(&list_keys);
}

bool
bk_api_key_check(const char *text, int64 *key_id, int *roles)
{
	BkSecret secret;
	BkRows rows;

	if (!bk_secret_read(text, KEY_MARK, KEY_BYTES, key_id, &secret))
		return false;
	rows = bk_query_run(&find_key, bk_int64(*key_id));
	if (rows.count == 0 ||
		!bk_secret_fits(&secret, bk_row_value(rows, 0, "secret_hash")) ||
		!bk_row_bool(rows, 0, "holds"))
		return false;
	*roles = role_bits(bk_row_value(rows, 0, "roles"));
	if (!bk_row_bool(rows, 0, "is_noted") && !XactReadOnly)
		(void) bk_query_run(&note_use, bk_int64(*key_id));
	return true;
}

static Datum *
role_words(Datum roles, bool **nulls, int *count)
{
	Datum *words;

	deconstruct_array(DatumGetArrayTypeP(roles), TEXTOID, -1, false, TYPALIGN_INT, &words,
					  nulls, count);
	return words;
}

/* One of the words at least. */
static void
check_roles(NullableDatum roles)
{
	Datum *words;
	bool *nulls;
	int count;

	bk_check_given("roles", !roles.isnull);
	words = role_words(roles.value, &nulls, &count);
	if (count == 0)
		bk_check_refuse("roles", "must not be empty");
	for (int i = 0; i < count; i++)
	{
		bk_check_given("roles", !nulls[i]);
		bk_check_word("roles", TextDatumGetCString(words[i]), key_roles);
	}
}

/* Roles as a principal has them. */
static int
role_bits(Datum roles)
{
	int bits = 0;
	int count;
	bool *nulls;
	Datum *words = role_words(roles, &nulls, &count);

	for (int i = 0; i < count; i++)
		for (int bit = 0; key_roles[bit] != NULL; bit++)
			if (strcmp(TextDatumGetCString(words[i]), key_roles[bit]) == 0)
				bits |= 1 << bit;
	return bits;
}
