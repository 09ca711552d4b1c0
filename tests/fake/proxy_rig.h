/*
 * proxy_rig: a whole proxy with real sockets and TLS, its clients and its
 * origin moved by hand in one thread (conn_bench).
 */
#ifndef MTLSGATE_TESTS_FAKE_PROXY_RIG_H
#define MTLSGATE_TESTS_FAKE_PROXY_RIG_H

#include "fake/conn_bench.h"
#include "fake/tls_files.h"
#include "fake/tls_pair.h"
#include "proxy/access_log.h"
#include "proxy/metrics.h"
#include "proxy/proxy.h"
#include "proxy/refusals.h"

enum { RIG_ENDS = 6 };

struct proxy_rig {
	struct bench bench;
	struct tls_files files;
	struct mint *good; /* a client certificate of the CA */
	struct config *config;
	struct rulebook *rules;
	struct tls_context *context;
	struct metrics metrics;
	struct admission *admission;
	struct refusals *refusals; /* the last 16 */
	struct proxy_observer observer;
	struct proxy *proxy;
	int origin_fd; /* listening; -1: refuses */
	struct addr origin_addr;
	struct peer clients[RIG_ENDS];
	struct ssl_ctx_st *contexts[RIG_ENDS];
	size_t client_count;
	struct peer origins[RIG_ENDS]; /* connections the origin accepted */
	size_t origin_count;
	/* what happened */
	unsigned finished;
	struct access_record record; /* texts are gone, save those copied */
	char subject[128];
	char serial[128];
	char target[128];
	unsigned refused;
	char reason[128];
	bool drained;
};

/* more: YAML lines behind the six of a minimal file; NULL: none. */
struct proxy_rig *proxy_rig_new(const char *more);
void proxy_rig_free(struct proxy_rig *rig);

/* Connects and begins the handshake; show NULL: the good certificate. */
struct peer *proxy_rig_client(
	struct proxy_rig *rig, const struct tls_show *show);
/* The same without TLS, as a scanner would. */
struct peer *proxy_rig_plain(struct proxy_rig *rig);
/* Waits for a new connection at the origin. */
struct peer *proxy_rig_origin(struct proxy_rig *rig);
/* Nobody listens there any more. */
void proxy_rig_close_origin(struct proxy_rig *rig);

void peer_say_text(struct peer *peer, const char *text);
/* Is text in what arrived? */
bool peer_has(const struct peer *peer, const char *text);
/* Forgets what arrived. */
void peer_forget(struct peer *peer);

uint64_t proxy_rig_metric(const struct proxy_rig *rig, enum metric metric);

#endif
