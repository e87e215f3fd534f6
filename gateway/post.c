/*
 * post.c
 *	  Requests to webhooks, many at once, by libcurl. Rule: a client names the address, so a
 *	  request goes to no address of this machine or of a private network, and follows nobody
 *	  there; the name may lead anywhere, so it is the address that is looked at.
 */
#include "post.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_TIMEOUT_MS 5000L
#define TIMEOUT_MS 10000L
#define MAX_ANSWER 65536 /* bytes of a body, which nobody reads */
#define MAX_HEADER 256

typedef struct Transfer
{
	GwPost post;
	CURL *curl;
	struct curl_slist *headers;
	size_t received;
	char error[CURL_ERROR_SIZE];
} Transfer;

/* An IPv4 network that is not for everybody (RFC 6890). */
typedef struct Network
{
	const char *address;
	int bits;
} Network;

static const Network private_networks[] = {
	{"0.0.0.0", 8},      {"10.0.0.0", 8},    {"100.64.0.0", 10}, {"127.0.0.0", 8},
	{"169.254.0.0", 16}, {"172.16.0.0", 12}, {"192.0.0.0", 24},  {"192.168.0.0", 16},
	{"198.18.0.0", 15},  {"224.0.0.0", 3},
};

static CURLM *multi;
static bool may_go_everywhere;
static int in_flight;

static bool set_up(Transfer *transfer, const char *signature);
static bool add_header(Transfer *transfer, const char *name, const char *value);
static curl_socket_t open_socket(void *unused, curlsocktype purpose,
								 struct curl_sockaddr *address);
static bool is_public(const struct sockaddr *address);
static bool is_public_v4(uint32_t address);
static size_t take_answer(char *data, size_t size, size_t count, void *transfer);

/* Call once. everywhere: to any address, and without TLS, for development. */
bool
gw_post_init(bool everywhere)
{
	may_go_everywhere = everywhere;
	return curl_global_init(CURL_GLOBAL_DEFAULT) == 0 &&
		   (multi = curl_multi_init()) != NULL;
}

/* Begins a request; false without memory. */
bool
gw_post_start(const char *delivery_id, const char *url, const char *body,
			  const char *signature)
{
	Transfer *transfer = calloc(1, sizeof(Transfer));

	if (transfer == NULL)
		return false;
	transfer->post.delivery_id = strdup(delivery_id);
	transfer->post.url = strdup(url);
	transfer->post.body = strdup(body);
	transfer->curl = curl_easy_init();
	if (transfer->post.delivery_id == NULL || transfer->post.url == NULL ||
		transfer->post.body == NULL || transfer->curl == NULL ||
		!set_up(transfer, signature) ||
		curl_multi_add_handle(multi, transfer->curl) != CURLM_OK)
	{
		gw_post_free(&transfer->post);
		return false;
	}
	in_flight++;
	return true;
}

/* The next request that has ended, for gw_post_free; NULL where none has. */
GwPost *
gw_post_next_finished(void)
{
	int count;
	CURLMsg *message;

	curl_multi_perform(multi, &count);
	while ((message = curl_multi_info_read(multi, &count)) != NULL)
	{
		Transfer *transfer;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
		if (message->data.result == CURLE_OK || transfer->received > MAX_ANSWER)
			curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE,
							  &transfer->post.status);
		else
			transfer->post.error = transfer->error[0] != '\0'
									   ? transfer->error
									   : curl_easy_strerror(message->data.result);
		curl_multi_remove_handle(multi, transfer->curl);
		in_flight--;
		return &transfer->post;
	}
	return NULL;
}

/* Frees a request that is not under way. */
void
gw_post_free(GwPost *post)
{
	Transfer *transfer = (Transfer *) post;

	if (transfer->curl != NULL)
		curl_easy_cleanup(transfer->curl);
	curl_slist_free_all(transfer->headers);
	free(post->delivery_id);
	free(post->url);
	free(post->body);
	free(transfer);
}

/* Waits until something happens, or that long. */
void
gw_post_wait(int milliseconds)
{
	curl_multi_poll(multi, NULL, 0, milliseconds, NULL);
}

int
gw_post_in_flight(void)
{
	return in_flight;
}

static bool
set_up(Transfer *transfer, const char *signature)
{
	CURL *curl = transfer->curl;

	if (!add_header(transfer, "Content-Type", "application/json") ||
		!add_header(transfer, "Booking-Delivery", transfer->post.delivery_id) ||
		!add_header(transfer, "Booking-Signature", signature) ||
		!add_header(transfer, "Expect", ""))
		return false;
	curl_easy_setopt(curl, CURLOPT_PRIVATE, transfer);
	curl_easy_setopt(curl, CURLOPT_URL, transfer->post.url);
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR,
					 may_go_everywhere ? "http,https" : "https");
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* it would hide the address */
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, transfer->post.body);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, transfer->headers);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "booking_webhooks/" GATEWAY_VERSION);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, transfer->error);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	return true;
}

static bool
add_header(Transfer *transfer, const char *name, const char *value)
{
	char line[MAX_HEADER];
	struct curl_slist *longer;

	snprintf(line, sizeof(line), value[0] != '\0' ? "%s: %s" : "%s:%s", name, value);
	longer = curl_slist_append(transfer->headers, line);
	if (longer != NULL)
		transfer->headers = longer;
	return longer != NULL;
}

static curl_socket_t
open_socket(void *unused, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void) unused;
	if (purpose != CURLSOCKTYPE_IPCXN ||
		(!may_go_everywhere && !is_public(&address->addr)))
		return CURL_SOCKET_BAD;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

/* Is it an address that everybody may reach? Of IPv6 those of 2000::/3 are, but for those that have one of IPv4 in them. */
static bool
is_public(const struct sockaddr *address)
{
	const uint8_t *bytes;

	if (address->sa_family == AF_INET)
		return is_public_v4(
			ntohl(((const struct sockaddr_in *) address)->sin_addr.s_addr));
	if (address->sa_family != AF_INET6)
		return false;
	bytes = ((const struct sockaddr_in6 *) address)->sin6_addr.s6_addr;
	return (bytes[0] & 0xe0) == 0x20 && !(bytes[0] == 0x20 && bytes[1] == 0x02) &&
		   !(bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0 && bytes[3] == 0);
}

static bool
is_public_v4(uint32_t address)
{
	for (size_t i = 0; i < sizeof(private_networks) / sizeof(private_networks[0]); i++)
	{
		struct in_addr network;

		inet_pton(AF_INET, private_networks[i].address, &network);
		if ((address ^ ntohl(network.s_addr)) >> (32 - private_networks[i].bits) == 0)
			return false;
	}
	return true;
}

/* An answer that does not end is cut off; its status counts. */
static size_t
take_answer(char *data, size_t size, size_t count, void *transfer)
{
	size_t *received = &((Transfer *) transfer)->received;

	(void) data;
	*received += size * count;
	return *received > MAX_ANSWER ? 0 : size * count;
}
