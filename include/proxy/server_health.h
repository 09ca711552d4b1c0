/*
 * server_health: is a server worth asking? A pure state machine fed with the
 * outcome of each attempt to connect, and of each question for its health.
 *
 *   UP --FAILURES in a row--> DOWN --time--> TRIAL --ok--> UP
 *                              ^---- longer ----+ failure
 *
 * The return is slow: in TRIAL one request at a time tries it, and each failed
 * trial doubles the time until the next. Whatever that says, a server that was
 * asked for its health and is not well (proxy/origin_probe) is not open.
 */
#ifndef MTLSGATE_PROXY_SERVER_HEALTH_H
#define MTLSGATE_PROXY_SERVER_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

enum {
	SERVER_HEALTH_FAILURES = 3,
	SERVER_HEALTH_DOWN_MS = 1000, /* the first time down */
	SERVER_HEALTH_DOWN_MAX_MS = 60000,
};

struct server_health {     /* all zero: up */
	unsigned failures; /* in a row */
	int64_t down_ms;   /* how long it is down; 0: it is up */
	int64_t until_ms;  /* no request before */
	bool trial;        /* one is on its way */
	bool unwell;       /* by its own word */
	unsigned others;   /* answers in a row that say otherwise */
};

bool server_health_up(const struct server_health *health);
/* May it be asked now? */
bool server_health_open(const struct server_health *health, int64_t now_ms);
/* It was chosen: where it is down, this is its trial. */
void server_health_begin(struct server_health *health);
/* The attempt was given up without an outcome. */
void server_health_forget(struct server_health *health);
/* The outcome of an attempt. true: it went down, or came up. */
bool server_health_note(struct server_health *health, bool ok, int64_t now_ms)
	__attribute__((warn_unused_result));
/*
 * An answer about its health; it takes so many in a row (>= 1) to believe that
 * it changed. true: it did.
 */
bool server_health_answer(struct server_health *health, bool well,
	unsigned unhealthy_after, unsigned healthy_after)
	__attribute__((warn_unused_result));

#endif
