/*
 * api_keys.h
 *		The keys of programs that call the API: who has one, in which roles, until when.
 *
 * A key is "bk_", its id, "_" and 256 random bits in hexadecimal digits. The table has a hash of those bits alone; its id finds
 * the row, so that nothing is looked up by what a caller may guess.
 */
#ifndef BK_API_KEYS_H
#define BK_API_KEYS_H

#include "base/query.h"

typedef struct BkApiKey
{
	int64 key_id;
	Datum roles; /* text[] */
} BkApiKey;

/*
 * Whether a text is a key that holds now: issued, neither revoked nor past its time. Fills key if so. Takes as long for a wrong
 * secret of a key as for the right one.
 */
extern bool bk_api_key_check(const char *text, BkApiKey *key);

#endif
