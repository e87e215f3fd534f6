/*
 * credential.h
 *		Who calls booking_api.
 */
#ifndef BK_CREDENTIAL_H
#define BK_CREDENTIAL_H

#include "http/request.h"

/*
 * Sets the request's principal, who is the caller already, to whom its credential names: who has an API key or a booking's token, or a
 * stranger where there is none. Raises SB021 for any other credential, and for one that does not hold; which of the two, and why, is not
 * told, and each counts as a request of the address.
 */
extern void bk_credential_read(BkRequest *request);

#endif
