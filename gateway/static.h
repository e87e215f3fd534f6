/*
 * static.h
 *	  The page, from memory.
 */
#ifndef GW_STATIC_H
#define GW_STATIC_H

#include "reply.h"
#include "request.h"

/* A file of the bundle; embed.sh writes the table. */
typedef struct GwFile
{
	const char *path; /* as requested, e.g. /app.js */
	const char *content_type;
	const char *etag; /* with its quotes */
	const unsigned char *data;
	size_t length;
} GwFile;

extern const GwFile gw_files[]; /* ends with a NULL path */

extern void gw_static_reply(const GwRequest *request, const char *if_none_match,
							GwReply *reply);

#endif /* GW_STATIC_H */
