/*
 * operations.c
 *		/v1/health and /v1/replication: is this database well, and who copies it?
 */
#include "postgres.h"

#include "commands/dbcommands.h"
#include "miscadmin.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "replication/readiness.h"
#include "replication/replication.h"

static void put_problems(StringInfo out, BkRows links, BkRows archive);

/*
 * GET /v1/health: role, database, version, whether a booking would get its locks, and problems. Reads no WAL and waits for no
 * lock, so that it answers at once.
 */
void
bk_http_health_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;

	bk_json_open(out, '{');
	bk_json_put_string(out, "role", bk_replication_role());
	bk_json_put_string(out, "database", get_database_name(MyDatabaseId));
	bk_json_put_string(out, "version", BOOKING_VERSION);
	bk_json_put_bool(out, "takes_bookings", bk_readiness_takes_bookings());
	put_problems(out, bk_replication_links(false), bk_replication_archive(false));
	bk_json_close(out, '}');
}

/* GET /v1/replication: links and archive, with the lag in seconds; "archive" is null where WAL is not archived */
void
bk_http_replication_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;
	BkRows links = bk_replication_links(true);
	BkRows archive = bk_replication_archive(true);

	bk_json_open(out, '{');
	bk_json_put_string(out, "role", bk_replication_role());
	bk_json_put_int64(out, "timeline", bk_replication_timeline());
	bk_json_put_bool(out, "sync_standby", bk_replication_has_sync_standby(links));
	bk_json_put_rows(out, "links", links);
	if (archive.count == 0)
		bk_json_put_string(out, "archive", NULL);
	else
		bk_json_put_object(out, "archive", archive, 0);
	put_problems(out, links, archive);
	bk_json_close(out, '}');
}

/* "problems": sentences, none when all is well */
static void
put_problems(StringInfo out, BkRows links, BkRows archive)
{
	BkRows blockers = bk_readiness_blockers();
	ListCell *cell;

	bk_json_open_member(out, "problems", '[');
	for (uint64 row = 0; row < blockers.count; row++)
		bk_json_put_string(out, NULL, bk_row_text(blockers, row, "problem"));
	foreach (cell, bk_replication_problems(links, archive))
		bk_json_put_string(out, NULL, lfirst(cell));
	bk_json_close(out, ']');
}
