/*
 * settings.h
 *		Settings and limits of the booking engine.
 */
#ifndef BK_SETTINGS_H
#define BK_SETTINGS_H

#define BK_MAX_PASSENGERS 9 /* of one slice */
#define BK_MAX_SLICES 16    /* flights of one booking */
#define BK_MAX_ITEMS 54     /* of one booking, and seats that one request may ask for */
#define BK_MAX_NAME_LENGTH 200

/* GUC booking.hold_duration: how long a hold lasts, in seconds. */
extern int bk_hold_duration;

/* GUC booking.hold_durability: whether the commit of a hold waits for its WAL. */
extern bool bk_hold_durable;

/* GUC booking.max_holds: live holds that a customer may have at once; 0 for no limit. */
extern int bk_max_holds;

/* GUC booking.max_held_seats: seats that a customer's live holds may have together; 0 for no limit. */
extern int bk_max_held_seats;

/* GUC booking.quote_duration: how long a cancellation or change quote can be confirmed, in seconds. */
extern int bk_quote_duration;

/* GUC booking.backup_directory: where backups of this server are kept; empty for nowhere. */
extern char *bk_backup_directory;

#endif
