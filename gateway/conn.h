/*
 * conn.h
 *	  A connection to one database.
 */
#ifndef GW_CONN_H
#define GW_CONN_H

#include <stdbool.h>

#include "database.h"
#include "sqlerror.h"

/* The prepared statement every connection has. */
#define GW_CONN_STATEMENT "booking_api"

struct pg_conn;

typedef struct GwConn
{
	GwDatabase db;
	struct pg_conn *pg;     /* NULL while closed */
	unsigned generation;    /* of the database when it was opened */
	bool doomed;            /* the server said that it ends this session */
	long statement_timeout; /* of the session, milliseconds; 0: none */
} GwConn;

extern bool gw_conn_url_password(const char *url, char **password);
extern void gw_conn_setup(GwDatabase db, const char *url, const char *password,
						  long connect_budget);
extern bool gw_conn_ensure(GwConn *conn, bool patient, GwSqlError *error);
extern void gw_conn_close(GwConn *conn);
extern void gw_conn_drop_all(GwConn *conn);

#endif /* GW_CONN_H */
