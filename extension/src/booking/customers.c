/*
 * customers.c
 *		Who books.
 *
 * The rules check every field; what the table's constraints would refuse besides does not get there. Only the uniqueness of
 * an e-mail address is the index's to decide, since another session may take it meanwhile.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"

#include "base/arguments.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/customers.h"
#include "booking/person.h"

#define SQL_CUSTOMER \
	"customer_id, full_name, email, phone, country::text, tier, created_at"
/* With an e-mail address of their own. */
#define SQL_KNOWN " NOT is_guest"

/* ON CONFLICT names no index, so that it stands for every unique rule; the e-mail address is the only one. */
static BkQuery insert_customer =
	BK_INSERT_RETURNING("INSERT INTO public.customers (full_name, email, phone, country)"
						" VALUES ($1, $2, $3, $4)"
						" ON CONFLICT DO NOTHING"
						" RETURNING " SQL_CUSTOMER,
						TEXTOID, TEXTOID, TEXTOID, BPCHAROID);

static BkQuery insert_guest = BK_INSERT_RETURNING(
	"INSERT INTO public.customers (full_name, email, phone, country, is_guest)"
	" VALUES ($1, $2, $3, $4, true) RETURNING customer_id",
	TEXTOID, TEXTOID, TEXTOID, BPCHAROID);

/* A null leaves its column as it is. */
static BkQuery update_customer = BK_UPDATE_RETURNING(
	"UPDATE public.customers"
	"   SET full_name = COALESCE($2, full_name), email = COALESCE($3, email), phone = COALESCE($4, phone),"
	"       country = COALESCE($5, country), updated_at = pg_catalog.clock_timestamp()"
	" WHERE customer_id = $1"
	" RETURNING " SQL_CUSTOMER,
	INT8OID, TEXTOID, TEXTOID, TEXTOID, BPCHAROID);

static BkQuery find_other = BK_SELECT(
	"SELECT 1 FROM public.customers"
	" WHERE public.folded_text(email) = public.folded_text($2) AND customer_id <> $1"
	"   AND" SQL_KNOWN
	"   AND NOT (SELECT is_guest FROM public.customers WHERE customer_id = $1)",
	INT8OID, TEXTOID);

static BkQuery get_customer = BK_SELECT("SELECT " SQL_CUSTOMER
										" FROM public.customers WHERE customer_id = $1",
										INT8OID);

static BkQuery find_customer =
	BK_SELECT("SELECT " SQL_CUSTOMER "  FROM public.customers"
			  " WHERE public.folded_text(email) = public.folded_text($1) AND" SQL_KNOWN,
			  TEXTOID);

static BkCustomer customer_from_args(FunctionCallInfo fcinfo, int first);
static void check_customer(const BkCustomer *customer);
pg_noreturn static void refuse_address(void);
pg_noreturn static void refuse_unknown(int64 customer_id);

static BkQuery lock_customer = BK_SELECT(
	"SELECT 1 FROM public.customers WHERE customer_id = $1 FOR NO KEY UPDATE", INT8OID);

PG_FUNCTION_INFO_V1(booking_create_customer);
PG_FUNCTION_INFO_V1(booking_update_customer);

/* booking.create_customer(full_name, email, phone, country): adds a customer and returns the row. */
Datum
booking_create_customer(PG_FUNCTION_ARGS)
{
	BkCustomer customer = customer_from_args(fcinfo, 0);

	SPI_connect();
	bk_result_return(fcinfo, bk_customer_create(&customer));
	SPI_finish();
	return (Datum) 0;
}

/* booking.update_customer(customer_id, full_name, email, phone, country): changes what is not null, returns the row. */
Datum
booking_update_customer(PG_FUNCTION_ARGS)
{
	BkCustomer customer = customer_from_args(fcinfo, 1);

	bk_check_given("customer_id", !PG_ARGISNULL(0));
	SPI_connect();
	bk_result_return(fcinfo, bk_customer_update(PG_GETARG_INT64(0), &customer));
	SPI_finish();
	return (Datum) 0;
}

/* One statement decides whether the address is taken, so that two sessions cannot both have it. */
BkRows
bk_customer_create(const BkCustomer *customer)
{
	BkRows rows;

	bk_check_given("full_name", customer->full_name != NULL);
	check_customer(customer);
	rows = bk_query_run(&insert_customer, bk_text(customer->full_name),
						bk_text(customer->email), bk_text(customer->phone),
						bk_text(customer->country));
	if (rows.count == 0)
		refuse_address();
	return rows;
}

int64
bk_customer_add_guest(const BkCustomer *guest)
{
	return bk_row_int64(bk_query_run(&insert_guest, bk_text(guest->full_name),
									 bk_text(guest->email), bk_text(guest->phone),
									 bk_text(guest->country)),
						0, "customer_id");
}

/*
 * An UPDATE knows no ON CONFLICT: of two that meet the second gets its answer from the index. The address is looked for first, so
 * that one who meets nobody makes no dead row.
 */
BkRows
bk_customer_update(int64 customer_id, const BkCustomer *customer)
{
	BkRows rows;

	check_customer(customer);
	if (customer->email != NULL &&
		bk_query_run(&find_other, bk_int64(customer_id), bk_text(customer->email)).count >
			0)
		refuse_address();
	PG_TRY();
	{
		rows = bk_query_run(&update_customer, bk_int64(customer_id),
							bk_text(customer->full_name), bk_text(customer->email),
							bk_text(customer->phone), bk_text(customer->country));
	}
	PG_CATCH();
	{
		if (geterrcode() != ERRCODE_UNIQUE_VIOLATION)
			PG_RE_THROW();
		FlushErrorState();
		refuse_address();
	}
	PG_END_TRY();
	if (rows.count == 0)
		refuse_unknown(customer_id);
	return rows;
}

BkRows
bk_customer_get(int64 customer_id)
{
	BkRows rows = bk_query_run(&get_customer, bk_int64(customer_id));

	if (rows.count == 0)
		refuse_unknown(customer_id);
	return rows;
}

BkRows
bk_customer_find(const char *email)
{
	bk_check_given("email", email != NULL);
	bk_check_text("email", email, BK_MAX_EMAIL_LENGTH);
	return bk_query_run(&find_customer, bk_text(email));
}

/* Four arguments from first on: full_name, email, phone, country. */
static BkCustomer
customer_from_args(FunctionCallInfo fcinfo, int first)
{
	return (BkCustomer){.full_name = bk_argument_text(fcinfo, first),
						.email = bk_argument_text(fcinfo, first + 1),
						.phone = bk_argument_text(fcinfo, first + 2),
						.country = bk_code(bk_argument_text(fcinfo, first + 3))};
}

/* Raises SB010 for the first field that is given and malformed. */
static void
check_customer(const BkCustomer *customer)
{
	bk_check_problem("full_name", bk_person_name_problem(customer->full_name));
	bk_check_problem("email", bk_person_email_problem(customer->email));
	bk_check_problem("phone", bk_person_phone_problem(customer->phone));
	bk_check_problem("country", bk_person_country_problem(customer->country));
}

/* Does not say whose address it is. */
static void
refuse_address(void)
{
	ereport(ERROR, errcode(SB_CUSTOMER_EXISTS),
			errmsg("a customer with that e-mail address exists"));
}

/* SB011 */
static void
refuse_unknown(int64 customer_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND),
			errmsg("no customer " INT64_FORMAT, customer_id));
}

void
bk_customer_lock(int64 customer_id)
{
	if (bk_query_run(&lock_customer, bk_int64(customer_id)).count == 0)
		refuse_unknown(customer_id);
}
