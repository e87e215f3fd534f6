/*
 * cards.h
 *		Card numbers, which are for the payment provider alone.
 */
#ifndef BK_CARDS_H
#define BK_CARDS_H

#include "base/json_read.h"

/*
 * Refuses a body that has what looks like a card number (ISO/IEC 7812: 13 to 19 digits, spaces and hyphens between them, whose last is
 * the check digit of the rest), in whatever member; a telephone number may have 15 digits, whatever they are. Raises SB010, without the
 * number.
 */
extern void bk_http_refuse_cards(BkObject body);

#endif
