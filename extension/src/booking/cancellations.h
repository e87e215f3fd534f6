/*
 * cancellations.h
 *		Cancelling: a quote, then its confirmation.
 */
#ifndef BK_CANCELLATIONS_H
#define BK_CANCELLATIONS_H

#include "http/request.h"

/*
 * Quotes the cancellation of items (NULL, 0: every live item). Returns the quote's id.
 * Raises SB003, SB005, SB009, SB010 (no such item), SB011, SB017.
 */
extern int64 bk_cancellation_quote(int64 booking_id, int32 if_version,
								   const int16 *item_nos, int count);

/*
 * Carries a quote out: items cancelled, seats freed, refund in the ledger, in one transaction.
 * Raises SB005 (done already), SB007 (expired, or the booking has changed since, or a newer quote exists), SB011.
 */
extern void bk_cancellation_confirm(int64 cancellation_id);

#endif
