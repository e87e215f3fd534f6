/*
 * framing.c
 *	  Checks the headers that frame a message: exactly one Host, one plain length, no
 *	  chunks. Rule: what a proxy in front could read in another way is refused and closes
 *	  the connection, so that no request is smuggled in behind another.
 */
#include "framing.h"

#include <civetweb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LONGEST_LENGTH 18 /* digits that fit an unsigned long */
#define AMBIGUOUS "The body's length is ambiguous."

typedef struct Seen
{
	int hosts;
	int lengths;
} Seen;

static bool is_within_limits(const GwExchange *ex);
static size_t measure_header(const struct mg_request_info *info);
static bool check_header(GwExchange *ex, const struct mg_header *header, Seen *seen,
						 GwProblem *problem);
static bool refuse_encoding(const GwExchange *ex, GwProblem *problem);
static bool take_length(GwExchange *ex, const char *text, GwProblem *problem);

/*
 * Notes the body that the headers announce; false leaves in problem why the request is
 * refused, and in ex->close whether the connection can go on.
 */
bool
gw_framing_check(GwExchange *ex, GwProblem *problem)
{
	Seen seen = {0};

	if (!is_within_limits(ex))
	{
		ex->close = true;
		return gw_request_refuse(problem, "header_too_large",
								 "The request header is too large.");
	}
	for (int i = 0; i < ex->info->num_headers; i++)
	{
		if (!check_header(ex, &ex->info->http_headers[i], &seen, problem))
		{
			ex->close = true;
			return false;
		}
	}
	if (seen.hosts == 0 && strcmp(ex->info->http_version, "1.1") == 0)
		return gw_request_refuse(problem, "malformed_request",
								 "The Host header is missing.");
	if (ex->body_length > 0 && ex->request.safe)
		return gw_request_refuse(problem, "malformed_request",
								 "A read request takes no body.");
	return true;
}

/* Of too many headers the library drops some, a Content-Length perhaps. */
static bool
is_within_limits(const GwExchange *ex)
{
	return ex->info->num_headers < MG_MAX_HEADERS &&
		   measure_header(ex->info) <= (size_t) ex->config->max_header;
}

/* Bytes of the request line and the headers, but for the spaces between. */
static size_t
measure_header(const struct mg_request_info *info)
{
	size_t size = strlen(info->request_uri);

	if (info->query_string != NULL)
		size += strlen(info->query_string);
	for (int i = 0; i < info->num_headers; i++)
		size += strlen(info->http_headers[i].name) + strlen(info->http_headers[i].value) +
				sizeof(": \r\n") - 1;
	return size;
}

/* Checks one header against those before it. */
static bool
check_header(GwExchange *ex, const struct mg_header *header, Seen *seen,
			 GwProblem *problem)
{
	if (strcasecmp(header->name, "Host") == 0 && seen->hosts++ > 0)
		return gw_request_refuse(problem, "malformed_request",
								 "The Host header is given twice.");
	if (strcasecmp(header->name, "Transfer-Encoding") == 0)
		return refuse_encoding(ex, problem);
	if (strcasecmp(header->name, "Content-Length") != 0)
		return true;
	if (seen->lengths++ > 0)
		return gw_request_refuse(problem, "malformed_request", AMBIGUOUS);
	return take_length(ex, header->value, problem);
}

/* An encoding is always refused; beside a length, before it or after, as ambiguous. */
static bool
refuse_encoding(const GwExchange *ex, GwProblem *problem)
{
	if (gw_exchange_header(ex, "Content-Length") != NULL)
		return gw_request_refuse(problem, "malformed_request", AMBIGUOUS);
	return gw_request_refuse(problem, "length_required",
							 "Send the body with a Content-Length.");
}

/* Digits alone: a sign or a space is read differently by different servers. */
static bool
take_length(GwExchange *ex, const char *text, GwProblem *problem)
{
	size_t digits = strspn(text, "0123456789");

	if (digits == 0 || text[digits] != '\0' || digits > LONGEST_LENGTH)
		return gw_request_refuse(problem, "malformed_request",
								 "Content-Length is not a number.");
	ex->body_length = strtoul(text, NULL, 10);
	ex->body_pending = ex->body_length > 0;
	return true;
}
