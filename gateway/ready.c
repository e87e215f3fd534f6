/*
 * ready.c
 *	  /readyz: asks each database for its health through booking_api. The answer is 200
 *	  only when the primary database answers and takes writes; the reports database is
 *	  reported but does not stop bookings.
 */
#include "ready.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dbcall.h"

static json_t *ask_database(const GwConfig *config, GwPool *pool, GwDatabase db,
							const char *request_id, bool *writable);
static void describe_part(json_t *part, const GwReply *answer, bool *writable);

/*
 * Asks each configured database on a connection of the pool and always fills reply. It
 * waits at most the ready timeout for a connection, and again for the answer.
 */
void
gw_ready_reply(const GwConfig *config, GwPool *pool, const GwRequest *request,
			   GwReply *reply)
{
	json_t *databases = json_object();
	bool writable[GW_DB_COUNT] = {false};
	json_t *answer;

	for (int db = 0; db < GW_DB_COUNT; db++)
	{
		if (config->url[db] != NULL)
			json_object_set_new(databases, gw_database_name((GwDatabase) db),
								ask_database(config, pool, (GwDatabase) db, request->id,
											 &writable[db]));
	}
	answer = json_pack("{s:s, s:o}", "status",
					   writable[GW_DB_PRIMARY] ? "ready" : "not_ready", "databases",
					   databases);
	reply->status = writable[GW_DB_PRIMARY] ? 200 : 503;
	reply->body = json_dumps(answer, JSON_COMPACT | JSON_REAL_PRECISION(4));
	reply->length = reply->body != NULL ? strlen(reply->body) : 0;
	json_decref(answer);
}

/* What one database answers, in one try; writable tells whether it takes writes. */
static json_t *
ask_database(const GwConfig *config, GwPool *pool, GwDatabase db, const char *request_id,
			 bool *writable)
{
	GwRequest ask = {.method = "GET",
					 .path = "/v1/health",
					 .query = "{}",
					 .context = "{}",
					 .safe = true};
	GwCallLimits limits = {.timeout = config->ready_timeout, .retry = false};
	GwReply answer = {0};
	json_t *part = json_object();
	long start = gw_clock_ms();
	GwConn *conn = gw_pool_take(pool, db, config->ready_timeout);

	strcpy(ask.id, request_id);
	if (conn != NULL)
	{
		gw_dbcall_run(conn, &ask, &limits, &answer);
		gw_pool_give(pool, conn);
	}
	describe_part(part, &answer, writable);
	json_object_set_new(part, "duration_ms", json_integer(gw_clock_ms() - start));
	gw_reply_free(&answer);
	return part;
}

/* Takes over what the health document says; an answer without one is the error. */
static void
describe_part(json_t *part, const GwReply *answer, bool *writable)
{
	json_t *health = answer->status == 200 && answer->body != NULL
						 ? json_loadb(answer->body, answer->length, 0, NULL)
						 : NULL;
	const char *role = json_string_value(json_object_get(health, "role"));

	*writable = role != NULL && strcmp(role, "primary") == 0 &&
				!json_is_false(json_object_get(health, "takes_bookings"));
	json_object_set_new(part, "ok", json_boolean(health != NULL));
	if (health == NULL)
		json_object_set_new(part, "error",
							json_string(answer->code != NULL ? answer->code
															 : "unavailable"));
	if (role != NULL)
		json_object_set(part, "role", json_object_get(health, "role"));
	if (json_is_false(json_object_get(health, "takes_bookings")))
		json_object_set_new(part, "error",
							json_string("bookings find their tables locked"));
	if (json_is_string(json_object_get(health, "version")))
		json_object_set(part, "version", json_object_get(health, "version"));
	if (json_is_array(json_object_get(health, "problems")))
		json_object_set(part, "problems", json_object_get(health, "problems"));
	json_decref(health);
}
