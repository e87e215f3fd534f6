/*
 * compat.h
 *		What differs between PostgreSQL 15 and 18; the only place that looks at PG_VERSION_NUM.
 */
#ifndef BK_COMPAT_H
#define BK_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "booking needs PostgreSQL 15 or newer"
#endif

/* The module magic block carries name and version from 18 on. */
#if PG_VERSION_NUM >= 180000
#define BK_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "booking", .version = BOOKING_VERSION)
#else
#define BK_MODULE_MAGIC PG_MODULE_MAGIC
#endif

/* The macros of variable-length values have a header of their own from 16 on. */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 marks functions that do not return by a prefix. */
#if PG_VERSION_NUM < 180000
#define pg_noreturn __attribute__((noreturn))
#endif

/* A scan of an index for equal keys; 18 adds a place for statistics. */
#if PG_VERSION_NUM >= 180000
#define bk_index_beginscan(table, index, snapshot, keys) \
	index_beginscan((table), (index), (snapshot), NULL, (keys), 0)
#else
#define bk_index_beginscan(table, index, snapshot, keys) \
	index_beginscan((table), (index), (snapshot), (keys), 0)
#endif

#endif
