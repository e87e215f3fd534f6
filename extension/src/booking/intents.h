/*
 * intents.h
 *		Payments that a provider confirms: what is to be paid, and what the provider says of it.
 *
 * A caller who is no agent does not say that it has paid: it makes an intent, takes it to the provider, and the provider's event
 * settles it. Money that comes for something that can no longer be had goes back: the ledger then has it twice, in and out.
 */
#ifndef BK_INTENTS_H
#define BK_INTENTS_H

#include "base/query.h"
#include "booking/tender.h"

#define BK_EVENT_SUCCEEDED "succeeded"
#define BK_EVENT_FAILED "failed"

/* What a provider says. */
typedef struct BkPaymentEvent
{
	const char *event_id; /* the provider's; the same one twice is one */
	const char *type;
	int64 intent_id;
	BkTender tender; /* what was paid, or was to be */
} BkPaymentEvent;

/* Rows: intent_id, booking_id, change_id, amount, currency, status, reason, created_at, settled_at. */

/*
 * Makes an intent of what a hold, or a quoted change, is to cost: one row. Locks the booking. Raises SB003, SB004, SB005, SB010 (nothing
 * is due), SB011, SB017, SB020.
 */
extern BkRows bk_intent_of_booking(int64 booking_id, int64 if_version);
extern BkRows bk_intent_of_change(int64 change_id);

/* An intent of a booking that is the caller's. Raises SB011. */
extern BkRows bk_intent_row(int64 intent_id);

/*
 * Settles an intent by what the provider says: pays the hold or confirms the change, once; or, where that is no longer possible or the
 * amount is another, refunds. Raises SB010 (malformed) and SB011 (no such intent).
 */
extern BkRows bk_intent_settle(const BkPaymentEvent *event);

#endif
