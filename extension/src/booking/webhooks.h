/*
 * webhooks.h
 *		Where clients want to be told of events: an address for each, and which events.
 *
 * A webhook is its key's; an admin sees and ends any. Another's answers as one that is not there.
 */
#ifndef BK_WEBHOOKS_H
#define BK_WEBHOOKS_H

#include "base/query.h"

typedef struct BkWebhookWish
{
	const char *url;
	NullableDatum event_types; /* text[]; null: all */
	int64 after; /* the last event that is not wanted; negative: the last one so far */
} BkWebhookWish;

/* Makes one for the caller's key. One row: bk_webhooks_list's columns; and the secret that its requests are signed with. Raises SB010. */
extern BkRows bk_webhook_create(const BkWebhookWish *wish, char **secret);

/* Those that the caller may see. */
extern BkRows bk_webhooks_list(void);

/* Ends one, and what is still to be sent to it. Raises SB011. */
extern void bk_webhook_delete(int64 webhook_id);

/* Raises SB011 unless the caller may see it. */
extern void bk_webhook_require(int64 webhook_id);

#endif
