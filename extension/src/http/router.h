/*
 * router.h
 *		From method and path to the function that answers.
 */
#ifndef BK_ROUTER_H
#define BK_ROUTER_H

#include "http/request.h"

/*
 * Finds the route of request->method and request->path, fills ids and name, runs its handler and sets its status.
 * OPTIONS is answered for every path. Raises SB022 and SB024 (the caller may not), SB012 (no such path) and SB013 (the path does not
 * take that method; the hint is the header Allow).
 */
extern void bk_router_dispatch(BkRequest *request, BkResponse *response);

#endif
