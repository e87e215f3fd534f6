/*
 * etag.c
 *		The ETag of a response, and the version of a booking as If-Match asks for it.
 *
 * An ETag is checksum and length of the body, in a booking's after its version. The version alone would not do: a booking also
 * shows what the clock and its flights have done, which does not change its version. If-Match asks for the version, whatever
 * follows, and whether or not a proxy that compresses has made the tag a weak one (W/). CRC-32C is the sum that the processor works out: a hash in software would take a twentieth of a seat map's time.
 */
#include "postgres.h"

#include "port/pg_crc32c.h"

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
	if (strncmp(tag, "W/", 2) == 0)
		tag += 2;
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
	pg_crc32c crc;

	if (response->version == 0 && strcmp(request->method, "GET") != 0)
		return;
	INIT_CRC32C(crc);
	COMP_CRC32C(crc, body->data, body->len);
	FIN_CRC32C(crc);
	bk_json_put_string(response->headers, "ETag",
					   psprintf("\"%s%08x%08x\"", version, crc, body->len));
}

void
bk_http_put_booking(BkResponse *response, int64 booking_id)
{
	response->version = bk_booking_put(response->body, booking_id);
}
