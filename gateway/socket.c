/*
 * socket.c
 *	  Finds the socket of a client. The HTTP library gives no way to it, but a wait can be
 *	  bounded, and a client that has gone be seen, only there. Rule: nothing is read from or
 *	  written to a socket here, and the caller holds the connection open.
 */
#include "socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PORTS 65536

/* Where the socket of a client's port was seen last: a hint, checked before it is used. */
static atomic_int seen[PORTS];

static int port_of_peer(int fd, char *address);
static bool is_socket_of(int fd, const GwPeer *peer);
static void look_through(void);

/*
 * The descriptor, or -1 when the connection was reset. It is the caller's to use only while
 * the exchange lasts. Looking through all descriptors notes every one, so that the next
 * search is two system calls.
 */
int
gw_socket_find(const GwPeer *peer)
{
	atomic_int *hint = &seen[peer->port & (PORTS - 1)];

	if (is_socket_of(atomic_load(hint), peer))
		return atomic_load(hint);
	look_through();
	return is_socket_of(atomic_load(hint), peer) ? atomic_load(hint) : -1;
}

/* Has the client closed its end, or has the connection been reset? What it still sends is not looked at. */
bool
gw_socket_has_gone(const GwPeer *peer)
{
	struct pollfd client = {.fd = gw_socket_find(peer), .events = POLLRDHUP};

	return client.fd < 0 || poll(&client, 1, 0) > 0;
}

/* The port of fd's other end, or -1; address gets INET_ADDRSTRLEN bytes. */
static int
port_of_peer(int fd, char *address)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	if (getpeername(fd, (struct sockaddr *) &name, &size) != 0 ||
		name.sin_family != AF_INET)
		return -1;
	inet_ntop(AF_INET, &name.sin_addr, address, INET_ADDRSTRLEN);
	return ntohs(name.sin_port);
}

/* Do both ends agree? */
static bool
is_socket_of(int fd, const GwPeer *peer)
{
	struct sockaddr_in own;
	socklen_t size = sizeof(own);
	char address[INET_ADDRSTRLEN];

	return fd > 0 && port_of_peer(fd, address) == peer->port &&
		   strcmp(address, peer->address) == 0 &&
		   getsockname(fd, (struct sockaddr *) &own, &size) == 0 &&
		   ntohs(own.sin_port) == peer->server_port;
}

/* Notes the client's port of every open socket. */
static void
look_through(void)
{
	DIR *open_files = opendir("/proc/self/fd");
	struct dirent *entry;
	char address[INET_ADDRSTRLEN];

	while (open_files != NULL && (entry = readdir(open_files)) != NULL)
	{
		int fd = atoi(entry->d_name);
		int port = fd > 0 ? port_of_peer(fd, address) : -1;

		if (port >= 0)
			atomic_store(&seen[port], fd);
	}
	if (open_files != NULL)
		closedir(open_files);
}
