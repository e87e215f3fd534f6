/*
 * arrays.h
 *		Arrays as parameters of statements.
 */
#ifndef BK_ARRAYS_H
#define BK_ARRAYS_H

#include "postgres.h"

/* An array of count elements of a type (INT2OID, INT8OID, TEXTOID or NUMERICOID), none null; empty for a count of 0. */
extern Datum bk_array(Oid element_type, const Datum *elements, int count);

#endif
