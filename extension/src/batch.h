/*
 * batch.h
 *		Many bookings in one call, for group desks.
 */
#ifndef BK_BATCH_H
#define BK_BATCH_H

#include "router.h"

/* Handler: POST /v1/booking_batches */
extern void bk_batches_create(const BkRequest *request, BkResponse *response);

#endif
