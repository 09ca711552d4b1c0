#include "cli/explain_cert.h"

#include <stdio.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/explain_list.h"
#include "cli/explain_name.h"
#include "cli/explain_options.h"
#include "cli/explain_request.h"
#include "cli/explain_setup.h"
#include "config/config.h"
#include "tls/cert_format.h"
#include "tls/cert_info.h"
#include "tls/chain_report.h"
#include "tls/client_auth.h"
#include "tls/tls_context.h"

/* One explanation in the making. */
struct work {
	const struct explain_options *options;
	struct arena *arena;
	struct explain_setup setup;
	const struct config_listener *listener; /* of the set-up */
	struct chain_report *report;            /* NULL without a certificate */
	struct client_auth auth;
	size_t group; /* of the certificate that the listener shows */
	struct explain_list list;
};

static bool flush(const struct buf *out, FILE *to)
{
	struct slice bytes = buf_bytes(out);

	return fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, to) ==
		       bytes.len &&
	       !fflush(to);
}

static int say(const struct err *err)
{
	fprintf(stderr, "mtlsgate explain: %s\n", err->text);
	return (int)err->code;
}

static int no_memory(void)
{
	fputs("mtlsgate explain: out of memory\n", stderr);
	return EXIT_CODE_INTERNAL;
}

/* ---- the handshake's part of the list ---- */

static const char *mode_name(enum client_auth_mode mode)
{
	static const char *const names[] = {
		[CLIENT_AUTH_REQUIRE] = "require",
		[CLIENT_AUTH_OPTIONAL] = "optional",
		[CLIENT_AUTH_REQUEST_ANY] = "request_any",
		[CLIENT_AUTH_DISABLED] = "disabled",
	};

	return names[mode];
}

static const char *time_text(struct work *w, int64_t at)
{
	struct cert_date d = cert_date_of(at);

	return arena_printf(w->arena, "%04d-%02d-%02dT%02d:%02d:%02dZ", d.year,
		d.month, d.day, d.hour, d.minute, d.second);
}

static const char *day_text(struct work *w, const struct cert_time *time)
{
	struct cert_date d = cert_date_of(time->unix_seconds);

	if (!time->valid)
		return "?";
	return arena_printf(w->arena, "%04d-%02d-%02d", d.year, d.month, d.day);
}

static void set(struct work *w, enum remedy_step step, enum explain_state state,
	const char *text)
{
	w->list.steps[step].state = state;
	w->list.steps[step].text = text ? text : "";
}

static void tell_leaf(struct work *w)
{
	const struct chain_report *report = w->report;
	struct explain_step *step = &w->list.steps[REMEDY_SHOWN];
	struct slice serial = {NULL, 0}, sha256 = {NULL, 0};

	if (!report->leaf) {
		set(w, REMEDY_SHOWN, EXPLAIN_FAIL,
			"the first certificate of the file cannot be parsed");
		return;
	}
	set(w, REMEDY_SHOWN, EXPLAIN_PASS,
		arena_printf(w->arena, "%.*s", SLICE_FMT(report->subject)));
	if (!cert_format_serial(report->leaf, w->arena, &serial) ||
		!cert_format_hex(report->leaf->sha256,
			sizeof(report->leaf->sha256), w->arena, &sha256))
		return;
	explain_list_line(step, arena_printf(w->arena, "issuer %.*s",
					SLICE_FMT(report->issuer)));
	explain_list_line(
		step, arena_printf(w->arena, "serial %.*s", SLICE_FMT(serial)));
	explain_list_line(
		step, arena_printf(w->arena, "sha256 %.*s", SLICE_FMT(sha256)));
	explain_list_line(
		step, arena_printf(w->arena, "%u certificate%s sent",
			      report->shown, report->shown == 1 ? "" : "s"));
}

static void tell_path(struct work *w)
{
	const struct chain_report *report = w->report;
	struct explain_step *step = &w->list.steps[REMEDY_CHAIN];

	for (unsigned i = 0; i < report->path_len; i++) {
		const struct chain_link *link = &report->path[i];

		explain_list_line(
			step, arena_printf(w->arena, "%u: %.*s (%s, until %s)",
				      i, SLICE_FMT(link->subject),
				      link->configured ? "configured" : "sent",
				      day_text(w, &link->not_after)));
	}
}

/* CRLs are asked of issuers, so there must be some to believe in. */
static const char *why_no_crl(const struct chain_report *report)
{
	if (!report->whole)
		return "no path to a configured CA was found";
	return report->genuine ? NULL
			       : "a signature or a CA of the chain is not good";
}

static void tell_lists(struct work *w, bool crls, bool denies)
{
	const char *why = crls ? why_no_crl(w->report) : NULL;

	if (why)
		set(w, REMEDY_REVOCATION, EXPLAIN_SKIP,
			arena_printf(w->arena,
				"not judged: no CRL is asked where %s%s", why,
				denies ? "; on no deny list" : ""));
	else if (crls || denies)
		set(w, REMEDY_REVOCATION, EXPLAIN_PASS,
			!denies ? "on no CRL"
			: crls  ? "on no CRL and no deny list"
				: "on no deny list");
	else
		set(w, REMEDY_REVOCATION, EXPLAIN_SKIP,
			"no CRL and no deny list is configured");
}

/* Lists are asked here, a responder by the running program only. */
static void tell_revocation(struct work *w)
{
	const struct config_client_auth *settings = &w->listener->client_auth;

	tell_lists(w, settings->crl.files.count > 0,
		settings->deny.serials.count ||
			settings->deny.fingerprints_sha256.count);
	if (settings->ocsp.mode != OCSP_MODE_DISABLED)
		explain_list_line(&w->list.steps[REMEDY_REVOCATION],
			"its OCSP responder is asked by the running program "
			"only");
}

/* Steps that the verification ran, before findings are laid upon them. */
static void tell_passed(struct work *w)
{
	const struct chain_report *report = w->report;
	const struct cert_info *leaf = report->leaf;

	set(w, REMEDY_CHAIN, EXPLAIN_PASS,
		arena_printf(w->arena, "%u certificate%s, %s", report->path_len,
			report->path_len == 1 ? "" : "s",
			report->whole ? "ending in a configured CA"
				      : "and no configured CA at the end"));
	set(w, REMEDY_DATES, EXPLAIN_PASS,
		arena_printf(w->arena, "from %s until %s",
			day_text(w, &leaf->not_before),
			day_text(w, &leaf->not_after)));
	set(w, REMEDY_PURPOSE, EXPLAIN_PASS,
		w->listener->client_auth.require_eku == REQUIRE_EKU_ANY
			? "not checked (require_eku: any)"
			: "may be a client's");
	tell_revocation(w);
	set(w, REMEDY_LIMITS, EXPLAIN_PASS, "keys, serial number and sizes");
}

static void tell_findings(struct work *w)
{
	const struct chain_report *report = w->report;

	for (unsigned i = 0; i < report->finding_count; i++) {
		const struct chain_finding *found = &report->findings[i];
		enum remedy_step of =
			remedy_of(client_auth_word(found->code))->step;
		struct explain_step *step = &w->list.steps[of];
		const char *text = arena_printf(w->arena, "%s (depth %d)",
			client_auth_reason(found->code), found->depth);

		if (step->state == EXPLAIN_FAIL)
			explain_list_line(step, text);
		else
			set(w, of, EXPLAIN_FAIL, text);
	}
}

/* Was the size of what was sent refused before any work? */
static bool not_looked_at(const struct chain_report *report)
{
	return report->verdict.code == CLIENT_AUTH_CODE_CHAIN_SIZE;
}

static void tell_chain(struct work *w)
{
	const struct chain_report *report = w->report;

	tell_leaf(w);
	if (!report->leaf)
		return;
	if (!not_looked_at(report))
		tell_passed(w);
	tell_findings(w);
	tell_path(w);
	for (unsigned i = 0; i < report->note_count; i++)
		w->list.notes[w->list.note_count++] = report->notes[i];
}

/* ---- the verdict ---- */

static void tell_code(struct work *w, int code, int depth)
{
	const struct remedy *remedy = remedy_of(client_auth_word(code));
	struct explain_list *list = &w->list;

	list->code = client_auth_word(code);
	list->reason = client_auth_reason(code);
	list->depth = depth;
	list->cause = remedy->cause;
	list->todo = remedy->todo;
}

/* How it ends for a client that is not let through. */
static void tell_refusal(struct work *w, const char *mode)
{
	struct explain_list *list = &w->list;

	if (w->listener->client_auth.reject_with == REJECT_WITH_HTTP) {
		list->status = 403;
		list->because = arena_printf(w->arena,
			"mode %s refuses this, and reject_with: http answers "
			"every request",
			mode);
		return;
	}
	list->because = arena_printf(
		w->arena, "mode %s refuses this in the handshake", mode);
	list->alert =
		client_reason_alert_number(w->auth.code, &list->alert_name);
}

static void tell_verdict(struct work *w)
{
	const char *mode = mode_name(w->listener->client_auth.mode);
	struct explain_list *list = &w->list;
	char verify[CLIENT_AUTH_VERDICT];

	list->allowed = !w->auth.refused;
	if (w->auth.code)
		tell_code(w, w->auth.code, w->auth.depth);
	if (!list->allowed) {
		tell_refusal(w, mode);
		return;
	}
	client_auth_verdict(&w->auth, verify);
	list->verify = arena_strdup(w->arena, verify);
	list->because = arena_printf(w->arena,
		w->auth.code ? "mode %s lets it through, and the header tells"
			     : "mode %s lets it through",
		mode);
}

/* The library cannot parse the leaf: decode_error, whatever the mode. */
static void tell_unreadable(struct work *w)
{
	struct explain_list *list = &w->list;

	list->allowed = false;
	list->because = "a certificate that cannot be parsed ends the "
			"handshake in every mode";
	list->alert = 50;
	list->alert_name = "decode_error";
	list->todo = "Issue it anew; openssl x509 -text cannot read it "
		     "either.";
}

/* The verdict over a client that shows no certificate. */
static void tell_absence(struct work *w)
{
	const struct config_client_auth *settings = &w->listener->client_auth;

	client_auth_absent(&w->auth, settings);
	tell_verdict(w);
}

static void tell_none(struct work *w)
{
	bool asked = w->listener->client_auth.mode != CLIENT_AUTH_DISABLED;

	for (int step = REMEDY_CHAIN; step < REMEDY_REQUEST; step++)
		set(w, (enum remedy_step)step, EXPLAIN_SKIP,
			"there is no certificate to judge");
	tell_absence(w);
	set(w, REMEDY_SHOWN, w->auth.refused ? EXPLAIN_FAIL : EXPLAIN_SKIP,
		asked ? "the client shows none"
		      : "mode disabled: the client is not asked for one");
}

/* It has a certificate and cannot show it. */
static void tell_mute(struct work *w)
{
	set(w, REMEDY_LIMITS, EXPLAIN_FAIL,
		arena_printf(w->arena,
			"a key of kind %s signs no handshake here, so that the "
			"client sends no certificate",
			w->report->key));
	tell_absence(w);
}

static void tell_facts(struct work *w)
{
	const struct explain_options *options = w->options;
	struct explain_list *list = &w->list;
	int64_t at = options->at == CHAIN_NOW ? time(NULL) : options->at;

	explain_list_fact(list, "config", options->config);
	explain_list_fact(list, "listener", w->listener->name);
	explain_list_fact(
		list, "mode", mode_name(w->listener->client_auth.mode));
	explain_list_fact(list, "certificate", options->cert);
	explain_list_fact(list, "at", time_text(w, at));
	explain_list_fact(list, "host", options->host);
	explain_list_fact(list, "path", options->path);
	explain_list_fact(list, "method", options->method);
	explain_list_fact(list, "http", options->http);
	explain_list_fact(list, "sni", options->sni);
}

/* Whatever is not told below was not reached. */
static void tell_nothing(struct work *w)
{
	for (int step = 0; step < REMEDY_STEPS; step++)
		set(w, (enum remedy_step)step, EXPLAIN_SKIP, "not reached");
}

/* The hello comes before the certificate. false: memory. */
static bool ask_name(struct work *w)
{
	const struct explain_name name = {.options = w->options,
		.tls = &w->listener->tls,
		.sni = tls_context_sni(w->setup.context),
		.arena = w->arena};

	return explain_name(&name, &w->list, &w->group);
}

/* -1: go on; else the exit code. */
static int judge(struct work *w)
{
	const struct config_client_auth *settings = &w->listener->client_auth;
	const struct chain_rules rules = {
		.settings = settings, .trust = w->setup.trust};
	struct err err;

	tell_facts(w);
	tell_nothing(w);
	if (!ask_name(w))
		return no_memory();
	if (w->list.alert)
		return -1;
	if (!w->setup.trust || w->options->no_cert) {
		tell_none(w);
		return -1;
	}
	w->report = chain_report_file(
		&rules, w->options->cert, w->options->at, w->arena, &err);
	if (!w->report)
		return say(&err);
	tell_chain(w);
	if (!w->report->leaf) {
		tell_unreadable(w);
		return -1;
	}
	if (!w->report->key_signs) {
		tell_mute(w);
		return -1;
	}
	client_auth_fill(&w->auth, settings, &w->report->verdict);
	tell_verdict(w);
	return -1;
}

/* ---- the request's part ---- */

static void skip_request(struct work *w)
{
	for (int step = REMEDY_REQUEST; step < REMEDY_STEPS; step++)
		set(w, (enum remedy_step)step, EXPLAIN_SKIP,
			"no request was asked about (--host)");
}

/* Whoever was refused over HTTP asks, too. false: memory. */
static bool ask_request(struct work *w)
{
	const struct explain_request request = {.options = w->options,
		.config = w->setup.config,
		.listener = (size_t)(w->listener - w->setup.config->listeners),
		.auth = &w->auth,
		.leaf = w->report && w->auth.sent ? w->report->leaf : NULL,
		.sni = tls_context_sni(w->setup.context),
		.group = w->group,
		.arena = w->arena};
	bool asked = w->options->host || w->options->no_host;

	if (!w->list.allowed && !w->list.status)
		return true;
	if (w->list.allowed && !asked)
		skip_request(w);
	return !asked || explain_request(&request, w->setup.rules, &w->list);
}

static int print(struct work *w)
{
	struct buf out = {0};
	bool ok = w->options->json ? explain_list_json(&w->list, &out)
				   : explain_list_text(&w->list, &out);

	ok = ok && flush(&out, stdout);
	buf_fini(&out);
	if (!ok)
		return EXIT_CODE_INTERNAL;
	return w->list.allowed ? EXIT_CODE_OK : EXIT_CODE_FAILED;
}

int explain_cert(const struct explain_options *options)
{
	struct work w = {.options = options, .arena = arena_new(NULL)};
	int code =
		w.arena ? explain_setup_load(&w.setup, options) : no_memory();

	if (code < 0) {
		w.listener = w.setup.listener;
		code = judge(&w);
	}
	if (code < 0 && !ask_request(&w))
		code = no_memory();
	if (code < 0)
		code = print(&w);
	explain_setup_free(&w.setup);
	arena_free(w.arena);
	return code;
}
