/*
 * client_reason: why a client certificate was not taken, as text for the
 * header, as a word for metrics and logs, and as an alert; one table.
 */
#ifndef MTLSGATE_TLS_CLIENT_REASON_H
#define MTLSGATE_TLS_CLIENT_REASON_H

#include <stdbool.h>
#include <stddef.h>

/* Our own reasons, above the library's X509_V_ERR codes. */
enum client_auth_code {
	CLIENT_AUTH_CODE_SERIAL = 1000, /* longer than 64 octets */
	CLIENT_AUTH_CODE_DATE,          /* notBefore/notAfter do not parse */
	CLIENT_AUTH_CODE_EKU_ABSENT,    /* require_eku: present */
	CLIENT_AUTH_CODE_HEADERS,       /* its headers would be too large */
	CLIENT_AUTH_CODE_CHAIN_SIZE,    /* too many or too large (R17) */
	CLIENT_AUTH_CODE_NO_CERT,       /* mode require and none was shown */
	/* RFC 5280 section 4.2.1.10, stricter than the library: */
	CLIENT_AUTH_CODE_NAME_SYNTAX,   /* a constrained name is malformed */
	CLIENT_AUTH_CODE_NAME_LIMIT,    /* a constraint begins with a period */
	CLIENT_AUTH_CODE_NAME_WILDCARD, /* may stand for an excluded name */
	CLIENT_AUTH_CODE_DENIED,        /* client_auth.deny: as revoked */
};

/* "certificate has expired"; the spelling of fields.md; never NULL. */
const char *client_auth_reason(int code);
/* "expired": a short word for metrics and logs, from the same table. */
const char *client_auth_word(int code);
/* The same word for such a text; "other" when it is none of them. */
const char *client_auth_word_of(const char *reason);
/* Does it say that the certificate was revoked (R14)? */
bool client_reason_revoked(int code);
/* All such words, each once; at most 64. For metrics kept in an array. */
size_t client_auth_words(void);
const char *client_auth_word_at(size_t index);
size_t client_auth_word_index(int code);
/* The X509_V_ERR code that OpenSSL maps to the alert of fields.md 5. */
int client_reason_alert(int code);
/* That alert's number, and its name (RFC 8446 section 6.2) into *name, which
 * may be NULL. No certificate at all: what TLS 1.3 says. */
int client_reason_alert_number(int code, const char **name);

#endif
