/*
 * booking_tokens.h
 *		What shows that a booking is the caller's.
 *
 * A token is "bt_", the booking's id, "_" and 128 random bits in hexadecimal digits. A booking made without a key comes with one that
 * holds for good; who knows its reference and a last name gets one that holds for BK_TOKEN_MINUTES.
 */
#ifndef BK_BOOKING_TOKENS_H
#define BK_BOOKING_TOKENS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#define BK_TOKEN_MINUTES 30

/* Makes a token of a booking, good until a moment, which may be infinite. */
extern char *bk_booking_token_issue(int64 booking_id, TimestampTz expires_at);

/* The booking whose token a text is; 0 where it is none, or one that has ended. */
extern int64 bk_booking_token_check(const char *text);

/* Ends all tokens of a booking; returns how many there were. */
extern uint64 bk_booking_tokens_revoke(int64 booking_id);

/* Deletes the tokens that have ended by their time, and the addresses that bookings were made from a day ago. */
extern void bk_booking_tokens_forget(void);

#endif
