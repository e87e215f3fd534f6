/*
 * connections.h
 *		One-stop connections between two airports on a day.
 */
#ifndef BK_CONNECTIONS_H
#define BK_CONNECTIONS_H

#include "inventory/search.h"

/* From arrival to departure. From the longer on it is a stopover, and another journey. */
#define BK_MIN_CONNECTION_HOURS 2
#define BK_MAX_CONNECTION_HOURS 24

/* A connection's place in the order of search results: by arrival. */
typedef struct BkConnectionPlace
{
	TimestampTz arrival;
	int64 first_flight_id;
	int64 second_flight_id;
} BkConnectionPlace;

/*
 * The connections of a search, whose seats are counted one connection at a time. Rows: first_flight_id, second_flight_id,
 * via, scheduled_departure, scheduled_arrival, connection_minutes, duration_minutes, currency.
 */
typedef struct BkConnectionsFound
{
	const BkSearch *search;
	BkRows rows;
	uint64 seen; /* rows looked at; the last of them is the current connection */
	BkCabin cabins[2][BK_CABINS]; /* of its two flights, those that suit */
	Datum price_from;             /* numeric: the sum of both flights' lowest prices */
} BkConnectionsFound;

/* Connections on sale, from the one after a place on, or from the first where after is NULL. */
extern BkConnectionsFound bk_connections_find(const BkSearch *search,
											  const BkConnectionPlace *after);

/* Goes on to the next connection that suits; false after the last. */
extern bool bk_connections_next(BkConnectionsFound *found);

/* The two flights of the current connection, in their order. Rows: BK_SQL_FLIGHT. */
extern BkRows bk_connection_flights(const BkConnectionsFound *found);

#endif
