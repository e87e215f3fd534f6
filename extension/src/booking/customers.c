/*
 * customers.c
 *		Who books.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "base/compat.h"
#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "base/settings.h"
#include "http/handlers.h"

#define SQL_CUSTOMER \
	"customer_id, full_name, email, phone, country::text, tier, created_at"

/* ON CONFLICT names no index, so that it stands for every unique rule; the e-mail address is the only one. */
static BkQuery insert_customer =
	BK_INSERT_RETURNING("INSERT INTO public.customers (full_name, email, phone, country)"
						" VALUES ($1, $2, $3, $4)"
						" ON CONFLICT DO NOTHING"
						" RETURNING " SQL_CUSTOMER,
						TEXTOID, TEXTOID, TEXTOID, BPCHAROID);

/* A null leaves its column as it is. */
static BkQuery update_customer = BK_UPDATE_RETURNING(
	"UPDATE public.customers"
	"   SET full_name = COALESCE($2, full_name), email = COALESCE($3, email), phone = COALESCE($4, phone),"
	"       country = COALESCE($5, country), updated_at = pg_catalog.clock_timestamp()"
	" WHERE customer_id = $1"
	" RETURNING " SQL_CUSTOMER,
	INT8OID, TEXTOID, TEXTOID, TEXTOID, BPCHAROID);

static BkQuery address_taken = BK_SELECT(
	"SELECT 1 FROM public.customers"
	" WHERE pg_catalog.lower(email) = pg_catalog.lower($2) AND customer_id <> $1",
	INT8OID, TEXTOID);

static BkQuery get_customer = BK_SELECT("SELECT " SQL_CUSTOMER
										" FROM public.customers WHERE customer_id = $1",
										INT8OID);

static BkQuery find_customers = BK_SELECT(
	"SELECT " SQL_CUSTOMER
	"  FROM public.customers WHERE pg_catalog.lower(email) = pg_catalog.lower($1)",
	TEXTOID);

/* What a caller gives of a customer, in the order of the SQL functions' arguments. */
enum customer_column
{
	FULL_NAME,
	EMAIL,
	PHONE,
	COUNTRY,
	COLUMNS
};

static BkRows create(const Datum *values, const bool *isnull);
pg_noreturn static void refuse_address(void);
static BkRows update(int64 customer_id, const Datum *values, const bool *isnull);
static void read_columns(BkObject body, BkNeed name, Datum *values, bool *isnull);
static Datum text_or_null(const char *text, bool *isnull);

PG_FUNCTION_INFO_V1(booking_create_customer);
PG_FUNCTION_INFO_V1(booking_update_customer);

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

/* booking.update_customer(customer_id, full_name, email, phone, country): see its COMMENT. */
Datum
booking_update_customer(PG_FUNCTION_ARGS)
{
	Datum values[COLUMNS];
	bool isnull[COLUMNS];

	if (PG_ARGISNULL(0))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("customer_id is required"));
	for (int i = 0; i < COLUMNS; i++)
	{
		values[i] = PG_GETARG_DATUM(i + 1);
		isnull[i] = PG_ARGISNULL(i + 1);
	}
	SPI_connect();
	bk_result_return(fcinfo, update(PG_GETARG_INT64(0), values, isnull));
	SPI_finish();
	return (Datum) 0;
}

void
bk_http_customers_create(const BkRequest *request, BkResponse *response)
{
	Datum values[COLUMNS];
	bool isnull[COLUMNS];
	BkRows customer;

	read_columns(request->body, BK_REQUIRED, values, isnull);
	customer = create(values, isnull);

	bk_json_put_string(response->headers, "Location",
					   psprintf("/v1/customers/" INT64_FORMAT,
								bk_row_int64_at(customer, 0, 1)));
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, customer, 0);
	bk_json_close(response->body, '}');
}

void
bk_http_customers_update(const BkRequest *request, BkResponse *response)
{
	Datum values[COLUMNS];
	bool isnull[COLUMNS];

	read_columns(request->body, BK_OPTIONAL, values, isnull);
	bk_json_open(response->body, '{');
	bk_json_put_row(response->body, update(request->ids[0], values, isnull), 0);
	bk_json_close(response->body, '}');
}

void
bk_http_customers_find(const BkRequest *request, BkResponse *response)
{
	const char *email = bk_json_string(request->query, "email", 254, BK_REQUIRED);
	Datum values[] = {CStringGetTextDatum(email)};

	bk_json_open(response->body, '{');
	bk_json_put_rows(response->body, "customers",
					 bk_query_run_old(&find_customers, values, NULL));
	bk_json_close(response->body, '}');
}

void
bk_http_customers_get(const BkRequest *request, BkResponse *response)
{
	Datum values[] = {Int64GetDatum(request->ids[0])};
	BkRows customer = bk_query_run_old(&get_customer, values, NULL);

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
	customer = bk_query_run_old(&insert_customer, values, nulls);
	if (customer.count == 0)
		refuse_address();
	return customer;
}

static BkRows
update(int64 customer_id, const Datum *values, const bool *isnull)
{
	Datum args[COLUMNS + 1] = {Int64GetDatum(customer_id)};
	char nulls[COLUMNS + 1] = {' '};
	BkRows customer;

	for (int i = 0; i < COLUMNS; i++)
	{
		args[i + 1] = values[i];
		nulls[i + 1] = isnull[i] ? 'n' : ' ';
	}
	if (!isnull[EMAIL])
	{
		Datum address[] = {Int64GetDatum(customer_id), values[EMAIL]};

		if (bk_query_run_old(&address_taken, address, NULL).count > 0)
			refuse_address();
	}
	customer = bk_query_run_old(&update_customer, args, nulls);
	if (customer.count == 0)
		ereport(ERROR, errcode(SB_NOT_FOUND),
				errmsg("no customer " INT64_FORMAT, customer_id));
	return customer;
}

static void
refuse_address(void)
{
	ereport(ERROR, errcode(SB_CUSTOMER_EXISTS),
			errmsg("a customer with that e-mail address exists"));
}

static void
read_columns(BkObject body, BkNeed name, Datum *values, bool *isnull)
{
	values[FULL_NAME] = text_or_null(bk_json_string(body, "full_name", BK_MAX_NAME_LENGTH,
													name),
									 &isnull[FULL_NAME]);
	values[EMAIL] = text_or_null(bk_json_string(body, "email", 254, BK_OPTIONAL),
								 &isnull[EMAIL]);
	values[PHONE] = text_or_null(bk_json_string(body, "phone", 32, BK_OPTIONAL),
								 &isnull[PHONE]);
	values[COUNTRY] = text_or_null(bk_json_string(body, "country", 2, BK_OPTIONAL),
								   &isnull[COUNTRY]);
}

static Datum
text_or_null(const char *text, bool *isnull)
{
	*isnull = text == NULL;
	return text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
}
