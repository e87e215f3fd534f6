/*
 * conn.h
 *	  A worker thread's connection to one database.
 */
#ifndef GW_CONN_H
#define GW_CONN_H

#include <stdbool.h>

#include "config.h"
#include "status.h"

/* The prepared statement every connection has. */
#define GW_CONN_STATEMENT "booking_api"

struct pg_conn;

typedef struct GwConn
{
	GwDatabase db;
	struct pg_conn *pg;     /* NULL while closed */
	unsigned generation;    /* of the pool when it was opened */
	bool doomed;            /* the server said that it ends this session */
	long statement_timeout; /* of the session, milliseconds; 0: none */
} GwConn;

extern bool gw_conn_url_password(const char *url, char **password);
extern void gw_conn_setup(const GwConfig *config);
extern bool gw_conn_ensure(GwConn *conn, bool patient, GwSqlError *error);
extern void gw_conn_close(GwConn *conn);
extern void gw_conn_drop_all(GwConn *conn);
extern void gw_conn_pause(int attempt, long base_ms, long cap_ms);
extern long gw_conn_clock_ms(void);

extern void gw_sql_error_set(GwSqlError *error, const char *sqlstate, const char *message);
extern void gw_sql_error_free(GwSqlError *error);

#endif /* GW_CONN_H */
