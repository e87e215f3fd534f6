/*
 * etag.c
 *		A booking's version as its ETag, and as If-Match asks for it.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "base/json_write.h"
#include "booking/booking_document.h"
#include "booking/bookings.h"
#include "http/etag.h"

int64
bk_http_if_match(const BkRequest *request)
{
	const char *tag = bk_json_string(request->context, "if_match", 32, BK_OPTIONAL);
	int version;
	int length = 0;

	if (tag == NULL || strcmp(tag, "*") == 0)
		return BK_ANY_VERSION;
	if (sscanf(tag, "\"%9d\"%n", &version, &length) != 1 || tag[length] != '\0' ||
		version < 1)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("If-Match must be the ETag of the booking, such as \"3\", or *"));
	return version;
}

void
bk_http_put_etag(BkResponse *response, int32 version)
{
	bk_json_put_string(response->headers, "ETag", psprintf("\"%d\"", version));
}

void
bk_http_put_booking(BkResponse *response, int64 booking_id)
{
	bk_http_put_etag(response, bk_booking_put(response->body, booking_id));
}
