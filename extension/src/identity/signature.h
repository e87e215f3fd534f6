/*
 * signature.h
 *		What shows that a payment event is the provider's.
 *
 * "t=SECONDS,v1=HEX": the time of signing, since 1970, and HMAC-SHA256 under the secret that provider and airline share, over
 * "SECONDS.event_id.type.intent_id.amount.currency", each as it stands in the event. It holds for five minutes.
 */
#ifndef BK_SIGNATURE_H
#define BK_SIGNATURE_H

#include "postgres.h"

/* Refuses a signature that is not of these words: SB021. */
extern void bk_signature_require(const char *signature, const char *words);

/* There is a simulated provider, whose events need no signature. Raises SB011. */
extern void bk_signature_require_simulated(void);

#endif
