/*
 * demo_view: shows each request as it passes: what the client sent, what the
 * origin got, forged fields struck through, fresh ones highlighted.
 */
#ifndef MTLSGATE_CLI_DEMO_VIEW_H
#define MTLSGATE_CLI_DEMO_VIEW_H

#include <stdbool.h>
#include <stdio.h>

struct demo_view;
struct proxy_observer;

/* Escape sequences, or empty strings where there is no terminal. */
struct demo_style {
	const char *bold;
	const char *dim;
	const char *good;
	const char *bad;
	const char *struck;
	const char *reset;
};

/* Colours only for a terminal, and not with NO_COLOR set or TERM=dumb. */
const struct demo_style *demo_style_for(FILE *out);

/* out and style are lent. NULL when memory is out. */
struct demo_view *demo_view_new(FILE *out, const struct demo_style *style)
	__attribute__((warn_unused_result));
void demo_view_free(struct demo_view *view); /* NULL is ignored */
/* To be given to the proxy; lent by the view. */
const struct proxy_observer *demo_view_observer(struct demo_view *view);

#endif
