/* client_auth.crl and client_auth.revoked_verdict; their files are read by
 * tls. */
#include "config_load_check_priv.h"

#include "config/config.h"

/* Settings that apply to no file. */
static void check_files(struct config_loader *loader, size_t i)
{
	const struct config_crl *crl =
		&loader->config->listeners[i].client_auth.crl;
	struct config_spot spot =
		config_listener_spot(loader, i, "client_auth.crl");
	bool changed = crl->scope || crl->when_missing || crl->when_expired;

	if (spot.node && changed && !crl->files.count)
		config_complain(loader, spot,
			"files is missing; write the file of the CRL");
}

struct softness {
	const char *path;
	const char *text;
};

/* One line each, at the first listener that has it. */
static void warn_soft(struct config_loader *loader, size_t i, bool soft,
	bool *told, struct softness what)
{
	struct config_spot spot;

	if (!soft || *told)
		return;
	*told = true;
	spot = config_listener_spot(loader, i, what.path);
	config_problem(loader->problems, CONFIG_WARNING, EXIT_CODE_CONFIG,
		spot.node ? spot.node->mark : config_nowhere(loader), "%s: %s",
		spot.path, what.text);
}

void config_check_revocation(struct config_loader *loader)
{
	bool told[3] = {false};

	for (size_t i = 0; i < loader->config->listener_count; i++) {
		const struct config_client_auth *auth =
			&loader->config->listeners[i].client_auth;
		const struct config_crl *crl = &auth->crl;

		if (auth->mode == CLIENT_AUTH_DISABLED)
			continue;
		check_files(loader, i);
		warn_soft(loader, i, crl->when_missing == CRL_POLICY_ALLOW,
			&told[0],
			(struct softness){"client_auth.crl.when_missing",
				"allow lets clients in of whom nobody knows "
				"whether they are revoked"});
		warn_soft(loader, i, crl->when_expired == CRL_POLICY_ALLOW,
			&told[1],
			(struct softness){"client_auth.crl.when_expired",
				"allow lets clients in that may have been "
				"revoked since"});
		warn_soft(loader, i,
			auth->revoked_verdict == REVOKED_CLOUDFLARE, &told[2],
			(struct softness){"client_auth.revoked_verdict",
				"cloudflare tells SUCCESS of revoked "
				"certificates; the origin must read the field "
				"`revoked`, too"});
	}
}
