/*
 * csv.c
 *		Rows as comma-separated values (RFC 4180).
 */
#include "postgres.h"

#include "miscadmin.h"

#include "base/csv.h"
#include "base/query.h"

static void put_field(StringInfo out, const char *text);

void
bk_csv_put_rows(StringInfo out, BkRows rows)
{
	TupleDesc columns = rows.table->tupdesc;

	for (int i = 0; i < columns->natts; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		put_field(out, NameStr(TupleDescAttr(columns, i)->attname));
	}
	appendStringInfoString(out, "\r\n");
	for (uint64 row = 0; row < rows.count; row++)
	{
		CHECK_FOR_INTERRUPTS();
		for (int i = 0; i < columns->natts; i++)
		{
			if (i > 0)
				appendStringInfoChar(out, ',');
			put_field(out, bk_row_text_at(rows, row, i + 1));
		}
		appendStringInfoString(out, "\r\n");
	}
}

/* A field, quoted only where its text has to be; nothing for NULL. */
static void
put_field(StringInfo out, const char *text)
{
	if (text == NULL)
		return;
	if (strpbrk(text, ",\"\r\n") == NULL)
	{
		appendStringInfoString(out, text);
		return;
	}
	appendStringInfoChar(out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *text);
	}
	appendStringInfoChar(out, '"');
}
