/* The lines that the master writes. */
#include "master_priv.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "config/config.h"
#include "config/config_problem.h"
#include "version.h"

void master_log_problems(enum log_level level, const char *event,
	struct config_problems *problems)
{
	struct buf report = {0};
	struct slice rest, line;

	if (!config_problems_errors(problems) &&
		!config_problems_warnings(problems))
		return;
	if (!config_problems_print(problems, &report)) {
		LOG(level, event, LOG_STR("text", "out of memory"));
		return;
	}
	rest = buf_bytes(&report);
	while (slice_next(&rest, '\n', &line)) {
		if (line.len)
			LOG(level, event, LOG_SLICE("text", line));
	}
	buf_fini(&report);
}

/* ---- what serves ---- */

static const char *mode_word(enum client_auth_mode mode)
{
	static const char *const words[] = {
		[CLIENT_AUTH_REQUIRE] = "require",
		[CLIENT_AUTH_OPTIONAL] = "optional",
		[CLIENT_AUTH_REQUEST_ANY] = "request_any",
		[CLIENT_AUTH_DISABLED] = "disabled",
	};

	return words[mode];
}

/* "public=0.0.0.0:8443(require) ..."; false: memory. */
static bool print_listeners(const struct generation *g, struct buf *out)
{
	for (size_t i = 0; i < g->config->listener_count; i++) {
		const struct config_listener *l = &g->config->listeners[i];
		char addr[ADDR_TEXT];

		addr_print(socket_group_bound(g->groups[i]), addr);
		if (!buf_printf(out, "%s%s=%s(%s)", i ? " " : "", l->name, addr,
			    mode_word(l->client_auth.mode)))
			return false;
	}
	return true;
}

/* Each file once, as written. */
static bool print_cas(const struct generation *g, struct buf *out)
{
	const struct config_client_auth *last = NULL;

	for (size_t i = 0; i < g->config->listener_count; i++) {
		const struct config_client_auth *auth =
			&g->config->listeners[i].client_auth;

		if (auth->mode == CLIENT_AUTH_DISABLED ||
			(last && last->ca.items == auth->ca.items))
			continue;
		last = auth;
		for (size_t k = 0; k < auth->ca.count; k++) {
			if (!buf_printf(out, "%s%s", out->len ? " " : "",
				    auth->ca.items[k].text))
				return false;
		}
	}
	return true;
}

static const char *print_admin(const struct generation *g, char text[ADDR_TEXT])
{
	if (!g->admin)
		return "none";
	addr_print(socket_group_bound(g->admin), text);
	return text;
}

void master_log_serving(const struct master *master, const char *event)
{
	const struct generation *g = master->current;
	struct buf listeners = {0}, cas = {0};
	char admin[ADDR_TEXT];

	/* Without memory the line tells less. */
	(void)(print_listeners(g, &listeners) && print_cas(g, &cas));
	LOG(LOG_LEVEL_INFO, event, LOG_STR("version", MTLSGATE_VERSION),
		LOG_STR("config", master->setup->config_path),
		LOG_U64("generation", g->number),
		LOG_SLICE("listeners", buf_bytes(&listeners)),
		LOG_STR("origin", g->config->origins[0].url.text),
		LOG_SLICE("ca", buf_bytes(&cas)),
		LOG_U64("workers", g->config->process.workers),
		LOG_STR("user", g->who.change ? g->who.user : "unchanged"),
		LOG_STR("admin", print_admin(g, admin)),
		LOG_U64("pid", (uint64_t)master->pid));
	buf_fini(&listeners);
	buf_fini(&cas);
}

/* ---- the dead ---- */

void master_log_death(const struct seat *seat, int status, bool expected,
	uint64_t clients_cut, int64_t restart_ms)
{
	bool bad = !expected || status;
	bool by_signal = WIFSIGNALED(status);
	const char *event = seat_is_steward(seat)
				    ? (bad ? "steward_died" : "steward_left")
				    : (bad ? "worker_died" : "worker_left");

	LOG(!bad           ? LOG_LEVEL_DEBUG
		: expected ? LOG_LEVEL_WARN
			   : LOG_LEVEL_ERROR,
		event, LOG_U64("worker", seat->index + 1),
		LOG_U64("generation", seat->generation->number),
		LOG_U64("pid", (uint64_t)seat->pid),
		LOG_STR("how", by_signal ? "signal" : "exit"),
		LOG_I64("status",
			by_signal ? WTERMSIG(status) : WEXITSTATUS(status)),
		LOG_U64("clients_cut", clients_cut),
		LOG_I64("restart_ms", restart_ms));
}
