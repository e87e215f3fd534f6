/*
 * customers.c
 *		/v1/customers: add, find, read, change.
 */
#include "postgres.h"

#include "base/check.h"
#include "base/json_write.h"
#include "booking/anonymise.h"
#include "booking/customers.h"
#include "http/handlers.h"
#include "http/links.h"

static BkCustomer read_customer(BkObject body);

/* POST /v1/customers: the customer, and where it is. */
void
bk_http_customers_create(const BkRequest *request, BkResponse *response)
{
	BkCustomer customer = read_customer(request->body);
	BkRows rows = bk_customer_create(&customer);

	bk_http_put_location(response, "/v1/customers", bk_row_int64(rows, 0, "customer_id"));
	bk_json_put_object(response->body, NULL, rows, 0);
}

/* GET /v1/customers?email=: {"customers": […]}, one or none. */
void
bk_http_customers_find(const BkRequest *request, BkResponse *response)
{
	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "customers",
					 bk_customer_find(bk_json_text(request->query, "email")));
	bk_json_close(response->body, '}');
}

/* GET /v1/customers/{id}: the customer. */
void
bk_http_customers_get(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL, bk_customer_get(request->ids[0]), 0);
}

/* PATCH /v1/customers/{id}: the customer as it is now. */
void
bk_http_customers_update(const BkRequest *request, BkResponse *response)
{
	BkCustomer customer = read_customer(request->body);

	bk_json_put_object(response->body, NULL,
					   bk_customer_update(request->ids[0], &customer), 0);
}

/* POST /v1/customers/{id}/actions/anonymise: no body; answers with the customer as it is now. */
void
bk_http_customers_anonymise(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL, bk_customer_anonymise(request->ids[0]), 0);
}

/* Whatever strings the body gives; the rule judges them. */
static BkCustomer
read_customer(BkObject body)
{
	return (BkCustomer){.full_name = bk_json_text(body, "full_name"),
						.email = bk_json_text(body, "email"),
						.phone = bk_json_text(body, "phone"),
						.country = bk_code(bk_json_text(body, "country"))};
}
