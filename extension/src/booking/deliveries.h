/*
 * deliveries.h
 *		Requests to webhooks: made of events, sent, tried again.
 *
 * A delivery is the events of one booking that came together; the next of that booking waits until it has arrived or was given up, so
 * they arrive in order. Whoever sends takes what is due, and with that it is due again later; so a sender that dies loses nothing, and a
 * client may hear of an event twice.
 */
#ifndef BK_DELIVERIES_H
#define BK_DELIVERIES_H

#include "base/query.h"

#define BK_DEFAULT_DELIVERIES 100

/* Those of a webhook, newest first, before one. Raises SB010, SB011. */
extern BkRows bk_deliveries_list(int64 webhook_id, int64 before, int64 max_deliveries);

/* Makes a delivery due again, whatever came of it. One row, as of bk_deliveries_list. Raises SB011. */
extern BkRows bk_delivery_repeat(int64 webhook_id, int64 delivery_id);

/*
 * How it stands, one row: lag_seconds, the age of the first event that has not been looked at for a webhook, 0 where there is none; and
 * pending, the deliveries that have not arrived.
 */
extern BkRows bk_deliveries_state(void);

/* Deletes what has long ended. */
extern void bk_deliveries_forget(void);

#endif
