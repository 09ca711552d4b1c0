#include "cli/explain_name.h"

#include "base/arena.h"
#include "base/slice.h"
#include "cli/explain_list.h"
#include "cli/explain_options.h"
#include "config/config.h"
#include "http/target.h"
#include "tls/server_name.h"
#include "tls/tls_sni.h"

/* The host, when it is a name that clients send; else none. */
static struct slice name_of_host(const char *text)
{
	struct slice host = target_host(slice_str(text ? text : ""));
	struct server_name name;

	if (!server_name_read(host, &name) || name.address)
		return slice_of(NULL, 0);
	return host;
}

static struct slice name_sent(const struct explain_options *options)
{
	if (!options->sni)
		return name_of_host(options->host);
	return *options->sni ? slice_str(options->sni) : slice_of(NULL, 0);
}

/* The file of the certificate that a group begins with. */
static const char *file_of(const struct explain_name *name, size_t group)
{
	const struct config_tls *tls = name->tls;
	size_t first = name->sni ? tls_sni_first(name->sni, group) : 0;

	return tls->certificate_count ? tls->certificates[first].cert.text
				      : tls->cert.text;
}

static const char *pass_text(const struct explain_name *name, struct slice sent,
	enum tls_sni_choice choice, size_t group)
{
	const char *file = file_of(name, group);

	if (!sent.ptr)
		return arena_printf(name->arena,
			"none is sent: the default certificate, %s", file);
	if (choice == TLS_SNI_NAMED)
		return arena_printf(name->arena, "%.*s: the certificate %s",
			SLICE_FMT(sent), file);
	return arena_printf(name->arena, "%.*s: %s %s", SLICE_FMT(sent),
		name->sni ? "no certificate is for it; the default one,"
			  : "the certificate for all names,",
		file);
}

static void refuse(struct explain_list *list, const char *text)
{
	list->allowed = false;
	list->depth = -1;
	list->because = text;
	list->alert = TLS_SNI_ALERT;
	list->alert_name = "unrecognized_name";
	list->todo = "Let the client ask for a name that a certificate of "
		     "this listener is for, add the name to server_names, or "
		     "say unknown_server_name: default_certificate.";
}

bool explain_name(const struct explain_name *name, struct explain_list *list,
	size_t *group)
{
	struct slice sent = name_sent(name->options);
	enum tls_sni_choice choice = TLS_SNI_DEFAULT;
	struct explain_step *step = &list->steps[REMEDY_SERVER_NAME];

	*group = 0;
	if (!name->options->sni && !name->options->host &&
		!name->options->no_host) {
		step->text = "no server name was asked about (--sni, --host)";
		return true;
	}
	if (name->sni)
		choice = tls_sni_choose(name->sni, sent, group);
	switch (choice) {
	case TLS_SNI_NAMED:
	case TLS_SNI_DEFAULT:
		step->state = EXPLAIN_PASS;
		step->text = pass_text(name, sent, choice, *group);
		return step->text;
	case TLS_SNI_UNKNOWN:
		step->text = arena_printf(name->arena,
			"no certificate is for %.*s, and unknown_server_name "
			"says reject",
			SLICE_FMT(sent));
		break;
	case TLS_SNI_NO_NAME:
		step->text = "what the client sends is no name of a server";
		break;
	}
	step->state = EXPLAIN_FAIL;
	refuse(list, step->text);
	return step->text;
}
