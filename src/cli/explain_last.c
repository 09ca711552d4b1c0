#include "cli/explain_last.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/admin_client.h"
#include "cli/explain_list.h"
#include "cli/explain_options.h"
#include "config/config.h"
#include "config/config_load.h"
#include "config/config_problem.h"
#include "net/addr.h"
#include "proxy/refusals.h"
#include "tls/client_reason.h"

#define ADMIN_DEFAULT "unix:/run/mtlsgate/admin.sock"

/* One refusal: the texts of the record and what else stands there. */
struct refusal_view {
	const char *texts[REFUSAL_TEXTS]; /* NULL: not told */
	const char *time;
	const char *stage;
	const char *port;
	const char *sent;
	const char *depth;
	const char *status;
	const char *truncated;
	struct arena *arena;
};

/* ---- reading ---- */

/* A copy with nothing in it that a terminal would obey; NULL: memory. */
static const char *printable(struct arena *arena, struct slice value)
{
	char *text = arena_alloc(arena, value.len + 1);

	if (!text)
		return NULL;
	for (size_t i = 0; i < value.len; i++)
		text[i] = value.ptr[i] >= ' ' && value.ptr[i] <= '~'
				  ? value.ptr[i]
				  : '?';
	text[value.len] = '\0';
	return text;
}

/* Where a line of that name belongs; NULL: nowhere, it is newer than we. */
static const char **place_of(struct refusal_view *view, struct slice name)
{
	const struct {
		const char *name;
		const char **place;
	} others[] = {
		{"time", &view->time},
		{"stage", &view->stage},
		{"client_port", &view->port},
		{"certificates_sent", &view->sent},
		{"depth", &view->depth},
		{"status", &view->status},
		{"truncated", &view->truncated},
	};

	for (unsigned i = 0; i < REFUSAL_TEXTS; i++) {
		if (slice_eq(name,
			    slice_str(refusal_name((enum refusal_text)i))))
			return &view->texts[i];
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (slice_eq(name, slice_str(others[i].name)))
			return others[i].place;
	}
	return NULL;
}

/* "name: value" */
static bool read_line(struct refusal_view *view, struct slice line)
{
	size_t colon = slice_find(line, ':');
	const char **place = place_of(view, slice_head(line, colon));

	if (!place)
		return true;
	*place =
		printable(view->arena, slice_trim(slice_from(line, colon + 1)));
	return *place != NULL;
}

/* ---- the checklist ---- */

static const char *known(const char *text)
{
	return text ? text : "";
}

/* Did a rule refuse the request of a client that was let in? */
static bool by_rule(const struct refusal_view *view)
{
	return !strcmp(known(view->stage), "request");
}

static void set(struct explain_list *list, enum remedy_step step,
	enum explain_state state, const char *text)
{
	list->steps[step].state = state;
	list->steps[step].text = text;
}

static bool is_of_certificate(enum remedy_step step)
{
	return step > REMEDY_SHOWN && step < REMEDY_REQUEST;
}

/* Nothing but the first failure is remembered of a handshake. */
static void tell_handshake(struct explain_list *list,
	const struct refusal_view *view, const struct remedy *remedy)
{
	for (unsigned i = 0; i < REMEDY_STEPS; i++)
		set(list, (enum remedy_step)i, EXPLAIN_SKIP,
			is_of_certificate((enum remedy_step)i)
				? "not told: the first failure decides"
				: "not reached");
	if (remedy->step != REMEDY_SHOWN)
		set(list, REMEDY_SHOWN, EXPLAIN_PASS,
			arena_printf(view->arena, "%s sent, %s",
				known(view->sent),
				known(view->texts[REFUSAL_SUBJECT])));
	set(list, remedy->step, EXPLAIN_FAIL,
		remedy->step == REMEDY_SHOWN
			? known(view->texts[REFUSAL_REASON])
			: arena_printf(view->arena, "%s (depth %s)",
				  known(view->texts[REFUSAL_REASON]),
				  known(view->depth)));
}

/* "FAILED:reason": the step at which that reason is found. */
static enum remedy_step step_of(const char *verify)
{
	const char *colon = strchr(verify, ':');

	return remedy_of(client_auth_word_of(colon ? colon + 1 : ""))->step;
}

/* The rules refused a request; the handshake had let the client in. */
static void tell_request(struct explain_list *list,
	const struct refusal_view *view, const struct remedy *remedy)
{
	const char *verify = known(view->texts[REFUSAL_VERIFY]);
	bool good = !strcmp(verify, "SUCCESS");
	bool none = !strcmp(verify, "NONE");

	set(list, REMEDY_SHOWN, none ? EXPLAIN_SKIP : EXPLAIN_PASS,
		none ? "no certificate was sent"
		     : known(view->texts[REFUSAL_SUBJECT]));
	for (unsigned i = REMEDY_CHAIN; i < REMEDY_STEPS; i++) {
		bool passed = is_of_certificate((enum remedy_step)i)
				      ? good
				      : i < (unsigned)remedy->step;

		set(list, (enum remedy_step)i,
			passed ? EXPLAIN_PASS : EXPLAIN_SKIP,
			passed ? ""
			: is_of_certificate((enum remedy_step)i) && !none
				? "not told: the first failure decides"
				: "not reached");
	}
	if (!good && !none)
		set(list, step_of(verify), EXPLAIN_FAIL, verify);
	set(list, remedy->step, EXPLAIN_FAIL,
		known(view->texts[REFUSAL_REASON]));
}

/* What was refused came behind the hello. */
static void tell_name(
	struct explain_list *list, const struct refusal_view *view)
{
	const char *sni = view->texts[REFUSAL_SNI];

	set(list, REMEDY_SERVER_NAME, EXPLAIN_PASS,
		sni ? sni : "none was sent");
}

static void tell_facts(
	struct explain_list *list, const struct refusal_view *view)
{
	static const enum refusal_text shown[] = {REFUSAL_CONNECTION,
		REFUSAL_REQUEST, REFUSAL_LISTENER, REFUSAL_SNI, REFUSAL_SUBJECT,
		REFUSAL_ISSUER, REFUSAL_SERIAL, REFUSAL_SHA256, REFUSAL_ROUTE,
		REFUSAL_POLICY};

	explain_list_fact(list, "time", view->time);
	explain_list_fact(list, "client",
		arena_printf(view->arena, "%s port %s",
			known(view->texts[REFUSAL_CLIENT_IP]),
			known(view->port)));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		explain_list_fact(
			list, refusal_name(shown[i]), view->texts[shown[i]]);
	if (view->texts[REFUSAL_NOT_BEFORE])
		explain_list_fact(list, "validity",
			arena_printf(view->arena, "%s to %s",
				view->texts[REFUSAL_NOT_BEFORE],
				known(view->texts[REFUSAL_NOT_AFTER])));
	if (view->texts[REFUSAL_METHOD])
		explain_list_fact(list, "request",
			arena_printf(view->arena, "%s https://%s%s",
				view->texts[REFUSAL_METHOD],
				known(view->texts[REFUSAL_HOST]),
				known(view->texts[REFUSAL_PATH])));
	explain_list_fact(list, "cut", view->truncated);
}

static void tell_outcome(
	struct explain_list *list, const struct refusal_view *view)
{
	uint64_t alert = 0, depth = 0, status = 0;
	struct slice text = slice_str(known(view->texts[REFUSAL_ALERT]));
	size_t blank = slice_find(text, ' ');

	list->because = view->status ? arena_printf(view->arena,
					       "the request was answered %s",
					       view->status)
				     : "the handshake was refused";
	if (slice_to_u64(slice_head(text, blank), 255, &alert)) {
		list->alert = (int)alert;
		list->alert_name = blank < text.len ? text.ptr + blank + 1 : "";
	}
	if (slice_to_u64(slice_str(known(view->status)), 599, &status))
		list->status = (int)status;
	list->depth = -1; /* no certificate is at fault */
	if (!by_rule(view) &&
		slice_to_u64(slice_str(known(view->depth)), 1000, &depth))
		list->depth = (int)depth;
}

static void fill(struct explain_list *list, const struct refusal_view *view)
{
	const char *word = known(view->texts[REFUSAL_CODE]);
	const struct remedy *remedy =
		by_rule(view) ? remedy_of_request(word) : remedy_of(word);

	list->code = word;
	list->reason = known(view->texts[REFUSAL_REASON]);
	list->cause = remedy->cause;
	list->todo = remedy->todo;
	tell_facts(list, view);
	tell_outcome(list, view);
	if (by_rule(view))
		tell_request(list, view, remedy);
	else
		tell_handshake(list, view, remedy);
	tell_name(list, view);
}

static bool render_one(
	const struct refusal_view *view, bool json, bool first, struct buf *out)
{
	struct explain_list list = {0};

	fill(&list, view);
	if (json)
		return explain_list_json(&list, out);
	return (first || buf_printf(out, "\n----\n\n")) &&
	       explain_list_text(&list, out);
}

bool explain_last_render(
	struct slice page, bool json, struct buf *out, unsigned *count)
{
	struct slice line;
	struct refusal_view view = {.arena = arena_new(NULL)};
	bool ok = view.arena != NULL;

	*count = 0;
	while (ok && slice_next(&page, '\n', &line)) {
		if (line.len) {
			ok = read_line(&view, line);
			continue;
		}
		if (!view.time)
			continue;
		ok = render_one(&view, json, !*count, out);
		++*count;
		arena_free(view.arena);
		view = (struct refusal_view){.arena = arena_new(NULL)};
		ok = ok && view.arena;
	}
	arena_free(view.arena);
	return ok;
}

/* ---- asking ---- */

static int say(const struct err *err)
{
	fprintf(stderr, "mtlsgate explain: %s\n", err->text);
	return (int)err->code;
}

/* The admin address of a configuration, which is checked as `run` does. */
static bool address_of_config(
	const char *path, struct addr *addr, struct err *err)
{
	struct config_problems *problems = config_problems_new();
	struct config *config = problems ? config_load(path, problems) : NULL;
	bool ok = config && config->admin.enabled;

	if (ok)
		*addr = config->admin.address;
	else if (config)
		err_set(err, EXIT_CODE_CONFIG,
			"%s has no admin address: nothing can be asked", path);
	else
		err_set(err,
			problems ? config_problems_exit(problems)
				 : EXIT_CODE_INTERNAL,
			"%s cannot be loaded (mtlsgate check --config tells "
			"why); --admin ADDRESS asks without it",
			path);
	config_free(config);
	config_problems_free(problems);
	return ok;
}

static bool find_address(const struct explain_options *options,
	struct addr *addr, struct err *err)
{
	const char *text = options->admin;

	if (!text && options->config)
		return address_of_config(options->config, addr, err);
	if (addr_parse(slice_str(text ? text : ADMIN_DEFAULT), addr))
		return true;
	err_set(err, EXIT_CODE_USAGE,
		"--admin is an address such as " ADMIN_DEFAULT
		" or 127.0.0.1:9901");
	return false;
}

static int print(const struct explain_options *options, struct slice page)
{
	struct buf out = {0};
	unsigned count = 0;
	bool ok = explain_last_render(page, options->json, &out, &count) &&
		  fwrite(out.len ? buf_bytes(&out).ptr : "", 1, out.len,
			  stdout) == out.len &&
		  !fflush(stdout);

	buf_fini(&out);
	if (!ok)
		return EXIT_CODE_INTERNAL;
	if (count)
		return EXIT_CODE_OK;
	fputs(options->id ? "no such refusal is remembered\n"
			  : "no refusal is remembered\n",
		stderr);
	return options->id ? EXIT_CODE_FAILED : EXIT_CODE_OK;
}

int explain_last(const struct explain_options *options)
{
	struct buf page = {0};
	struct addr addr;
	struct err err;
	char target[256];
	int n = 0, code;

	if (options->last)
		n = snprintf(target, sizeof(target),
			"/refusals?last=%u%s%.128s", options->last,
			options->id ? "&id=" : "",
			options->id ? options->id : "");
	else
		n = snprintf(target, sizeof(target), "/refusals?id=%.128s",
			options->id);
	if (n <= 0 || !find_address(options, &addr, &err) ||
		!admin_client_get(&addr, target, &page, &err))
		return n <= 0 ? EXIT_CODE_INTERNAL : say(&err);
	code = print(options, buf_bytes(&page));
	buf_fini(&page);
	return code;
}
