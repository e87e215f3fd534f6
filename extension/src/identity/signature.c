/*
 * signature.c
 *		What shows that a message is of whom it says: read, written.
 */
#include "postgres.h"

#include "common/hmac.h"
#include "common/sha2.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/compat.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "identity/signature.h"

#define TOLERANCE 300 /* seconds */
#define DIGITS (2 * PG_SHA256_DIGEST_LENGTH)
#define TIME "t="
#define MAX_TIME_DIGITS 18
#define VERSION ",v1="

static BkQuery find_secrets = BK_SELECT(
	"SELECT secret, provider = 'simulated' AS is_simulated FROM booking_private.payment_providers");

static const char *read_signature(const char *signature, int64 *seconds);
static int64 seconds_now(void);
static char *sign(Datum secret, int64 seconds, const char *words);
static bool same(const char *a, const char *b);

/* Any provider's: there may be an old and a new secret. */
void
bk_signature_require(const char *signature, const char *words)
{
	int64 seconds = 0;
	const char *digits = signature != NULL ? read_signature(signature, &seconds) : NULL;

	if (digits != NULL && seconds >= seconds_now() - TOLERANCE &&
		seconds <= seconds_now() + TOLERANCE)
	{
		BkRows secrets = bk_query_run(&find_secrets);

		for (uint64 row = 0; row < secrets.count; row++)
			if (same(sign(bk_row_value(secrets, row, "secret"), seconds, words), digits))
				return;
	}
	ereport(ERROR, errcode(SB_CREDENTIAL_INVALID), errmsg("the signature is not valid"),
			errdetail("It is not of this event, or older than five minutes."));
}

char *
bk_signature_write(Datum secret, const char *words)
{
	int64 seconds = seconds_now();

	return psprintf(TIME INT64_FORMAT VERSION "%s", seconds, sign(secret, seconds, words));
}

/* Takes a signature apart: sets the time, and returns the digits; NULL where it has not the form of one. */
static const char *
read_signature(const char *signature, int64 *seconds)
{
	size_t length;

	if (strncmp(signature, TIME, strlen(TIME)) != 0)
		return NULL;
	signature += strlen(TIME);
	length = strspn(signature, "0123456789");
	if (length == 0 || length > MAX_TIME_DIGITS ||
		strncmp(signature + length, VERSION, strlen(VERSION)) != 0)
		return NULL;
	*seconds = strtoi64(signature, NULL, 10);
	signature += length + strlen(VERSION);
	return strlen(signature) == DIGITS ? signature : NULL;
}

void
bk_signature_require_simulated(void)
{
	BkRows secrets = bk_query_run(&find_secrets);

	for (uint64 row = 0; row < secrets.count; row++)
		if (bk_row_bool(secrets, row, "is_simulated"))
			return;
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no provider is simulated here"));
}

/* Seconds since 1970. */
static int64
seconds_now(void)
{
	return GetCurrentTimestamp() / USECS_PER_SEC +
		   (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;
}

/* In hexadecimal digits. */
static char *
sign(Datum secret, int64 seconds, const char *words)
{
	bytea *key = DatumGetByteaPP(secret);
	char *text = psprintf(INT64_FORMAT ".%s", seconds, words);
	uint8 digest[PG_SHA256_DIGEST_LENGTH];
	char *digits = palloc0(DIGITS + 1);
	pg_hmac_ctx *context = pg_hmac_create(PG_SHA256);

	if (context == NULL ||
		pg_hmac_init(context, (const uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key)) <
			0 ||
		pg_hmac_update(context, (const uint8 *) text, strlen(text)) < 0 ||
		pg_hmac_final(context, digest, sizeof(digest)) < 0)
		elog(ERROR, "no HMAC: %s", pg_hmac_error(context));
	pg_hmac_free(context);
	hex_encode((const char *) digest, sizeof(digest), digits);
	return digits;
}

/* In the same time whatever they are; both have DIGITS characters. */
static bool
same(const char *a, const char *b)
{
	int different = 0;

	for (int i = 0; i < DIGITS; i++)
		different |= a[i] ^ b[i];
	return different == 0;
}
