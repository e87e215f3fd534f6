/*
 * etl_dimensions.h
 *		The part of an ETL run that loads the dimensions.
 */
#ifndef BK_ETL_DIMENSIONS_H
#define BK_ETL_DIMENSIONS_H

#include "warehouse/etl_step.h"

/*
 * Brings the dimensions up to date with the queue, and marks what it has done there. Sets run->everything where the queue
 * or a changed airport asks for it. Comes before the facts.
 */
extern void bk_etl_dimensions(BkEtl *run);

#endif
