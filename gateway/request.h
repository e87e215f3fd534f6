/*
 * request.h
 *	  A request as the database gets it, and why one is refused before it gets there. It
 *	  knows neither the HTTP library nor libpq.
 */
#ifndef GW_REQUEST_H
#define GW_REQUEST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define GW_REQUEST_ID_SIZE 65

typedef struct GwRequest
{
	const char *method;
	char id[GW_REQUEST_ID_SIZE];
	char *authority; /* of an absolute target, else NULL */
	char *path;      /* decoded */
	char *query;     /* JSON object */
	char *body;      /* JSON text as it came, or NULL */
	char *context;   /* JSON object */
	bool safe;       /* GET, HEAD or OPTIONS: doing it twice does no harm */
} GwRequest;

/* Why a request is refused: a code of status.c and a sentence for the client. */
typedef struct GwProblem
{
	const char *code;
	const char *detail;
} GwProblem;

extern void gw_request_set_id(GwRequest *request, const char *proposed);
extern bool gw_request_set_target(GwRequest *request, const char *target,
								  GwProblem *problem);
extern bool gw_request_set_path(GwRequest *request, const char *raw, GwProblem *problem);
extern bool gw_request_set_query(GwRequest *request, const char *raw, size_t limit,
								 GwProblem *problem);
extern bool gw_request_check_body(const char *body, size_t length, GwProblem *problem);
extern bool gw_request_is_json(const char *content_type);
extern bool gw_request_add_context(json_t *context, const char *key, const char *value,
								   GwProblem *problem);
extern bool gw_request_refuse(GwProblem *problem, const char *code, const char *detail);
extern void gw_request_free(GwRequest *request);

#endif /* GW_REQUEST_H */
