/*
 * cancellations.h
 *		Cancelling: a quote, then its confirmation.
 */
#ifndef BK_CANCELLATIONS_H
#define BK_CANCELLATIONS_H

#include "base/query.h"

/* The items that a caller means to cancel, as they were read; bk_cancellation_quote checks them. */
typedef struct BkItemList
{
	const char *field;    /* what errors call it */
	const int16 *numbers; /* NULL: all that can be cancelled */
	int count;
} BkItemList;

/*
 * Quotes the cancellation of items. Locks the booking. Returns the quote's id. Raises SB003, SB005, SB009, SB010 (the list
 * is empty, too long, or names an item that is not live), SB011, SB017.
 */
extern int64 bk_cancellation_quote(int64 booking_id, int64 if_version,
								   const BkItemList *items);

/*
 * Carries a quote out: items cancelled, seats freed, refund in the ledger, in one transaction. Locks the booking, then its
 * seats. Raises SB003, SB005 (done already), SB007 (expired, or the booking has changed since, or a newer quote exists),
 * SB009, SB011.
 */
extern void bk_cancellation_confirm(int64 cancellation_id);

/* A cancellation as callers see it: one row. Raises SB011. */
extern BkRows bk_cancellation_row(int64 cancellation_id);

#endif
