/*
 * link.c
 *		A link with a delay, for kernels without netem: a relay between two Unix sockets that hands on what comes after a
 *		fixed time, in either direction.
 *
 * usage: link LISTEN CONNECT MICROSECONDS
 *   Runs until it is killed. A connection is a thread. What arrives while earlier data waits gets a time of its own, so
 *   the delay does not add up. The relay's own work comes on top of the delay; the bench measures both together.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 16384
#define CHUNKS 64

/* What has come from one side and waits for its time; a ring. */
typedef struct Direction
{
	int from;
	int to;
	int first;
	int count;
	struct
	{
		double due;
		ssize_t length;
		char data[CHUNK];
	} chunks[CHUNKS];
} Direction;

static double delay;
static const char *target;

static void die(const char *what);
static double now(void);
static int unix_socket(const char *path, struct sockaddr_un *address);
static void *relay(void *argument);
static bool receive(Direction *direction);
static bool hand_on(Direction *direction);
static double next_due(const Direction *direction);

int
main(int argc, char **argv)
{
	struct sockaddr_un address;
	int listener;

	if (argc != 4)
		die("usage: link LISTEN CONNECT MICROSECONDS");
	target = argv[2];
	delay = atof(argv[3]) / 1e6;
	unlink(argv[1]);
	listener = unix_socket(argv[1], &address);
	if (bind(listener, (struct sockaddr *) &address, sizeof(address)) != 0 ||
		listen(listener, 64) != 0)
		die(argv[1]);
	for (;;)
	{
		pthread_t thread;
		int client = accept(listener, NULL, NULL);

		if (client >= 0 &&
			pthread_create(&thread, NULL, relay, (void *) (intptr_t) client) == 0)
			pthread_detach(thread);
	}
}

static void
die(const char *what)
{
	fprintf(stderr, "link: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Seconds of a clock that never steps. */
static double
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec / 1e9;
}

static int
unix_socket(const char *path, struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (fd < 0 || strlen(path) >= sizeof(address->sun_path))
		die(path);
	strcpy(address->sun_path, path);
	return fd;
}

/* Carries one connection until either side closes. */
static void *
relay(void *argument)
{
	struct sockaddr_un address;
	Direction *up = calloc(2, sizeof(Direction));
	Direction *down = up + 1;
	bool open = up != NULL;

	prctl(PR_SET_TIMERSLACK, 1UL); /* wake at the nanosecond asked for, not 50 µs later */
	up->from = down->to = (int) (intptr_t) argument;
	up->to = down->from = unix_socket(target, &address);
	if (connect(up->to, (struct sockaddr *) &address, sizeof(address)) != 0)
		open = false;
	while (open)
	{
		struct pollfd fds[] = {{.fd = up->count < CHUNKS ? up->from : -1,
								.events = POLLIN},
							   {.fd = down->count < CHUNKS ? down->from : -1,
								.events = POLLIN}};
		double due = next_due(up) < next_due(down) ? next_due(up) : next_due(down);
		double wait = due - now();
		struct timespec timeout = {.tv_nsec = wait > 0 ? (long) (wait * 1e9) : 0};

		if (ppoll(fds, 2, up->count + down->count > 0 ? &timeout : NULL, NULL) < 0)
			break;
		open = (fds[0].revents == 0 || receive(up)) &&
			   (fds[1].revents == 0 || receive(down)) && hand_on(up) && hand_on(down);
	}
	close(up->from);
	close(up->to);
	free(up);
	return NULL;
}

static bool
receive(Direction *direction)
{
	int last = (direction->first + direction->count) % CHUNKS;
	ssize_t length = read(direction->from, direction->chunks[last].data, CHUNK);

	if (length <= 0)
		return false;
	direction->chunks[last].length = length;
	direction->chunks[last].due = now() + delay;
	direction->count++;
	return true;
}

/* Hands on what is due. */
static bool
hand_on(Direction *direction)
{
	while (direction->count > 0 && next_due(direction) <= now())
	{
		const char *data = direction->chunks[direction->first].data;
		ssize_t left = direction->chunks[direction->first].length;

		while (left > 0)
		{
			ssize_t sent = send(direction->to, data, left, MSG_NOSIGNAL);

			if (sent <= 0)
				return false;
			data += sent;
			left -= sent;
		}
		direction->first = (direction->first + 1) % CHUNKS;
		direction->count--;
	}
	return true;
}

/* When the first chunk is due; long after now where there is none. */
static double
next_due(const Direction *direction)
{
	return direction->count > 0 ? direction->chunks[direction->first].due : 1e18;
}
