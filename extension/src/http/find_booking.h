/*
 * find_booking.h
 *		A booking by its reference and a last name, for who cannot show that it is theirs otherwise.
 */
#ifndef BK_FIND_BOOKING_H
#define BK_FIND_BOOKING_H

#include "http/request.h"

/*
 * Reads booking_reference and last_name, and returns the booking's id, which is the caller's from then on. 0: there is none, and the
 * response says so, so that the attempt counts. Raises SB010, SB023, and for an agent, whose attempts are not counted, SB011.
 */
extern int64 bk_http_find_booking(BkObject object, BkResponse *response);

#endif
