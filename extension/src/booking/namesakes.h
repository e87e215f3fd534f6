/*
 * namesakes.h
 *		Is there a passenger of a name on a flight?
 */
#ifndef BK_NAMESAKES_H
#define BK_NAMESAKES_H

#include "postgres.h"

/*
 * Whether the active snapshot has a live item on the flight whose passenger has that name, as public.folded_text makes it; of
 * whatever booking. Raises as table.h does.
 */
extern bool bk_namesake_travels(int64 flight_id, const char *folded_name);

#endif
