/*
 * words.h
 *		The words of the schema that C code compares or writes. regress compares them with the schema's constraints.
 */
#ifndef BK_WORDS_H
#define BK_WORDS_H

/* bookings.status and booking_items.status share those that both have. */
#define BK_HELD "held"
#define BK_CONFIRMED "confirmed"
#define BK_PARTIALLY_CANCELLED "partially_cancelled"
#define BK_CANCELLED "cancelled"
#define BK_EXPIRED "expired"
#define BK_COMPLETED "completed"

/* booking_items.status, besides */
#define BK_FLOWN "flown"
#define BK_NO_SHOW "no_show"

/* seats.status, besides BK_HELD */
#define BK_AVAILABLE "available"
#define BK_BOOKED "booked"

/* booking_items.passenger_type; all others are minors */
#define BK_ADULT "adult"

/* payments.method, where a caller names none */
#define BK_CARD "card"

/* An item i that has its seat: it can be flown, changed and cancelled. The condition of booking_items_live_seat_key. */
#define BK_SQL_LIVE(i) "(" i ".status NOT IN ('cancelled', 'expired'))"

/* Whether a word is another. */
#define bk_word_is(word, other) (strcmp((word), (other)) == 0)

#endif
