/* trust: what its rooms share (trust, trust_digest). */
#ifndef MTLSGATE_TLS_TRUST_PRIV_H
#define MTLSGATE_TLS_TRUST_PRIV_H

#include <openssl/x509.h>

#include "crl_set_priv.h"
#include "deny_priv.h"
#include "tls/trust.h"

struct trust {
	X509_STORE *store;           /* the CA certificates */
	STACK_OF(X509_NAME) * names; /* NULL: not sent */
	struct crl_set *crls;        /* NULL: none is configured */
	struct deny deny;
};

#endif
