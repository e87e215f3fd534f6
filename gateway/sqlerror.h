/*
 * sqlerror.h
 *	  An error as PostgreSQL words it.
 */
#ifndef GW_SQLERROR_H
#define GW_SQLERROR_H

/* SQLSTATEs for what the client side finds: no answer to what was sent, no connection. */
#define GW_UNKNOWN_OUTCOME "08007"
#define GW_NO_CONNECTION "08001"

/* Owns its strings, which may be NULL; {0} is no error. */
typedef struct GwSqlError
{
	char sqlstate[6];
	char *message;
	char *detail;
	char *hint;
} GwSqlError;

extern void gw_sqlerror_set(GwSqlError *error, const char *sqlstate, const char *message);
extern void gw_sqlerror_free(GwSqlError *error);

#endif /* GW_SQLERROR_H */
