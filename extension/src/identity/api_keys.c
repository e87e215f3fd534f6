/*
 * api_keys.c
 *		The keys of programs that call the API.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
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

#define KEY_MARK "bk_"
#define SECRET_BYTES 32
#define SHOWN_DIGITS 4 /* of the secret, for people to tell keys apart */
#define MAX_CLIENT_LENGTH 200
#define MAX_ID_DIGITS 18

/* api_keys.roles */
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

static void check_roles(NullableDatum roles);
static Datum hash_of(const uint8 *secret);
static bool read_key(const char *text, int64 *key_id, uint8 *secret);
static bool same_bytes(const uint8 *a, const uint8 *b, int length);

PG_FUNCTION_INFO_V1(booking_issue_api_key);
PG_FUNCTION_INFO_V1(booking_revoke_api_key);
PG_FUNCTION_INFO_V1(booking_list_api_keys);

/* booking.issue_api_key(client, roles, valid_for): makes a key and shows it, this once. Raises SB010. */
Datum
booking_issue_api_key(PG_FUNCTION_ARGS)
{
	char *client = bk_argument_text(fcinfo, 0);
	NullableDatum roles = {.value = PG_GETARG_DATUM(1), .isnull = PG_ARGISNULL(1)};
	uint8 secret[SECRET_BYTES];
	char digits[2 * SECRET_BYTES + 1] = {0};
	BkResult result;
	BkRows rows;

	bk_check_given("client", client != NULL);
	bk_check_text("client", client, MAX_CLIENT_LENGTH);
	check_roles(roles);
	bk_check_given("valid_for", !PG_ARGISNULL(2));
	if (DatumGetInt32(DirectFunctionCall2(interval_cmp, PG_GETARG_DATUM(2),
										  PointerGetDatum(&(Interval){0}))) <= 0)
		bk_check_refuse("valid_for", "must be longer than nothing");

	if (!pg_strong_random(secret, sizeof(secret)))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random bytes"));
	hex_encode((const char *) secret, sizeof(secret), digits);
	SPI_connect();
	rows = bk_query_run(&insert_key, bk_datum(hash_of(secret)),
						bk_text(pnstrdup(digits, SHOWN_DIGITS)), bk_text(client), roles,
						bk_datum(PG_GETARG_DATUM(2)));
	result = bk_result_open(fcinfo, rows);
	bk_result_take(&result, 0);
	bk_result_set(&result, "api_key",
				  CStringGetTextDatum(psprintf(KEY_MARK INT64_FORMAT "_%s",
											   bk_row_int64(rows, 0, "key_id"), digits)));
	bk_result_put(&result);
	SPI_finish();
	return (Datum) 0;
}

/* booking.revoke_api_key(key_id): ends a key and returns its row. Raises SB010, SB011. */
Datum
booking_revoke_api_key(PG_FUNCTION_ARGS)
{
	BkRows rows;

	bk_check_given("key_id", !PG_ARGISNULL(0));
	SPI_connect();
	rows = bk_query_run(&revoke_key, bk_int64(PG_GETARG_INT64(0)));
	if (rows.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no API key " INT64_FORMAT, PG_GETARG_INT64(0)));
	bk_result_return(fcinfo, rows);
	SPI_finish();
	return (Datum) 0;
}

/* booking.list_api_keys(): all keys, without their secrets. */
Datum
booking_list_api_keys(PG_FUNCTION_ARGS)
{
	SPI_connect();
	bk_result_return(fcinfo, bk_query_run(&list_keys));
	SPI_finish();
	return (Datum) 0;
}

bool
bk_api_key_check(const char *text, BkApiKey *key)
{
	uint8 secret[SECRET_BYTES];
	BkRows rows;
	bytea *kept;

	if (!read_key(text, &key->key_id, secret))
		return false;
	rows = bk_query_run(&find_key, bk_int64(key->key_id));
	if (rows.count == 0)
		return false;
	kept = DatumGetByteaPP(bk_row_value(rows, 0, "secret_hash"));
	key->roles = bk_row_value(rows, 0, "roles");
	if (!same_bytes((const uint8 *) VARDATA_ANY(kept),
					(const uint8 *) VARDATA(DatumGetByteaP(hash_of(secret))),
					PG_SHA256_DIGEST_LENGTH) ||
		!bk_row_bool(rows, 0, "holds"))
		return false;
	if (!bk_row_bool(rows, 0, "is_noted") && !XactReadOnly)
		(void) bk_query_run(&note_use, bk_int64(key->key_id));
	return true;
}

/* One of the words at least. */
static void
check_roles(NullableDatum roles)
{
	Datum *words;
	bool *nulls;
	int count;

	bk_check_given("roles", !roles.isnull);
	deconstruct_array(DatumGetArrayTypeP(roles.value), TEXTOID, -1, false, TYPALIGN_INT,
					  &words, &nulls, &count);
	if (count == 0)
		bk_check_refuse("roles", "must not be empty");
	for (int i = 0; i < count; i++)
	{
		bk_check_given("roles", !nulls[i]);
		bk_check_word("roles", TextDatumGetCString(words[i]), key_roles);
	}
}

/* SHA-256, as bytea. */
static Datum
hash_of(const uint8 *secret)
{
	bytea *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, secret, SECRET_BYTES) < 0 ||
		pg_cryptohash_final(context, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "no SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	return PointerGetDatum(hash);
}

/* Takes a key apart; false where it has not the form of one. */
static bool
read_key(const char *text, int64 *key_id, uint8 *secret)
{
	size_t id_digits;

	if (strncmp(text, KEY_MARK, strlen(KEY_MARK)) != 0)
		return false;
	text += strlen(KEY_MARK);
	id_digits = strspn(text, "0123456789");
	if (id_digits == 0 || id_digits > MAX_ID_DIGITS || text[id_digits] != '_')
		return false;
	*key_id = strtoi64(text, NULL, 10);
	text += id_digits + 1;
	if (strlen(text) != 2 * SECRET_BYTES ||
		strspn(text, "0123456789abcdef") != 2 * SECRET_BYTES)
		return false;
	hex_decode(text, 2 * SECRET_BYTES, (char *) secret);
	return true;
}

/* In the same time whatever they are. */
static bool
same_bytes(const uint8 *a, const uint8 *b, int length)
{
	int different = 0;

	for (int i = 0; i < length; i++)
		different |= a[i] ^ b[i];
	return different == 0;
}
