/*
 * reports.h
 *		The reports: which there are, and running one.
 */
#ifndef BK_REPORTS_H
#define BK_REPORTS_H

#include "base/query.h"

typedef struct BkReport
{
	const char *name;
	const char *title;
	const char *description;
	const char *dates;         /* what from and to are dates of */
	const char *const *groups; /* NULL-terminated, the default first */
	BkQuery *query; /* $1 date and $2 date, $3 group, $4 origin, $5 destination */
} BkReport;

/* What a report is asked for. Its check is bk_report_run(). */
typedef struct BkReportRequest
{
	NullableDatum from; /* DateADT; null: no bound */
	NullableDatum to;
	const char *group_by;    /* NULL: the report's default */
	const char *origin;      /* IATA code; NULL: all */
	const char *destination; /* IATA code; NULL: all */
} BkReportRequest;

/* All reports, and how many they are. */
extern const BkReport *bk_report_list(int *count);

/* Raises SB011 where there is none of the name. */
extern const BkReport *bk_report_find(const char *name);

/*
 * Runs a report with the caller's snapshot. Raises SB010 for an unknown group, a malformed airport, an infinite date and for
 * from after to.
 */
extern BkRows bk_report_run(const BkReport *report, const BkReportRequest *request);

/* What the request groups by, its own word or the report's default. */
extern const char *bk_report_group(const BkReport *report, const BkReportRequest *request);

/* One row, freshness: up to when the facts are complete, null before the first run. */
extern BkRows bk_report_freshness(void);

#endif
