/*
 * seat_scan.h
 *		Reads the seats of a flight without SQL.
 *
 * Begin, next until false, end. The scan takes no lock on a seat: what it says may be otherwise a moment later.
 */
#ifndef BK_SEAT_SCAN_H
#define BK_SEAT_SCAN_H

#include "postgres.h"

#include "base/compat.h"

typedef struct BkSeat
{
	Datum seat_number; /* text, and so the next two */
	Datum cabin_class;
	Datum characteristics;
	Datum price;    /* numeric, at the standard fare */
	Datum status;   /* text, as it is stored */
	bool claimable; /* BK_SQL_CLAIMABLE of claims.h, by the clock when the scan began */
} BkSeat;

typedef struct BkSeatScan BkSeatScan;

/* Begins a scan of a flight's seats, on the active snapshot. A flight that does not exist has none. */
extern BkSeatScan *bk_seat_scan_begin(int64 flight_id);

/* The next seat, in no order to rely on; false after the last. Its values last until the next call. */
extern bool bk_seat_scan_next(BkSeatScan *scan, BkSeat *seat);

/* Ends a scan and gives back what it holds; an error in between leaves that to the transaction's end. */
extern void bk_seat_scan_end(BkSeatScan *scan);

/* Whether a text of a seat is this word. All of them are short, so they are never compressed nor moved out of the row. */
static inline bool
bk_seat_text_is(Datum text, const char *word)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(text);

	return VARSIZE_ANY_EXHDR(value) == strlen(word) &&
		   memcmp(VARDATA_ANY(value), word, VARSIZE_ANY_EXHDR(value)) == 0;
}

#endif
