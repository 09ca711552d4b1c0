/* client: what its rooms share (client, client_open, client_log) */
#ifndef MTLSGATE_PROXY_CLIENT_PRIV_H
#define MTLSGATE_PROXY_CLIENT_PRIV_H

#include <netinet/in.h>

#include "base/loop.h"
#include "proxy/admission.h"
#include "proxy/client.h"
#include "proxy/exchange.h"
#include "proxy/ids.h"
#include "proxy/metrics.h"
#include "tls/client_auth.h"

struct arena;
struct cert_headers;
struct refusal;

enum client_state {
	CLIENT_PREFACE,   /* its PROXY header is awaited; no conn yet */
	CLIENT_HANDSHAKE, /* TLS is being set up; nothing is known yet */
	CLIENT_ASKING,    /* shaken; a responder is asked (client_ocsp) */
	CLIENT_OPEN,      /* judged and let in; a session runs */
	CLIENT_GONE,      /* only memory is left */
};

enum {
	CLIENT_MAGIC = 0x434c4e54,
	CLIENT_IP = 46,
	CLIENT_NOT_ASKED = UINT8_MAX, /* client->ocsp */
};

/* An address without the room that a unix path would need. */
struct client_peer {
	socklen_t len;
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} sa;
};

/* What the access line tells of a certificate that no header names. */
struct client_facts {
	struct slice subject;
	struct slice serial;
	char text[];
};

struct client {
	uint32_t magic;
	uint8_t state;    /* enum client_state */
	bool expired : 1; /* R13 has struck */
	bool told : 1;    /* its refusal is among the last ones */
	bool fronted : 1; /* a struct client_preface lies behind it */
	bool trusted : 1; /* its address, by headers.trusted_proxies */
	uint8_t ocsp;     /* enum ocsp_result; CLIENT_NOT_ASKED */
	uint8_t ip_len;   /* 0: a unix socket */
	uint32_t listener;
	uint16_t port;
	char ip[CLIENT_IP];
	char id[IDS_CONNECTION];
	struct client_env *env;
	struct client *next;
	struct client *prev;
	struct conn *conn;
	struct session *session;      /* NULL in the handshake */
	struct cert_headers *headers; /* NULL: could not be made (R6) */
	struct client_facts *facts;   /* NULL: the headers name them */
	uint64_t *granted;            /* policies that hold; NULL: none */
	struct client_peer peer;      /* the client; announced or not */
	struct client_asking *asking; /* NULL but in CLIENT_ASKING */
	struct client_auth auth;
	struct loop_timer timer; /* handshake deadline, then R13 */
	struct loop_corpse corpse;
};

static inline void client_count(
	const struct client_env *env, enum metric metric)
{
	metrics_add(&env->exchange->metrics->value[metric], 1);
}

static inline void client_uncount(
	const struct client_env *env, enum metric metric)
{
	metrics_sub(&env->exchange->metrics->value[metric], 1);
}

/* The one end: politely (DONE) or hard. */
void client_end(struct client *client, enum stream_close how);
void client_handshake_over(struct client *client); /* however it ended */
/* client_trust: has trust changed under it? */
bool client_distrusted(const struct client *client);
/* It is; open, it is told to reconnect: idle, it is closed after idle_ms. */
void client_tell_distrust(struct client *client, int64_t idle_ms);
/* client: its address, once; the whole house takes it from here. */
void client_set_address(struct client *client, const struct addr *addr);
void client_peer_get(const struct client *client, struct addr *addr);
/* Sets up TLS on fd, which it takes. false: memory. */
bool client_connect(struct client *client, int fd)
	__attribute__((warn_unused_result));

/*
 * client_preface: a peer that proxy_protocol.accept_from names sends a PROXY
 * header first, peeked at until it is whole and taken off to the byte.
 */
bool client_preface_due(
	const struct client_env *env, size_t listener, const struct addr *peer);
size_t client_preface_size(void); /* behind the struct client */
/* In CLIENT_PREFACE: waits for the header; takes fd. false: memory. */
bool client_preface_begin(struct client *client, int fd,
	const struct addr *peer) __attribute__((warn_unused_result));
void client_preface_late(struct client *client);
void client_preface_close(struct client *client); /* at the end */
/* Who announced it, "10.0.0.1:4711"; empty: it came by itself. */
struct slice client_announcer(const struct client *client);
void client_count_header(const struct client *client, unsigned rule);

/* client_open: events of the conn until the session takes over. */
extern const struct conn_events client_conn_events;
/* Everything about its certificate is known: a session, or the end. */
void client_admit(struct client *client);

/* client_ocsp: asks a responder where one is to be asked; true: client_admit
 * follows, or has followed already. */
bool client_ask(struct client *client) __attribute__((warn_unused_result));
/* In CLIENT_ASKING: its time is over; nobody waits any more. */
void client_ask_late(struct client *client);
void client_ask_over(struct client *client);
/*
 * R13; asked whenever the session turns idle or busy. A timer is needed only
 * where notAfter comes before the idle connection would be closed anyhow; so
 * most connections have none.
 */
void client_watch_expiry(struct client *client);

/* What the leaf says, as text; all empty when there is none or no memory. */
struct leaf_text {
	struct slice subject, issuer, serial;
	struct slice sha256, not_before, not_after;
};
void client_leaf_text(struct leaf_text *text, const struct client *client,
	struct arena *arena);

/*
 * client_refuse: its mode does not let this certificate through. Logs, counts,
 * and ends the client; true: it stays, to hear the 403 of reject_with: http,
 * and nothing else. shaken: the handshake is complete.
 */
bool client_refuse(struct client *client, bool shaken)
	__attribute__((warn_unused_result));
/* struct exchange_client's describe; owner: the client. */
void client_describe(void *owner, struct arena *arena, struct refusal *record);
/* At the end: remembers a refusal that no request told of. */
void client_note_refusal(struct client *client);

/* One line for one refused certificate (R19: every value is escaped). */
void client_log_refusal(const struct client *client);
/* No responder answered, and it is let in all the same. */
void client_log_unanswered(const struct client *client);
/* A handshake that ended for another reason, or TLS that failed later. */
void client_log_broken(const struct client *client, const char *why);
/* A connection closed at once: counts it, and tells. */
void client_overload(struct client_env *env, const struct addr *peer,
	enum admission_verdict verdict);
/* The certificate headers could not be made: needs a hand (R6). */
void client_log_headers(const struct client *client, const char *header);

#endif
