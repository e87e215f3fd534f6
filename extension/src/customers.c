/*
 * customers.c
 *		Who books.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "booking.h"
#include "customers.h"
#include "errcodes.h"
#include "result.h"

#define SQL_CUSTOMER \
	"customer_id, full_name, email, phone, country::text, tier, created_at"

/* ON CONFLICT names no index, so that it stands for every unique rule; the e-mail address is the only one. */
static BkQuery insert_customer = {
	.sql = "INSERT INTO public.customers (full_name, email, phone, country)"
		   " VALUES ($1, $2, $3, $4)"
		   " ON CONFLICT DO NOTHING"
		   " RETURNING " SQL_CUSTOMER,
	.expect = SPI_OK_INSERT_RETURNING,
	.nargs = 4,
	.argtypes = {TEXTOID, TEXTOID, TEXTOID, BPCHAROID},
};

static BkQuery get_customer = {
	.sql = "SELECT " SQL_CUSTOMER " FROM public.customers WHERE customer_id = $1",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {INT8OID},
};

static BkQuery find_customers = {
	.sql = "SELECT " SQL_CUSTOMER
		   "  FROM public.customers WHERE pg_catalog.lower(email) = pg_catalog.lower($1)",
	.expect = SPI_OK_SELECT,
	.nargs = 1,
	.argtypes = {TEXTOID},
};

static BkRows create(const Datum *values, const bool *isnull);
static Datum text_or_null(const char *text, bool *isnull);

PG_FUNCTION_INFO_V1(booking_create_customer);

/* booking.create_customer(full_name, email, phone, country): see its COMMENT. */
Datum
booking_create_customer(PG_FUNCTION_ARGS)
{
	Datum values[4];
	bool isnull[4];

	for (int i = 0; i < lengthof(values); i++)
	{
		values[i] = PG_GETARG_DATUM(i);
		isnull[i] = PG_ARGISNULL(i);
	}
	if (isnull[0])
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("full_name is required"));

	SPI_connect();
	bk_result_return(fcinfo, create(values, isnull));
	SPI_finish();
	return (Datum) 0;
}

void
bk_customers_create(const BkRequest *request, BkResponse *response)
{
	BkObject body = request->body;
	Datum values[4];
	bool isnull[4];
	BkRows customer;

	values[0] = text_or_null(bk_json_string(body, "full_name", BK_MAX_NAME_LENGTH,
											BK_REQUIRED),
							 &isnull[0]);
	values[1] = text_or_null(bk_json_string(body, "email", 254, BK_OPTIONAL), &isnull[1]);
	values[2] = text_or_null(bk_json_string(body, "phone", 32, BK_OPTIONAL), &isnull[2]);
	values[3] = text_or_null(bk_json_string(body, "country", 2, BK_OPTIONAL), &isnull[3]);
	customer = create(values, isnull);

	response->status = 201;
	bk_json_put_string(response->headers, "Location",
					   psprintf("/v1/customers/" INT64_FORMAT,
								bk_row_int64(customer, 0, 1)));
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, customer, 0);
	bk_json_close(response->body, '}');
}

void
bk_customers_find(const BkRequest *request, BkResponse *response)
{
	const char *email = bk_json_string(request->query, "email", 254, BK_REQUIRED);
	Datum values[] = {CStringGetTextDatum(email)};

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "customers",
					 bk_query_run(&find_customers, values, NULL));
	bk_json_close(response->body, '}');
}

void
bk_customers_get(const BkRequest *request, BkResponse *response)
{
	Datum values[] = {Int64GetDatum(request->ids[0])};
	BkRows customer = bk_query_run(&get_customer, values, NULL);

	if (customer.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no customer " INT64_FORMAT, request->ids[0]));
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, customer, 0);
	bk_json_close(response->body, '}');
}

/* full_name, email, phone, country. The table's constraints judge the values; the address may be taken. */
static BkRows
create(const Datum *values, const bool *isnull)
{
	char nulls[4];
	BkRows customer;

	for (int i = 0; i < lengthof(nulls); i++)
		nulls[i] = isnull[i] ? 'n' : ' ';
	customer = bk_query_run(&insert_customer, values, nulls);
	if (customer.count == 0)
		ereport(ERROR, errcode(SB_CUSTOMER_EXISTS),
				errmsg("a customer with that e-mail address exists"));
	return customer;
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}
