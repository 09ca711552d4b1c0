#include "cli/explain_setup.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "cli/explain_options.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "policy/rulebook.h"
#include "tls/tls_context.h"
#include "tls/trust.h"

static void check_certificates(struct explain_setup *setup)
{
	const struct config_text *own =
		&setup->config->listeners->tls.openssl_config;

	if (!tls_library_init(own->text))
		config_problem(setup->problems, CONFIG_ERROR, EXIT_CODE_CONFIG,
			own->mark,
			"tls.openssl_config: %s cannot be used by OpenSSL",
			own->text ? own->text : "the library's own defaults");
	else
		tls_context_check(setup->config, setup->problems);
}

/* Errors only: what is odd but works is for `check`. */
static int report_problems(struct explain_setup *setup)
{
	struct buf out = {0};
	bool ok = config_problems_print(setup->problems, &out);
	struct slice text = buf_bytes(&out);

	ok = ok && fwrite(text.ptr, 1, text.len, stderr) == text.len;
	buf_fini(&out);
	return ok ? (int)config_problems_exit(setup->problems)
		  : EXIT_CODE_INTERNAL;
}

static const struct config_listener *find_listener(
	const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		if (!name || !strcmp(config->listeners[i].name, name))
			return &config->listeners[i];
	}
	return NULL;
}

static int unknown_listener(const struct explain_setup *setup, const char *name)
{
	fprintf(stderr,
		"mtlsgate explain: no listener is called \"%s\"; "
		"there is",
		name);
	for (size_t i = 0; i < setup->config->listener_count; i++)
		fprintf(stderr, "%s \"%s\"", i ? "," : "",
			setup->config->listeners[i].name);
	fputs("\n", stderr);
	return EXIT_CODE_USAGE;
}

int explain_setup_load(
	struct explain_setup *setup, const struct explain_options *options)
{
	*setup = (struct explain_setup){.problems = config_problems_new()};
	if (!setup->problems) {
		fputs("mtlsgate explain: out of memory\n", stderr);
		return EXIT_CODE_INTERNAL;
	}
	setup->config = config_load(options->config, setup->problems);
	if (setup->config) {
		setup->rules = rulebook_new(setup->config, setup->problems);
		check_certificates(setup);
	}
	if (!setup->config || config_problems_errors(setup->problems))
		return report_problems(setup);
	setup->listener = find_listener(setup->config, options->listener);
	if (!setup->listener)
		return unknown_listener(setup, options->listener);
	setup->context = tls_context_new(
		&(struct tls_context_setup){.listener = setup->listener},
		setup->problems);
	if (setup->listener->client_auth.mode != CLIENT_AUTH_DISABLED)
		setup->trust = trust_load(
			&setup->listener->client_auth, setup->problems);
	return config_problems_errors(setup->problems) ? report_problems(setup)
						       : -1;
}

void explain_setup_free(struct explain_setup *setup)
{
	trust_free(setup->trust);
	tls_context_free(setup->context);
	rulebook_free(setup->rules);
	config_free(setup->config);
	config_problems_free(setup->problems);
}
