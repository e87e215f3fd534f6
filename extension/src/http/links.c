/*
 * links.c
 *		Where a response leads: to what it made, and to the next page of a list.
 */
#include "postgres.h"

#include "base/json_write.h"
#include "http/links.h"

static void put_parameter(StringInfo uri, const char *name, int name_length,
						  const char *value, int value_length);
static void put_encoded(StringInfo uri, const char *text, int length);
static const char *value_of(const BkCursor *cursors, int count, const JsonbValue *name);

void
bk_http_put_location(BkResponse *response, const char *collection, int64 id)
{
	bk_json_put_string(response->headers, "Location",
					   psprintf("%s/" INT64_FORMAT, collection, id));
}

/* What is no string has been refused by its reader. */
void
bk_http_put_next_link(const BkRequest *request, BkResponse *response,
					  const BkCursor *cursors, int count)
{
	StringInfoData uri;
	JsonbIterator *members = JsonbIteratorInit(request->query.container);
	JsonbIteratorToken token;
	JsonbValue name;
	JsonbValue value;

	initStringInfo(&uri);
	appendStringInfo(&uri, "<%s", request->path);
	while ((token = JsonbIteratorNext(&members, &name, true)) != WJB_DONE)
	{
		if (token != WJB_KEY)
			continue;
		(void) JsonbIteratorNext(&members, &value, true);
		if (value.type == jbvString && value_of(cursors, count, &name) == NULL)
			put_parameter(&uri, name.val.string.val, name.val.string.len,
						  value.val.string.val, value.val.string.len);
	}
	for (int i = 0; i < count; i++)
		if (cursors[i].value != NULL)
			put_parameter(&uri, cursors[i].parameter, (int) strlen(cursors[i].parameter),
						  cursors[i].value, (int) strlen(cursors[i].value));
	appendStringInfoString(&uri, ">; rel=\"next\"");
	bk_json_put_string(response->headers, "Link", uri.data);
}

void
bk_http_put_next(const BkRequest *request, BkResponse *response, const char *next)
{
	const BkCursor after = {"after", next};

	bk_json_put_string(response->body, "next", next);
	if (next != NULL)
		bk_http_put_next_link(request, response, &after, 1);
}

/* The first parameter comes after the path, the others after one another. */
static void
put_parameter(StringInfo uri, const char *name, int name_length, const char *value,
			  int value_length)
{
	appendStringInfoChar(uri, strchr(uri->data, '?') == NULL ? '?' : '&');
	put_encoded(uri, name, name_length);
	appendStringInfoChar(uri, '=');
	put_encoded(uri, value, value_length);
}

/* Whatever RFC 3986 does not call unreserved is encoded. */
static void
put_encoded(StringInfo uri, const char *text, int length)
{
	for (int i = 0; i < length; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < 128 && (isalnum(c) || strchr("-._~", c) != NULL))
			appendStringInfoChar(uri, c);
		else
			appendStringInfo(uri, "%%%02X", c);
	}
}

/* The new value of a parameter of this request, or NULL. */
static const char *
value_of(const BkCursor *cursors, int count, const JsonbValue *name)
{
	for (int i = 0; i < count; i++)
		if ((int) strlen(cursors[i].parameter) == name->val.string.len &&
			memcmp(cursors[i].parameter, name->val.string.val, name->val.string.len) == 0)
			return cursors[i].value;
	return NULL;
}
