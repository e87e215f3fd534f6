/*
 * database.h
 *	  The databases that the gateway talks to.
 */
#ifndef GW_DATABASE_H
#define GW_DATABASE_H

typedef enum GwDatabase
{
	GW_DB_PRIMARY,
	GW_DB_REPORTS,
	GW_DB_COUNT
} GwDatabase;

extern const char *gw_database_name(GwDatabase db);

#endif /* GW_DATABASE_H */
