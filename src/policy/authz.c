#include "policy/authz.h"

#include "policy/rulebook.h"
#include "tls/client_auth.h"

static struct verdict deny(uint16_t status, enum authz_reason reason)
{
	return (struct verdict){false, status, reason, false};
}

/* Only a certificate that verified satisfies a policy. */
static bool holds(const struct client_auth *auth, const uint64_t *granted,
	uint32_t policy)
{
	return auth->state == CLIENT_AUTH_OK &&
	       rulebook_granted(granted, policy);
}

struct verdict authz_decide(const struct route *route,
	const struct client_auth *auth, const uint64_t *granted)
{
	struct verdict verdict = {true, 0, AUTHZ_ALLOWED, false};

	if (!auth || !auth->settings || !client_auth_allowed(auth))
		return deny(403, AUTHZ_CERTIFICATE);
	if (!route)
		return deny(404, AUTHZ_NO_ROUTE);
	if (route->needs_certificate && auth->state != CLIENT_AUTH_OK)
		verdict = deny(403, AUTHZ_CERTIFICATE);
	else if (route->policy != ROUTE_NONE &&
		 !holds(auth, granted, route->policy))
		verdict = deny(403, AUTHZ_POLICY);
	verdict.dry_run_denies = route->dry_run != ROUTE_NONE &&
				 !holds(auth, granted, route->dry_run);
	return verdict;
}
