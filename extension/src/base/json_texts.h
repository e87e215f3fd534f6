/*
 * json_texts.h
 *		Reads a list of strings of a request.
 */
#ifndef BK_JSON_TEXTS_H
#define BK_JSON_TEXTS_H

#include "base/json_read.h"

/* A list of at most so many strings, whatever they say, as text[]; null where an optional one is absent. */
extern NullableDatum bk_json_texts(BkObject object, const char *field, int max_length,
								   BkNeed need);

#endif
