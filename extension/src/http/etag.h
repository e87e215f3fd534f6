/*
 * etag.h
 *		The ETag of a response, and the version of a booking as If-Match asks for it.
 */
#ifndef BK_ETAG_H
#define BK_ETAG_H

#include "http/request.h"

/* The version that the request's If-Match names, or BK_ANY_VERSION where it names none. Raises SB010. */
extern int64 bk_http_if_match(const BkRequest *request);

/* Sets the ETag of what a GET has read and of a booking that a write shows, when all of the response has been written. */
extern void bk_http_put_etag(const BkRequest *request, BkResponse *response);

/* Answers with a booking, its items and payments, and its ETag. Raises SB011. */
extern void bk_http_put_booking(BkResponse *response, int64 booking_id);

#endif
