/*
 * links.h
 *		Where a response leads: to what it made, and to the next page of a list.
 */
#ifndef BK_LINKS_H
#define BK_LINKS_H

#include "http/request.h"

/* A query parameter that the next page has, and its value there. */
typedef struct BkCursor
{
	const char *parameter;
	const char *value; /* NULL: as in this request, if it is there */
} BkCursor;

/* Sets the header Location to "collection/id". */
extern void bk_http_put_location(BkResponse *response, const char *collection, int64 id);

/* Sets the header Link, rel="next", to this request with other cursors. */
extern void bk_http_put_next_link(const BkRequest *request, BkResponse *response,
								  const BkCursor *cursors, int count);

/* Writes the member "next" of a list that has one cursor, "after": a value and the Link, or null on the last page. */
extern void bk_http_put_next(const BkRequest *request, BkResponse *response,
							 const char *next);

#endif
