/*
 * reports.c
 *		/v1/reports: the list of reports, and a report as JSON or CSV.
 */
#include "postgres.h"

#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "base/csv.h"
#include "base/json_write.h"
#include "base/words.h"
#include "http/handlers.h"
#include "warehouse/reports.h"

/* The first is what an answer is without a word. */
static const char *const formats[] = {"json", "csv", NULL};

static BkReportRequest read_request(BkObject query);
static NullableDatum read_date(BkObject query, const char *field);
static void put_report(StringInfo out, const BkReport *report);
static void put_parameter(StringInfo out, const char *name, const char *description,
						  const char *const *values);
static void put_json(StringInfo out, const BkReport *report,
					 const BkReportRequest *request, BkRows rows);
static void put_request(StringInfo out, const BkReport *report,
						const BkReportRequest *request);
static void put_column_names(StringInfo out, BkRows rows);
static void put_element(StringInfo out, const char *text);
static char *date_text(NullableDatum date);

/* GET /v1/reports: each report with its parameters and the words that they take. */
void
bk_http_reports_list(const BkRequest *request pg_attribute_unused(), BkResponse *response)
{
	int count;
	const BkReport *reports = bk_report_list(&count);

	bk_json_open(response->body, '{');
	bk_json_open_member(response->body, "reports", '[');
	for (int i = 0; i < count; i++)
		put_report(response->body, &reports[i]);
	bk_json_close(response->body, ']');
	bk_json_close(response->body, '}');
}

/* GET /v1/reports/{name}?from=&to=&group_by=&origin=&destination=&format=json|csv */
void
bk_http_reports_run(const BkRequest *request, BkResponse *response)
{
	const BkReport *report = bk_report_find(request->name);
	const char *format = bk_json_word(request->query, "format", formats, BK_OPTIONAL);
	const BkReportRequest wanted = read_request(request->query);
	BkRows rows = bk_report_run(report, &wanted);

	if (format != NULL && bk_word_is(format, "csv"))
	{
		bk_json_put_string(response->headers, "Content-Type",
						   "text/csv; charset=utf-8; header=present");
		bk_csv_put_rows(response->body, rows);
	}
	else
		put_json(response->body, report, &wanted, rows);
}

/* The parameters as they came; the report checks them. */
static BkReportRequest
read_request(BkObject query)
{
	return (
		BkReportRequest){.from = read_date(query, "from"),
						 .to = read_date(query, "to"),
						 .group_by = bk_json_string(query, "group_by", 32, BK_OPTIONAL),
						 .origin = bk_json_string(query, "origin", 32, BK_OPTIONAL),
						 .destination = bk_json_string(query, "destination", 32,
													   BK_OPTIONAL)};
}

/* A date, or null for an open bound. */
static NullableDatum
read_date(BkObject query, const char *field)
{
	DateADT date = 0;
	bool given = bk_json_date(query, field, BK_OPTIONAL, &date);

	return bk_datum_if(given, DateADTGetDatum(date));
}

/* An entry of the list of reports. */
static void
put_report(StringInfo out, const BkReport *report)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "name", report->name);
	bk_json_put_string(out, "title", report->title);
	bk_json_put_string(out, "description", report->description);
	bk_json_open_member(out, "parameters", '[');
	put_parameter(out, "from", psprintf("First date of %s", report->dates), NULL);
	put_parameter(out, "to", psprintf("Last date of %s", report->dates), NULL);
	put_parameter(out, "group_by", "One row for each; the first is the default",
				  report->groups);
	put_parameter(out, "origin", "IATA code of the airport of departure", NULL);
	put_parameter(out, "destination", "IATA code of the airport of arrival", NULL);
	put_parameter(out, "format", "Format of the answer; the first is the default",
				  formats);
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}

/* values is the closed list of words that the parameter takes, or NULL. */
static void
put_parameter(StringInfo out, const char *name, const char *description,
			  const char *const *values)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "name", name);
	bk_json_put_string(out, "description", description);
	if (values != NULL)
	{
		bk_json_open_member(out, "values", '[');
		for (; *values != NULL; values++)
			put_element(out, *values);
		bk_json_close(out, ']');
	}
	bk_json_close(out, '}');
}

/* A report with what it was asked for and how fresh it is. */
static void
put_json(StringInfo out, const BkReport *report, const BkReportRequest *request,
		 BkRows rows)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "report", report->name);
	put_request(out, report, request);
	put_column_names(out, rows);
	bk_json_put_rows(out, "rows", rows);
	bk_json_put_row(out, bk_report_freshness(), 0);
	bk_json_close(out, '}');
}

/* What the report was asked for, defaults filled in, so that a reader of the answer knows what it shows. */
static void
put_request(StringInfo out, const BkReport *report, const BkReportRequest *request)
{
	bk_json_open_member(out, "parameters", '{');
	bk_json_put_string(out, "from", date_text(request->from));
	bk_json_put_string(out, "to", date_text(request->to));
	bk_json_put_string(out, "group_by", bk_report_group(report, request));
	bk_json_put_string(out, "origin", request->origin);
	bk_json_put_string(out, "destination", request->destination);
	bk_json_close(out, '}');
}

/* The order of the columns, which an object of a row does not promise. */
static void
put_column_names(StringInfo out, BkRows rows)
{
	TupleDesc columns = rows.table->tupdesc;

	bk_json_open_member(out, "columns", '[');
	for (int i = 0; i < columns->natts; i++)
		put_element(out, NameStr(TupleDescAttr(columns, i)->attname));
	bk_json_close(out, ']');
}

/* A string as an element of an array. */
static void
put_element(StringInfo out, const char *text)
{
	if (out->data[out->len - 1] != '[')
		appendStringInfoChar(out, ',');
	escape_json(out, text);
}

/* ISO 8601, whatever DateStyle is; NULL for a null. */
static char *
date_text(NullableDatum date)
{
	int year;
	int month;
	int day;

	if (date.isnull)
		return NULL;
	j2date(DatumGetDateADT(date.value) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return psprintf("%04d-%02d-%02d", year, month, day);
}
