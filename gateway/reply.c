/*
 * reply.c
 *	  Writes a reply as HTTP. Rule: headers that the database names are checked here, so
 *	  that no stored text can add a header or a second response.
 */
#include "reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define TOKEN_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"

/* Headers that are written from the reply itself or frame the message. */
static const char *const own_headers[] = {"Content-Length",
										  "Content-Type",
										  "Cache-Control",
										  "Connection",
										  "Transfer-Encoding",
										  "Keep-Alive",
										  "Upgrade",
										  "Trailer",
										  "Date",
										  "X-Request-Id",
										  NULL};

static void write_head(const GwReply *reply, FILE *out);
static const char *find_value(const GwReply *reply, const char *name,
							  const char *fallback);
static bool is_own_name(const char *name);
static bool is_clean_name(const char *name);
static bool is_clean_value(const char *value);

/* Sets a header of the reply; a second value replaces the first. */
void
gw_reply_header(GwReply *reply, const char *name, const char *value)
{
	if (reply->headers == NULL)
		reply->headers = json_object();
	json_object_set_new(reply->headers, name, json_string(value));
}

/*
 * Turns the answer to a read into a 304 where the client says that it has it (NULL: it
 * says nothing). Our tags have no quotes inside, so that finding one in the list is enough.
 */
void
gw_reply_spare(GwReply *reply, const char *if_none_match)
{
	const char *etag = find_value(reply, "ETag", NULL);

	if (reply->status != 200 || etag == NULL || if_none_match == NULL ||
		(strcmp(if_none_match, "*") != 0 && strstr(if_none_match, etag) == NULL))
		return;
	reply->status = 304;
	if (!reply->borrowed)
		free(reply->body);
	reply->body = NULL;
	reply->length = 0;
}

/* Writes head and body; keep is for how many ms the connection waits, 0: it closes; head_only leaves out the body, but not its length. */
void
gw_reply_write(const GwReply *reply, FILE *out, const char *reason,
			   const char *request_id, long keep, bool head_only)
{
	fprintf(out, "HTTP/1.1 %d %s\r\n", reply->status, reason);
	write_head(reply, out);
	fprintf(out,
			"X-Request-Id: %s\r\n"
			"X-Content-Type-Options: nosniff\r\n"
			"Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; "
			"base-uri 'none'; form-action 'self'; object-src 'none'\r\n"
			"Referrer-Policy: no-referrer\r\n"
			"Cross-Origin-Resource-Policy: same-origin\r\n"
			"Cross-Origin-Opener-Policy: same-origin\r\n"
			"Connection: %s\r\n",
			request_id, keep > 0 ? "keep-alive" : "close");
	if (keep >= 1000)
		fprintf(out, "Keep-Alive: timeout=%ld\r\n", keep / 1000);
	fputs("\r\n", out);
	if (!head_only && reply->body != NULL)
		fwrite(reply->body, 1, reply->length, out);
}

/* Frees what the reply owns; a borrowed body stays. */
void
gw_reply_free(GwReply *reply)
{
	json_decref(reply->headers);
	if (!reply->borrowed)
		free(reply->body);
	free(reply->error);
}

/* The lines that depend on the reply: dates, framing, and the database's own headers. */
static void
write_head(const GwReply *reply, FILE *out)
{
	const char *type = reply->content_type != NULL ? reply->content_type
												   : "application/json";
	const char *cache = reply->cache_control != NULL ? reply->cache_control : "no-store";
	time_t now = time(NULL);
	struct tm utc;
	char date[40];
	const char *name;
	json_t *value;

	gmtime_r(&now, &utc);
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &utc);
	fprintf(out, "Date: %s\r\nCache-Control: %s\r\n", date,
			find_value(reply, "Cache-Control", cache));
	if (reply->body != NULL)
		fprintf(out, "Content-Type: %s\r\n", find_value(reply, "Content-Type", type));
	if (reply->status != 204 && reply->status != 304)
		fprintf(out, "Content-Length: %zu\r\n", reply->length);
	json_object_foreach (reply->headers, name, value)
	{
		if (json_is_string(value) && !is_own_name(name) && is_clean_name(name) &&
			is_clean_value(json_string_value(value)))
			fprintf(out, "%s: %s\r\n", name, json_string_value(value));
	}
}

/* The header's value in the reply, whatever the case of its name, or fallback. */
static const char *
find_value(const GwReply *reply, const char *name, const char *fallback)
{
	const char *key;
	json_t *value;

	json_object_foreach (reply->headers, key, value)
	{
		if (strcasecmp(key, name) == 0 && json_is_string(value) &&
			is_clean_value(json_string_value(value)))
			return json_string_value(value);
	}
	return fallback;
}

/* Is it a header that only the gateway may write? */
static bool
is_own_name(const char *name)
{
	for (int i = 0; own_headers[i] != NULL; i++)
	{
		if (strcasecmp(name, own_headers[i]) == 0)
			return true;
	}
	return false;
}

/* Can it be the name of a header at all? */
static bool
is_clean_name(const char *name)
{
	return *name != '\0' && strspn(name, TOKEN_CHARS) == strlen(name);
}

/* Has it no control character? A line end would start a header of its own. */
static bool
is_clean_value(const char *value)
{
	for (const unsigned char *c = (const unsigned char *) value; *c != '\0'; c++)
	{
		if ((*c < ' ' && *c != '\t') || *c == 127)
			return false;
	}
	return true;
}
