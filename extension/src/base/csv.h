/*
 * csv.h
 *		Rows as comma-separated values (RFC 4180).
 */
#ifndef BK_CSV_H
#define BK_CSV_H

#include "lib/stringinfo.h"

#include "base/query.h"

/* Appends a line of column names, then a line a row. An empty field is a null. */
extern void bk_csv_put_rows(StringInfo out, BkRows rows);

#endif
