/*
 * metrics.c
 *	  Counters, each an atomic of its own; a scrape may see two of them a request apart.
 *	  Rule: labels come from fixed sets (methods, status codes, SQLSTATE classes), never
 *	  from a path, so that a client cannot grow the output.
 */
#include "metrics.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "status.h"

#define FIRST_CODE 100
#define CODE_COUNT 500
#define CLASS_COUNT (36 * 36)
#define REFUSAL_COUNT 1000 /* SB000 to SB999 */

static const char *const methods[] = {"GET",   "HEAD",   "POST",    "PUT",
									  "PATCH", "DELETE", "OPTIONS", "other"};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

/* Upper bounds in seconds, and as they are written. */
static const double bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5};
static const char *const bound_names[] = {"0.005", "0.01", "0.025", "0.05", "0.1",
										  "0.25",  "0.5",  "1",     "2.5",  "+Inf"};

#define BUCKET_COUNT (sizeof(bound_names) / sizeof(bound_names[0]))

static atomic_ulong requests[METHOD_COUNT][CODE_COUNT];
static atomic_ulong buckets[BUCKET_COUNT];
static atomic_ulong total_microseconds;
static atomic_int in_flight;
static atomic_ulong db_errors[CLASS_COUNT];
static atomic_ulong refusals[REFUSAL_COUNT];
static atomic_ulong db_retries;
static atomic_long db_open[GW_DB_COUNT];
static atomic_ulong db_opened[GW_DB_COUNT];
static atomic_ulong db_failed[GW_DB_COUNT];

static const char class_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static size_t method_index(const char *method);
static void write_head(FILE *out, const char *name, const char *type, const char *help);
static void write_requests(FILE *out);
static void write_durations(FILE *out);
static void write_databases(FILE *out);
static void write_refusals(FILE *out);

/* Every request that is started must be done. */
void
gw_metrics_request_started(void)
{
	atomic_fetch_add(&in_flight, 1);
}

/* Counts an answer; a method or status outside the fixed sets costs no label of its own. */
void
gw_metrics_request_done(const char *method, int status, double seconds)
{
	size_t bucket = 0;

	while (bucket < BUCKET_COUNT - 1 && seconds > bounds[bucket])
		bucket++;
	atomic_fetch_add(&buckets[bucket], 1);
	atomic_fetch_add(&total_microseconds, (unsigned long) (seconds * 1e6));
	if (status >= FIRST_CODE && status < FIRST_CODE + CODE_COUNT)
		atomic_fetch_add(&requests[method_index(method)][status - FIRST_CODE], 1);
	atomic_fetch_sub(&in_flight, 1);
}

/* Requests begun and not yet answered. */
int
gw_metrics_in_flight(void)
{
	return atomic_load(&in_flight);
}

/* Counts an error by the first two characters of its SQLSTATE, and one of class SB by all. */
void
gw_metrics_db_error(const char *sqlstate)
{
	unsigned int refusal;
	const char *first = sqlstate[0] != '\0' ? strchr(class_digits, sqlstate[0]) : NULL;
	const char *second = first != NULL && sqlstate[1] != '\0'
							 ? strchr(class_digits, sqlstate[1])
							 : NULL;

	if (sscanf(sqlstate, "SB%3u", &refusal) == 1)
		atomic_fetch_add(&refusals[refusal], 1);
	if (second != NULL)
		atomic_fetch_add(&db_errors[(first - class_digits) * 36 + (second - class_digits)],
						 1);
}

/* Counts a statement that is sent again. */
void
gw_metrics_db_retry(void)
{
	atomic_fetch_add(&db_retries, 1);
}

/* Counts a session that was opened; it stays open until gw_metrics_db_disconnected. */
void
gw_metrics_db_connected(GwDatabase db)
{
	atomic_fetch_add(&db_open[db], 1);
	atomic_fetch_add(&db_opened[db], 1);
}

/* Takes a session off those that are open, whoever ended it. */
void
gw_metrics_db_disconnected(GwDatabase db)
{
	atomic_fetch_sub(&db_open[db], 1);
}

/* Counts an attempt to connect that led to no session. */
void
gw_metrics_db_connect_failed(GwDatabase db)
{
	atomic_fetch_add(&db_failed[db], 1);
}

/* Returns the exposition text (format 0.0.4), malloc'd, or NULL without memory. */
char *
gw_metrics_text(size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	if (out == NULL)
		return NULL;
	write_head(out, "booking_gateway_info", "gauge", "The version that runs.");
	fprintf(out, "booking_gateway_info{version=\"%s\"} 1\n", GATEWAY_VERSION);
	write_requests(out);
	write_durations(out);
	write_databases(out);
	write_refusals(out);
	fclose(out);
	return text;
}

/* The method's place among the labels; the last is for all others. */
static size_t
method_index(const char *method)
{
	size_t i = 0;

	while (i < METHOD_COUNT - 1 && strcmp(method, methods[i]) != 0)
		i++;
	return i;
}

/* Each family is named, once, before its samples. */
static void
write_head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Only what was counted: most of methods times codes never happens. */
static void
write_requests(FILE *out)
{
	write_head(out, "booking_http_requests_total", "counter",
			   "Requests answered, by method and status code.");
	for (size_t m = 0; m < METHOD_COUNT; m++)
	{
		for (int c = 0; c < CODE_COUNT; c++)
		{
			unsigned long count = atomic_load(&requests[m][c]);

			if (count > 0)
				fprintf(out,
						"booking_http_requests_total{method=\"%s\",code=\"%d\"} %lu\n",
						methods[m], c + FIRST_CODE, count);
		}
	}
	write_head(out, "booking_http_requests_in_flight", "gauge",
			   "Requests begun and not yet answered.");
	fprintf(out, "booking_http_requests_in_flight %d\n", gw_metrics_in_flight());
}

/* The buckets are kept apart and summed here, as the format counts "at most so long". */
static void
write_durations(FILE *out)
{
	static const char name[] = "booking_http_request_duration_seconds";
	unsigned long sum = 0;

	write_head(out, name, "histogram", "Time from a read header to a sent response.");
	for (size_t i = 0; i < BUCKET_COUNT; i++)
	{
		sum += atomic_load(&buckets[i]);
		fprintf(out, "%s_bucket{le=\"%s\"} %lu\n", name, bound_names[i], sum);
	}
	fprintf(out, "%s_sum %.6f\n", name, (double) atomic_load(&total_microseconds) / 1e6);
	fprintf(out, "%s_count %lu\n", name, sum);
}

/* Sessions, attempts, retries and errors; a database that is not configured shows zeros. */
static void
write_databases(FILE *out)
{
	write_head(out, "booking_db_connections", "gauge", "Open database connections.");
	for (int db = 0; db < GW_DB_COUNT; db++)
		fprintf(out, "booking_db_connections{database=\"%s\"} %ld\n",
				gw_database_name(db), atomic_load(&db_open[db]));
	write_head(out, "booking_db_connects_total", "counter",
			   "Attempts to connect, by result.");
	for (int db = 0; db < GW_DB_COUNT; db++)
		fprintf(out,
				"booking_db_connects_total{database=\"%s\",result=\"ok\"} %lu\n"
				"booking_db_connects_total{database=\"%s\",result=\"failed\"} %lu\n",
				gw_database_name(db), atomic_load(&db_opened[db]), gw_database_name(db),
				atomic_load(&db_failed[db]));
	write_head(out, "booking_db_retries_total", "counter", "Statements sent again.");
	fprintf(out, "booking_db_retries_total %lu\n", atomic_load(&db_retries));
	write_head(out, "booking_db_errors_total", "counter",
			   "Errors of the databases, by SQLSTATE class.");
	for (int i = 0; i < CLASS_COUNT; i++)
	{
		unsigned long count = atomic_load(&db_errors[i]);

		if (count > 0)
			fprintf(out, "booking_db_errors_total{sqlstate_class=\"%c%c\"} %lu\n",
					class_digits[i / 36], class_digits[i % 36], count);
	}
}

/* What callers were refused, by the SQLSTATE and the code that they got. */
static void
write_refusals(FILE *out)
{
	write_head(out, "booking_refusals_total", "counter",
			   "Requests that the rules refused, by SQLSTATE and code.");
	for (int i = 0; i < REFUSAL_COUNT; i++)
	{
		unsigned long count = atomic_load(&refusals[i]);
		char sqlstate[sizeof("SB000")];

		if (count == 0)
			continue;
		snprintf(sqlstate, sizeof(sqlstate), "SB%03d", i);
		fprintf(out, "booking_refusals_total{sqlstate=\"%s\",code=\"%s\"} %lu\n",
				sqlstate, gw_status_of_sqlstate(sqlstate)->code, count);
	}
}
