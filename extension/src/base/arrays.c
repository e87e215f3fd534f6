/*
 * arrays.c
 *		Arrays as parameters of statements.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"

#include "base/arrays.h"

Datum
bk_array(Oid element_type, const Datum *elements, int count)
{
	Datum *values = unconstify(Datum *, elements);

	/* PostgreSQL knows numeric's layout by the catalog alone. */
	if (element_type == NUMERICOID)
		return PointerGetDatum(
			construct_array(values, count, NUMERICOID, -1, false, TYPALIGN_INT));
	return PointerGetDatum(construct_array_builtin(values, count, element_type));
}
