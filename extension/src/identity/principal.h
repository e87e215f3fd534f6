/*
 * principal.h
 *		Who calls, and what is theirs.
 *
 * A caller of booking_api is a principal, which its credential names. A SQL caller of the other functions is a person whom the
 * server knows, and whose rights are those of a database role: all of the functions that the role may call.
 */
#ifndef BK_PRINCIPAL_H
#define BK_PRINCIPAL_H

#include "postgres.h"

/* Roles of a key, as bits. */
#define BK_ROLE_AGENT (1 << 0)
#define BK_ROLE_OPERATOR (1 << 1)
#define BK_ROLE_ANALYST (1 << 2)
#define BK_ROLE_ADMIN (1 << 3)

/* All zero: a stranger. */
typedef struct BkPrincipal
{
	int64 key_id;        /* of the API key, or 0 */
	int roles;           /* of the key */
	int64 booking_id;    /* the booking that is theirs, or 0 */
	const char *address; /* where they call from, or NULL */
} BkPrincipal;

/* Makes a principal the caller, and gives back the one before, for whoever ends the call to set again. NULL: a SQL caller. */
extern BkPrincipal *bk_principal_set(BkPrincipal *principal);

/* Whether the caller has one of the roles. */
extern bool bk_principal_has(int roles);

/* Whether the caller has shown nothing. */
extern bool bk_principal_is_stranger(void);

/* Whether the caller may see and change a booking: its own, or any for an agent. */
extern bool bk_principal_has_booking(int64 booking_id);

/* The caller has shown that a booking is theirs. */
extern void bk_principal_admit(int64 booking_id);

/* The id of the caller's key, or 0. */
extern int64 bk_principal_key(void);

/* Where the caller calls from; NULL where that is not known, or is of no concern. */
extern const char *bk_principal_address(void);

/*
 * An address as callers are told apart by: one of IPv4, or of IPv6 the first 64 bits, which are one network. Raises SB010 for what is
 * none.
 */
extern const char *bk_principal_network(const char *address);

#endif
