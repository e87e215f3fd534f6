/*
 * api_keys.h
 *		The keys of programs that call the API: who has one, in which roles, until when.
 *
 * A key is "bk_", its id, "_" and 256 random bits in hexadecimal digits.
 */
#ifndef BK_API_KEYS_H
#define BK_API_KEYS_H

#include "base/query.h"

/* What a new key is to be, as it was read; bk_api_key_issue checks it. */
typedef struct BkApiKeyWish
{
	const char *client;
	NullableDatum roles;     /* text[] */
	NullableDatum valid_for; /* interval */
} BkApiKeyWish;

/* Makes a key, and writes it to api_key, this once. One row: key_id, expires_at. Raises SB010. */
extern BkRows bk_api_key_issue(const BkApiKeyWish *wish, char **api_key);

/* Ends a key. Rows, here and in the list of all: key_id, client, roles, hint and the times. Raises SB011. */
extern BkRows bk_api_key_revoke(int64 key_id);
extern BkRows bk_api_keys_list(void);

/*
 * Whether a text is a key that holds now: issued, neither revoked nor past its time. Fills key_id and roles (principal.h) if so. Takes
 * as long for a wrong secret of a key as for the right one.
 */
extern bool bk_api_key_check(const char *text, int64 *key_id, int *roles);

#endif
