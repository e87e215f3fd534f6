/*
 * static.h
 *	  The page, from memory.
 */
#ifndef GW_STATIC_H
#define GW_STATIC_H

#include "reply.h"

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

extern const GwFile *gw_static_find(const char *path);
extern void gw_static_reply(const GwFile *file, GwReply *reply);

#endif /* GW_STATIC_H */
