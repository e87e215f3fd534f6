/*
 * booking_wish.c
 *		Reads the request of a booking: who travels where, in which seats.
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/formatting.h"

#include "base/errcodes.h"
#include "base/settings.h"
#include "booking/bookings.h"
#include "booking/tender.h"
#include "inventory/availability.h"

static const char *const booking_types[] = {"hold", "instant", NULL};
static const char *const channels[] = {"web",         "mobile", "agent",
									   "call_center", "api",    NULL};
static const char *const passenger_types[] = {"adult", "child", "infant", NULL};

static int read_slice(BkObject slice, BkClaim *claims);
static BkClaim read_passenger(BkObject passenger, int64 flight_id);
static void refuse_twice(const BkClaim *claims, int count);
static bool same_name(const char *left, const char *right);

BkBookingWish
bk_booking_read_wish(BkObject body)
{
	BkObject contact = bk_json_object(body, "contact");
	BkObject payment = bk_json_object(body, "payment");
	BkArray slices;
	BkBookingWish wish = {0};
	const char *text;

	wish.instant = strcmp(bk_json_word(body, "type", booking_types, BK_REQUIRED),
						  "instant") == 0;
	wish.customer_id = bk_json_int64(body, "customer_id", 1, PG_INT64_MAX, BK_REQUIRED, 0);
	text = bk_json_string(body, "fare_code", 16, BK_OPTIONAL);
	wish.fare_code = text != NULL ? text : "standard";
	text = bk_json_word(body, "channel", channels, BK_OPTIONAL);
	wish.channel = text != NULL ? text : "api";
	wish.contact_email = bk_json_string(contact, "email", 254, BK_OPTIONAL);
	wish.contact_phone = bk_json_string(contact, "phone", 32, BK_OPTIONAL);

	slices = bk_json_array(body, "slices", BK_MAX_SLICES, BK_REQUIRED);
	wish.claims = palloc_array(BkClaim, slices.length * BK_MAX_PASSENGERS);
	for (int i = 0; i < slices.length; i++)
		wish.count += read_slice(bk_json_element(slices, i), wish.claims + wish.count);
	refuse_twice(wish.claims, wish.count);

	if (wish.instant && payment.container == NULL)
		bk_json_reject(body, "payment", "is required for an instant booking");
	if (!wish.instant && payment.container != NULL)
		bk_json_reject(body, "payment", "is for an instant booking; pay a hold later");
	wish.tender = bk_tender_read(payment);
	if (wish.instant)
		bk_tender_check(&wish.tender);
	return wish;
}

/* The passengers of one flight; returns how many. */
static int
read_slice(BkObject slice, BkClaim *claims)
{
	int64 flight_id = bk_json_int64(slice, "flight_id", 1, PG_INT64_MAX, BK_REQUIRED, 0);
	BkArray passengers = bk_json_array(slice, "passengers", BK_MAX_PASSENGERS,
									   BK_REQUIRED);

	for (int i = 0; i < passengers.length; i++)
		claims[i] = read_passenger(bk_json_element(passengers, i), flight_id);
	return passengers.length;
}

static BkClaim
read_passenger(BkObject passenger, int64 flight_id)
{
	BkClaim claim = {.flight_id = flight_id};
	const char *type = bk_json_word(passenger, "type", passenger_types, BK_OPTIONAL);
	char *name = bk_json_string(passenger, "name", BK_MAX_NAME_LENGTH, BK_REQUIRED);

	if (name[0] == ' ' || name[strlen(name) - 1] == ' ')
		bk_json_reject(passenger, "name", "must not begin or end with a space");
	claim.passenger_name = name;
	claim.passenger_type = type != NULL ? type : "adult";
	claim.seat_number = bk_json_string(passenger, "seat", 3, BK_OPTIONAL);
	claim.cabin_class = bk_json_word(passenger, "cabin_class", bk_cabin_classes,
									 BK_OPTIONAL);
	if ((claim.seat_number == NULL) == (claim.cabin_class == NULL))
		bk_json_reject(passenger, "seat", "or \"cabin_class\" is required, and not both");
	return claim;
}

/* A seat or a passenger may stand in the request once per flight. */
static void
refuse_twice(const BkClaim *claims, int count)
{
	for (int i = 0; i < count; i++)
		for (int j = i + 1; j < count; j++)
		{
			if (claims[i].flight_id != claims[j].flight_id)
				continue;
			if (same_name(claims[i].passenger_name, claims[j].passenger_name))
				ereport(
					ERROR, errcode(SB_DUPLICATE_PASSENGER),
					errmsg("passenger \"%s\" is twice on flight " INT64_FORMAT,
						   claims[i].passenger_name, claims[i].flight_id),
					errhint(
						"Tell passengers of the same name apart, by a middle name say."));
			if (claims[i].seat_number != NULL && claims[j].seat_number != NULL &&
				strcmp(claims[i].seat_number, claims[j].seat_number) == 0)
				ereport(ERROR, errcode(SB_VALIDATION_ERROR),
						errmsg("seat \"%s\" of flight " INT64_FORMAT " is asked for twice",
							   claims[i].seat_number, claims[i].flight_id));
		}
}

/* As the unique index on lower(passenger_name) sees it. */
static bool
same_name(const char *left, const char *right)
{
	return strcmp(str_tolower(left, strlen(left), DEFAULT_COLLATION_OID),
				  str_tolower(right, strlen(right), DEFAULT_COLLATION_OID)) == 0;
}
