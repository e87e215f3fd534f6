/*
 * seat_map.c
 *		/v1/flights/{id}/seat_map: cabins of rows of sections of seats.
 *
 * The map is written in one pass over the seats in their order; a row of seats is split into sections where two aisle
 * seats stand side by side.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/datum.h"

#include "base/json_write.h"
#include "http/handlers.h"
#include "inventory/seat_map.h"

static void put_cabins(StringInfo out, BkSeatMap map);
static void open_cabin(StringInfo out, const BkSeat *seat);
static void open_row(StringInfo out, int row_number);
static void put_seat(StringInfo out, const BkSeat *seat, const char *price);
static void append_text(StringInfo out, Datum text);

/* GET /v1/flights/{id}/seat_map */
void
bk_http_seat_map_get(const BkRequest *request, BkResponse *response)
{
	StringInfo out = response->body;

	bk_json_open(out, '{');
	bk_json_put_row(out, bk_seat_map_flight(request->ids[0]), 0);
	put_cabins(out, bk_seat_map_read(request->ids[0]));
	bk_json_close(out, '}');
}

/* A new cabin, row or section begins where the seat differs from the one before. */
static void
put_cabins(StringInfo out, BkSeatMap map)
{
	const BkSeat *before = NULL;
	const char *price = NULL;
	int row_number = 0;

	bk_json_open_member(out, "cabins", '[');
	for (int i = 0; i < map.count; i++)
	{
		const BkSeat *seat = &map.seats[i];
		/* Its letter ends the number. */
		int seat_row = atoi(VARDATA_ANY(DatumGetPointer(seat->seat_number)));
		bool new_cabin = before == NULL ||
						 !datum_image_eq(seat->cabin_class, before->cabin_class, false,
										 -1);

		if (new_cabin || seat_row != row_number)
		{
			if (before != NULL)
				appendStringInfoString(out, new_cabin ? "]]}]}" : "]]}");
			if (new_cabin)
				open_cabin(out, seat);
			open_row(out, seat_row);
		}
		else if (bk_seat_is_aisle(before) && bk_seat_is_aisle(seat))
			appendStringInfoString(out, "],[");
		if (before == NULL || seat->price != before->price)
			price = DatumGetCString(DirectFunctionCall1(numeric_out, seat->price));
		put_seat(out, seat, price);
		row_number = seat_row;
		before = seat;
	}
	appendStringInfoString(out, map.count > 0 ? "]]}]}]" : "]");
}

/* A cabin, up to its first row. */
static void
open_cabin(StringInfo out, const BkSeat *seat)
{
	bk_json_open(out, '{');
	bk_json_put_string(out, "cabin_class", TextDatumGetCString(seat->cabin_class));
	bk_json_open_member(out, "rows", '[');
}

/* A row, up to the first seat of its first section. */
static void
open_row(StringInfo out, int row_number)
{
	bk_json_open(out, '{');
	bk_json_put_int64(out, "row", row_number);
	bk_json_open_member(out, "sections", '[');
	bk_json_open(out, '[');
}

/* There are many seats, and their domains admit no character that JSON would have escaped. */
static void
put_seat(StringInfo out, const BkSeat *seat, const char *price)
{
	struct varlena *letters = (struct varlena *) DatumGetPointer(seat->characteristics);

	bk_json_open(out, '{');
	appendStringInfoString(out, "\"seat_number\":\"");
	append_text(out, seat->seat_number);
	appendStringInfoString(out, "\",\"status\":\"");
	append_text(out, seat->status);
	appendStringInfoString(out, "\",\"characteristics\":[");
	for (int i = 0; i < VARSIZE_ANY_EXHDR(letters); i++)
	{
		appendStringInfoString(out, i == 0 ? "\"" : ",\"");
		appendStringInfoChar(out, VARDATA_ANY(letters)[i]);
		appendStringInfoChar(out, '"');
	}
	appendStringInfoString(out, "],\"price\":\"");
	appendStringInfoString(out, price);
	appendStringInfoString(out, "\"}");
}

/* The bytes of a text, which are those of a plain JSON string. */
static void
append_text(StringInfo out, Datum text)
{
	struct varlena *value = (struct varlena *) DatumGetPointer(text);

	appendBinaryStringInfo(out, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
}
