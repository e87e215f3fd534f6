/*
 * booking_summary.c
 *		A booking as SQL functions return it: one row, filled from its rows or from what was just made.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"

#include "base/errcodes.h"
#include "base/query.h"
#include "base/result.h"
#include "booking/booking_summary.h"
#include "identity/principal.h"

static BkQuery read_summary = BK_SELECT("SELECT " BK_SQL_SUMMARY
										"  FROM " BK_SQL_SHOWN_BOOKINGS
										" WHERE b.booking_id = $1",
										INT8OID);

static void return_summary(FunctionCallInfo fcinfo, const BkSummary *summary);

/* One statement, for callers who have changed the booking. */
void
bk_booking_return(FunctionCallInfo fcinfo, int64 booking_id)
{
	BkRows rows = bk_query_run(&read_summary, bk_int64(booking_id));
	BkSummary summary;

	if (rows.count == 0)
		bk_booking_refuse_unknown(booking_id);
	summary = bk_summary_from_row(rows);
	return_summary(fcinfo, &summary);
}

/* No statement. */
void
bk_booking_return_new(FunctionCallInfo fcinfo, const BkNewBooking *booking)
{
	BkSummary summary = bk_summary_new(booking);

	return_summary(fcinfo, &summary);
}

void
bk_booking_require_access(int64 booking_id)
{
	if (!bk_principal_has_booking(booking_id))
		bk_booking_refuse_unknown(booking_id);
}

void
bk_booking_refuse_unknown(int64 booking_id)
{
	ereport(ERROR, errcode(SB_NOT_FOUND), errmsg("no booking " INT64_FORMAT, booking_id));
}

/* From the first row of read_summary or read_booking. */
BkSummary
bk_summary_from_row(BkRows rows)
{
	return (
		BkSummary){.booking_id = bk_row_int64(rows, 0, "booking_id"),
				   .booking_reference = bk_row_text(rows, 0, "booking_reference"),
				   .status = bk_row_text(rows, 0, "status"),
				   .total_amount = bk_row_value(rows, 0, "total_amount"),
				   .currency = bk_row_text(rows, 0, "currency"),
				   .payment_required_by = bk_moment_or_none(rows, "payment_required_by"),
				   .version = bk_row_int32(rows, 0, "version")};
}

/* What summary_from_row would find: a booking is recorded with its first version. */
BkSummary
bk_summary_new(const BkNewBooking *booking)
{
	return (BkSummary){.booking_id = booking->booking_id,
					   .booking_reference = booking->reference,
					   .status = booking->status,
					   .total_amount = booking->total,
					   .currency = booking->currency,
					   .payment_required_by = booking->request->instant
												  ? DT_NOEND
												  : booking->terms.held_until,
					   .version = BK_FIRST_VERSION};
}

/* In the order of the columns that every function with a summary declares. */
static void
return_summary(FunctionCallInfo fcinfo, const BkSummary *summary)
{
	Datum values[] = {
		Int64GetDatum(summary->booking_id),
		CStringGetTextDatum(summary->booking_reference),
		CStringGetTextDatum(summary->status),
		summary->total_amount,
		CStringGetTextDatum(summary->currency),
		TimestampTzGetDatum(summary->payment_required_by),
		Int32GetDatum(summary->version),
	};
	bool nulls[lengthof(values)] = {
		[5] = TIMESTAMP_NOT_FINITE(summary->payment_required_by)};

	bk_result_begin(fcinfo);
	bk_result_add(fcinfo, values, nulls);
}

/* A timestamptz of the first row, DT_NOEND for null: json_write shows it as null. */
TimestampTz
bk_moment_or_none(BkRows rows, const char *column)
{
	bool isnull;
	Datum moment = bk_row_datum(rows, 0, column, &isnull);

	return isnull ? DT_NOEND : DatumGetTimestampTz(moment);
}
