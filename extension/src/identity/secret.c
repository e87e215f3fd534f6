/*
 * secret.c
 *		The random secrets of credentials: drawn, written, read, hashed, compared.
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "identity/secret.h"

#define MAX_ID_DIGITS 18 /* whatever they are, they fit into 64 bits */

BkSecret
bk_secret_draw(int length)
{
	BkSecret secret = {.length = length};

	if (!pg_strong_random(secret.bytes, length))
		ereport(ERROR, errcode(ERRCODE_INTERNAL_ERROR), errmsg("no random bytes"));
	return secret;
}

char *
bk_secret_write(const char *mark, int64 id, const BkSecret *secret)
{
	return psprintf("%s" INT64_FORMAT "_%s", mark, id, bk_secret_digits(secret));
}

char *
bk_secret_digits(const BkSecret *secret)
{
	char *digits = palloc0(2 * secret->length + 1);

	hex_encode((const char *) secret->bytes, secret->length, digits);
	return digits;
}

bool
bk_secret_read(const char *text, const char *mark, int length, int64 *id, BkSecret *secret)
{
	size_t digits = 2 * (size_t) length;
	size_t id_digits;

	if (strncmp(text, mark, strlen(mark)) != 0)
		return false;
	text += strlen(mark);
	id_digits = strspn(text, "0123456789");
	if (id_digits == 0 || id_digits > MAX_ID_DIGITS || text[id_digits] != '_')
		return false;
	*id = strtoi64(text, NULL, 10);
	text += id_digits + 1;
	if (strlen(text) != digits || strspn(text, "0123456789abcdef") != digits)
		return false;
	secret->length = length;
	hex_decode(text, digits, (char *) secret->bytes);
	return true;
}

Datum
bk_secret_hash(const BkSecret *secret)
{
	bytea *hash = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *context = pg_cryptohash_create(PG_SHA256);

	SET_VARSIZE(hash, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	if (context == NULL || pg_cryptohash_init(context) < 0 ||
		pg_cryptohash_update(context, secret->bytes, secret->length) < 0 ||
		pg_cryptohash_final(context, (uint8 *) VARDATA(hash), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "no SHA-256: %s", pg_cryptohash_error(context));
	pg_cryptohash_free(context);
	return PointerGetDatum(hash);
}

bool
bk_secret_fits(const BkSecret *secret, Datum hash)
{
	bytea *kept = DatumGetByteaPP(hash);
	const uint8 *theirs = (const uint8 *) VARDATA_ANY(kept);
	const uint8 *ours = (const uint8 *) VARDATA(DatumGetPointer(bk_secret_hash(secret)));
	int different = 0;

	Assert(VARSIZE_ANY_EXHDR(kept) == PG_SHA256_DIGEST_LENGTH);
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		different |= theirs[i] ^ ours[i];
	return different == 0;
}
