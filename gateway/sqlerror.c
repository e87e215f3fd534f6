/*
 * sqlerror.c
 *	  Keeps an error past the libpq result that it came with.
 */
#include "sqlerror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Replaces what error holds by a code and the first line of message, which is copied. */
void
gw_sqlerror_set(GwSqlError *error, const char *sqlstate, const char *message)
{
	gw_sqlerror_free(error);
	snprintf(error->sqlstate, sizeof(error->sqlstate), "%s", sqlstate);
	error->message = strdup(message);
	if (error->message != NULL)
		error->message[strcspn(error->message, "\r\n")] = '\0';
}

/* Leaves no error; error may be used again. */
void
gw_sqlerror_free(GwSqlError *error)
{
	free(error->message);
	free(error->detail);
	free(error->hint);
	memset(error, 0, sizeof(*error));
}
