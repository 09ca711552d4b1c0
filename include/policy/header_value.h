/*
 * header_value: the value of one field of config/config_field. Every byte is
 * within 0x20-0x7E (R6), whatever the certificate or the client says.
 */
#ifndef MTLSGATE_POLICY_HEADER_VALUE_H
#define MTLSGATE_POLICY_HEADER_VALUE_H

#include "config/config_headers.h"
#include "tls/cert_info.h"
#include "tls/client_auth.h"

struct config_template_piece;

/* What the values of a connection are made of; lent for the call. */
struct header_facts {
	const struct config_headers *settings;
	const struct client_auth *auth;
	/* NULL: none was shown. With its extensions where a field needs them.
	 */
	const struct cert_info *leaf;
	struct client_auth_issuer issuer;
	bool oversized;          /* known not to fit: names stay empty */
	bool fits;               /* set by cert_headers_new */
	const char *tls_version; /* "TLSv1.3" */
	const char *tls_cipher;
	const char *sni; /* NULL: none was named */
	bool resumed;
	struct slice client_ip; /* empty: a unix socket */
	uint16_t client_port;
};

/* What the values of a request are made of; lent for the call. */
struct header_request {
	const struct client_auth *auth;
	struct client_auth_certs certs;
	struct slice id;
	struct slice method;
	struct slice host; /* as the client named it */
	struct slice path; /* with its query, which is not told */
};

enum header_value_fault {
	HEADER_VALUE_OK,
	HEADER_VALUE_MEMORY,
	HEADER_VALUE_TOO_LARGE, /* more names than are read (R17) */
};

/* A field that lasts as long as the connection. */
enum header_value_fault header_value(const struct header_facts *facts,
	const struct config_template_piece *piece, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));
/* One that is made for each request (FIELD_PER_REQUEST). */
enum header_value_fault header_value_request(
	const struct header_request *request,
	const struct config_template_piece *piece, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));

/*
 * X-Forwarded-Client-Cert as Envoy writes it: By, Hash, Subject, URI, DNS;
 * empty unless the certificate was verified.
 */
bool header_value_xfcc(const struct header_facts *facts, struct arena *arena,
	struct slice *out) __attribute__((warn_unused_result));

#endif
