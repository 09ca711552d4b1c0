/* client_auth: what a responder said of a chain that verified. */
#include "tls/client_auth.h"

#include <openssl/x509_vfy.h>

bool client_auth_asks(const struct client_auth *auth)
{
	return auth->settings && auth->settings->ocsp.mode == OCSP_MODE_LEAF &&
	       auth->state == CLIENT_AUTH_OK;
}

static void spoil(
	struct client_auth *auth, enum client_auth_state state, int code)
{
	auth->state = state;
	auth->code = code;
	auth->depth = 0;
	auth->expires = INT64_MAX;
}

void client_auth_told(
	struct client_auth *auth, enum ocsp_result result, int64_t until)
{
	if (auth->state != CLIENT_AUTH_OK)
		return; /* it cannot become better */
	switch (result) {
	case OCSP_RESULT_GOOD:
		if (until < auth->expires)
			auth->expires = until;
		break;
	case OCSP_RESULT_REVOKED:
		spoil(auth, CLIENT_AUTH_REVOKED, X509_V_ERR_CERT_REVOKED);
		break;
	case OCSP_RESULT_UNKNOWN:
		spoil(auth, CLIENT_AUTH_FAILED, X509_V_ERR_OCSP_CERT_UNKNOWN);
		break;
	default:
		if (auth->settings->ocsp.on_failure != OCSP_FAILURE_ALLOW)
			spoil(auth, CLIENT_AUTH_FAILED,
				X509_V_ERR_OCSP_VERIFY_FAILED);
	}
	auth->refused = !client_auth_allowed(auth);
}
