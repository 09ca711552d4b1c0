#include "config/config_load.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "config/config_load_priv.h"
#include "config/config_problem.h"
#include "config/config_rate.h"
#include "fake/problems_text.h"

/* What "#=+" cases of the data file begin with; loads without a word. */
static const char base[] = "listen: 0.0.0.0:8443\n"
			   "tls: {cert: c, key: k}\n"
			   "client_auth: {ca: a}\n"
			   "origin: unix:/o\n";

/* Loads text without touching anything outside; it must be accepted. */
static struct config *load(const char *text)
{
	struct config_problems *problems = config_problems_new();
	struct config *config;

	assert_non_null(problems);
	config = config_load_with(slice_str(text), "/etc/m/m.yaml", problems,
		CONFIG_LOAD_OFFLINE);
	if (!config)
		expect_problems(problems, "");
	assert_non_null(config);
	config_problems_free(problems);
	return config;
}

static char *print(const struct config *config)
{
	struct buf out = {0};
	char *text;

	assert_true(config_print(config, &out));
	text = strndup(buf_bytes(&out).ptr, out.len);
	buf_fini(&out);
	assert_non_null(text);
	return text;
}

static void six_lines_are_enough(void **state)
{
	struct config *c = load("listen: 0.0.0.0:8443\n"
				"tls:\n"
				"  cert: /etc/mtlsgate/server.pem\n"
				"  key: /etc/mtlsgate/server.key\n"
				"client_auth: {ca: /etc/mtlsgate/ca.pem}\n"
				"origin: http://127.0.0.1:8080\n");
	const struct config_listener *l = c->listeners;

	(void)state;
	assert_string_equal(c->path, "/etc/m/m.yaml");
	assert_true(c->process.workers >= 1);
	assert_null(c->process.user.text);
	assert_int_equal(c->process.max_open_files, 0);
	assert_int_equal(c->listener_count, 1);
	assert_string_equal(l->name, "default");
	assert_int_equal(addr_port(&l->address), 8443);
	assert_int_equal(l->backlog, 1024);
	assert_string_equal(l->tls.cert.text, "/etc/mtlsgate/server.pem");
	assert_int_equal(l->tls.cert.mark.line, 3);
	assert_int_equal(l->tls.cert.mark.column, 9);
	assert_string_equal(l->tls.cert.mark.file, "/etc/m/m.yaml");
	assert_int_equal(l->tls.min_version, 0x0303);
	assert_int_equal(l->tls.max_version, 0x0304);
	assert_null(l->tls.ciphers_tls12.text);
	assert_null(l->tls.openssl_config.text);
	assert_int_equal(l->client_auth.mode, CLIENT_AUTH_REQUIRE);
	assert_int_equal(l->client_auth.ca.count, 1);
	assert_int_equal(l->client_auth.max_depth, 4);
	assert_int_equal(l->client_auth.require_eku, REQUIRE_EKU_CLIENT_AUTH);
	assert_int_equal(l->client_auth.advertise_ca_names, CONFIG_AUTO);
	assert_int_equal(l->client_auth.mark.line, 5);
	assert_int_equal(c->headers.presets, 1U << PRESET_X_CERT);
	assert_int_equal(c->headers.alias_headers, ALIAS_DROP);
	assert_int_equal(c->origin_count, 1);
	assert_string_equal(c->origins->name, "default");
	assert_string_equal(c->origins->url.text, "http://127.0.0.1:8080");
	assert_string_equal(c->origins->authority, "127.0.0.1:8080");
	assert_int_equal(c->origins->address_count, 1);
	assert_int_equal(c->origins->keepalive_idle_ms, 30000);
	assert_false(c->origins->allow_plaintext_remote);
	assert_int_equal(c->timeouts.handshake_ms, 10000);
	assert_int_equal(c->timeouts.keepalive_ms, 75000);
	assert_int_equal(c->limits.connections, 20000);
	assert_int_equal(c->limits.header_bytes, 32768);
	assert_int_equal(c->limits.body, 10485760);
	assert_int_equal(c->limits.body_min_rate, 1024);
	assert_int_equal(c->logging.level, LOG_LEVEL_INFO);
	assert_true(c->logging.format_auto);
	assert_int_equal(c->logging.rejections_rate_milli, 10000);
	assert_int_equal(c->logging.rejections_burst, 50);
	assert_true(c->logging.access_enabled);
	assert_int_equal(c->logging.access_output, ACCESS_STDOUT);
	assert_true(c->logging.redact_query);
	assert_int_equal(c->admin.mode, 0660);
	config_free(c);
}

/* Every key differs from its default. */
static const char full[] =
	"version: 1\n"
	"process: {workers: 3, user: nobody, group: \"a \\\"group\\\"\",\n"
	"  max_open_files: 90000}\n"
	"listeners:\n"
	"  - {name: one, address: 127.0.0.1:1, backlog: 7}\n"
	"  - address: \"[::1]:2\"\n"
	"    tls: {cert: own.pem, key: own.key, min_version: TLSv1.3}\n"
	"    client_auth: {mode: disabled}\n"
	"  - {name: three, address: unix:run/x.sock}\n"
	"tls: {cert: ./c.pem, key: /k, max_version: TLSv1.3,\n"
	"  ciphers_tls12: ECDHE-RSA-AES128-GCM-SHA256,\n"
	"  ciphersuites_tls13: TLS_AES_128_GCM_SHA256, groups: P-256:X25519,\n"
	"  openssl_config: o.cnf}\n"
	"client_auth: {mode: optional, ca: [a.pem, /d/],\n"
	"  advertise_ca_names: false, max_depth: 2, require_eku: present,\n"
	"  crl: {files: [a.crl, /d/], scope: chain, when_missing: allow,\n"
	"    when_expired: allow}, revoked_verdict: cloudflare,\n"
	"  deny: {serials: [\"4A:11\", \"0c\"], fingerprints_sha256: [ab]}}\n"
	"headers: {preset: [none], empty: omit, alias_headers: reject,\n"
	"  host: origin, forwarded: none}\n"
	"policies:\n"
	"  staff: {any: [{subject_ou: [Platform, SRE]}, {issuer_cn: I}]}\n"
	"  none-of: {none: [{serial: 4A, san_ip: 10.0.0.0/8}]}\n"
	"routes:\n"
	"  - {match: {path: /ping, methods: [GET, HEAD], listener: one,\n"
	"      host: [a.example, b.example]}, respond: {status: 204}}\n"
	"  - {name: own, policy: staff, policy_dry_run: none-of, origin: web,\n"
	"      certificate: required, alias_headers: drop,\n"
	"      timeouts: {origin_response: 9s}, limits: {body: 1KiB}}\n"
	"  - {certificate: not_needed, respond: {status: 200, body: hi}}\n"
	"origins:\n"
	"  web: {servers: [\"http://[::1]:8080\"],\n"
	"    keepalive: {connections: 3, idle: 1500ms, requests: 9},\n"
	"    max_connections: 12, queue: {size: 5, timeout: 2s},\n"
	"    health: {path: /up, interval: 9s, timeout: 8s,\n"
	"      unhealthy_after: 7, healthy_after: 6}, slow_start: 3s,\n"
	"    retries: {max: 2, budget: 7%}, proxy_protocol: v2,\n"
	"    resolve_every: 2m,\n"
	"    allow_plaintext_remote: true}\n"
	"timeouts: {handshake: 1s, request_header: 2s, request_body: 3s,\n"
	"  keepalive: 4s, origin_connect: 5s, origin_response: 6s,\n"
	"  origin_idle: 7s, upgraded_idle: 9s, tunnel_grace: 10s,\n"
	"  drain_idle: 8s, shutdown: 2m}\n"
	"rate_limits:\n"
	"  - {key: address, rate: 90/m, burst: 7}\n"
	"  - {key: route, rate: 90/m}\n"
	"  - {key: certificate, rate: 5/h}\n"
	"limits: {connections: 1000, connections_per_ip: 10,\n"
	"  handshakes_pending: 11, header_bytes: 64KiB, header_count: 12,\n"
	"  request_line: 4KiB, body: 3GiB, body_min_rate: 5B/s,\n"
	"  trailer_bytes: 1KiB, pipelined: 2, requests_per_connection: 3,\n"
	"  upgrade: [Foo/2, bar]}\n"
	"logging: {level: debug, format: text,\n"
	"  rejections: {rate: 3/s, burst: 4},\n"
	"  access: {enabled: false, format: auto, output: logs/access.log,\n"
	"    redact_query: false}}\n"
	"admin: {address: 127.0.0.1:9901, mode: \"0600\"}\n";

static void every_key_reaches_its_member(void **state)
{
	struct config *c = load(full);

	(void)state;
	assert_int_equal(c->process.workers, 3);
	assert_string_equal(c->process.group.text, "a \"group\"");
	assert_int_equal(c->headers.presets, 1U << PRESET_NONE);
	assert_int_equal(c->headers.empty, EMPTY_OMIT);
	assert_int_equal(c->headers.host, HOST_ORIGIN);
	assert_int_equal(c->headers.forwarded, FORWARDED_NONE);
	assert_string_equal(c->origins->name, "web");
	assert_string_equal(c->origins->authority, "[::1]:8080");
	assert_int_equal(c->origins->keepalive_connections, 3);
	assert_int_equal(c->origins->keepalive_idle_ms, 1500);
	assert_int_equal(c->origins->max_connections, 12);
	assert_int_equal(c->origins->queue_size, 5);
	assert_int_equal(c->origins->queue_timeout_ms, 2000);
	assert_string_equal(c->origins->health.path.text, "/up");
	assert_int_equal(c->origins->health.interval_ms, 9000);
	assert_int_equal(c->origins->health.timeout_ms, 8000);
	assert_int_equal(c->origins->health.unhealthy_after, 7);
	assert_int_equal(c->origins->health.healthy_after, 6);
	assert_int_equal(c->origins->health.slow_start_ms, 3000);
	assert_int_equal(c->origins->proxy_protocol, ANNOUNCE_V2);
	assert_int_equal(c->origins->resolve_every_ms, 120000);
	assert_int_equal(c->origins->retries_max, 2);
	assert_int_equal(c->origins->retries_budget, 7);
	assert_int_equal(c->timeouts.shutdown_ms, 120000);
	assert_int_equal(c->timeouts.upgraded_idle_ms, 9000);
	assert_int_equal(c->timeouts.tunnel_grace_ms, 10000);
	assert_int_equal(c->upgrade.count, 2);
	assert_string_equal(c->upgrade.items[1].text, "bar");
	assert_int_equal(c->rate_limit_count, 3);
	assert_int_equal(c->rate_limits[0].key, RATE_ADDRESS);
	assert_int_equal(c->rate_limits[0].per_hour, 5400);
	assert_int_equal(c->rate_limits[0].burst, 7);
	/* without burst what comes in a second, rounded up */
	assert_int_equal(c->rate_limits[1].key, RATE_ROUTE);
	assert_int_equal(c->rate_limits[1].burst, 2);
	assert_int_equal(c->rate_limits[2].key, RATE_CERTIFICATE);
	assert_int_equal(c->rate_limits[2].burst, 1);
	assert_int_equal(c->limits.body, UINT64_C(3) << 30);
	assert_int_equal(c->limits.body_min_rate, 5);
	assert_int_equal(c->limits.requests_per_connection, 3);
	assert_false(c->logging.format_auto);
	assert_int_equal(c->logging.format, LOG_FORMAT_TEXT);
	assert_true(c->logging.access_format_auto);
	assert_int_equal(c->logging.access_output, ACCESS_FILE);
	assert_string_equal(c->logging.access_path, "/etc/m/logs/access.log");
	assert_true(c->admin.enabled);
	assert_int_equal(addr_port(&c->admin.address), 9901);
	assert_int_equal(c->admin.mode, 0600);
	config_free(c);
}

static void a_listener_has_its_own_keys_on_top_of_the_common_ones(void **state)
{
	struct config *c = load(full);
	const struct config_listener *one = &c->listeners[0];
	const struct config_listener *two = &c->listeners[1];
	const struct config_listener *three = &c->listeners[2];

	(void)state;
	assert_int_equal(c->listener_count, 3);
	assert_int_equal(one->backlog, 7);
	assert_string_equal(one->tls.cert.text, "/etc/m/c.pem");
	assert_int_equal(one->tls.min_version, 0x0303);
	assert_int_equal(one->client_auth.mode, CLIENT_AUTH_OPTIONAL);
	assert_int_equal(one->client_auth.ca.count, 2);
	assert_string_equal(one->client_auth.ca.items[0].text, "/etc/m/a.pem");
	assert_string_equal(one->client_auth.ca.items[1].text, "/d/");
	assert_string_equal(two->name, "listener2");
	assert_int_equal(two->backlog, 1024);
	assert_string_equal(two->tls.cert.text, "/etc/m/own.pem");
	assert_int_equal(two->tls.min_version, 0x0304);
	assert_string_equal(two->tls.groups.text, "P-256:X25519");
	assert_int_equal(two->client_auth.mode, CLIENT_AUTH_DISABLED);
	assert_int_equal(two->client_auth.max_depth, 2);
	assert_int_equal(two->client_auth.mark.line, 8);
	assert_string_equal(three->address_text.text, "unix:/etc/m/run/x.sock");
	assert_true(addr_is_unix(&three->address));
	config_free(c);
}

static const char certificates[] =
	"tls:\n"
	"  unknown_server_name: reject\n"
	"  certificates:\n"
	"    - {cert: a.pem, key: a.key}\n"
	"    - {cert: b.pem, key: b.key, ocsp_file: b.ocsp,\n"
	"       server_names: [b.example, '*.b.example']}\n"
	"listeners:\n"
	"  - {address: 127.0.0.1:1}\n"
	"  - {address: 127.0.0.1:2, tls: {cert: c.pem, key: c.key}}\n"
	"  - {address: 127.0.0.1:3,\n"
	"     tls: {certificates: [{cert: d.pem, key: d.key}]}}\n"
	"client_auth: {mode: disabled}\n"
	"origin: http://localhost\n"
	"admin: {address: none}\n";

static void certificates_of_a_listener_stand_instead_of_the_common(void **state)
{
	struct config *c = load(certificates);
	const struct config_tls *one = &c->listeners[0].tls;
	const struct config_tls *two = &c->listeners[1].tls;
	const struct config_tls *three = &c->listeners[2].tls;

	(void)state;
	assert_null(one->cert.text);
	assert_int_equal(one->certificate_count, 2);
	assert_int_equal(one->unknown_server_name, UNKNOWN_SERVER_NAME_REJECT);
	assert_string_equal(one->certificates[0].cert.text, "/etc/m/a.pem");
	assert_null(one->certificates[0].ocsp_file.text);
	assert_int_equal(one->certificates[0].server_names.count, 0);
	assert_string_equal(
		one->certificates[1].ocsp_file.text, "/etc/m/b.ocsp");
	assert_int_equal(one->certificates[1].server_names.count, 2);
	assert_string_equal(
		one->certificates[1].server_names.items[1].text, "*.b.example");
	assert_int_equal(
		one->certificates[1].server_names.items[1].mark.line, 6);
	assert_string_equal(two->cert.text, "/etc/m/c.pem");
	assert_int_equal(two->certificate_count, 0);
	assert_null(three->cert.text);
	assert_int_equal(three->certificate_count, 1);
	assert_string_equal(three->certificates[0].key.text, "/etc/m/d.key");
	config_free(c);
}

static void policies_and_routes_are_lists_of_maps(void **state)
{
	struct config *c = load(full);
	const struct config_policy *staff = &c->policies[0];
	const struct config_route *ping = &c->routes[0], *own = &c->routes[1];

	(void)state;
	assert_int_equal(c->policy_count, 2);
	assert_string_equal(staff->name, "staff");
	assert_int_equal(staff->any_count, 2);
	assert_int_equal(staff->all_count, 0);
	assert_int_equal(staff->any[0].values[MATCHER_SUBJECT_OU].count, 2);
	assert_string_equal(
		staff->any[0].values[MATCHER_SUBJECT_OU].items[1].text, "SRE");
	assert_string_equal(
		staff->any[1].values[MATCHER_ISSUER_CN].items->text, "I");
	assert_true(staff->any[1].mark.line > staff->mark.line - 1);
	assert_int_equal(
		c->policies[1].none[0].values[MATCHER_SAN_IP].count, 1);
	assert_int_equal(c->route_count, 3);
	assert_string_equal(ping->name, "route1");
	assert_int_equal(ping->match.hosts.count, 2);
	assert_int_equal(ping->match.methods.count, 2);
	assert_string_equal(ping->match.listeners.items->text, "one");
	assert_int_equal(ping->respond_status, 204);
	assert_int_equal(ping->certificate, CERTIFICATE_AUTO);
	/* what a route does not say is said at the top */
	assert_int_equal(ping->alias_headers, ALIAS_REJECT);
	assert_int_equal(ping->origin_response_ms, 6000);
	assert_int_equal(ping->body, UINT64_C(3) << 30);
	assert_string_equal(own->policy.text, "staff");
	assert_int_equal(own->policy.mark.column, 25);
	assert_int_equal(own->alias_headers, ALIAS_DROP);
	assert_int_equal(own->origin_response_ms, 9000);
	assert_int_equal(own->origin_idle_ms, 7000);
	assert_int_equal(own->body, 1024);
	assert_string_equal(c->routes[2].respond_body.text, "hi");
	config_free(c);
}

/* check --print, R11's "what is in force": the same again. */
static void what_is_printed_loads_to_the_same(void **state)
{
	static const char *const texts[] = {full, base, certificates,
		"listen: 127.0.0.1:0\n"
		"tls: {cert: \"C:\\\\odd \\\"path\\\" # x\", key: "
		"\"\\u00fc\"}\n"
		"client_auth: {mode: disabled}\n"
		"origin: http://localhost\n"
		"logging: {access: {output: stderr}}\n"
		"admin: {address: unix:run/a.sock}\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct config *first = load(texts[i]), *second;
		char *one = print(first), *two;

		second = load(one);
		two = print(second);
		assert_string_equal(one, two);
		assert_memory_equal(
			&first->limits, &second->limits, sizeof(first->limits));
		assert_memory_equal(&first->timeouts, &second->timeouts,
			sizeof(first->timeouts));
		free(one);
		free(two);
		config_free(first);
		config_free(second);
	}
}

static void a_default_gives_way_to_a_lesser_bound(void **state)
{
	char text[512], *printed;
	struct config *c, *again;

	(void)state;
	snprintf(text, sizeof(text),
		"%slimits: {connections: 10, header_bytes: 4KiB}\n"
		"timeouts: {shutdown: 1s}\n",
		base);
	c = load(text);
	assert_int_equal(c->limits.handshakes_pending, 10);
	assert_int_equal(c->limits.connections_per_ip, 0);
	assert_int_equal(c->limits.request_line, 4096);
	assert_int_equal(c->timeouts.drain_idle_ms, 1000);
	printed = print(c);
	again = load(printed);
	assert_memory_equal(&c->limits, &again->limits, sizeof(c->limits));
	free(printed);
	config_free(again);
	config_free(c);
}

static void printing_names_every_key_and_marks_defaults(void **state)
{
	struct config *c = load(full);
	char *text = print(c);

	(void)state;
	for (const struct config_key *k = config_schema_next(NULL); k;
		k = config_schema_next(k)) {
		const char *dot = strrchr(k->path, '.');
		char line[64];

		if (k->shorthand || k->quiet || strchr(k->path, '*') ||
			strchr(k->path, '['))
			continue;
		snprintf(line, sizeof(line), "%s:", dot ? dot + 1 : k->path);
		assert_non_null(strstr(text, line));
	}
	assert_null(strstr(text, "workers: 3  "));
	assert_non_null(strstr(text, "    backlog: 7\n"));
	assert_non_null(strstr(
		text, "    backlog: 1024                       # default\n"));
	free(text);
	config_free(c);
}

static void variables_are_expanded_in_paths_addresses_and_urls(void **state)
{
	struct config *c;

	(void)state;
	setenv("MG_TEST_DIR", "/srv/tls", 1);
	setenv("MG_TEST_PORT", "8080", 1);
	c = load("listen: 127.0.0.1:${MG_TEST_PORT}\n"
		 "tls: {cert: \"${MG_TEST_DIR}/a${MG_TEST_PORT}b\", key: $k}\n"
		 "client_auth: {ca: [\"${MG_TEST_DIR}\"]}\n"
		 "origin: http://127.0.0.1:${MG_TEST_PORT}\n"
		 "process: {user: \"${MG_TEST_DIR}\"}\n");
	assert_int_equal(addr_port(&c->listeners->address), 8080);
	assert_string_equal(c->listeners->tls.cert.text, "/srv/tls/a8080b");
	assert_string_equal(c->listeners->tls.key.text, "/etc/m/$k");
	assert_string_equal(
		c->listeners->client_auth.ca.items->text, "/srv/tls");
	assert_string_equal(c->origins->url.text, "http://127.0.0.1:8080");
	/* a name is not expanded */
	assert_string_equal(c->process.user.text, "${MG_TEST_DIR}");
	config_free(c);
}

static void relative_paths_begin_at_the_directory_of_the_file(void **state)
{
	static const struct {
		const char *file, *cert;
	} cases[] = {
		{"/m.yaml", "/c"},
		{"/etc/m.yaml", "/etc/c"},
		{"m.yaml", "./c"},
		{"conf/m.yaml", "conf/c"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct config_problems *problems = config_problems_new();
		struct config *c;

		assert_non_null(problems);
		/* offline nothing is made absolute, but joined all the same */
		c = config_load_with(slice_str(base), cases[i].file, problems,
			CONFIG_LOAD_OFFLINE);
		assert_non_null(c);
		assert_string_equal(c->listeners->tls.cert.text, cases[i].cert);
		config_free(c);
		config_problems_free(problems);
	}
}

static void origins_have_addresses(void **state)
{
	static const struct {
		const char *url, *authority, *address;
	} cases[] = {
		{"http://127.0.0.1", "127.0.0.1", "127.0.0.1:80"},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080"},
		{"http://[::1]", "[::1]", "[::1]:80"},
		{"http://app.internal:81", "app.internal:81", "127.0.0.1:81"},
		{"unix:/run/app.sock", "localhost", "unix:/run/app.sock"},
		{"unix:app.sock", "localhost", "unix:/etc/m/app.sock"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[512], address[ADDR_TEXT];
		struct config *c;

		snprintf(text, sizeof(text),
			"listen: 127.0.0.1:1\ntls: {cert: c, key: k}\n"
			"client_auth: {ca: a}\norigin: %s\n",
			cases[i].url);
		c = load(text);
		assert_string_equal(c->origins->authority, cases[i].authority);
		assert_int_equal(c->origins->address_count, 1);
		addr_print(c->origins->addresses, address);
		assert_string_equal(address, cases[i].address);
		config_free(c);
	}
}

/* ---- what is wrong, byte for byte ---- */

static char *read_data(const char *name)
{
	FILE *file = fopen(name, "rb");
	struct buf all = {0};
	char piece[4096], *text;
	size_t n;

	assert_non_null(file);
	while ((n = fread(piece, 1, sizeof(piece), file)))
		assert_true(buf_append(&all, slice_of(piece, n)));
	fclose(file);
	text = strndup(buf_bytes(&all).ptr, all.len);
	buf_fini(&all);
	assert_non_null(text);
	return text;
}

/* One case of the data file: "#=? title\n" text "#--\n" wanted. */
static void check_case(char *one)
{
	struct config_problems *problems = config_problems_new();
	char *text = strchr(one, '\n') + 1;
	char *want = strstr(text, "#--\n");
	struct buf whole = {0};
	struct config *config;

	assert_non_null(problems);
	assert_non_null(want);
	if (one[2] == '+')
		assert_true(buf_append(&whole, slice_str(base)));
	assert_true(buf_append(&whole, slice_of(text, (size_t)(want - text))));
	config = config_load_with(
		buf_bytes(&whole), "m.yaml", problems, CONFIG_LOAD_OFFLINE);
	/* nothing comes back beside an error, and nothing is lost without */
	assert_int_equal(!config, config_problems_errors(problems) > 0);
	expect_problems(problems, want + 4);
	config_free(config);
	config_problems_free(problems);
	buf_fini(&whole);
}

static void what_is_wrong_is_said_byte_for_byte(void **state) /* R22, R17 */
{
	char *data = read_data(TEST_DATA_DIR "/data/config_errors.txt");
	char *one = strstr(data, "\n#=");
	size_t cases = 0;

	(void)state;
	setenv("MG_TEST_ODD", "a\nb", 1);
	setenv("MG_TEST_EMPTY", "", 1);
	unsetenv("MG_TEST_UNSET");
	while (one) {
		char *next = strstr(one + 1, "\n#=");
		size_t len = next ? (size_t)(next - one) : strlen(one + 1);
		char *copy = strndup(one + 1, len);

		assert_non_null(copy);
		check_case(copy);
		free(copy);
		cases++;
		one = next;
	}
	assert_true(cases > 100);
	free(data);
}

/* The files that are shipped, as far as no other file is needed. */
static void the_shipped_examples_load(void **state)
{
	char *text = read_data(TEST_DATA_DIR "/../conf/mtlsgate.yaml");
	struct config *c = load(text), *minimal;
	char *printed = print(c);
	const char *at = printed;
	size_t not_default = 0;

	(void)state;
	/* it shows defaults: names, addresses and files alone are its own,
	 * and a list is not known to be a default */
	while ((at = strchr(at, '\n')) && *++at) {
		const char *end = strchr(at, '\n');

		not_default += end[-1] != ':' &&
			       !memmem(at, (size_t)(end - at), "# default", 9);
	}
	assert_int_equal(not_default, 7 + 1); /* and admin: none, offline */
	free(printed);
	config_free(c);
	free(text);
	text = read_data(TEST_DATA_DIR "/../conf/mtlsgate.minimal.yaml");
	minimal = load(text);
	assert_string_equal(minimal->origins->name, "default");
	config_free(minimal);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_lines_are_enough),
		cmocka_unit_test(every_key_reaches_its_member),
		cmocka_unit_test(
			a_listener_has_its_own_keys_on_top_of_the_common_ones),
		cmocka_unit_test(
			certificates_of_a_listener_stand_instead_of_the_common),
		cmocka_unit_test(policies_and_routes_are_lists_of_maps),
		cmocka_unit_test(what_is_printed_loads_to_the_same),
		cmocka_unit_test(a_default_gives_way_to_a_lesser_bound),
		cmocka_unit_test(printing_names_every_key_and_marks_defaults),
		cmocka_unit_test(
			variables_are_expanded_in_paths_addresses_and_urls),
		cmocka_unit_test(
			relative_paths_begin_at_the_directory_of_the_file),
		cmocka_unit_test(origins_have_addresses),
		cmocka_unit_test(the_shipped_examples_load),
		cmocka_unit_test(what_is_wrong_is_said_byte_for_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
