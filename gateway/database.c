/*
 * database.c
 *	  What the databases are called.
 */
#include "database.h"

/* The name in logs, metrics and /readyz: a promise to those who read them. */
const char *
gw_database_name(GwDatabase db)
{
	return db == GW_DB_PRIMARY ? "primary" : "reports";
}
