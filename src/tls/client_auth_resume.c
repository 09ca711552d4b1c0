/* client_auth: what a resumed session says of its client (R12). */
#include "client_auth_priv.h"

#include <string.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "tls/client_auth.h"

bool client_auth_session_data(SSL_SESSION *session, struct ticket_data *data)
{
	void *octets = NULL;
	size_t len = 0;

	return session && SSL_SESSION_get0_peer(session) &&
	       SSL_SESSION_get0_ticket_appdata(session, &octets, &len) == 1 &&
	       ticket_data_read(data, slice_of(octets, len));
}

bool client_auth_session(SSL *ssl, struct ticket_data *data)
{
	return client_auth_session_data(SSL_get_session(ssl), data);
}

/*
 * The callback took a ticket; is this the session that it took? It is judged
 * once more, at the same time: what is not good now, came another way.
 */
bool client_auth_resume(struct client_auth *auth, SSL *ssl)
{
	const X509 *peer = SSL_get0_peer_certificate(ssl);
	struct ticket_data data;
	unsigned len = 0;

	client_auth_begin(auth, auth->settings);
	if (auth->resumption.reason != RESUMPTION_ACCEPTED || !peer ||
		!client_auth_session(ssl, &data) ||
		resumption_decide(&auth->resumption, &data) !=
			RESUMPTION_ACCEPTED ||
		X509_digest(peer, EVP_sha256(), auth->sha256, &len) != 1)
		return false;
	auth->state = CLIENT_AUTH_OK;
	auth->sent = data.sent;
	auth->expires = data.not_after_s;
	auth->crl_until = data.next_update_s;
	auth->resumption.resumed = true;
	return true;
}
