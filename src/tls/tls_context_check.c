/* tls_context: all listeners of a configuration, each problem told once. */
#include "tls/tls_context.h"

#include <string.h>

static bool same_mark(const struct config_mark *a, const struct config_mark *b)
{
	return a->line == b->line && a->column == b->column &&
	       (a->file == b->file ||
		       (a->file && b->file && !strcmp(a->file, b->file)));
}

static bool same_texts(
	const struct config_texts *a, const struct config_texts *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_mark(&a->items[i].mark, &b->items[i].mark))
			return false;
	}
	return true;
}

/* Do both take certificate, key and what they trust from the same places? */
static bool same_material(
	const struct config_listener *a, const struct config_listener *b)
{
	const struct config_client_auth *ca = &a->client_auth;
	const struct config_client_auth *cb = &b->client_auth;

	return same_mark(&a->tls.cert.mark, &b->tls.cert.mark) &&
	       same_mark(&a->tls.key.mark, &b->tls.key.mark) &&
	       same_mark(&a->tls.ticket_keys.mark, &b->tls.ticket_keys.mark) &&
	       a->tls.certificates == b->tls.certificates &&
	       a->tls.unknown_server_name == b->tls.unknown_server_name &&
	       ca->mode == cb->mode && same_texts(&ca->ca, &cb->ca) &&
	       same_texts(&ca->crl.files, &cb->crl.files) &&
	       same_texts(&ca->deny.serials, &cb->deny.serials) &&
	       same_texts(&ca->deny.fingerprints_sha256,
		       &cb->deny.fingerprints_sha256);
}

void tls_context_check(
	const struct config *config, struct config_problems *problems)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct tls_context_setup setup = {
			.listener = &config->listeners[i]};
		size_t j = 0;

		/* A problem is told once, not once a listener. */
		while (j < i && !same_material(&config->listeners[j],
					&config->listeners[i]))
			j++;
		if (j == i)
			tls_context_free(tls_context_new(&setup, problems));
	}
}
