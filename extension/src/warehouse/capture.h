/*
 * capture.h
 *		Change capture: what the booking tables' triggers put into the queue of the warehouse.
 */
#ifndef BK_CAPTURE_H
#define BK_CAPTURE_H

/* Makes the next change count as new. A run calls this before it takes what this transaction has queued. */
extern void bk_capture_forget(void);

#endif
