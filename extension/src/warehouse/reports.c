/*
 * reports.c
 *		The reports: one static statement each, served to SQL and to HTTP.
 *
 * A ratio is always a sum divided by a sum. Every report takes the same five values: $1 and $2 the first and last date
 * (null: no bound), $3 what to group by, one of the report's words, $4 and $5 origin and destination (null: all).
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "base/csv.h"
#include "base/errcodes.h"
#include "base/json_write.h"
#include "base/query.h"
#include "base/result.h"
#include "http/handlers.h"

#define REPORT_ARGS 5

typedef struct BkReport
{
	const char *name;
	const char *title;
	const char *description;
	const char *dates;         /* what from and to are dates of */
	const char *const *groups; /* NULL-terminated, the default first */
	BkQuery *query;
} BkReport;

typedef struct BkReportArgs
{
	Datum values[REPORT_ARGS];
	bool isnull[REPORT_ARGS];
} BkReportArgs;

#define REPORT_STATEMENT(text)                                                        \
	{                                                                                 \
		.sql = (text), .expect = SPI_OK_SELECT, .nargs = REPORT_ARGS,                 \
		.argtypes = {DATEOID, DATEOID, TEXTOID, TEXTOID, TEXTOID}, .read_only = true, \
		.custom_plan = true                                                           \
	}

/* The value of the word $3, with dim_route r, dim_date d, dim_cabin c, dim_aircraft a. */
#define GROUP_WORDS                                                                \
	" WHEN 'route' THEN r.route"                                                   \
	" WHEN 'date' THEN coalesce(to_char(d.full_date, 'YYYY-MM-DD'), d.year_month)" \
	" WHEN 'month' THEN d.year_month"                                              \
	" WHEN 'cabin' THEN c.cabin_class"                                             \
	" WHEN 'aircraft' THEN coalesce(a.aircraft_code, a.model)"                     \
	" WHEN 'total' THEN 'total'"

/* What a group may be named by, for the fact f. */
#define GROUP_JOINS                                                \
	"  JOIN warehouse.dim_route AS r ON r.route_key = f.route_key" \
	"  JOIN warehouse.dim_cabin AS c ON c.cabin_key = f.cabin_key" \
	"  JOIN warehouse.dim_aircraft AS a ON a.aircraft_key = f.aircraft_key"

#define CHOSEN_DATES_AND_ROUTE                                                             \
	" ($1::date IS NULL OR d.full_date >= $1) AND ($2::date IS NULL OR d.full_date <= $2)" \
	" AND ($4::text IS NULL OR r.origin = $4) AND ($5::text IS NULL OR r.destination = $5)"

static const char *const departure_groups[] = {"route", "date",     "month",
											   "cabin", "aircraft", "flight_number",
											   "total", NULL};
static const char *const revenue_groups[] = {"route",   "date",     "month",
											 "cabin",   "aircraft", "fare",
											 "channel", "total",    NULL};

static BkQuery load_factor = REPORT_STATEMENT(
	"SELECT g.group_key, count(DISTINCT f.flight_id) AS flights, sum(f.seats)::bigint AS seats,"
	"       sum(f.passengers)::bigint AS passengers, sum(f.ask)::bigint AS ask,"
	"       sum(f.rpk)::bigint AS rpk,"
	"       sum(f.rpk)::float8 / nullif(sum(f.ask), 0)::float8 AS load_factor"
	"  FROM warehouse.fact_flight_cabin AS f"
	"  JOIN warehouse.dim_flight AS flight ON flight.flight_key = f.flight_key"
	"  JOIN warehouse.dim_date AS d ON d.date_key = f.departure_date_key" GROUP_JOINS
	" CROSS JOIN LATERAL (SELECT CASE $3" GROUP_WORDS
	" WHEN 'flight_number' THEN flight.flight_number"
	"                            END) AS g (group_key)"
	" WHERE f.is_operated = 1 AND" CHOSEN_DATES_AND_ROUTE " GROUP BY g.group_key"
	" ORDER BY g.group_key COLLATE \"C\"");

static BkQuery revenue = REPORT_STATEMENT(
	"SELECT g.group_key, f.currency,"
	"       count(*) FILTER (WHERE f.seat_delta = 1) AS items_sold,"
	"       count(*) FILTER (WHERE f.seat_delta = -1) AS items_cancelled,"
	"       sum(greatest(f.revenue_delta, 0.00)) AS gross_revenue,"
	"       sum(greatest(- f.revenue_delta, 0.00)) AS refunds,"
	"       sum(f.penalty_amount) AS penalties_kept,"
	"       sum(f.revenue_delta) AS net_revenue"
	"  FROM warehouse.fact_booking_event AS f"
	"  JOIN warehouse.dim_fare AS fare ON fare.fare_key = f.fare_key"
	"  JOIN warehouse.dim_channel AS channel ON channel.channel_key = f.channel_key"
	"  JOIN warehouse.dim_date AS d ON d.date_key = f.event_date_key" GROUP_JOINS
	" CROSS JOIN LATERAL (SELECT CASE $3" GROUP_WORDS " WHEN 'fare' THEN fare.fare_code"
	"                                                   WHEN 'channel' THEN channel.channel"
	"                            END) AS g (group_key)"
	" WHERE (f.seat_delta <> 0 OR f.revenue_delta <> 0) AND" CHOSEN_DATES_AND_ROUTE
	" GROUP BY g.group_key, f.currency"
	" ORDER BY g.group_key COLLATE \"C\", f.currency");

/*
 * A flight counts at the points that it has reached (reached: the latest of them); it has reached D-x when x days before
 * its departure were today or earlier when the warehouse was last brought up to date. Pick-up is over the same flights.
 */
static BkQuery booking_curve = REPORT_STATEMENT(
	"WITH cabin AS ("
	"    SELECT g.group_key, f.flight_id, f.cabin_key, f.seats,"
	"           (SELECT min(p.days_before) FROM warehouse.dim_collection_point AS p"
	"             WHERE p.days_before >="
	"                   flight.departure_date - timezone(flight.time_zone, run.freshness)::date)"
	"               AS reached"
	"      FROM warehouse.fact_flight_cabin AS f"
	"      JOIN warehouse.dim_flight AS flight ON flight.flight_key = f.flight_key"
	"  JOIN warehouse.dim_date AS d ON d.date_key = f.departure_date_key" GROUP_JOINS
	"     CROSS JOIN (SELECT freshness FROM warehouse.etl_runs"
	"                  WHERE status = 'succeeded' AND scope <> 'dimensions'"
	"                  ORDER BY run_id DESC LIMIT 1) AS run"
	"     CROSS JOIN LATERAL (SELECT CASE $3" GROUP_WORDS
	"                                WHEN 'flight_number' THEN flight.flight_number"
	"                                END) AS g (group_key)"
	"     WHERE f.is_cancelled = 0 AND" CHOSEN_DATES_AND_ROUTE "),"
	" offered AS ("
	"    SELECT group_key, reached, count(DISTINCT flight_id) AS flights, sum(seats) AS seats"
	"      FROM cabin"
	"     WHERE reached IS NOT NULL"
	"     GROUP BY group_key, reached),"
	" sold AS ("
	"    SELECT c.group_key, c.reached, p.days_before, sum(p.pick_up) AS seats"
	"      FROM cabin AS c"
	"      JOIN warehouse.fact_booking_curve AS p"
	"        ON p.flight_id = c.flight_id AND p.cabin_key = c.cabin_key"
	"     GROUP BY c.group_key, c.reached, p.days_before)"
	" SELECT o.group_key, o.days_before, o.flights, o.capacity,"
	"        coalesce(s.on_hand, 0) AS bookings_on_hand,"
	"        coalesce(s.on_hand, 0)::float8 / nullif(o.capacity, 0)::float8 AS booked_load,"
	"        coalesce(s.pick_up, 0) AS pick_up"
	"   FROM (SELECT f.group_key, p.days_before, sum(f.flights)::bigint AS flights,"
	"                sum(f.seats)::bigint AS capacity"
	"           FROM warehouse.dim_collection_point AS p"
	"           JOIN offered AS f ON f.reached <= p.days_before"
	"          GROUP BY f.group_key, p.days_before) AS o"
	"   LEFT JOIN (SELECT f.group_key, p.days_before, sum(f.seats)::bigint AS on_hand,"
	"                     (sum(f.seats) FILTER (WHERE f.days_before = p.days_before))::bigint AS pick_up"
	"                FROM warehouse.dim_collection_point AS p"
	"                JOIN sold AS f ON f.reached <= p.days_before AND f.days_before >= p.days_before"
	"               GROUP BY f.group_key, p.days_before) AS s"
	"     ON s.group_key = o.group_key AND s.days_before = o.days_before"
	"  ORDER BY o.group_key COLLATE \"C\", o.days_before DESC");

static BkQuery get_freshness = BK_SELECT(
	"SELECT freshness FROM warehouse.etl_runs"
	" WHERE status = 'succeeded' AND scope <> 'dimensions'"
	" ORDER BY run_id DESC LIMIT 1");

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

static Datum report_as_function(FunctionCallInfo fcinfo, const BkReport *report);
static BkRows run_report(const BkReport *report, BkReportArgs *args);
static void check_group(const BkReport *report, const char *word);
static void check_airport(const char *parameter, const char *iata);
static const BkReport *find_report(const char *name);
static void read_args(BkObject query, BkReportArgs *args);
static void put_report_entry(StringInfo out, const BkReport *report);
static void put_parameter(StringInfo out, const char *name, const char *description,
						  const char *const *values);
static void put_json(StringInfo out, const BkReport *report, BkReportArgs *args,
					 BkRows rows);
static void put_arguments(StringInfo out, BkReportArgs *args);
static char *date_text(DateADT date);

PG_FUNCTION_INFO_V1(booking_report_load_factor);
PG_FUNCTION_INFO_V1(booking_report_revenue);
PG_FUNCTION_INFO_V1(booking_report_booking_curve);

/* booking.report_load_factor(date_from, date_to, group_by, origin, destination): see its COMMENT. */
Datum
booking_report_load_factor(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, &reports[0]);
}

/* booking.report_revenue(date_from, date_to, group_by, origin, destination): see its COMMENT. */
Datum
booking_report_revenue(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, &reports[1]);
}

/* booking.report_booking_curve(date_from, date_to, group_by, origin, destination): see its COMMENT. */
Datum
booking_report_booking_curve(PG_FUNCTION_ARGS)
{
	return report_as_function(fcinfo, &reports[2]);
}

void
bk_http_reports_list(const BkRequest *request pg_attribute_unused(), BkResponse *response)
{
	StringInfo out = response->body;

	bk_json_open(out, '{');
	bk_json_key(out, "reports");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < lengthof(reports); i++)
		put_report_entry(out, &reports[i]);
	bk_json_close(out, ']');
	bk_json_close(out, '}');
}

void
bk_http_reports_run(const BkRequest *request, BkResponse *response)
{
	static const char *const formats[] = {"json", "csv", NULL};
	const BkReport *report = find_report(request->name);
	const char *format = bk_json_word(request->query, "format", formats, BK_OPTIONAL);
	BkReportArgs args;
	BkRows rows;

	read_args(request->query, &args);
	rows = run_report(report, &args);
	if (format != NULL && strcmp(format, "csv") == 0)
	{
		bk_json_put_string(response->headers, "Content-Type",
						   "text/csv; charset=utf-8; header=present");
		bk_csv_put_rows(response->body, rows);
	}
	else
		put_json(response->body, report, &args, rows);
}

static Datum
report_as_function(FunctionCallInfo fcinfo, const BkReport *report)
{
	BkReportArgs args;

	for (int i = 0; i < REPORT_ARGS; i++)
	{
		args.values[i] = PG_GETARG_DATUM(i);
		args.isnull[i] = PG_ARGISNULL(i);
	}

	SPI_connect();
	bk_result_return(fcinfo, run_report(report, &args));
	SPI_finish();
	return (Datum) 0;
}

/* Checks the arguments, sets the default group where there is none, and runs the report. */
static BkRows
run_report(const BkReport *report, BkReportArgs *args)
{
	char nulls[REPORT_ARGS];

	if (args->isnull[2])
	{
		args->values[2] = CStringGetTextDatum(report->groups[0]);
		args->isnull[2] = false;
	}
	check_group(report, TextDatumGetCString(args->values[2]));
	if (!args->isnull[3])
		check_airport("origin", TextDatumGetCString(args->values[3]));
	if (!args->isnull[4])
		check_airport("destination", TextDatumGetCString(args->values[4]));
	if (!args->isnull[0] && !args->isnull[1] &&
		DatumGetDateADT(args->values[0]) > DatumGetDateADT(args->values[1]))
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("the first date must not be after the last"));

	for (int i = 0; i < REPORT_ARGS; i++)
		nulls[i] = args->isnull[i] ? 'n' : ' ';
	return bk_query_run_old(report->query, args->values, nulls);
}

static void
check_group(const BkReport *report, const char *word)
{
	StringInfoData words;

	initStringInfo(&words);
	for (const char *const *group = report->groups; *group != NULL; group++)
	{
		if (strcmp(*group, word) == 0)
			return;
		appendStringInfo(&words, "%s\"%s\"", words.len > 0 ? ", " : "", *group);
	}
	ereport(ERROR, errcode(SB_VALIDATION_ERROR),
			errmsg("group_by \"%s\" is not known to report \"%s\"", word, report->name),
			errhint("Use one of %s.", words.data));
}

static void
check_airport(const char *parameter, const char *iata)
{
	if (strlen(iata) != 3 || strspn(iata, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("%s \"%s\" is not an IATA airport code", parameter, iata),
				errhint("Use three capital letters, such as LHR."));
}

static const BkReport *
find_report(const char *name)
{
	for (int i = 0; i < lengthof(reports); i++)
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no report \"%s\"", name),
			errhint("/v1/reports lists them."));
}

static void
read_args(BkObject query, BkReportArgs *args)
{
	static const char *const dates[] = {"from", "to"};
	static const char *const texts[] = {"group_by", "origin", "destination"};

	for (int i = 0; i < lengthof(dates); i++)
	{
		DateADT date = 0;

		args->isnull[i] = !bk_json_date(query, dates[i], BK_OPTIONAL, &date);
		args->values[i] = DateADTGetDatum(date);
	}
	for (int i = 0; i < lengthof(texts); i++)
	{
		const char *text = bk_json_string(query, texts[i], 32, BK_OPTIONAL);

		args->isnull[2 + i] = text == NULL;
		args->values[2 + i] = text == NULL ? (Datum) 0 : CStringGetTextDatum(text);
	}
}

static void
put_report_entry(StringInfo out, const BkReport *report)
{
	static const char *const formats[] = {"json", "csv", NULL};

	bk_json_open(out, '{');
	bk_json_put_string(out, "name", report->name);
	bk_json_put_string(out, "title", report->title);
	bk_json_put_string(out, "description", report->description);
	bk_json_key(out, "parameters");
	appendStringInfoChar(out, '[');
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

static void
put_parameter(StringInfo out, const char *name, const char *description,
			  const char *const *values)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "name", name);
	bk_json_put_string(out, "description", description);
	if (values != NULL)
	{
		bk_json_key(out, "values");
		appendStringInfoChar(out, '[');
		for (; *values != NULL; values++)
		{
			if (out->data[out->len - 1] != '[')
				appendStringInfoChar(out, ',');
			escape_json(out, *values);
		}
		bk_json_close(out, ']');
	}
	bk_json_close(out, '}');
}

static void
put_json(StringInfo out, const BkReport *report, BkReportArgs *args, BkRows rows)
{
	TupleDesc columns = rows.table->tupdesc;
	BkRows freshness = bk_query_run_old(&get_freshness, NULL, NULL);

	bk_json_open(out, '{');
	bk_json_put_string(out, "report", report->name);
	put_arguments(out, args);
	bk_json_key(out, "columns");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < columns->natts; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		escape_json(out, NameStr(TupleDescAttr(columns, i)->attname));
	}
	bk_json_close(out, ']');
	bk_json_put_rows(out, "rows", rows);
	if (freshness.count > 0)
		bk_json_put_timestamp(out, "freshness", bk_row_timestamptz_at(freshness, 0, 1));
	else
		bk_json_put_string(out, "freshness", NULL);
	bk_json_close(out, '}');
}

static void
put_arguments(StringInfo out, BkReportArgs *args)
{
	static const char *const names[REPORT_ARGS] = {"from", "to", "group_by", "origin",
												   "destination"};

	bk_json_key(out, "parameters");
	appendStringInfoChar(out, '{');
	for (int i = 0; i < REPORT_ARGS; i++)
	{
		char *value = NULL;

		if (!args->isnull[i])
			value = i < 2 ? date_text(DatumGetDateADT(args->values[i]))
						  : TextDatumGetCString(args->values[i]);
		bk_json_put_string(out, names[i], value);
	}
	bk_json_close(out, '}');
}

/* ISO 8601, whatever DateStyle is. */
static char *
date_text(DateADT date)
{
	int year;
	int month;
	int day;

	j2date(date + POSTGRES_EPOCH_JDATE, &year, &month, &day);
	return psprintf("%04d-%02d-%02d", year, month, day);
}
