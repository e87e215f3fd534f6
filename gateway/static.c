/*
 * static.c
 *	  Answers a request with a file that was compiled in. Nothing is read from disk, so no
 *	  path can lead outside.
 */
#include "static.h"

#include <string.h>

/* Fills reply with the file. */
void
gw_static_reply(const GwFile *file, GwReply *reply)
{
	gw_reply_header(reply, "ETag", file->etag);
	reply->cache_control = "no-cache";
	reply->content_type = file->content_type;
	reply->borrowed = true;
	reply->status = 200;
	reply->body = (char *) file->data;
	reply->length = file->length;
}

/* The file of that path, or NULL; the empty path is the page, /docs that of the API. */
const GwFile *
gw_static_find(const char *path)
{
	const GwFile *file = gw_files;

	if (strcmp(path, "/") == 0)
		path = "/index.html";
	else if (strcmp(path, "/docs") == 0)
		path = "/docs.html";
	while (file->path != NULL && strcmp(file->path, path) != 0)
		file++;
	return file->path != NULL ? file : NULL;
}
