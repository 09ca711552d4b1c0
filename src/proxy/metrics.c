#include "proxy/metrics.h"

#include <assert.h>

#include "base/buf.h"
#include "config/config_rate.h"
#include "proxy/admission.h"
#include "proxy/failure.h"
#include "tls/client_auth.h"
#include "tls/resumption.h"

_Static_assert(
	(int)FAILURE_COUNT <= (int)METRICS_FAILURES, "a counter per failure");

_Static_assert((int)RESUMPTION_REASONS <= (int)METRICS_TICKETS,
	"a counter per reason");

_Static_assert(
	(int)CONFIG_RATE_KEYS <= (int)METRICS_RATE_KEYS, "a counter per key");

_Static_assert((int)ADMISSION_HANDSHAKES < (int)METRICS_ADMISSIONS,
	"a counter per verdict");

enum metric_kind { COUNTER, GAUGE };

struct metric_info {
	const char *name; /* behind "mtlsgate_" */
	const char *help;
	enum metric_kind kind;
};

static const struct metric_info table[METRIC_COUNT] = {
	[METRIC_CONNECTIONS_ACCEPTED] = {"connections_accepted_total",
		"Client connections accepted.", COUNTER},
	[METRIC_ACCEPT_BACKOFFS] = {"accept_backoffs_total",
		"Times that accepting paused, out of descriptors.", COUNTER},
	[METRIC_PROXY_HEADERS] = {"proxy_headers_total",
		"PROXY headers accepted.", COUNTER},
	[METRIC_HANDSHAKES_OK] = {"handshakes_ok_total",
		"TLS handshakes that were completed.", COUNTER},
	[METRIC_HANDSHAKES_RESUMED] = {"handshakes_resumed_total",
		"TLS handshakes that resumed an earlier session.", COUNTER},
	[METRIC_HANDSHAKES_FAILED] = {"handshakes_failed_total",
		"TLS handshakes that failed or were refused.", COUNTER},
	[METRIC_TLS_FAILED] = {"tls_failed_total",
		"Connections whose TLS failed after the handshake.", COUNTER},
	[METRIC_HANDSHAKES_TIMED_OUT] = {"handshakes_timed_out_total",
		"TLS handshakes not completed in time.", COUNTER},
	[METRIC_REQUESTS] = {"requests_total", "Requests whose head was read.",
		COUNTER},
	[METRIC_REQUEST_BODY_BYTES] = {"request_body_bytes_total",
		"Bytes of request bodies received.", COUNTER},
	[METRIC_RESPONSE_BODY_BYTES] = {"response_body_bytes_total",
		"Bytes of response bodies sent.", COUNTER},
	[METRIC_HEADERS_STRIPPED] = {"headers_stripped_total",
		"Incoming fields removed because their name is reserved.",
		COUNTER},
	[METRIC_HEADERS_ALIAS_DROPPED] = {"headers_alias_dropped_total",
		"Incoming fields removed because of odd bytes in their name.",
		COUNTER},
	[METRIC_CERTIFICATE_EXPIRED_CLOSES] =
		{"certificate_expired_closes_total",
			"Connections closed because their certificate expired.",
			COUNTER},
	[METRIC_CRL_EXPIRED_CLOSES] = {"crl_expired_closes_total",
		"Connections closed because the CRL they rested on expired.",
		COUNTER},
	[METRIC_TRUST_CHANGED_CLOSES] = {"trust_changed_closes_total",
		"Connections told to reconnect because trust changed.",
		COUNTER},
	[METRIC_ORIGIN_CONNECTS] = {"origin_connects_total",
		"Connections to the origin that were opened.", COUNTER},
	[METRIC_ORIGIN_CONNECT_FAILURES] = {"origin_connect_failures_total",
		"Attempts to reach the origin that failed.", COUNTER},
	[METRIC_ORIGIN_REUSES] = {"origin_reuses_total",
		"Requests sent on a kept connection to the origin.", COUNTER},
	[METRIC_ORIGIN_TLS_FAILURES] = {"origin_tls_failures_total",
		"Handshakes with the origin that failed.", COUNTER},
	[METRIC_ORIGIN_TLS_RESUMPTIONS] = {"origin_tls_resumptions_total",
		"Handshakes with the origin that went on with a session.",
		COUNTER},
	[METRIC_ORIGIN_EJECTIONS] = {"origin_ejections_total",
		"Times that a worker stopped asking a server that failed.",
		COUNTER},
	[METRIC_HEALTH_FAILURES] = {"origin_health_failures_total",
		"Questions for the health of a server that did not go well.",
		COUNTER},
	[METRIC_UPGRADES] = {"upgrades_total", "Requests that became a tunnel.",
		COUNTER},
	[METRIC_ORIGIN_QUEUED] = {"origin_queued_total",
		"Requests that waited since max_connections were in use.",
		COUNTER},
	[METRIC_RETRIES] = {"retries_total",
		"Requests sent to the origin a second time.", COUNTER},
	[METRIC_RETRIES_OVER_BUDGET] = {"retries_over_budget_total",
		"Requests not sent again since retries.budget was used up.",
		COUNTER},
	[METRIC_ACCESS_LOG_LOST] = {"access_log_lost_total",
		"Access lines that could not be written.", COUNTER},
	[METRIC_POLICY_REFUSALS] = {"policy_refusals_total",
		"Requests refused by the policy of their route.", COUNTER},
	[METRIC_POLICY_DRY_RUN_REFUSALS] = {"policy_dry_run_refusals_total",
		"Requests that a policy_dry_run would have refused.", COUNTER},
	[METRIC_RATE_SHARED] = {"rate_shared_total",
		"Requests whose rate was counted together with others, the "
		"table being full there.",
		COUNTER},
	[METRIC_OCSP_QUESTIONS] = {"ocsp_questions_total",
		"Clients about whose certificate a responder was asked.",
		COUNTER},
	[METRIC_OCSP_CACHED] = {"ocsp_cached_total",
		"Questions that were answered from memory.", COUNTER},
	[METRIC_OCSP_REQUESTS] = {"ocsp_requests_total",
		"Questions for which a responder was really asked.", COUNTER},
	[METRIC_OCSP_WAIT_MS] = {"ocsp_wait_milliseconds_total",
		"Time that clients waited for an answer, together.", COUNTER},
	[METRIC_GAUGE_OCSP_PENDING] = {"ocsp_pending",
		"Clients that wait for an answer now.", GAUGE},
	[METRIC_GAUGE_CONNECTIONS] = {"connections",
		"Client connections open now.", GAUGE},
	[METRIC_GAUGE_HANDSHAKES_PENDING] = {"handshakes_pending",
		"TLS handshakes running now.", GAUGE},
	[METRIC_GAUGE_EXCHANGES] = {"exchanges", "Requests running now.",
		GAUGE},
	[METRIC_GAUGE_SERVERS_UNWELL] = {"origin_servers_unhealthy",
		"Servers that are not asked since they are not well, in each "
		"worker.",
		GAUGE},
	[METRIC_GAUGE_TUNNELS] = {"tunnels", "Open tunnels.", GAUGE},
	[METRIC_GAUGE_ORIGIN_IDLE] = {"origin_idle_connections",
		"Kept connections to the origin without a request.", GAUGE},
	[METRIC_GAUGE_ORIGIN_QUEUE] = {"origin_queue",
		"Requests that wait since max_connections are in use.", GAUGE},
};

static uint64_t value_of(const _Atomic uint64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_refused_certificate(struct metrics *m, int code)
{
	size_t index = client_auth_word_index(code);

	assert(index < METRICS_AUTH_WORDS);
	metrics_add(&m->auth[index], 1);
}

void metrics_resumption(struct metrics *m, const struct resumption *resumption)
{
	if (resumption->resumed)
		metrics_add(&m->value[METRIC_HANDSHAKES_RESUMED], 1);
	else
		metrics_add(&m->ticket[resumption->reason], 1);
}

static void add_all(
	_Atomic uint64_t *sum, const _Atomic uint64_t *from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		metrics_add(&sum[i], value_of(&from[i]));
}

void metrics_sum(struct metrics *sum, const struct metrics *from, bool dead)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		if (!dead || table[i].kind == COUNTER)
			metrics_add(&sum->value[i], value_of(&from->value[i]));
	}
	add_all(sum->rule, from->rule, HTTP_RULE_COUNT);
	add_all(sum->auth, from->auth, METRICS_AUTH_WORDS);
	add_all(sum->failure, from->failure, METRICS_FAILURES);
	add_all(sum->ocsp, from->ocsp, OCSP_RESULT_COUNT);
	add_all(sum->proxy, from->proxy, PROXY_RULE_COUNT);
	add_all(sum->status, from->status, METRICS_STATUSES);
	add_all(sum->rate, from->rate, METRICS_RATE_KEYS);
	add_all(sum->refused, from->refused, METRICS_ADMISSIONS);
	add_all(sum->ticket, from->ticket, METRICS_TICKETS);
}

static void clear_all(_Atomic uint64_t *counters, size_t count)
{
	for (size_t i = 0; i < count; i++)
		atomic_store_explicit(&counters[i], 0, memory_order_relaxed);
}

void metrics_clear(struct metrics *m)
{
	clear_all(m->value, METRIC_COUNT);
	clear_all(m->rule, HTTP_RULE_COUNT);
	clear_all(m->auth, METRICS_AUTH_WORDS);
	clear_all(m->failure, METRICS_FAILURES);
	clear_all(m->ocsp, OCSP_RESULT_COUNT);
	clear_all(m->proxy, PROXY_RULE_COUNT);
	clear_all(m->status, METRICS_STATUSES);
	clear_all(m->rate, METRICS_RATE_KEYS);
	clear_all(m->refused, METRICS_ADMISSIONS);
	clear_all(m->ticket, METRICS_TICKETS);
}

/* ---- printing ---- */

static bool print_head(struct buf *out, const char *name, const char *help,
	enum metric_kind kind)
{
	return buf_printf(out, "# HELP mtlsgate_%s %s\n# TYPE mtlsgate_%s %s\n",
		name, help, name, kind == COUNTER ? "counter" : "gauge");
}

static bool print_plain(const struct metrics *sum, struct buf *out)
{
	for (size_t i = 0; i < METRIC_COUNT; i++) {
		const struct metric_info *info = &table[i];

		if (!print_head(out, info->name, info->help, info->kind) ||
			!buf_printf(out, "mtlsgate_%s %llu\n", info->name,
				(unsigned long long)value_of(&sum->value[i])))
			return false;
	}
	return true;
}

/* One family with one label; words: 0 ends it, "" is left out. */
struct family {
	const char *name;
	const char *help;
	const char *label;
	const char *(*word)(size_t index);
};

static const char *rule_word(size_t index)
{
	return index == HTTP_RULE_NONE
		       ? ""
		       : http_rule_info((enum http_rule)index)->name;
}

static const char *auth_word(size_t index)
{
	return index < client_auth_words() ? client_auth_word_at(index) : "";
}

static const char *failure_word(size_t index)
{
	return index == FAILURE_NONE || index >= FAILURE_COUNT
		       ? ""
		       : failure_info((enum failure)index)->word;
}

static const char *ocsp_word(size_t index)
{
	return ocsp_result_word((enum ocsp_result)index);
}

static const char *proxy_word(size_t index)
{
	return proxy_rule_info((enum proxy_rule)index)->name;
}

static const char *status_word(size_t index)
{
	static const char *const words[METRICS_STATUSES] = {
		"none", "1xx", "2xx", "3xx", "4xx", "5xx"};

	return words[index];
}

static const char *admission_label(size_t index)
{
	return admission_word((enum admission_verdict)index);
}

static const char *rate_word(size_t index)
{
	return index < CONFIG_RATE_KEYS
		       ? config_rate_word((enum config_rate_key)index)
		       : "";
}

static const char *ticket_word(size_t index)
{
	return index < RESUMPTION_REASONS
		       ? resumption_word((enum resumption_reason)index)
		       : "";
}

static bool print_family(const struct family *family,
	const _Atomic uint64_t *counters, size_t count, struct buf *out)
{
	if (!print_head(out, family->name, family->help, COUNTER))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *word = family->word(i);

		if (*word &&
			!buf_printf(out, "mtlsgate_%s{%s=\"%s\"} %llu\n",
				family->name, family->label, word,
				(unsigned long long)value_of(&counters[i])))
			return false;
	}
	return true;
}

bool metrics_print(const struct metrics *sum, struct buf *out)
{
	static const struct family rules = {"messages_refused_total",
		"Messages refused, by the rule that they broke.", "rule",
		rule_word};
	static const struct family auths = {"certificates_refused_total",
		"Client certificates refused, by reason.", "reason", auth_word};
	static const struct family failures = {"exchanges_failed_total",
		"Requests that failed, by cause.", "cause", failure_word};
	static const struct family ocsp = {"ocsp_results_total",
		"How asking about a client's certificate ended.", "result",
		ocsp_word};
	static const struct family statuses = {"responses_total",
		"Exchanges, by the class of the status that was sent.", "class",
		status_word};

	static const struct family proxies = {"proxy_headers_refused_total",
		"Connections closed for their PROXY header, by rule.", "rule",
		proxy_word};
	static const struct family tickets = {"tickets_refused_total",
		"Session tickets shown and not taken, by reason; a full "
		"handshake followed.",
		"reason", ticket_word};

	static const struct family refused = {"connections_refused_total",
		"Client connections closed at once, by what was exceeded.",
		"limit", admission_label};
	static const struct family rates = {"rate_limited_total",
		"Requests refused by rate_limits, by the key of the limit.",
		"key", rate_word};

	return print_plain(sum, out) &&
	       print_family(&refused, sum->refused, METRICS_ADMISSIONS, out) &&
	       print_family(&rates, sum->rate, METRICS_RATE_KEYS, out) &&
	       print_family(&rules, sum->rule, HTTP_RULE_COUNT, out) &&
	       print_family(&auths, sum->auth, METRICS_AUTH_WORDS, out) &&
	       print_family(&failures, sum->failure, METRICS_FAILURES, out) &&
	       print_family(&ocsp, sum->ocsp, OCSP_RESULT_COUNT, out) &&
	       print_family(&proxies, sum->proxy, PROXY_RULE_COUNT, out) &&
	       print_family(&statuses, sum->status, METRICS_STATUSES, out) &&
	       print_family(&tickets, sum->ticket, METRICS_TICKETS, out);
}
