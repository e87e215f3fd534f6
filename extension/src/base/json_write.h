/*
 * json_write.h
 *		Writes JSON text: writers append to a StringInfo and put commas themselves.
 */
#ifndef BK_JSON_WRITE_H
#define BK_JSON_WRITE_H

#include "lib/stringinfo.h"
#include "utils/timestamp.h"

#include "base/query.h"

/*
 * Begins and ends an object ('{', '}') or an array ('[', ']'): bk_json_open as an element or at the top, bk_json_open_member
 * as the member key of an object.
 */
extern void bk_json_open(StringInfo out, char bracket);
extern void bk_json_open_member(StringInfo out, const char *key, char bracket);
extern void bk_json_close(StringInfo out, char bracket);

/*
 * A member of an object: its key, and whatever the caller appends; or key and value. NULL writes null. Where key is NULL
 * the value is an element of an array.
 */
extern void bk_json_key(StringInfo out, const char *key);
extern void bk_json_put_string(StringInfo out, const char *key, const char *value);
extern void bk_json_put_bool(StringInfo out, const char *key, bool value);
extern void bk_json_put_int64(StringInfo out, const char *key, int64 value);
extern void bk_json_put_money(StringInfo out, const char *key,
							  Datum amount); /* numeric, as a string */
extern void bk_json_put_timestamp(StringInfo out, const char *key,
								  TimestampTz moment); /* in UTC; not finite: null */

/*
 * A row as the members of an object, one a column under the column's name: integers and float8 as numbers, boolean,
 * json as it is, text[] as an array, timestamptz as UTC ("…Z"), timestamp and date in ISO 8601, everything else, numeric included, as a
 * string. bk_json_put_columns writes the columns from one to another, both included; bk_json_put_object the row as an
 * object, bk_json_put_rows all rows as an array of objects, both as the member key, or as an element where key is NULL.
 */
extern void bk_json_put_row(StringInfo out, BkRows rows, uint64 row);
extern void bk_json_put_columns(StringInfo out, BkRows rows, uint64 row,
								const char *first, const char *last);
extern void bk_json_put_object(StringInfo out, const char *key, BkRows rows, uint64 row);
extern void bk_json_put_rows(StringInfo out, const char *key, BkRows rows);

#endif
