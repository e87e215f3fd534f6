/*
 * reply.h
 *	  What a request is answered with, whoever answers it.
 */
#ifndef GW_REPLY_H
#define GW_REPLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

typedef struct GwReply
{
	int status;
	const char *content_type;
	json_t *headers; /* name -> string, or NULL */
	char *body;      /* malloc'd unless borrowed */
	size_t length;
	bool borrowed;
	const char *cache_control;
	const char *code; /* of a problem, for the log */
	char sqlstate[6];
	char *error; /* for the log only, or NULL */
} GwReply;

extern void gw_reply_header(GwReply *reply, const char *name, const char *value);
extern void gw_reply_spare(GwReply *reply, const char *if_none_match);
extern void gw_reply_write(const GwReply *reply, FILE *out, const char *reason,
						   const char *request_id, long keep, bool head_only);
extern void gw_reply_free(GwReply *reply);

#endif /* GW_REPLY_H */
