/*
 * h1_server_state: what a session knows; h1_server acts on it, the rooms
 * h1_server_answer and h1_server_time only look at it.
 */
#ifndef MTLSGATE_HTTP_H1_SERVER_STATE_PRIV_H
#define MTLSGATE_HTTP_H1_SERVER_STATE_PRIV_H

#include "h1_end_priv.h"

/* Left of an answered request, this is read away to keep the connection. */
enum { H1_SERVER_DROP = 65536 };
enum h1_server_phase {
	SERVER_IDLE, /* no byte of a request was seen */
	SERVER_BUSY, /* its stream is open */
	SERVER_DROP, /* answered and closed; the rest of it is dropped */
	SERVER_OVER, /* on_finished follows or was told */
	SERVER_DEAD, /* destroyed; freed after the loop turn */
};

struct h1_server {
	struct h1_end end; /* first */
	uint32_t magic;
	struct session session;
	enum h1_server_phase phase;
	const struct session_events *events;
	void *owner;
	uint64_t served; /* exchanges closed */
	unsigned run;    /* requests in a row that waited for their turn */
	bool held;       /* bytes of the next one are here already */
	bool peer_done;  /* the client shut down its sending side */
	bool draining;
	bool told; /* on_finished */
	/* of the running exchange */
	bool persistent;      /* the client wants to keep the connection */
	bool keep;            /* and our answer said so */
	bool awaits_continue; /* asked for a 100, which was not sent yet */
	enum method method;
	enum message_version version;
	/* times, monotonic */
	int64_t since_ms;         /* of the phase */
	int64_t body_ms;          /* when the body could begin */
	int64_t drained_ms;       /* the last time */
	int64_t drained_first_ms; /* a tunnel's grace begins */
	int64_t drain_idle_ms;
	/* the end */
	enum stream_close how;
	enum http_rule rule;
	struct loop_corpse corpse;
};

#endif
