/*
 * json_texts.c
 *		Reads a list of strings of a request.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/arrays.h"
#include "base/json_texts.h"

NullableDatum
bk_json_texts(BkObject object, const char *field, int max_length, BkNeed need)
{
	BkArray array = bk_json_array(object, field, max_length, need);
	Datum *texts;

	if (!bk_json_given(object, field))
		return (NullableDatum){.isnull = true};
	texts = palloc_array(Datum, array.length);
	for (int i = 0; i < array.length; i++)
	{
		const JsonbValue *element = getIthJsonbValueFromContainer(array.container, i);

		if (element->type != jbvString)
			bk_json_reject(object, field, "must hold strings");
		texts[i] = PointerGetDatum(
			cstring_to_text_with_len(element->val.string.val, element->val.string.len));
	}
	return (NullableDatum){.value = bk_array(TEXTOID, texts, array.length)};
}
