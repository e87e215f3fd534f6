/*
 * idempotency.h
 *		A request that changes something, at most once per Idempotency-Key.
 */
#ifndef BK_IDEMPOTENCY_H
#define BK_IDEMPOTENCY_H

#include "http/request.h"

/*
 * Runs the request through the router, or answers it with the stored response of the same request under the same key.
 * Requests without a key, and GET, are just run, and so is what answers with a secret. Raises SB010 (malformed key), SB015 (another request with the key is
 * under way), SB016 (the key came with another request), and what the route raises; nothing is stored for a failure.
 */
extern void bk_idempotency_dispatch(BkRequest *request, BkResponse *response);

#endif
