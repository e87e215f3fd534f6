/*
 * reports.h
 *		The reports, drawn from schema warehouse alone.
 */
#ifndef BK_REPORTS_H
#define BK_REPORTS_H

#include "router.h"

/* GET /v1/reports and GET /v1/reports/{name} */
extern void bk_reports_list(const BkRequest *request, BkResponse *response);
extern void bk_report_run(const BkRequest *request, BkResponse *response);

#endif
