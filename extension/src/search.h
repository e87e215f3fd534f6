/*
 * search.h
 *		What can be booked: airports, flights, seats.
 */
#ifndef BK_SEARCH_H
#define BK_SEARCH_H

#include "router.h"

/* Handlers: GET /v1/airports, /v1/flights, /v1/flights/{id}, /v1/flights/{id}/seat_map */
extern void bk_airports_find(const BkRequest *request, BkResponse *response);
extern void bk_flights_search(const BkRequest *request, BkResponse *response);
extern void bk_flights_get(const BkRequest *request, BkResponse *response);
extern void bk_flights_seat_map(const BkRequest *request, BkResponse *response);

#endif
