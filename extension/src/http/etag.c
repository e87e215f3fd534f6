/*
 * etag.c
 *		The ETag of a response, and the version of a booking as If-Match asks for it.
 *
 * An ETag is a digest of the body, in a booking's after its version. The version alone would not do: a booking also shows what
 * the clock and its flights have done, and that does not change its version. If-Match asks for the version, whatever follows.
 */
#include "postgres.h"

#include "common/hashfn.h"

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
	(void) sscanf(tag, "\"%9d%n", &version, &length);
	if (length > 0 && tag[length] == '-')
		length += 1 + (int) strspn(tag + length + 1, "0123456789abcdef");
	if (length == 0 || strcmp(tag + length, "\"") != 0 || version < 1)
		ereport(ERROR, errcode(SB_VALIDATION_ERROR),
				errmsg("If-Match must be the ETag of the booking, such as \"3\", or *"));
	return version;
}

void
bk_http_put_etag(const BkRequest *request, BkResponse *response)
{
	StringInfo body = response->body;
	const char *version = response->version > 0 ? psprintf("%d-", response->version) : "";

	if (response->version > 0 || strcmp(request->method, "GET") == 0)
		bk_json_put_string(response->headers, "ETag",
						   psprintf("\"%s%016llx\"", version,
									(unsigned long long) hash_bytes_extended(
										(const unsigned char *) body->data, body->len,
										0)));
}

void
bk_http_put_booking(BkResponse *response, int64 booking_id)
{
	response->version = bk_booking_put(response->body, booking_id);
}
