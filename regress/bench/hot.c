/*
 * hot.c
 *		Clients that hold two seats again and again, and how long a booking and how long a refusal takes them.
 *
 * pgbench ends at the first error; here a refusal is an outcome. Each client is a thread with a session of its own.
 * usage: hot CONNINFO CLIENTS SECONDS [FLIGHT]
 *   With FLIGHT, all clients want seats of that flight, any two of rows 5 to 30, in either order. Without, each walks
 *   through flights of its own, as book_choose.sql does. Prints, separated by spaces: seconds, booked, refused,
 *   deadlocks, lock timeouts, median latencies of booked and refused calls (µs; - for none), server CPU per call (µs).
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CLIENTS 64

typedef enum Outcome
{
	BOOKED,
	REFUSED,
	DEADLOCK,
	TIMEOUT,
	OUTCOMES
} Outcome;

typedef struct Latencies
{
	double *values;
	size_t count;
	size_t room;
} Latencies;

typedef struct Client
{
	int number;
	PGconn *conn;
	unsigned random;
	Latencies latencies[OUTCOMES];
	double cpu;
	pthread_t thread;
} Client;

static int clients;
static long flight;
static double seconds;
static double deadline;
static pthread_barrier_t ready;

static void die(const char *what, const char *detail);
static double now(void);
static void *run(void *argument);
static void choose(Client *client, long n, long on, char *request, size_t size);
static Outcome book(Client *client, const char *request);
static double cpu_used(const Client *client);
static void add(Latencies *latencies, double value);
static int compare(const void *a, const void *b);
static void print_median(Client *all, Outcome outcome);

int
main(int argc, char **argv)
{
	static Client all[MAX_CLIENTS];
	size_t counts[OUTCOMES] = {0};
	size_t calls = 0;
	double cpu = 0;

	if (argc < 4 || (clients = atoi(argv[2])) < 1 || clients > MAX_CLIENTS)
		die("usage: hot CONNINFO CLIENTS SECONDS [FLIGHT]", "");
	seconds = atof(argv[3]);
	flight = argc > 4 ? atol(argv[4]) : 0;
	pthread_barrier_init(&ready, NULL, clients);
	for (int i = 0; i < clients; i++)
	{
		all[i].number = i;
		all[i].random = 1 + i;
		all[i].conn = PQconnectdb(argv[1]);
		if (PQstatus(all[i].conn) != CONNECTION_OK)
			die("cannot connect", PQerrorMessage(all[i].conn));
	}
	for (int i = 0; i < clients; i++)
		if (pthread_create(&all[i].thread, NULL, run, &all[i]) != 0)
			die("cannot create a thread", "");
	for (int i = 0; i < clients; i++)
	{
		pthread_join(all[i].thread, NULL);
		cpu += all[i].cpu;
		for (int outcome = 0; outcome < OUTCOMES; outcome++)
		{
			counts[outcome] += all[i].latencies[outcome].count;
			calls += all[i].latencies[outcome].count;
		}
	}
	printf("%.3f %zu %zu %zu %zu", seconds, counts[BOOKED], counts[REFUSED],
		   counts[DEADLOCK], counts[TIMEOUT]);
	print_median(all, BOOKED);
	print_median(all, REFUSED);
	printf(" %.1f\n", cpu / calls);
	return 0;
}

static void
die(const char *what, const char *detail)
{
	fprintf(stderr, "hot: %s %s\n", what, detail);
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

/* Ten calls to warm the session up, on flights of its own; then calls until the deadline. */
static void *
run(void *argument)
{
	Client *client = argument;
	char request[512];
	long n = 0;
	PGresult *result = PQprepare(client->conn, "book",
								 "SELECT * FROM booking.create_booking($1)", 0, NULL);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		die("cannot prepare:", PQerrorMessage(client->conn));
	PQclear(result);
	for (; n < 10; n++)
	{
		choose(client, n, 0, request, sizeof(request));
		book(client, request);
	}

	pthread_barrier_wait(&ready);
	if (client->number == 0)
		deadline = now() + seconds;
	pthread_barrier_wait(&ready);
	client->cpu = -cpu_used(client);
	for (double begin = now(), end; begin < deadline; begin = end, n++)
	{
		Outcome outcome;

		choose(client, n, flight, request, sizeof(request));
		outcome = book(client, request);
		end = now();
		add(&client->latencies[outcome], (end - begin) * 1e6);
	}
	client->cpu += cpu_used(client);
	return NULL;
}

/* Writes the client's nth request: for two seats on that flight, or on one of its own (0). */
static void
choose(Client *client, long n, long on, char *request, size_t size)
{
	char seats[2][8];

	if (on == 0)
	{
		on = 1 + client->number + clients * (n / 26);
		for (int i = 0; i < 2; i++)
			snprintf(seats[i], sizeof(seats[i]), "%ld%c", 5 + n % 26, "AB"[i]);
	}
	else
	{
		int first = rand_r(&client->random) % 156;
		int second = (first + 1 + rand_r(&client->random) % 155) % 156;

		snprintf(seats[0], sizeof(seats[0]), "%d%c", 5 + first / 6, "ABCDEF"[first % 6]);
		snprintf(seats[1], sizeof(seats[1]), "%d%c", 5 + second / 6, "ABCDEF"[second % 6]);
	}
	snprintf(request, size,
			 "{\"type\":\"hold\",\"customer_id\":%d,\"slices\":[{\"flight_id\":%ld,"
			 "\"passengers\":[{\"name\":\"Ada %d\",\"seat\":\"%s\"},"
			 "{\"name\":\"Charles %d\",\"seat\":\"%s\"}]}]}",
			 1 + client->number, on, rand_r(&client->random), seats[0],
			 rand_r(&client->random), seats[1]);
}

/* Whatever is neither a booking nor a refusal nor a wait given up ends the program. */
static Outcome
book(Client *client, const char *request)
{
	PGresult *result = PQexecPrepared(client->conn, "book", 1, &request, NULL, NULL, 0);
	Outcome outcome = BOOKED;

	if (PQresultStatus(result) != PGRES_TUPLES_OK)
	{
		const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

		if (state != NULL && strcmp(state, "SB001") == 0)
			outcome = REFUSED;
		else if (state != NULL && strcmp(state, "40P01") == 0)
			outcome = DEADLOCK;
		else if (state != NULL && strcmp(state, "55P03") == 0)
			outcome = TIMEOUT;
		else
			die("a call failed:", PQerrorMessage(client->conn));
	}
	PQclear(result);
	return outcome;
}

/* Microseconds that the client's backend has run, which is on this machine. */
static double
cpu_used(const Client *client)
{
	char path[64];
	double nanoseconds;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", PQbackendPID(client->conn));
	file = fopen(path, "r");
	if (file == NULL || fscanf(file, "%lf", &nanoseconds) != 1)
		die("cannot read", path);
	fclose(file);
	return nanoseconds / 1000;
}

static void
add(Latencies *latencies, double value)
{
	if (latencies->count == latencies->room)
	{
		latencies->room = latencies->room * 2 + 1024;
		latencies->values = realloc(latencies->values, latencies->room * sizeof(double));
		if (latencies->values == NULL)
			die("out of memory", "");
	}
	latencies->values[latencies->count++] = value;
}

static int
compare(const void *a, const void *b)
{
	double left = *(const double *) a;
	double right = *(const double *) b;

	return (left > right) - (left < right);
}

static void
print_median(Client *all, Outcome outcome)
{
	Latencies together = {0};

	for (int i = 0; i < clients; i++)
		for (size_t j = 0; j < all[i].latencies[outcome].count; j++)
			add(&together, all[i].latencies[outcome].values[j]);
	if (together.count == 0)
	{
		printf(" -");
		return;
	}
	qsort(together.values, together.count, sizeof(double), compare);
	printf(" %.1f", together.values[together.count / 2]);
}
