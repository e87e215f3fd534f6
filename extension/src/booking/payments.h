/*
 * payments.h
 *		The ledger: paying a hold, paying at once, refunding.
 */
#ifndef BK_PAYMENTS_H
#define BK_PAYMENTS_H

#include "http/request.h"

/* Reads amount, currency and method (absent: "card"). Raises SB010. */
extern void bk_payment_read(BkObject payment, Datum *amount, const char **currency,
							const char **method);

/* Compares what a caller means to pay with what the server asks. Raises SB006. */
extern void bk_payment_compare(Datum amount, const char *currency, Datum due,
							   const char *due_currency);

/*
 * Adds a ledger entry, which may belong to a cancellation or a change (0: none). The commit waits for its WAL, whatever
 * synchronous_commit says.
 */
extern void bk_payment_enter(int64 booking_id, Datum amount, const char *currency,
							 const char *method, int64 cancellation_id, int64 change_id);

/* Makes this transaction's commit wait for its WAL, whatever the session or a hold before has set: money is not lost. */
extern void bk_payment_make_durable(void);

/* Pays an amount back by the way the last payment came; nothing for an amount of zero. */
extern void bk_payment_refund(int64 booking_id, Datum amount, const char *currency,
							  int64 cancellation_id, int64 change_id);

/*
 * Pays a hold: exactly once, before its deadline, with the amount it asks for.
 * Raises SB003, SB004, SB005, SB006, SB011, SB017.
 */
extern void bk_payment_pay(int64 booking_id, int32 if_version, Datum amount,
						   const char *currency, const char *method);

#endif
