#include "policy/authz.h"

#include "tls/client_auth.h"

struct verdict authz_decide(const struct route *route,
	const struct message *head, const struct client_auth *auth)
{
	(void)head;
	if (!auth || !auth->settings || !client_auth_allowed(auth))
		return (struct verdict){false, 403, AUTHZ_CERTIFICATE};
	if (!route)
		return (struct verdict){false, 404, AUTHZ_NO_ROUTE};
	return (struct verdict){true, 0, AUTHZ_ALLOWED};
}
