/*
 * origin.c
 *	  What keeps a browser from being another site's tool: the hosts that are served, so
 *	  that a name which is made to lead here finds nothing, and where a request that
 *	  changes something comes from. Rule: nothing here asks a name server.
 */
#include "origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_HOST 255

static const char *host_of(const GwExchange *ex);
static bool is_served(const GwConfig *config, const char *host);
static size_t name_length(const char *host);
static bool is_address(const char *name);
static bool is_own_page(const GwExchange *ex);
static bool is_deliberate(const GwExchange *ex);

/* False, with the reason in problem, for a host that is not ours, in the target or in Host. HTTP/1.0 need not name one. */
bool
gw_origin_check_host(const GwExchange *ex, GwProblem *problem)
{
	const char *host = gw_exchange_header(ex, "Host");
	const char *authority = ex->request.authority;

	return ((host == NULL || is_served(ex->config, host)) &&
			(authority == NULL || is_served(ex->config, authority))) ||
		   gw_request_refuse(problem, "misdirected_request",
							 "GATEWAY_HOSTS does not name this host.");
}

/*
 * False where the request may change something and a page of another site sent it, or a
 * form could have.
 */
bool
gw_origin_check_write(const GwExchange *ex, GwProblem *problem)
{
	if (ex->request.safe)
		return true;
	if (!is_own_page(ex))
		return gw_request_refuse(problem, "cross_site_request",
								 "A page of another site may not change anything here.");
	return strcmp(ex->request.method, "POST") != 0 || is_deliberate(ex) ||
		   gw_request_refuse(problem, "unsupported_media_type",
							 "Send Content-Type: application/json, or an Idempotency-Key.");
}

/* The host that is asked: an absolute target goes before the header. NULL where none is named. */
static const char *
host_of(const GwExchange *ex)
{
	return ex->request.authority != NULL ? ex->request.authority
										 : gw_exchange_header(ex, "Host");
}

/* An address, which nobody else can make lead here; localhost; this machine's name; or one that the operator gave. */
static bool
is_served(const GwConfig *config, const char *host)
{
	char name[MAX_HOST + 1];
	char own[MAX_HOST + 1] = "";
	size_t length = name_length(host);

	if (length == 0 || length > MAX_HOST)
		return false;
	memcpy(name, host, length);
	name[length] = '\0';
	if (is_address(name) || strcasecmp(name, "localhost") == 0 ||
		gw_config_lists(config->hosts, name) || gw_config_lists(config->hosts, "*"))
		return true;
	return gethostname(own, sizeof(own) - 1) == 0 && strcasecmp(name, own) == 0;
}

/* Of a Host header what comes before the port. */
static size_t
name_length(const char *host)
{
	const char *end = host[0] == '[' ? strchr(host, ']') : NULL;

	return end != NULL ? (size_t) (end + 1 - host) : strcspn(host, ":");
}

/* An IPv4 address, or anything in brackets. */
static bool
is_address(const char *name)
{
	struct in_addr parsed;

	return name[0] == '[' || inet_pton(AF_INET, name, &parsed) == 1;
}

/* Browsers say where a request comes from; who is no browser says nothing. */
static bool
is_own_page(const GwExchange *ex)
{
	const char *site = gw_exchange_header(ex, "Sec-Fetch-Site");
	const char *origin = gw_exchange_header(ex, "Origin");
	const char *host = host_of(ex);
	const char *authority;

	if (site != NULL && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return false;
	if (origin == NULL)
		return true;
	authority = strstr(origin, "://");
	return authority != NULL && host != NULL && strcasecmp(authority + 3, host) == 0;
}

/* No form can set these headers, and a script of another site must ask before it may. What a body must be is checked with the body. */
static bool
is_deliberate(const GwExchange *ex)
{
	return gw_request_is_json(gw_exchange_header(ex, "Content-Type")) ||
		   gw_exchange_header(ex, "Idempotency-Key") != NULL || ex->body_length > 0;
}
