/*
 * booking_tokens.c
 *		What shows that a booking is the caller's.
 *
 * A booking may have several. The row is found by booking and hash: what an index tells about the hash of 128 random bits helps nobody
 * to find the bits.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/check.h"
#include "base/query.h"
#include "identity/booking_tokens.h"
#include "identity/principal.h"
#include "identity/secret.h"

#define TOKEN_MARK "bt_"
#define TOKEN_BYTES 16

static BkQuery insert_token = BK_INSERT(
	"INSERT INTO booking_private.booking_tokens (booking_id, token_hash, expires_at, address)"
	" VALUES ($1, $2, $3, $4)",
	INT8OID, BYTEAOID, TIMESTAMPTZOID, TEXTOID);

static BkQuery find_token = BK_SELECT(
	"SELECT 1 FROM booking_private.booking_tokens"
	" WHERE booking_id = $1 AND token_hash = $2 AND expires_at > pg_catalog.clock_timestamp()",
	INT8OID, BYTEAOID);

static BkQuery delete_tokens = BK_DELETE(
	"DELETE FROM booking_private.booking_tokens WHERE booking_id = $1", INT8OID);

/* A response that is kept under an Idempotency-Key comes with a new token when it is asked for again, but for these. */
static BkQuery withhold_tokens = BK_UPDATE(
	"UPDATE booking_private.idempotency_keys SET token_of = NULL, updated_at = pg_catalog.clock_timestamp()"
	" WHERE token_of = $1",
	INT8OID);

static BkQuery forget_tokens = BK_DELETE(
	"DELETE FROM booking_private.booking_tokens WHERE expires_at <= pg_catalog.now()");

/* Addresses are wanted while seats are held, and for no longer than a day. */
static BkQuery forget_addresses = BK_UPDATE(
	"UPDATE booking_private.booking_tokens SET address = NULL, updated_at = pg_catalog.clock_timestamp()"
	" WHERE address IS NOT NULL AND created_at <= pg_catalog.now() - interval '24 hours'");

PG_FUNCTION_INFO_V1(booking_revoke_booking_tokens);

/* booking.revoke_booking_tokens(booking_id): ends all tokens of a booking and returns how many there were. Raises SB010. */
Datum
booking_revoke_booking_tokens(PG_FUNCTION_ARGS)
{
	uint64 revoked;

	bk_check_given("booking_id", !PG_ARGISNULL(0));
	SPI_connect();
	revoked = bk_booking_tokens_revoke(PG_GETARG_INT64(0));
	SPI_finish();
	PG_RETURN_INT64((int64) revoked);
}

uint64
bk_booking_tokens_revoke(int64 booking_id)
{
	(void) bk_query_run(&withhold_tokens, bk_int64(booking_id));
	return bk_query_run(&delete_tokens, bk_int64(booking_id)).count;
}

char *
bk_booking_token_issue(int64 booking_id, TimestampTz expires_at)
{
	BkSecret secret = bk_secret_draw(TOKEN_BYTES);

	(void) bk_query_run(&insert_token, bk_int64(booking_id),
						bk_datum(bk_secret_hash(&secret)), bk_timestamptz(expires_at),
						bk_text(TIMESTAMP_IS_NOEND(expires_at) ? bk_principal_address()
															   : NULL));
	return bk_secret_write(TOKEN_MARK, booking_id, &secret);
}

int64
bk_booking_token_check(const char *text)
{
	BkSecret secret;
	int64 booking_id;

	if (!bk_secret_read(text, TOKEN_MARK, TOKEN_BYTES, &booking_id, &secret) ||
		bk_query_run(&find_token, bk_int64(booking_id), bk_datum(bk_secret_hash(&secret)))
				.count == 0)
		return 0;
	return booking_id;
}

void
bk_booking_tokens_forget(void)
{
	(void) bk_query_run(&forget_tokens);
	(void) bk_query_run(&forget_addresses);
}
