/*
 * router.h
 *		From method and path to the function that answers.
 */
#ifndef BK_ROUTER_H
#define BK_ROUTER_H

#include "json_util.h"

#define BK_MAX_PATH_IDS 2

typedef struct BkRequest
{
	const char *method;
	const char *path;
	int64 ids[BK_MAX_PATH_IDS]; /* the {id}s of the path, in order */
	const char *name;           /* the {name} of the path, if it has one */
	BkObject query;
	BkObject body;
	BkObject context;
} BkRequest;

/* A handler leaves status 200 or sets another; it writes body, and headers as members of a JSON object. */
typedef struct BkResponse
{
	int status;
	StringInfo headers;
	StringInfo body;
} BkResponse;

typedef void (*BkHandler)(const BkRequest *request, BkResponse *response);

/*
 * Finds the handler of request->method and request->path, fills ids and name, and runs it.
 * Raises SB012 (no such path) and SB013 (the path does not take that method).
 */
extern void bk_router_dispatch(BkRequest *request, BkResponse *response);

#endif
