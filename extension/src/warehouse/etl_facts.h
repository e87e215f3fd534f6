/*
 * etl_facts.h
 *		The part of an ETL run that loads the facts.
 */
#ifndef BK_ETL_FACTS_H
#define BK_ETL_FACTS_H

#include "warehouse/etl_step.h"

/*
 * Takes from the queue what the dimensions have, and brings facts and materialized views up to date. Sets run->everything
 * where the queue asks for it.
 */
extern void bk_etl_facts(BkEtl *run);

#endif
