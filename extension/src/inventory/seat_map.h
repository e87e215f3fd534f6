/*
 * seat_map.h
 *		The seats of a flight, as a passenger chooses from them.
 */
#ifndef BK_SEAT_MAP_H
#define BK_SEAT_MAP_H

#include "base/query.h"
#include "inventory/seat_scan.h"

/* The seats of a flight, front to back and left to right; status is as a passenger sees it, and a lapsed hold available. */
typedef struct BkSeatMap
{
	BkSeat *seats;
	int count;
} BkSeatMap;

/* Reads the map of a flight, palloc'd in the current context; seats may share a value's Datum. Raises SB011. */
extern BkSeatMap bk_seat_map_read(int64 flight_id);

/* What a map says of its flight. Row: flight_id, aircraft_code, currency. Raises SB011. */
extern BkRows bk_seat_map_flight(int64 flight_id);

/* Whether a seat has a characteristic: a letter of IATA's PADIS code set 9882. */
static inline bool
bk_seat_has(const BkSeat *seat, char letter)
{
	struct varlena *letters = (struct varlena *) DatumGetPointer(seat->characteristics);

	return memchr(VARDATA_ANY(letters), letter, VARSIZE_ANY_EXHDR(letters)) != NULL;
}

/* Whether a seat is beside an aisle. */
static inline bool
bk_seat_is_aisle(const BkSeat *seat)
{
	return bk_seat_has(seat, 'A');
}

/* BK_SQL_EXIT_ROW of claims.h. */
static inline bool
bk_seat_is_exit_row(const BkSeat *seat)
{
	return bk_seat_has(seat, 'E');
}

#endif
