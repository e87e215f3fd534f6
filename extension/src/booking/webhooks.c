/*
 * webhooks.c
 *		Where clients want to be told of events.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "booking/events.h"
#include "booking/webhooks.h"
#include "identity/principal.h"
#include "identity/secret.h"

#define SECRET_BYTES 32
#define MAX_URL_LENGTH 2000
#define MAX_WEBHOOKS 10 /* of a key */

/* booking_events.event_type */
static const char *const event_types[] =
	{"held",           "confirmed",        "checked_in", "flown",
	 "no_show",        "cancelled",        "expired",    "seat_changed",
	 "flight_changed", "schedule_changed", NULL};

#define SQL_WEBHOOK "webhook_id, key_id, url, event_types, position, created_at"

/* $1 the key, or 0 for any. */
#define SQL_IS_THEIRS "($1 = 0 OR key_id = $1)"

static BkQuery insert_webhook = BK_INSERT_RETURNING(
	"INSERT INTO booking_private.webhooks (key_id, url, event_types, secret, position)"
	" VALUES ($1, $2, $3, pg_catalog.convert_to($4, 'UTF8'), $5)"
	" RETURNING " SQL_WEBHOOK,
	INT8OID, TEXTOID, TEXTARRAYOID, TEXTOID, INT8OID);

static BkQuery list_webhooks = BK_SELECT("SELECT " SQL_WEBHOOK
										 "  FROM booking_private.webhooks"
										 " WHERE " SQL_IS_THEIRS " ORDER BY webhook_id",
										 INT8OID);

static BkQuery find_webhook = BK_SELECT("SELECT FROM booking_private.webhooks"
										" WHERE " SQL_IS_THEIRS " AND webhook_id = $2",
										INT8OID, INT8OID);

static BkQuery delete_webhook = BK_DELETE("DELETE FROM booking_private.webhooks"
										  " WHERE " SQL_IS_THEIRS " AND webhook_id = $2",
										  INT8OID, INT8OID);

/* One at a time for a key, so that they can be counted. */
static BkQuery lock_key = BK_SELECT(
	"SELECT FROM booking_private.api_keys WHERE key_id = $1 FOR NO KEY UPDATE", INT8OID);

static NullableDatum visible_key(void);
static void check_url(const char *url);
static bool is_this_machine(const char *host);
static NullableDatum check_event_types(NullableDatum types);
static void refuse_unknown(int64 webhook_id);

BkRows
bk_webhook_create(const BkWebhookWish *wish, char **secret)
{
	BkSecret drawn = bk_secret_draw(SECRET_BYTES);
	NullableDatum key = bk_int64(bk_principal_key());
	NullableDatum types;

	check_url(wish->url);
	types = check_event_types(wish->event_types);
	(void) bk_query_run(&lock_key, key);
	if (bk_query_run(&list_webhooks, key).count >= MAX_WEBHOOKS)
		bk_check_refuse("url", psprintf("is one too many: a key may have %d webhooks",
										MAX_WEBHOOKS));
	*secret = bk_secret_digits(&drawn);
	return bk_query_run(&insert_webhook, key, bk_text(wish->url), types, bk_text(*secret),
						bk_int64(wish->after < 0 ? bk_events_last() : wish->after));
}

BkRows
bk_webhooks_list(void)
{
	return bk_query_run(&list_webhooks, visible_key());
}

void
bk_webhook_delete(int64 webhook_id)
{
	if (bk_query_run(&delete_webhook, visible_key(), bk_int64(webhook_id)).count == 0)
		refuse_unknown(webhook_id);
}

void
bk_webhook_require(int64 webhook_id)
{
	if (bk_query_run(&find_webhook, visible_key(), bk_int64(webhook_id)).count == 0)
		refuse_unknown(webhook_id);
}

/* The key whose webhooks the caller may see; 0 for all. */
static NullableDatum
visible_key(void)
{
	return bk_int64(bk_principal_has(BK_ROLE_ADMIN) ? 0 : bk_principal_key());
}

/* The form; where it leads, the sender looks at when it sends. */
static void
check_url(const char *url)
{
	const char *host;
	size_t length;

	bk_check_given("url", url != NULL);
	bk_check_text("url", url, MAX_URL_LENGTH);
	host = strstr(url, "://");
	host = host != NULL ? host + 3 : "";
	length = strcspn(host, "/?#");
	if (length == 0 || host[0] == ':' || memchr(host, '@', length) != NULL)
		bk_check_refuse("url", "must have a host, and no user or password");
	if (strncmp(url, "https://", 8) != 0 &&
		!(strncmp(url, "http://", 7) == 0 && is_this_machine(host)))
		bk_check_refuse("url", "must begin with https://, or be on this machine");
	for (const char *c = url; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			bk_check_refuse("url", "must be of printable ASCII characters, no spaces");
}

/* Whether what begins with a host begins with that of this machine. */
static bool
is_this_machine(const char *host)
{
	size_t length = strcspn(host, ":/?#");

	return (length == strlen("localhost") && strncmp(host, "localhost", length) == 0) ||
		   (length == strlen("127.0.0.1") && strncmp(host, "127.0.0.1", length) == 0);
}

/* All where none are given. */
static NullableDatum
check_event_types(NullableDatum types)
{
	Datum *words;
	bool *nulls;
	int count;

	if (types.isnull)
	{
		Datum all[lengthof(event_types) - 1];

		for (int i = 0; i < lengthof(all); i++)
			all[i] = CStringGetTextDatum(event_types[i]);
		return bk_datum(bk_array(TEXTOID, all, lengthof(all)));
	}
	deconstruct_array(DatumGetArrayTypeP(types.value), TEXTOID, -1, false, TYPALIGN_INT,
					  &words, &nulls, &count);
	if (count == 0)
		bk_check_refuse("event_types", "must not be empty");
	for (int i = 0; i < count; i++)
		bk_check_word("event_types", TextDatumGetCString(words[i]), event_types);
	return types;
}

static void
refuse_unknown(int64 webhook_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no webhook " INT64_FORMAT, webhook_id));
}
