/*
 * config_ocsp: asking a responder about a client's certificate (RFC 6960);
 * part of client_auth.
 */
#ifndef MTLSGATE_CONFIG_CONFIG_OCSP_H
#define MTLSGATE_CONFIG_CONFIG_OCSP_H

#include <stdint.h>

#include "config/config_text.h"

struct addr;

enum ocsp_mode { OCSP_MODE_DISABLED, OCSP_MODE_LEAF };
enum ocsp_on_failure { OCSP_FAILURE_REJECT, OCSP_FAILURE_ALLOW };

struct config_ocsp {
	enum ocsp_mode mode;
	struct config_text responder; /* a URL, or "auto": as the leaf says */
	enum ocsp_on_failure on_failure; /* when there is no answer */
	int64_t timeout_ms;
	/* Loopback and link-local addresses a certificate may name: as written,
	 * and parsed, with their port. */
	struct config_texts allow_local;
	struct addr *local; /* allow_local.count */
};

/* The responder that the configuration names; NULL: auto. */
const char *config_ocsp_responder(const struct config_ocsp *ocsp);

#endif
