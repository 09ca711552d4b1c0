/*
 * authz: may this client make this request? Pure: no sockets, no clock.
 *
 * The handshake has judged the certificate already; here the same question is
 * asked again for each request, so that a fault before it does not open the
 * door: whatever is not clearly allowed is denied.
 */
#ifndef MTLSGATE_POLICY_AUTHZ_H
#define MTLSGATE_POLICY_AUTHZ_H

#include <stdbool.h>
#include <stdint.h>

struct client_auth;
struct route;

enum authz_reason {
	AUTHZ_ALLOWED,
	AUTHZ_CERTIFICATE, /* the mode lets no such outcome through, or the
			      route needs one that verified */
	AUTHZ_NO_ROUTE,    /* nothing is served there */
	AUTHZ_POLICY,      /* the route's policy does not hold */
};

struct verdict {
	bool allow;
	uint16_t status; /* what to answer when it is not allowed */
	enum authz_reason reason;
	bool dry_run_denies; /* policy_dry_run would have refused it */
};

/*
 * route: NULL when none was found. auth: NULL counts as unknown: denied.
 * granted: the bits of rulebook_judge; NULL: no policy holds.
 */
struct verdict authz_decide(const struct route *route,
	const struct client_auth *auth, const uint64_t *granted);

#endif
