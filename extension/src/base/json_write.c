/*
 * json_write.c
 *		JSON text out.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"

#include "base/json_write.h"
#include "base/query.h"

static void put_columns(StringInfo out, BkRows rows, uint64 row, int first, int last);
static void put_comma(StringInfo out);
static void put_value(StringInfo out, Oid type, BkRows rows, uint64 row, int column);
static void put_moment(StringInfo out, TimestampTz moment);

void
bk_json_open(StringInfo out, char bracket)
{
	put_comma(out);
	appendStringInfoChar(out, bracket);
}

void
bk_json_open_member(StringInfo out, const char *key, char bracket)
{
	bk_json_key(out, key);
	bk_json_open(out, bracket);
}

void
bk_json_close(StringInfo out, char bracket)
{
	appendStringInfoChar(out, bracket);
}

void
bk_json_key(StringInfo out, const char *key)
{
	put_comma(out);
	if (key == NULL)
		return;
	escape_json(out, key);
	appendStringInfoChar(out, ':');
}

void
bk_json_put_string(StringInfo out, const char *key, const char *value)
{
	bk_json_key(out, key);
	if (value == NULL)
		appendStringInfoString(out, "null");
	else
		escape_json(out, value);
}

void
bk_json_put_bool(StringInfo out, const char *key, bool value)
{
	bk_json_key(out, key);
	appendStringInfoString(out, value ? "true" : "false");
}

void
bk_json_put_int64(StringInfo out, const char *key, int64 value)
{
	bk_json_key(out, key);
	appendStringInfo(out, INT64_FORMAT, value);
}

void
bk_json_put_money(StringInfo out, const char *key, Datum amount)
{
	bk_json_put_string(out, key,
					   DatumGetCString(DirectFunctionCall1(numeric_out, amount)));
}

void
bk_json_put_timestamp(StringInfo out, const char *key, TimestampTz moment)
{
	bk_json_key(out, key);
	put_moment(out, moment);
}

void
bk_json_put_row(StringInfo out, BkRows rows, uint64 row)
{
	put_columns(out, rows, row, 1, rows.table->tupdesc->natts);
}

void
bk_json_put_columns(StringInfo out, BkRows rows, uint64 row, const char *first,
					const char *last)
{
	put_columns(out, rows, row, bk_rows_column(rows, first), bk_rows_column(rows, last));
}

void
bk_json_put_object(StringInfo out, const char *key, BkRows rows, uint64 row)
{
	if (key != NULL)
		bk_json_key(out, key);
	bk_json_open(out, '{');
	bk_json_put_row(out, rows, row);
	bk_json_close(out, '}');
}

void
bk_json_put_rows(StringInfo out, const char *key, BkRows rows)
{
	if (key != NULL)
		bk_json_key(out, key);
	bk_json_open(out, '[');
	for (uint64 row = 0; row < rows.count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		bk_json_put_object(out, NULL, rows, row);
	}
	bk_json_close(out, ']');
}

/* Writes columns by number, both ends included. */
static void
put_columns(StringInfo out, BkRows rows, uint64 row, int first, int last)
{
	TupleDesc tupdesc = rows.table->tupdesc;

	for (int column = first; column <= last; column++)
	{
		bk_json_key(out, NameStr(TupleDescAttr(tupdesc, column - 1)->attname));
		put_value(out, bk_rows_type(rows, column), rows, row, column);
	}
}

/* Between two members or elements, nowhere else. */
static void
put_comma(StringInfo out)
{
	if (out->len > 0 && strchr("{[:,", out->data[out->len - 1]) == NULL)
		appendStringInfoChar(out, ',');
}

/* In the form that json_write.h promises for the type; column counts from 1. */
static void
put_value(StringInfo out, Oid type, BkRows rows, uint64 row, int column)
{
	bool isnull;
	Datum value = bk_row_datum_at(rows, row, column, &isnull);
	int year;
	int month;
	int day;

	if (isnull)
	{
		appendStringInfoString(out, "null");
		return;
	}
	switch (type)
	{
		case TIMESTAMPTZOID:
			put_moment(out, DatumGetTimestampTz(value));
			break;
		case BOOLOID:
			appendStringInfoString(out, DatumGetBool(value) ? "true" : "false");
			break;
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT8OID:
		case JSONOID:
		case JSONBOID:
			appendStringInfoString(out, bk_row_text_at(rows, row, column));
			break;
		case TEXTARRAYOID:
			appendStringInfoString(out, TextDatumGetCString(
											DirectFunctionCall1(array_to_json, value)));
			break;
		case DATEOID:
			j2date(DatumGetDateADT(value) + POSTGRES_EPOCH_JDATE, &year, &month, &day);
			appendStringInfo(out, "\"%04d-%02d-%02d\"", year, month, day);
			break;
		case TIMESTAMPOID:
			/* A timestamp without zone is formatted like one in UTC, without the Z. */
			put_moment(out, DatumGetTimestamp(value));
			out->data[out->len - 2] = '"';
			out->data[--out->len] = '\0';
			break;
		default:
			escape_json(out, bk_row_text_at(rows, row, column));
	}
}

/* ISO 8601, in UTC, with a Z. Fractions only where there are any. */
static void
put_moment(StringInfo out, TimestampTz moment)
{
	struct pg_tm tm;
	fsec_t fraction;

	if (TIMESTAMP_NOT_FINITE(moment))
	{
		appendStringInfoString(out, "null");
		return;
	}
	if (timestamp2tm(moment, NULL, &tm, &fraction, NULL, NULL) != 0)
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("timestamp out of range"));

	appendStringInfo(out, "\"%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year, tm.tm_mon,
					 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (fraction != 0)
		appendStringInfo(out, ".%06d", fraction);
	appendStringInfoString(out, "Z\"");
}
