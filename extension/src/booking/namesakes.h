/*
 * namesakes.h
 *		Is there a passenger of a name on a flight?
 */
#ifndef BK_NAMESAKES_H
#define BK_NAMESAKES_H

#include "postgres.h"

/* A passenger who is to travel on a flight. */
typedef struct BkTraveller
{
	int64 flight_id;
	const char *name;
	const char *folded_name; /* public.folded_text of it */
} BkTraveller;

/*
 * The first of the travellers, counted from there on, on whose flight the active snapshot has a live item of the same folded name, of
 * whatever booking; count where there is none. Raises as table.h does.
 */
extern int bk_namesakes_next(const BkTraveller *travellers, int from, int count);

#endif
