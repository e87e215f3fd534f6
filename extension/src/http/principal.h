/*
 * principal.h
 *		Who calls.
 */
#ifndef BK_PRINCIPAL_H
#define BK_PRINCIPAL_H

#include "http/request.h"

/*
 * Whom the request's credential names: an API key, or nobody where there is none. Raises SB021 for any other credential, and for a key
 * that does not hold; which of the two, and why, is not told.
 */
extern BkPrincipal bk_principal_read(const BkRequest *request);

#endif
