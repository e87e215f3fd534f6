/*
 * errcodes.h
 *		SQLSTATEs of the booking engine, class SB.
 *
 * A code is a promise to SQL callers and, through gateway/status.c, to REST clients: it is never given another
 * meaning. A new outcome is one line here, one in gateway/status.c and one test.
 */
#ifndef BK_ERRCODES_H
#define BK_ERRCODES_H

#include "utils/elog.h"

/* Whether a SQLSTATE is of class SB. */
#define SB_IS_OURS(code)          \
	(ERRCODE_TO_CATEGORY(code) == \
	 ERRCODE_TO_CATEGORY(MAKE_SQLSTATE('S', 'B', '0', '0', '0')))

#define SB_CODE(a, b, c) MAKE_SQLSTATE('S', 'B', (a), (b), (c))

/* clang-format off */
#define SB_SEAT_UNAVAILABLE      SB_CODE('0', '0', '1') /* held, booked or blocked */
#define SB_FLIGHT_NOT_OPEN       SB_CODE('0', '0', '2') /* outside its sales window, or cancelled */
#define SB_PAST_PAYMENT_DEADLINE SB_CODE('0', '0', '3') /* the hold has lapsed */
#define SB_ALREADY_PAID          SB_CODE('0', '0', '4')
#define SB_ALREADY_CANCELLED     SB_CODE('0', '0', '5')
#define SB_PRICE_CHANGED         SB_CODE('0', '0', '6') /* the amount is not the server's */
#define SB_CANCELLATION_STALE    SB_CODE('0', '0', '7') /* quote expired or superseded */
#define SB_DUPLICATE_PASSENGER   SB_CODE('0', '0', '8')
#define SB_NOT_CANCELLABLE       SB_CODE('0', '0', '9') /* flown, or departed */
#define SB_VALIDATION_ERROR      SB_CODE('0', '1', '0') /* a field is missing or wrong */
#define SB_NOT_FOUND             SB_CODE('0', '1', '1')
#define SB_ROUTE_NOT_FOUND       SB_CODE('0', '1', '2') /* no such path */
#define SB_METHOD_NOT_ALLOWED    SB_CODE('0', '1', '3')
#define SB_CUSTOMER_EXISTS       SB_CODE('0', '1', '4') /* the e-mail address is taken */
#define SB_IDEMPOTENCY_IN_USE    SB_CODE('0', '1', '5') /* another request with the key is under way */
#define SB_IDEMPOTENCY_REUSED    SB_CODE('0', '1', '6') /* the key came with another request before */
#define SB_STALE_VERSION         SB_CODE('0', '1', '7') /* the booking is not at the version given */
#define SB_HOLD_QUOTA            SB_CODE('0', '1', '8') /* the customer has as many holds as allowed */
#define SB_NOT_CHANGEABLE        SB_CODE('0', '1', '9') /* the fare, or the state of the flight, forbids it */
#define SB_CHANGE_STALE          SB_CODE('0', '2', '0') /* quote expired or superseded */
#define SB_CREDENTIAL_INVALID    SB_CODE('0', '2', '1') /* no such key or token, or it has ended */
#define SB_NOT_ALLOWED           SB_CODE('0', '2', '2') /* not with this credential */
#define SB_TOO_MANY_ATTEMPTS     SB_CODE('0', '2', '3') /* of a reference, or from an address, have failed */
#define SB_CREDENTIAL_REQUIRED   SB_CODE('0', '2', '4') /* not without one */
#define SB_TOO_MANY_REQUESTS     SB_CODE('0', '2', '5') /* the caller has had the most of a minute */
#define SB_TRIPS_AHEAD           SB_CODE('0', '2', '6') /* the customer has yet to travel */
/* clang-format on */

#endif
