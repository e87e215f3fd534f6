/*
 * socket.h
 *	  The socket of a client, which the HTTP library keeps to itself.
 */
#ifndef GW_SOCKET_H
#define GW_SOCKET_H

#include <stdbool.h>

/* A connection by its two ends: no other that is open has the same. */
typedef struct GwPeer
{
	const char *address; /* of the client, IPv4; lives as long as the exchange */
	int port;
	int server_port;
} GwPeer;

extern int gw_socket_find(const GwPeer *peer);
extern bool gw_socket_has_gone(const GwPeer *peer);

#endif /* GW_SOCKET_H */
