/*
 * client.c
 *	  Where a request comes from. Rule: a header says so only where a proxy that the settings
 *	  name has sent it, since anybody can write one.
 */
#include "client.h"

#include <arpa/inet.h>
#include <string.h>

static bool is_address(const char *text);

/*
 * The client's address; it lives as long as the exchange. Of what a proxy says the last
 * counts: it is what the proxy has seen itself, and before it stands what it was told.
 */
const char *
gw_client_address(const GwExchange *ex)
{
	const char *peer = ex->peer.address;
	const char *forwarded;
	const char *last;

	if (!gw_config_lists(ex->config->proxies, peer))
		return peer;
	forwarded = gw_exchange_last_header(ex, "X-Forwarded-For");
	if (forwarded == NULL)
		return peer;
	last = strrchr(forwarded, ',');
	last = last != NULL ? last + 1 : forwarded;
	last += strspn(last, " \t");
	return is_address(last) ? last : peer;
}

/* Is it an address, and nothing else? */
static bool
is_address(const char *text)
{
	unsigned char parsed[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, text, parsed) == 1 ||
		   inet_pton(AF_INET6, text, parsed) == 1;
}
