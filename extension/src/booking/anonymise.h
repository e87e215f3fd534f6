/*
 * anonymise.h
 *		Takes the person out of a customer, and leaves the facts.
 */
#ifndef BK_ANONYMISE_H
#define BK_ANONYMISE_H

#include "base/query.h"

/*
 * Replaces the name of a customer and of the passengers of its bookings by numbers, and deletes addresses, telephone numbers, tokens and
 * stored responses. Bookings, seats and money stay as they are, and so do country and tier. Locks the customer and all its bookings.
 * Returns the customer as customers.h does. Raises SB011, and SB026 while a flight of it lies ahead.
 */
extern BkRows bk_customer_anonymise(int64 customer_id);

#endif
