/*
 * find_booking.c
 *		A booking by its reference and a last name, for who cannot show that it is theirs otherwise.
 */
#include "postgres.h"

#include "base/errcodes.h"
#include "booking/booking_read.h"
#include "http/find_booking.h"
#include "http/refusal.h"
#include "identity/attempts.h"

int64
bk_http_find_booking(BkObject object, BkResponse *response)
{
	const char *reference = bk_json_text(object, "booking_reference");
	const char *last_name = bk_json_text(object, "last_name");
	int64 booking_id;

	bk_json_require_known(object);
	if (bk_principal_has(BK_ROLE_AGENT))
		return bk_booking_find(reference, last_name);
	bk_booking_check_search(reference, last_name);
	bk_attempt_begin(reference);
	booking_id = bk_booking_search(reference, last_name);
	if (booking_id == 0)
	{
		bk_http_refuse(response, SB_NOT_FOUND, BK_NO_SUCH_BOOKING, NULL);
		return 0;
	}
	bk_attempt_forgive(reference);
	bk_principal_admit(booking_id);
	return booking_id;
}
