/* client: what a PROXY header towards the origin tells of it. */
#include "client_priv.h"
#include "client_leaf_priv.h"

#include <string.h>

#include "base/arena.h"
#include "net/conn.h"
#include "net/proxy_announce.h"
#include "tls/cert_info.h"

/* The last common name, as every reader takes it; it must be one text. */
static struct slice common_name(const struct cert_info *leaf)
{
	const struct cert_name *subject = &leaf->subject;
	struct slice cn = {NULL, 0};

	for (unsigned i = 0; i < subject->count; i++) {
		const struct cert_attribute *a = &subject->attributes[i];

		if (a->short_name && !strcmp(a->short_name, "CN"))
			cn = a->utf8;
	}
	return cn;
}

/* Only of a certificate that is good: of others nothing is true. */
static bool tell_certificate(struct client *client, bool whole,
	struct arena *arena, struct proxy_announce *out)
{
	struct client_auth_certs certs;
	const struct cert_info *leaf;

	out->presented = client->auth.state != CLIENT_AUTH_NONE;
	out->verified = client->auth.state == CLIENT_AUTH_OK;
	if (!out->verified)
		return true;
	leaf = client_leaf(client, false, arena);
	if (!leaf)
		return false;
	out->cn = common_name(leaf);
	if (!whole)
		return true;
	if (!client_auth_certs(&client->auth, conn_ssl(client->conn), false,
		    arena, &certs))
		return false;
	out->cert = certs.leaf;
	return true;
}

bool client_announce(void *owner, bool certificate, struct arena *arena,
	struct slice *header)
{
	struct client *client = owner;
	struct proxy_announce a = {.connection_id = slice_str(client->id)};
	struct conn_tls_info tls;
	char *out;

	conn_tls_info(client->conn, &tls);
	a.tls_version = tls.version;
	a.tls_cipher = tls.cipher;
	a.alpn = tls.alpn;
	a.resumed = tls.resumed;
	if (tls.sni)
		a.sni = slice_str(tls.sni);
	client_peer_get(client, &a.client);
	if (!conn_local(client->conn, &a.server))
		a.server.len = 0;
	if (!tell_certificate(client, certificate, arena, &a))
		return false;
	out = arena_alloc(arena, proxy_announce_size(&a));
	if (!out)
		return false;
	*header = slice_of(out, proxy_announce_write(&a, out));
	return true;
}
