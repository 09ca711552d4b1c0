/*
 * exchange_rig: an exchange between two fake streams, with everything it needs
 * around it. It stands in for proxy/origin: leases wait in `lease` until the
 * test grants or fails them.
 */
#ifndef EXCHANGE_RIG_H
#define EXCHANGE_RIG_H

#include "base/log.h"
#include "config/config.h"
#include "fake/fake_stream.h"
#include "proxy/access_log.h"
#include "proxy/exchange.h"
#include "proxy/http_date.h"
#include "proxy/ids.h"
#include "proxy/metrics.h"
#include "proxy/origin.h"
#include "proxy/observer.h"
#include "tls/client_auth.h"

struct exchange_rig {
	struct loop *loop;
	struct config config;
	struct config_origin origin_config;
	struct config_client_auth auth_settings;
	struct client_auth auth;
	struct header_field cert_field;
	struct header_block cert_headers;
	struct header_plan *plan; /* of config.headers */
	struct metrics metrics;
	struct log_bucket bucket;
	struct ids ids;
	struct http_date date;
	struct access_log access;
	struct proxy_observer observer;
	struct origin *origins[1];
	struct rulebook *rules;
	struct exchange_env env;
	struct exchange_client client;
	struct fake_stream client_end;
	struct fake_stream origin_end;
	/* what happened */
	struct lease *lease; /* waiting; NULL: none asked for */
	bool lease_fresh;
	unsigned leases;
	bool no_retry;        /* the origin repeats nothing */
	bool retry_elsewhere; /* what it was asked for last */
	unsigned cancelled;
	unsigned over;
	unsigned finished;
	bool stop_when_over;
	struct access_record record; /* of the last one; texts are gone */
	char names[256];             /* stripped names, blank-separated */
	char request_id[IDS_REQUEST];
};

struct exchange_rig *rig_new(void);
/* After a change of rig->config: its routes and policies, compiled anew. */
void rig_rules(struct exchange_rig *rig);
void rig_free(struct exchange_rig *rig);
/* A new exchange on a fresh client end. */
void rig_start(struct exchange_rig *rig);
/* start + a request head. fields as for fake_request. */
struct message *rig_request(struct exchange_rig *rig, const char *method,
	const char *target, const char *fields);
/* The lease becomes a stream. */
void rig_grant(struct exchange_rig *rig);
void rig_refuse(struct exchange_rig *rig, enum failure why);
/* request + end + grant: the answer is awaited. */
void rig_get(struct exchange_rig *rig, const char *method);
void rig_answer(struct exchange_rig *rig, unsigned status, const char *fields);
/* Everything put off is done, memory is buried. */
void rig_turn(struct exchange_rig *rig);
/* Until the exchange is over. */
void rig_until_over(struct exchange_rig *rig);

uint64_t rig_metric(const struct exchange_rig *rig, enum metric metric);

#endif
