/*
 * config_client_auth: how client certificates are asked for and judged; part
 * of each listener (config/config.h).
 */
#ifndef MTLSGATE_CONFIG_CONFIG_CLIENT_AUTH_H
#define MTLSGATE_CONFIG_CONFIG_CLIENT_AUTH_H

#include "config/config_ocsp.h"
#include "config/config_text.h"

enum client_auth_mode {
	CLIENT_AUTH_REQUIRE,     /* no good certificate: refused */
	CLIENT_AUTH_OPTIONAL,    /* none passes, a bad one is refused */
	CLIENT_AUTH_REQUEST_ANY, /* everything passes, the header tells */
	CLIENT_AUTH_DISABLED,    /* not asked for */
};

enum require_eku {
	REQUIRE_EKU_CLIENT_AUTH, /* a leaf without EKU passes (RFC 5280) */
	REQUIRE_EKU_PRESENT,     /* a leaf without EKU is refused */
	REQUIRE_EKU_ANY,         /* not checked */
};

enum config_auto { CONFIG_AUTO, CONFIG_TRUE, CONFIG_FALSE };

/* Which certificates need a CRL of their issuer; what a CRL lists is refused
 * in either. */
enum crl_scope { CRL_SCOPE_LEAF, CRL_SCOPE_CHAIN };
enum crl_policy { CRL_POLICY_REJECT, CRL_POLICY_ALLOW };
/* What `verified` says of a revoked certificate: FAILED, or SUCCESS as
 * Cloudflare has it (the field `revoked` tells then). */
enum revoked_verdict { REVOKED_FAILED, REVOKED_CLOUDFLARE };

struct config_crl {
	struct config_texts files; /* and directories; none: no CRL is asked */
	enum crl_scope scope;
	enum crl_policy when_missing;
	enum crl_policy when_expired;
};

/* Revocation without a CRL; as written, tls/deny reads them. */
struct config_deny {
	struct config_texts serials;
	struct config_texts fingerprints_sha256;
};

enum reject_with {
	REJECT_WITH_ALERT, /* a refused handshake ends with an alert */
	REJECT_WITH_HTTP,  /* it ends well; every request is answered 403 */
};

struct config_client_auth {
	enum client_auth_mode mode;
	enum reject_with reject_with;
	struct config_texts ca; /* files and directories, as written */
	enum config_auto advertise_ca_names;
	unsigned max_depth;
	enum require_eku require_eku;
	struct config_crl crl;
	struct config_deny deny;
	enum revoked_verdict revoked_verdict;
	struct config_ocsp ocsp;
	struct config_mark mark;
};

#endif
