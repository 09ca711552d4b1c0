/* Who may come in. */
#include "config_schema_priv.h"

#include "config/config.h"

static const struct config_word mode_words[] = {
	{"require", CLIENT_AUTH_REQUIRE},
	{"optional", CLIENT_AUTH_OPTIONAL},
	{"request_any", CLIENT_AUTH_REQUEST_ANY},
	{"disabled", CLIENT_AUTH_DISABLED},
	{NULL, 0},
};

static const struct config_word reject_words[] = {
	{"alert", REJECT_WITH_ALERT},
	{"http", REJECT_WITH_HTTP},
	{NULL, 0},
};

static const struct config_word auto_words[] = {
	{"auto", CONFIG_AUTO},
	{"true", CONFIG_TRUE},
	{"false", CONFIG_FALSE},
	{NULL, 0},
};

static const struct config_word eku_words[] = {
	{"clientAuth", REQUIRE_EKU_CLIENT_AUTH},
	{"present", REQUIRE_EKU_PRESENT},
	{"any", REQUIRE_EKU_ANY},
	{NULL, 0},
};

static const struct config_word scope_words[] = {
	{"leaf", CRL_SCOPE_LEAF},
	{"chain", CRL_SCOPE_CHAIN},
	{NULL, 0},
};

static const struct config_word policy_words[] = {
	{"reject", CRL_POLICY_REJECT},
	{"allow", CRL_POLICY_ALLOW},
	{NULL, 0},
};

static const struct config_word revoked_words[] = {
	{"failed", REVOKED_FAILED},
	{"cloudflare", REVOKED_CLOUDFLARE},
	{NULL, 0},
};

static const struct config_word ocsp_mode_words[] = {
	{"disabled", OCSP_MODE_DISABLED},
	{"leaf", OCSP_MODE_LEAF},
	{NULL, 0},
};

static const struct config_word on_failure_words[] = {
	{"reject", OCSP_FAILURE_REJECT},
	{"allow", OCSP_FAILURE_ALLOW},
	{NULL, 0},
};

const struct config_key config_schema_client_auth[] = {
	KEY("client_auth", MAP,
		"how client certificates are asked for and checked",
		.shorthand = true),
	KEY("client_auth.mode", WORD,
		"require: only with a good certificate; optional: or with "
		"none; request_any: the header tells; disabled: not asked",
		LISTENER(client_auth.mode), .fallback = "require",
		.words = mode_words),
	KEY("client_auth.reject_with", WORD,
		"alert: a refusal ends the handshake; http: each request is "
		"answered 403 with the reason",
		LISTENER(client_auth.reject_with), .fallback = "alert",
		.words = reject_words),
	KEY("client_auth.ca", PATHS,
		"CA certificates that sign clients: files, and directories of "
		"*.pem and *.crt",
		LISTENER(client_auth.ca)),
	KEY("client_auth.advertise_ca_names", WORD,
		"tell clients the names of the CAs; auto: false in request_any",
		LISTENER(client_auth.advertise_ca_names), .fallback = "auto",
		.words = auto_words),
	KEY("client_auth.max_depth", COUNT,
		"certificates between the leaf and the CA, at most",
		LISTENER(client_auth.max_depth), .fallback = "4", RANGE(0, 16)),
	KEY("client_auth.require_eku", WORD,
		"clientAuth: a leaf without extended key usage passes; "
		"present: it does not; any: not checked",
		LISTENER(client_auth.require_eku), .fallback = "clientAuth",
		.words = eku_words),
	KEY("client_auth.crl", MAP, "certificate revocation lists"),
	KEY("client_auth.crl.files", PATHS,
		"CRLs, PEM or DER: files, and directories of *.crl and *.pem",
		LISTENER(client_auth.crl.files)),
	KEY("client_auth.crl.scope", WORD,
		"who needs a CRL of its issuer: the leaf, or every "
		"certificate of the chain below the CA",
		LISTENER(client_auth.crl.scope), .fallback = "leaf",
		.words = scope_words),
	KEY("client_auth.crl.when_missing", WORD,
		"a client whose issuer has no CRL",
		LISTENER(client_auth.crl.when_missing), .fallback = "reject",
		.words = policy_words),
	KEY("client_auth.crl.when_expired", WORD,
		"a client whose issuer's CRL is past its nextUpdate",
		LISTENER(client_auth.crl.when_expired), .fallback = "reject",
		.words = policy_words),
	KEY("client_auth.deny", MAP, "certificates refused without a CRL"),
	KEY("client_auth.deny.serials", TEXTS,
		"serial numbers of clients in hex, of any issuer",
		LISTENER(client_auth.deny.serials)),
	KEY("client_auth.deny.fingerprints_sha256", TEXTS,
		"SHA-256 of certificates in hex, also of intermediates",
		LISTENER(client_auth.deny.fingerprints_sha256)),
	KEY("client_auth.revoked_verdict", WORD,
		"what `verified` tells of a revoked certificate: failed, or "
		"cloudflare: SUCCESS where nothing else is wrong",
		LISTENER(client_auth.revoked_verdict), .fallback = "failed",
		.words = revoked_words),
	KEY("client_auth.ocsp", MAP,
		"asking a responder whether a client's certificate is revoked"),
	KEY("client_auth.ocsp.mode", WORD,
		"leaf: ask about the client's own certificate",
		LISTENER(client_auth.ocsp.mode), .fallback = "disabled",
		.words = ocsp_mode_words),
	KEY("client_auth.ocsp.responder", TEXT,
		"whom to ask, like http://ocsp.example/; auto: whom the "
		"certificate names",
		LISTENER(client_auth.ocsp.responder), .fallback = "auto"),
	KEY("client_auth.ocsp.on_failure", WORD,
		"a certificate about which no answer comes",
		LISTENER(client_auth.ocsp.on_failure), .fallback = "reject",
		.words = on_failure_words),
	KEY("client_auth.ocsp.timeout", DURATION,
		"how long a client waits for the answer",
		LISTENER(client_auth.ocsp.timeout_ms), .fallback = "2s",
		RANGE(10, MINUTE)),
	KEY("client_auth.ocsp.allow_local", TEXTS,
		"addresses with port on this host or link that a certificate "
		"may name",
		LISTENER(client_auth.ocsp.allow_local)),
	CONFIG_SECTION_END(CLIENT_AUTH),
};
