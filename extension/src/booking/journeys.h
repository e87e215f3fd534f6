/*
 * journeys.h
 *		Which flights of a booking make a journey: out, and back, each with its connections.
 */
#ifndef BK_JOURNEYS_H
#define BK_JOURNEYS_H

#include "booking/new_booking.h"

/* A flight of a booking. */
typedef struct BkLeg
{
	int64 flight_id;
	const char *origin;
	const char *destination;
	TimestampTz departure;
	TimestampTz arrival;
	int16 journey_no; /* set by bk_journeys_number */
	bool connects;    /* likewise: another leg goes on from it */
} BkLeg;

/*
 * The journey_no of each item of a request. legs are its flights, each once; they are put in the order of departure. Raises
 * SB010 where a passenger's flight leaves before the one before arrives, or too soon after it to change.
 */
extern const int16 *bk_journeys_number(const BkBookingRequest *request, BkLeg *legs,
									   int count);

#endif
