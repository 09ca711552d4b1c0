/* TLS towards clients. */
#include "config_schema_priv.h"

#include "config/config.h"

static const struct config_word version_words[] = {
	{"TLSv1.2", 0x0303},
	{"TLSv1.3", 0x0304},
	{NULL, 0},
};

static const struct config_word resumption_words[] = {
	{"recheck", SESSION_RESUMPTION_RECHECK},
	{"disabled", SESSION_RESUMPTION_DISABLED},
	{NULL, 0},
};

const struct config_key config_schema_tls[] = {
	KEY("tls", MAP, "the server's certificate and its TLS",
		.shorthand = true),
	KEY("tls.cert", PATH,
		"server certificate in PEM form, leaf first, then "
		"intermediates",
		LISTENER(tls.cert)),
	KEY("tls.key", PATH,
		"private key of the server certificate in PEM form",
		LISTENER(tls.key)),
	KEY("tls.min_version", WORD, "oldest version accepted",
		LISTENER(tls.min_version), .fallback = "TLSv1.2",
		.words = version_words),
	KEY("tls.max_version", WORD, "newest version offered",
		LISTENER(tls.max_version), .fallback = "TLSv1.3",
		.words = version_words),
	KEY("tls.ciphers_tls12", TEXT_DEFAULT,
		"cipher list of TLS 1.2 in OpenSSL's words",
		LISTENER(tls.ciphers_tls12), .fallback = "default"),
	KEY("tls.ciphersuites_tls13", TEXT_DEFAULT,
		"cipher suites of TLS 1.3 in OpenSSL's words",
		LISTENER(tls.ciphersuites_tls13), .fallback = "default"),
	KEY("tls.groups", TEXT_DEFAULT,
		"key exchange groups, best first, parted by colons",
		LISTENER(tls.groups), .fallback = "default"),
	KEY("tls.session_resumption", WORD,
		"recheck: by tickets, as long as all that was found still "
		"holds; disabled: a full handshake each time",
		LISTENER(tls.session_resumption), .fallback = "recheck",
		.words = resumption_words),
	KEY("tls.ticket_keys", PATH_AUTO,
		"auto: made and changed by the master; or a file of keys of 80 "
		"or 48 octets that a fleet shares",
		LISTENER(tls.ticket_keys), .fallback = "auto"),
	KEY("tls.openssl_config", PATH,
		"an OpenSSL configuration to load; the system's is not read",
		LISTENER(tls.openssl_config)),
	CONFIG_SECTION_END(TLS),
};
