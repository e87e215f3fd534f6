/*
 * readiness.h
 *		Can this database take bookings at this moment, and who keeps it from that?
 */
#ifndef BK_READINESS_H
#define BK_READINESS_H

#include "base/query.h"

/* Whether a booking would get the locks on its tables at once. A standby takes no bookings, and has none to try. */
extern bool bk_readiness_takes_bookings(void);

/*
 * Sessions that have kept others waiting, or the tables of bookings locked, in a transaction of more than five seconds; the
 * longest first. Row: seconds, problem (a sentence).
 */
extern BkRows bk_readiness_blockers(void);

#endif
