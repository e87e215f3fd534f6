/*
 * payments.h
 *		The ledger: paying a hold, paying at once, refunding.
 */
#ifndef BK_PAYMENTS_H
#define BK_PAYMENTS_H

#include "booking/tender.h"

/*
 * Adds a ledger entry, which may belong to a cancellation or a change (0: none); returns its id, 0 for an amount of zero. The
 * commit waits for its WAL, whatever synchronous_commit says.
 */
extern int64 bk_payment_enter(int64 booking_id, Datum amount, const char *currency,
							  const char *method, int64 cancellation_id, int64 change_id);

/* Makes this transaction's commit wait for its WAL, whatever the session or a hold before has set: money is not lost. */
extern void bk_payment_make_durable(void);

/*
 * Pays an amount, not negative, back by the methods of the payments, the newest first, to none more than it paid; nothing for
 * an amount of zero. The booking is locked.
 */
extern void bk_payment_refund(int64 booking_id, Datum amount, const char *currency,
							  int64 cancellation_id, int64 change_id);

/*
 * Pays a hold: exactly once, before its deadline, with the amount it asks for. Locks the booking, then its seats. Returns the id of
 * the payment, 0 where there was nothing to pay.
 * Raises SB002 (a flight has left or is cancelled: the money would be stuck), SB003, SB004, SB005, SB006, SB010, SB011, SB017.
 */
extern int64 bk_payment_pay(int64 booking_id, int64 if_version, const BkTender *tender);

/* An entry of the ledger as callers see it: one row. Raises SB011. */
extern BkRows bk_payment_row(int64 payment_id);

#endif
