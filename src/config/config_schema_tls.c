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

static const struct config_word unknown_words[] = {
	{"default_certificate", UNKNOWN_SERVER_NAME_DEFAULT},
	{"reject", UNKNOWN_SERVER_NAME_REJECT},
	{NULL, 0},
};

#define CERTIFICATE(member) \
	IN(CONFIG_HOME_CERTIFICATE, struct config_certificate, member)

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
	KEY("tls.certificates", LIST,
		"several certificates, chosen by server name; the first is "
		"the default",
		LISTENER(tls.certificates),
		COUNT_IN(struct config_listener, tls.certificate_count),
		ITEMS(CONFIG_HOME_CERTIFICATE, struct config_certificate),
		.sample = "- {cert: server.pem, key: server.key}"),
	KEY("tls.certificates[]", MAP, "one certificate"),
	KEY("tls.certificates[].cert", PATH,
		"in PEM form, leaf first, then intermediates",
		CERTIFICATE(cert), .required = true),
	KEY("tls.certificates[].key", PATH, "its private key in PEM form",
		CERTIFICATE(key), .required = true),
	KEY("tls.certificates[].server_names", TEXTS,
		"names it is shown for, exact or *.name; without them those "
		"it holds",
		CERTIFICATE(server_names)),
	KEY("tls.certificates[].ocsp_file", PATH,
		"an OCSP response in DER form, stapled while it is fresh",
		CERTIFICATE(ocsp_file)),
	KEY("tls.unknown_server_name", WORD,
		"what a client gets that asks for a name of no certificate",
		LISTENER(tls.unknown_server_name),
		.fallback = "default_certificate", .words = unknown_words),
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
