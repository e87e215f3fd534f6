/*
 * intents.c
 *		Handlers of payment intents, and of what a provider says of them.
 */
#include "postgres.h"

#include "base/check.h"
#include "base/json_write.h"
#include "booking/intents.h"
#include "http/etag.h"
#include "http/handlers.h"
#include "http/links.h"
#include "identity/principal.h"
#include "identity/signature.h"

static void put_new(BkResponse *response, BkRows intent);
static BkPaymentEvent read_event(BkObject body);
static char *words_of(BkObject body, const BkPaymentEvent *event);
static void settle(const BkPaymentEvent *event, BkResponse *response);

/* POST /v1/bookings/{id}/payment_intents: no body; answers with the intent, and where it is. */
void
bk_http_intents_create(const BkRequest *request, BkResponse *response)
{
	put_new(response, bk_intent_of_booking(request->ids[0], bk_http_if_match(request)));
}

/* POST /v1/changes/{id}/payment_intents: the same of a quoted change. */
void
bk_http_intents_create_of_change(const BkRequest *request, BkResponse *response)
{
	put_new(response, bk_intent_of_change(request->ids[0]));
}

/* GET /v1/payment_intents/{id}: the intent, settled or not. */
void
bk_http_intents_get(const BkRequest *request, BkResponse *response)
{
	bk_json_put_object(response->body, NULL, bk_intent_row(request->ids[0]), 0);
}

/* POST /v1/payment_events: what a provider says, signed; answers with the intent. */
void
bk_http_payment_events_take(const BkRequest *request, BkResponse *response)
{
	BkPaymentEvent event = read_event(request->body);

	bk_signature_require(bk_json_text(request->context, "payment_signature"),
						 words_of(request->body, &event));
	settle(&event, response);
}

/*
 * POST /v1/simulated_payments: {"intent_id", "type": "succeeded"|"failed"}; plays the provider, where one is simulated, for an intent of
 * the caller's; answers with the intent.
 */
void
bk_http_payments_simulate(const BkRequest *request, BkResponse *response)
{
	int64 intent_id = bk_json_int64(request->body, "intent_id", 1, PG_INT64_MAX,
									BK_REQUIRED, 0);
	BkRows intent = bk_intent_row(intent_id);
	BkPaymentEvent event = {.event_id = psprintf("simulated-" INT64_FORMAT, intent_id),
							.type = bk_json_text(request->body, "type"),
							.intent_id = intent_id,
							.tender = {.given = true,
									   .path = "",
									   .amount = bk_datum(
										   bk_row_value(intent, 0, "amount")),
									   .currency = bk_row_text(intent, 0, "currency"),
									   .method = "card"}};

	bk_signature_require_simulated();
	settle(&event, response);
}

static void
put_new(BkResponse *response, BkRows intent)
{
	bk_http_put_location(response, "/v1/payment_intents",
						 bk_row_int64(intent, 0, "intent_id"));
	bk_json_put_object(response->body, NULL, intent, 0);
}

/* {"event_id", "type", "intent_id", "amount", "currency"}; the rule judges them. */
static BkPaymentEvent
read_event(BkObject body)
{
	return (BkPaymentEvent){.event_id = bk_json_text(body, "event_id"),
							.type = bk_json_text(body, "type"),
							.intent_id = bk_json_int64(body, "intent_id", 1, PG_INT64_MAX,
													   BK_REQUIRED, 0),
							.tender = bk_tender_read(body)};
}

/* What is signed, after the time. */
static char *
words_of(BkObject body, const BkPaymentEvent *event)
{
	const char *amount = bk_json_text(body, "amount");
	const char *currency = bk_json_text(body, "currency");

	return psprintf("%s.%s." INT64_FORMAT ".%s.%s",
					event->event_id ? event->event_id : "",
					event->type ? event->type : "", event->intent_id,
					amount ? amount : "", currency ? currency : "");
}

/* A provider sees and changes what it has to: as the server's own caller, until it is done. */
static void
settle(const BkPaymentEvent *event, BkResponse *response)
{
	BkPrincipal *before = bk_principal_set(NULL);

	PG_TRY();
	{
		bk_json_put_object(response->body, NULL, bk_intent_settle(event), 0);
	}
	PG_FINALLY();
	{
		(void) bk_principal_set(before);
	}
	PG_END_TRY();
}
