/*
 * answer.h
 *	  Who answers a request: the process itself, the page, or a database.
 */
#ifndef GW_ANSWER_H
#define GW_ANSWER_H

#include "exchange.h"

extern void gw_answer_fill(GwExchange *ex);

#endif /* GW_ANSWER_H */
