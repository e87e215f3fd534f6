/*
 * booking_request.c
 *		Reads the request of a booking: who travels where, in which seats.
 */
#include "postgres.h"

#include <ctype.h>

#include "catalog/pg_type.h"

#include "base/arrays.h"
#include "base/check.h"
#include "base/errcodes.h"
#include "base/query.h"
#include "base/settings.h"
#include "base/words.h"
#include "booking/booking_request.h"
#include "booking/person.h"
#include "identity/principal.h"
#include "inventory/availability.h"

static const char *const booking_types[] = {"hold", "instant", NULL};
static const char *const channels[] = {"web",         "mobile", "agent",
									   "call_center", "api",    NULL};
static const char *const passenger_types[] = {BK_ADULT, "child", "infant", NULL};

static BkQuery fold_texts =
	BK_SELECT("SELECT public.folded_text(t.text) AS folded"
			  "  FROM pg_catalog.unnest($1) WITH ORDINALITY AS t (text, no)"
			  " ORDER BY t.no",
			  TEXTARRAYOID);

static void read_customer(BkObject body, BkBookingRequest *request);
static void read_contact(BkObject contact, BkBookingRequest *request);
static void read_items(BkObject body, BkBookingRequest *request);
static int read_slice(BkObject slice, BkItemRequest *items);
static BkItemRequest read_passenger(BkObject passenger, int64 flight_id);
static void fold_names(BkItemRequest *items, int count);
static const char *fold_words(const char *name);
static void refuse_twice(const BkItemRequest *items, int count);
static void read_payment(BkObject body, BkBookingRequest *request);

/* Looks at every field in the order of the document, so that the first wrong one is named. */
BkBookingRequest
bk_booking_read_request(BkObject body)
{
	BkBookingRequest request = {0};
	const char *text;

	request.instant = bk_word_is(bk_json_word(body, "type", booking_types, BK_REQUIRED),
								 "instant");
	read_customer(body, &request);
	text = bk_json_string(body, "fare_code", 16, BK_OPTIONAL);
	request.fare_code = text != NULL ? text : "standard";
	text = bk_json_word(body, "channel", channels, BK_OPTIONAL);
	request.channel = text != NULL ? text : "api";
	read_contact(bk_json_object(body, "contact"), &request);
	read_items(body, &request);
	read_payment(body, &request);
	return request;
}

/* Who is known by an id is for those to name who may see customers; a guest is one that nobody has looked up. */
static void
read_customer(BkObject body, BkBookingRequest *request)
{
	BkObject guest = bk_json_object(body, "customer");

	if (!bk_principal_has(BK_ROLE_AGENT) && bk_json_given(body, "customer_id"))
		ereport(ERROR, errcode(SB_NOT_ALLOWED), errmsg("\"customer_id\" is for agents"),
				errhint("Give \"customer\": {\"full_name\": …, \"email\": …}."));
	request->customer_id = bk_json_int64(body, "customer_id", 1, PG_INT64_MAX,
										 guest.container == NULL &&
												 bk_principal_has(BK_ROLE_AGENT)
											 ? BK_REQUIRED
											 : BK_OPTIONAL,
										 0);
	if (request->customer_id != 0)
	{
		if (guest.container != NULL)
			bk_json_reject(body, "customer", "is given beside \"customer_id\"");
		return;
	}
	if (guest.container == NULL)
		bk_json_reject(body, "customer", "is required");
	request->guest = (BkCustomer){.full_name = bk_json_text(guest, "full_name"),
								  .email = bk_json_text(guest, "email"),
								  .phone = bk_json_text(guest, "phone"),
								  .country = bk_code(bk_json_text(guest, "country"))};
	if (request->guest.full_name == NULL)
		bk_json_reject(guest, "full_name", "is required");
	bk_json_check(guest, "full_name", bk_person_name_problem(request->guest.full_name));
	if (request->guest.email == NULL)
		bk_json_reject(guest, "email", "is required");
	bk_json_check(guest, "email", bk_person_email_problem(request->guest.email));
	bk_json_check(guest, "phone", bk_person_phone_problem(request->guest.phone));
	bk_json_check(guest, "country", bk_person_country_problem(request->guest.country));
}

/* E-mail address and telephone number, of whatever form a customer's may have. */
static void
read_contact(BkObject contact, BkBookingRequest *request)
{
	request->contact_email = bk_json_text(contact, "email");
	bk_json_check(contact, "email", bk_person_email_problem(request->contact_email));
	request->contact_phone = bk_json_text(contact, "phone");
	bk_json_check(contact, "phone", bk_person_phone_problem(request->contact_phone));
}

/* The passengers of all slices, in the order of the request; they are the booking's items 1 to count, at most BK_MAX_ITEMS. */
static void
read_items(BkObject body, BkBookingRequest *request)
{
	BkArray slices = bk_json_array(body, "slices", BK_MAX_SLICES, BK_REQUIRED);
	BkItemRequest *items = palloc_array(BkItemRequest, slices.length * BK_MAX_PASSENGERS);

	for (int i = 0; i < slices.length; i++)
		request->count += read_slice(bk_json_element(slices, i), items + request->count);
	if (request->count > BK_MAX_ITEMS)
		bk_json_reject(body, "slices",
					   psprintf("must have at most %d passengers in all", BK_MAX_ITEMS));
	fold_names(items, request->count);
	refuse_twice(items, request->count);
	request->items = items;
}

/* The passengers of one flight; returns how many, at most BK_MAX_PASSENGERS. */
static int
read_slice(BkObject slice, BkItemRequest *items)
{
	int64 flight_id = bk_json_int64(slice, "flight_id", 1, PG_INT64_MAX, BK_REQUIRED, 0);
	BkArray passengers = bk_json_array(slice, "passengers", BK_MAX_PASSENGERS,
									   BK_REQUIRED);

	for (int i = 0; i < passengers.length; i++)
		items[i] = read_passenger(bk_json_element(passengers, i), flight_id);
	return passengers.length;
}

/* Whether a named seat is one of the flight's is for the claim to find out. */
static BkItemRequest
read_passenger(BkObject passenger, int64 flight_id)
{
	BkItemRequest item = {.flight_id = flight_id};
	const char *type = bk_json_word(passenger, "type", passenger_types, BK_OPTIONAL);

	item.passenger_name = bk_json_text(passenger, "name");
	if (item.passenger_name == NULL)
		bk_json_reject(passenger, "name", "is required");
	bk_json_check(passenger, "name", bk_person_name_problem(item.passenger_name));
	item.passenger_type = type != NULL ? type : BK_ADULT;
	item.seat_number = bk_json_string(passenger, "seat", 3, BK_OPTIONAL);
	item.cabin_class = bk_json_word(passenger, "cabin_class", bk_cabin_classes,
									BK_OPTIONAL);
	if ((item.seat_number == NULL) == (item.cabin_class == NULL))
		bk_json_reject(passenger, "seat", "or \"cabin_class\" is required, and not both");
	return item;
}

/* By the statement, unless all names are of words that need none. */
static void
fold_names(BkItemRequest *items, int count)
{
	Datum *names = palloc_array(Datum, count);
	bool folded = true;
	BkRows rows;

	for (int i = 0; i < count; i++)
	{
		items[i].folded_name = fold_words(items[i].passenger_name);
		folded = folded && items[i].folded_name != NULL;
	}
	if (folded)
		return;
	for (int i = 0; i < count; i++)
		names[i] = CStringGetTextDatum(items[i].passenger_name);
	rows = bk_query_run(&fold_texts, bk_datum(bk_array(TEXTOID, names, count)));
	for (int i = 0; i < count; i++)
		items[i].folded_name = bk_row_text(rows, i, "folded");
}

/* What public.folded_text makes of a name of ASCII words with a space between each two; NULL for any other. */
static const char *
fold_words(const char *name)
{
	char *folded = pstrdup(name);
	bool in_word = false;

	for (char *c = folded; *c != '\0'; c++)
	{
		unsigned char letter = (unsigned char) *c;

		if (letter == ' ' && in_word)
			in_word = false;
		else if (letter < 128 && (isalnum(letter) || strchr("@.'-", letter) != NULL))
		{
			in_word = true;
			*c = (char) pg_ascii_toupper(letter);
		}
		else
			return NULL;
	}
	return in_word ? folded : NULL;
}

/* A seat or a passenger may stand in the request once per flight: SB010, SB008. */
static void
refuse_twice(const BkItemRequest *items, int count)
{
	for (int i = 0; i < count; i++)
		for (int j = i + 1; j < count; j++)
		{
			const BkItemRequest *one = &items[i];
			const BkItemRequest *other = &items[j];

			if (one->flight_id != other->flight_id)
				continue;
			if (strcmp(one->folded_name, other->folded_name) == 0)
				ereport(
					ERROR, errcode(SB_DUPLICATE_PASSENGER),
					errmsg("passenger \"%s\" is twice on flight " INT64_FORMAT,
						   one->passenger_name, one->flight_id),
					errhint(
						"Tell passengers of the same name apart, by a middle name say."));
			if (one->seat_number != NULL && other->seat_number != NULL &&
				strcmp(one->seat_number, other->seat_number) == 0)
				ereport(ERROR, errcode(SB_VALIDATION_ERROR),
						errmsg("seat \"%s\" of flight " INT64_FORMAT " is asked for twice",
							   one->seat_number, one->flight_id));
		}
}

/* An instant booking brings its payment; a hold is paid later. */
static void
read_payment(BkObject body, BkBookingRequest *request)
{
	BkObject payment = bk_json_object(body, "payment");

	if (request->instant && payment.container == NULL)
		bk_json_reject(body, "payment", "is required for an instant booking");
	if (!request->instant && payment.container != NULL)
		bk_json_reject(body, "payment", "is for an instant booking; pay a hold later");
	request->tender = bk_tender_read(payment);
	if (request->instant)
		bk_tender_check(&request->tender);
}
