/*
 * replication.h
 *		Who copies this database, and how far behind; what it copies itself; what is archived.
 */
#ifndef BK_REPLICATION_H
#define BK_REPLICATION_H

#include "http/request.h"

/* Writes under key an array of sentences, empty when replication and archive are well. Reads no WAL. */
extern void bk_replication_put_problems(StringInfo out, const char *key);

#endif
