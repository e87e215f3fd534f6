/*
 * fares.h
 *		The fares on sale, as callers see them.
 */
#ifndef BK_FARES_H
#define BK_FARES_H

#include "base/query.h"

/* Every fare with its fees by the time to departure, the cheapest first. */
extern BkRows bk_fares_list(void);

#endif
