/*
 * static.c
 *	  Answers a request with a file that was compiled in. Nothing is read from disk, so no
 *	  path can lead outside.
 */
#include "static.h"

#include <string.h>

#include "status.h"

static const GwFile *find_file(const char *path);
static bool is_etag_listed(const char *header, const char *etag);

/* Fills reply with the file, 304 when the client has it, or a problem. */
void
gw_static_reply(const GwRequest *request, const char *if_none_match, GwReply *reply)
{
	const GwFile *file = find_file(request->path);

	if (file == NULL)
	{
		gw_status_problem(reply, request->id, "not_found", "There is nothing here.");
		return;
	}
	if (!request->safe)
	{
		gw_status_problem(reply, request->id, "method_not_allowed",
						  "This can only be read.");
		gw_reply_header(reply, "Allow", "GET, HEAD");
		return;
	}
	gw_reply_header(reply, "ETag", file->etag);
	reply->cache_control = "no-cache";
	reply->content_type = file->content_type;
	reply->borrowed = true;
	if (if_none_match != NULL && is_etag_listed(if_none_match, file->etag))
	{
		reply->status = 304;
		return;
	}
	reply->status = 200;
	reply->body = (char *) file->data;
	reply->length = file->length;
}

/* The file of that path, or NULL; the empty path is the page. */
static const GwFile *
find_file(const char *path)
{
	const GwFile *file = gw_files;

	if (strcmp(path, "/") == 0)
		path = "/index.html";
	while (file->path != NULL && strcmp(file->path, path) != 0)
		file++;
	return file->path != NULL ? file : NULL;
}

/* Does If-None-Match name the file? Our tags are hexadecimal in quotes, so that finding one in the list is enough. */
static bool
is_etag_listed(const char *header, const char *etag)
{
	return strcmp(header, "*") == 0 || strstr(header, etag) != NULL;
}
