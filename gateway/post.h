/*
 * post.h
 *	  Requests to webhooks, many at once.
 */
#ifndef GW_POST_H
#define GW_POST_H

#include <stdbool.h>

typedef struct GwPost
{
	char *delivery_id;
	char *url;
	char *body;
	char *signature;
	long status;       /* of the answer; 0: there was none */
	const char *error; /* why there was none */
} GwPost;

extern bool gw_post_init(bool everywhere);
extern bool gw_post_start(const char *delivery_id, const char *url, const char *body,
						  const char *signature);
extern GwPost *gw_post_next_finished(void);
extern void gw_post_free(GwPost *post);
extern void gw_post_wait(int milliseconds);
extern int gw_post_in_flight(void);

#endif /* GW_POST_H */
