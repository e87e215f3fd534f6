/*
 * request.c
 *		libFuzzer target over what the gateway parses: path, query string and JSON body.
 *
 * The first byte chooses the part, the rest is its text. What passes must be what request.c promises: valid UTF-8 without
 * NUL bytes, and JSON that parses again. Built and run by ../fuzz/run.
 */
#include "../../gateway/request.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_LIMIT 4096

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* A string that jansson takes is valid UTF-8; its copy has the same length, so there was no NUL byte. */
static void
require_utf8(const char *text)
{
	json_t *string = json_string(text);

	require(string != NULL && json_string_length(string) == strlen(text));
	json_decref(string);
}

static void
fuzz_query(GwRequest *request, const char *text, GwProblem *problem)
{
	json_t *query;

	if (!gw_request_set_query(request, text, QUERY_LIMIT, problem))
		return;
	query = json_loads(request->query, JSON_REJECT_DUPLICATES, NULL);
	require(json_is_object(query));
	json_decref(query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	GwRequest request = {.method = "POST"};
	GwProblem problem = {0};
	char *text;

	if (size == 0)
		return 0;
	text = strndup((const char *) data + 1, size - 1);
	require(text != NULL);
	switch (data[0] % 4)
	{
		case 0:
			if (gw_request_set_target(&request, text, &problem))
				require_utf8(request.path);
			break;
		case 1:
			fuzz_query(&request, text, &problem);
			break;
		case 2:
			if (gw_request_check_body((const char *) data + 1, size - 1, &problem))
				require(memchr(data + 1, '\0', size - 1) == NULL);
			break;
		default:
			gw_request_set_id(&request, text);
			require(strlen(request.id) > 0 && strlen(request.id) < GW_REQUEST_ID_SIZE);
	}
	gw_request_free(&request);
	free(text);
	return 0;
}
