/*
 * signature.h
 *		What shows that a message is of whom it says: a payment provider's event to us, and ours to a webhook.
 *
 * "t=SECONDS,v1=HEX": the time of signing, since 1970, and HMAC-SHA256 under a secret that both share, over "SECONDS.words". Of a
 * payment event the words are "event_id.type.intent_id.amount.currency", each as it stands there, and it holds for five minutes; of a
 * request to a webhook they are its body.
 */
#ifndef BK_SIGNATURE_H
#define BK_SIGNATURE_H

#include "postgres.h"

/* The signature of words under a secret (bytea), as of now. */
extern char *bk_signature_write(Datum secret, const char *words);

/* Refuses a signature that is not of these words: SB021. */
extern void bk_signature_require(const char *signature, const char *words);

/* There is a simulated provider, whose events need no signature. Raises SB011. */
extern void bk_signature_require_simulated(void);

#endif
