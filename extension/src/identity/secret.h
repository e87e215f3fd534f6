/*
 * secret.h
 *		The random secrets of credentials.
 *
 * A credential is a mark such as "bk_", an id, "_" and the secret in hexadecimal digits. Only a hash of the secret is stored: it is
 * random and long enough that a plain one does. The id finds the row, so that nothing is looked up by what a caller may guess.
 */
#ifndef BK_SECRET_H
#define BK_SECRET_H

#include "postgres.h"

#define BK_MAX_SECRET_BYTES 32

typedef struct BkSecret
{
	int length; /* in bytes, at most BK_MAX_SECRET_BYTES */
	uint8 bytes[BK_MAX_SECRET_BYTES];
} BkSecret;

/* Draws a secret of so many bytes. */
extern BkSecret bk_secret_draw(int length);

/* The credential, and the hexadecimal digits of the secret alone. */
extern char *bk_secret_write(const char *mark, int64 id, const BkSecret *secret);
extern char *bk_secret_digits(const BkSecret *secret);

/* Takes a credential of that mark and length apart; false where a text has not the form of one. */
extern bool bk_secret_read(const char *text, const char *mark, int length, int64 *id,
						   BkSecret *secret);

/* SHA-256 over the secret's bytes, as bytea. */
extern Datum bk_secret_hash(const BkSecret *secret);

/* Whether a hash is the secret's, in the same time whatever it is. */
extern bool bk_secret_fits(const BkSecret *secret, Datum hash);

#endif
