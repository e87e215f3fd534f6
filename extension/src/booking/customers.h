/*
 * customers.h
 *		Who books.
 */
#ifndef BK_CUSTOMERS_H
#define BK_CUSTOMERS_H

#include "base/query.h"
#include "booking/new_booking.h"

/*
 * Each returns customers as rows: customer_id, full_name, email, phone, country, tier, created_at. All raise SB010 for a
 * field that is missing or malformed.
 */

/* Adds a customer, who must have a name: one row. Raises SB014 where the e-mail address, regardless of case, is taken. */
extern BkRows bk_customer_create(const BkCustomer *customer);

/* Changes what is given, and leaves the rest: one row. Raises SB011, and SB014 where the e-mail address is another's. */
extern BkRows bk_customer_update(int64 customer_id, const BkCustomer *customer);

/*
 * Adds the guest of one booking, whose fields have been checked; returns the id. The e-mail address is nobody's but the booking's:
 * whether a customer has it makes no difference.
 */
extern int64 bk_customer_add_guest(const BkCustomer *guest);

/* One customer. Raises SB011. */
extern BkRows bk_customer_get(int64 customer_id);

/*
 * Locks the customer's row until the transaction ends: one customer's bookings wait for one another, so that what is counted and
 * looked for stays as it is. First in the lock order of seats.h. Raises SB011.
 */
extern void bk_customer_lock(int64 customer_id);

/* The customer with an e-mail address, regardless of case, who is no guest: one row or none. */
extern BkRows bk_customer_find(const char *email);

#endif
