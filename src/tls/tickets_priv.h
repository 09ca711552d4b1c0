/*
 * tickets: the library's session tickets, by our rules (R12): its callbacks,
 * and every switch that has to do with resumption.
 */
#ifndef MTLSGATE_TLS_TICKETS_PRIV_H
#define MTLSGATE_TLS_TICKETS_PRIV_H

#include <stdbool.h>

struct resumption_terms;
struct ssl_ctx_st;
struct ssl_st;

/* Nothing is resumed, in every way: no ticket, no session id, no cache. */
bool tickets_refuse(struct ssl_ctx_st *ctx) __attribute__((warn_unused_result));
/*
 * Tickets under these terms (lent; the context's life), and still no session
 * id and no cache. The client hello is to be shown to tickets_hello.
 */
bool tickets_offer(struct ssl_ctx_st *ctx, const struct resumption_terms *terms)
	__attribute__((warn_unused_result));
/*
 * In the client hello callback, the only place where the server name is known
 * before a ticket is judged. Never ends the handshake: what it cannot read is
 * a connection that does not resume.
 */
void tickets_hello(struct ssl_st *ssl);

#endif
