/*
 * reports.c
 *		The reports: which there are, and running one.
 *
 * What a report computes is a function of warehouse/reports.sql; this checks what it is asked for, for SQL and HTTP alike.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"

#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "base/words.h"
#include "warehouse/reports.h"

/* Planned anew for each request: the group and the bounds decide what is read. */
#define REPORT_STATEMENT(function)                                               \
	BK_REPORT_SELECT("SELECT * FROM warehouse." function "($1, $2, $3, $4, $5)", \
					 DATEOID, DATEOID, TEXTOID, TEXTOID, TEXTOID)

static BkQuery load_factor = REPORT_STATEMENT("load_factor");
static BkQuery revenue = REPORT_STATEMENT("revenue");
static BkQuery booking_curve = REPORT_STATEMENT("booking_curve");

static BkQuery get_freshness = BK_SELECT("SELECT warehouse.freshness() AS freshness");

static const char *const departure_groups[] = {"route", "date",     "month",
											   "cabin", "aircraft", "flight_number",
											   "total", NULL};
static const char *const revenue_groups[] = {"route",   "date",     "month",
											 "cabin",   "aircraft", "fare",
											 "channel", "total",    NULL};

static const BkReport reports[] = {
	{
		.name = "load-factor",
		.title = "Load factor",
		.description =
			"Seat-kilometres offered and sold of operated flights: sum(RPK) / sum(ASK).",
		.dates = "local departure",
		.groups = departure_groups,
		.query = &load_factor,
	},
	{
		.name = "revenue",
		.title = "Revenue",
		.description =
			"Sales, refunds, penalties kept and net revenue per currency; net is the sum of payments.",
		.dates = "the sale or refund, in UTC",
		.groups = revenue_groups,
		.query = &revenue,
	},
	{
		.name = "booking-curve",
		.title = "Booking curve",
		.description =
			"Net bookings on hand at D-x over seats offered, and the pick-up since the point before.",
		.dates = "local departure",
		.groups = departure_groups,
		.query = &booking_curve,
	},
};

static Datum report_as_function(FunctionCallInfo fcinfo, const char *name);
static const char *read_text(FunctionCallInfo fcinfo, int arg);
static void check_dates(NullableDatum from, NullableDatum to);
static void check_date(const char *field, NullableDatum date);
static void check_group(const BkReport *report, const char *word);
static void check_airport(const char *field, const char *iata);

PG_FUNCTION_INFO_V1(booking_report_load_factor);
PG_FUNCTION_INFO_V1(booking_report_revenue);
PG_FUNCTION_INFO_V1(booking_report_booking_curve);

/*
 * report_load_factor(date_from date, date_to date, group_by text, origin text, destination text): seat-kilometres sold over
 * offered of operated flights, a row a group. Null means as in BkReportRequest. Raises as bk_report_run.
 */
Datum
booking_report_load_factor(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, "load-factor");
}

/* report_revenue(…as above…): what was sold, refunded and kept, a row a group and currency. Raises as bk_report_run. */
Datum
booking_report_revenue(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, "revenue");
}

/* report_booking_curve(…as above…): seats sold at each collection point before departure. Raises as bk_report_run. */
Datum
booking_report_booking_curve(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, "booking-curve");
}

const BkReport *
bk_report_list(int *count)
{
	*count = lengthof(reports);
	return reports;
}

const BkReport *
bk_report_find(const char *name)
{
	for (int i = 0; i < lengthof(reports); i++)
		if (bk_word_is(reports[i].name, name))
			return &reports[i];
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no report \"%s\"", name),
			errhint("/v1/reports lists them."));
}

BkRows
bk_report_run(const BkReport *report, const BkReportRequest *request)
{
	const char *group = bk_report_group(report, request);
	const char *origin = bk_code(request->origin);
	const char *destination = bk_code(request->destination);

	check_dates(request->from, request->to);
	check_group(report, group);
	check_airport("origin", origin);
	check_airport("destination", destination);
	return bk_query_run(report->query, request->from, request->to, bk_text(group),
						bk_text(origin), bk_text(destination));
}

const char *
bk_report_group(const BkReport *report, const BkReportRequest *request)
{
	return request->group_by != NULL ? request->group_by : report->groups[0];
}

BkRows
bk_report_freshness(void)
{
	return bk_query_run(&get_freshness);
}

/* The report of a name as the result of a SQL function with the five arguments. */
static Datum
report_as_function(FunctionCallInfo fcinfo, const char *name)
{
	BkReportRequest request = {.from = bk_argument(fcinfo, 0),
							   .to = bk_argument(fcinfo, 1),
							   .group_by = read_text(fcinfo, 2),
							   .origin = read_text(fcinfo, 3),
							   .destination = read_text(fcinfo, 4)};

	SPI_connect();
	bk_result_return(fcinfo, bk_report_run(bk_report_find(name), &request));
	SPI_finish();
	return (Datum) 0;
}

/* A text argument, NULL for null. */
static const char *
read_text(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/* Either bound may be open. Raises SB010 for a period that ends before it begins. */
static void
check_dates(NullableDatum from, NullableDatum to)
{
	check_date("from", from);
	check_date("to", to);
	if (!from.isnull && !to.isnull &&
		DatumGetDateADT(from.value) > DatumGetDateADT(to.value))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR), errmsg("from must not be after to"));
}

/* A date of the calendar: "no bound" is null, not infinity. */
static void
check_date(const char *field, NullableDatum date)
{
	if (!date.isnull && DATE_NOT_FINITE(DatumGetDateADT(date.value)))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("%s must be a date of the calendar", field),
				errhint("Leave it out where there is no bound."));
}

/* One of the report's own words. */
static void
check_group(const BkReport *report, const char *word)
{
	StringInfoData words;

	initStringInfo(&words);
	for (const char *const *group = report->groups; *group != NULL; group++)
	{
		if (bk_word_is(*group, word))
			return;
		appendStringInfo(&words, "%s\"%s\"", words.len > 0 ? ", " : "", *group);
	}
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("group_by \"%s\" is not known to report \"%s\"", word, report->name),
			errhint("Use one of %s.", words.data));
}

/* Of an airport's form, or NULL. One that nobody knows is not refused: it has no rows. */
static void
check_airport(const char *field, const char *iata)
{
	if (iata != NULL &&
		(strlen(iata) != 3 || strspn(iata, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("%s \"%s\" is not an IATA airport code", field, iata),
				errhint("Use three letters, such as LHR."));
}
