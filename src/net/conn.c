#include "conn_priv.h"

#include <assert.h>

void conn_set_owner(
	struct conn *conn, const struct conn_events *events, void *owner)
{
	assert(conn->magic == CONN_MAGIC);
	conn->events = events;
	conn->owner = owner;
}

bool conn_paused(const struct conn *conn)
{
	return conn->paused;
}

bool conn_peer_closed(const struct conn *conn)
{
	return conn->fin_seen || conn->eof;
}

uint64_t conn_sent(const struct conn *conn)
{
	return conn->sent;
}

int64_t conn_last_read_ms(const struct conn *conn)
{
	return conn->read_ms;
}

int64_t conn_last_sent_ms(const struct conn *conn)
{
	return conn->sent_ms;
}

struct ssl_st *conn_ssl(const struct conn *conn)
{
	return conn->ssl;
}

const char *conn_error(const struct conn *conn)
{
	return conn->error ? conn->error : "";
}

size_t conn_memory(const struct conn *conn)
{
	return sizeof(*conn) + conn->in.cap + conn->raw.cap + conn->out.cap +
	       conn->early.cap;
}

bool conn_spoke_proxy(const struct conn *conn)
{
	return conn->spoke_proxy;
}

bool conn_tls_failed(const struct conn *conn)
{
	return conn->state == CONN_FAILED && conn->why == CONN_FAIL_TLS;
}
