/* client: what the origin is told of it, for good and for each request. */
#include "client_priv.h"
#include "client_leaf_priv.h"

#include <assert.h>

#include "config/config.h"
#include "config/config_field.h"
#include "net/conn.h"
#include "policy/header_plan.h"

static const struct header_plan *plan_of(const struct client *client)
{
	return client->env->exchange->headers;
}

/* false: out of memory. */
static bool gather(struct client *client, struct arena *scratch,
	struct header_facts *facts)
{
	unsigned needs = header_plan_needs(plan_of(client));
	struct ssl_st *ssl = conn_ssl(client->conn);
	struct conn_tls_info tls;

	conn_tls_info(client->conn, &tls);
	*facts = (struct header_facts){
		.settings = header_plan_settings(plan_of(client)),
		.auth = &client->auth,
		.leaf = client_leaf(
			client, needs & FIELD_NEEDS_EXTENSIONS, scratch),
		.tls_version = tls.version,
		.tls_cipher = tls.cipher,
		.sni = tls.sni,
		.resumed = tls.resumed,
		.client_ip = slice_of(client->ip, client->ip_len),
		.client_port = client->port};
	return !(needs & FIELD_NEEDS_ISSUER) ||
	       client_auth_issuer(&client->auth, ssl, scratch, &facts->issuer);
}

bool client_make_headers(struct client *client, struct arena *scratch,
	const struct cert_info **leaf)
{
	struct cert_headers_problem problem;
	struct header_facts facts;

	if (!gather(client, scratch, &facts))
		return false;
	*leaf = facts.leaf;
	client->headers =
		cert_headers_new(plan_of(client), &facts, scratch, &problem);
	if (problem.fault == CERT_HEADERS_TOO_LARGE && facts.leaf) {
		client_auth_oversized(&client->auth);
		facts.oversized = true;
		client->headers = cert_headers_new(
			plan_of(client), &facts, scratch, &problem);
	}
	switch (problem.fault) {
	case CERT_HEADERS_OK:
		break;
	case CERT_HEADERS_NO_MEMORY:
		return false;
	case CERT_HEADERS_BYTE:
	case CERT_HEADERS_TOO_LARGE:
		client_log_headers(client, problem.name);
		break;
	}
	return true;
}

enum cert_headers_fault client_add_headers(void *owner,
	struct header_request *request, struct arena *arena,
	struct header_block *fields)
{
	struct client *client = owner;
	unsigned needs = header_plan_needs(plan_of(client));
	enum cert_headers_fault fault;

	assert(client->magic == CLIENT_MAGIC);
	request->auth = &client->auth;
	if (needs & (FIELD_NEEDS_DER | FIELD_NEEDS_CHAIN) &&
		!client_auth_certs(&client->auth, conn_ssl(client->conn),
			needs & FIELD_NEEDS_CHAIN, arena, &request->certs))
		return CERT_HEADERS_NO_MEMORY;
	fault = cert_headers_add(
		plan_of(client), client->headers, request, arena, fields);
	if (fault == CERT_HEADERS_BYTE)
		client_log_headers(client, NULL);
	return fault;
}
