/*
 * pool.c
 *	  A fixed number of connections for each database, taken for one request and given back.
 *	  So a client that is idle or slow costs a thread and no connection. Rule: who has taken
 *	  a connection waits for no client until it is given back.
 */
#include "pool.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"

/* The connections of one database; those not taken are a stack, so that few stay in use. */
typedef struct Shelf
{
	pthread_mutex_t lock;
	pthread_cond_t given;
	GwConn *conns;
	GwConn **idle;
	long size;
	long idle_count;
} Shelf;

struct GwPool
{
	Shelf shelves[GW_DB_COUNT];
};

static bool fill_shelf(Shelf *shelf, GwDatabase db, long size);

/* Opens nothing yet: a connection is opened when it is first used. NULL without memory. */
GwPool *
gw_pool_new(const long size[GW_DB_COUNT])
{
	GwPool *pool = calloc(1, sizeof(*pool));
	bool good = pool != NULL;

	for (int db = 0; good && db < GW_DB_COUNT; db++)
		good = fill_shelf(&pool->shelves[db], (GwDatabase) db, size[db]);
	if (good)
		return pool;
	if (pool != NULL)
		gw_pool_free(pool);
	return NULL;
}

/*
 * A connection that is the caller's until gw_pool_give, open or not; NULL when all are
 * taken and none comes back within the time.
 */
GwConn *
gw_pool_take(GwPool *pool, GwDatabase db, long wait_ms)
{
	Shelf *shelf = &pool->shelves[db];
	struct timespec until = gw_clock_after(wait_ms);
	GwConn *conn = NULL;

	pthread_mutex_lock(&shelf->lock);
	while (shelf->idle_count == 0 && wait_ms > 0)
	{
		if (pthread_cond_timedwait(&shelf->given, &shelf->lock, &until) != 0)
			wait_ms = 0;
	}
	if (shelf->idle_count > 0)
		conn = shelf->idle[--shelf->idle_count];
	pthread_mutex_unlock(&shelf->lock);
	return conn;
}

/*
 * The caller is done with conn, in whatever state it is. One that is closed goes to the
 * bottom, so that it is opened when no other is idle.
 */
void
gw_pool_give(GwPool *pool, GwConn *conn)
{
	Shelf *shelf = &pool->shelves[conn->db];

	pthread_mutex_lock(&shelf->lock);
	shelf->idle[shelf->idle_count++] = conn;
	if (conn->pg == NULL)
	{
		shelf->idle[shelf->idle_count - 1] = shelf->idle[0];
		shelf->idle[0] = conn;
	}
	pthread_cond_signal(&shelf->given);
	pthread_mutex_unlock(&shelf->lock);
}

/* Closes the connections; none may be taken. */
void
gw_pool_free(GwPool *pool)
{
	for (int db = 0; db < GW_DB_COUNT; db++)
	{
		Shelf *shelf = &pool->shelves[db];

		for (long i = 0; i < shelf->size; i++)
			gw_conn_close(&shelf->conns[i]);
		free(shelf->conns);
		free(shelf->idle);
	}
	free(pool);
}

/* Makes size closed connections, all of them idle; false without memory. */
static bool
fill_shelf(Shelf *shelf, GwDatabase db, long size)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&shelf->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&shelf->given, &attributes);
	pthread_condattr_destroy(&attributes);
	shelf->conns = calloc((size_t) size, sizeof(*shelf->conns));
	shelf->idle = calloc((size_t) size, sizeof(GwConn *));
	if (shelf->conns == NULL || shelf->idle == NULL)
		return false;
	shelf->size = size;
	for (long i = 0; i < size; i++)
	{
		shelf->conns[i].db = db;
		shelf->idle[shelf->idle_count++] = &shelf->conns[i];
	}
	return true;
}
