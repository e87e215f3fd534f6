/*
 * dbcall.h
 *	  One request as one call of booking.booking_api.
 */
#ifndef GW_DBCALL_H
#define GW_DBCALL_H

#include "conn.h"
#include "reply.h"
#include "request.h"
#include "socket.h"

typedef struct GwCallLimits
{
	long timeout;         /* milliseconds to wait for the answer; 0: as the session's
				   * statement_timeout allows */
	bool retry;           /* false: one try, and no waiting for a connection */
	const GwPeer *client; /* whose read it is: cancelled when the client has gone; or NULL */
} GwCallLimits;

extern void gw_dbcall_run(GwConn *conn, const GwRequest *request,
						  const GwCallLimits *limits, GwReply *reply);

#endif /* GW_DBCALL_H */
