/*
 * customers.h
 *		Who books.
 */
#ifndef BK_CUSTOMERS_H
#define BK_CUSTOMERS_H

#include "router.h"

/* Handlers: POST and GET /v1/customers, GET and PATCH /v1/customers/{id} */
extern void bk_customers_create(const BkRequest *request, BkResponse *response);
extern void bk_customers_find(const BkRequest *request, BkResponse *response);
extern void bk_customers_get(const BkRequest *request, BkResponse *response);
extern void bk_customers_update(const BkRequest *request, BkResponse *response);

#endif
