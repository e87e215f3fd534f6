/*
 * request.h
 *		A request as a handler gets it, a response as it leaves one.
 */
#ifndef BK_REQUEST_H
#define BK_REQUEST_H

#include "base/json_read.h"
#include "identity/principal.h"

#define BK_MAX_PATH_IDS 2

typedef struct BkRequest
{
	const char *method;
	const char *path;
	int64 ids[BK_MAX_PATH_IDS]; /* the {id}s of the path, in order */
	const char *name;           /* the {name} of the path, if it has one */
	BkObject query;
	BkObject body;
	BkObject context;
	BkPrincipal principal;
} BkRequest;

/*
 * The status of a success stands in the route table. A handler writes body, and headers as members of a JSON object. One that refuses,
 * and means what it has done to stay, sets refused and writes the refusal (bk_http_refuse).
 */
typedef struct BkResponse
{
	int status;
	bool refused;
	bool once;      /* it has a secret, and is kept under no Idempotency-Key */
	int64 token_of; /* the booking whose token it comes with; 0: none */
	int32 version;  /* of the booking that it shows; 0: it shows none */
	StringInfo headers;
	StringInfo body;
} BkResponse;

/* Reads the request, calls a rule, writes the response. Whatever is wrong is raised as an error. */
typedef void (*BkHandler)(const BkRequest *request, BkResponse *response);

#endif
