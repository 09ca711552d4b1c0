#include "fake/proxy_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "config/config_load.h"
#include "config/config_problem.h"
#include "net/sock.h"
#include "policy/rulebook.h"
#include "proxy/admission.h"
#include "tls/tls_context.h"

static void copy(char *out, size_t size, struct slice text)
{
	size_t len = text.len < size ? text.len : size - 1;

	if (len)
		memcpy(out, text.ptr, len);
	out[len] = '\0';
}

static void on_finished(void *arg, const struct access_record *record)
{
	struct proxy_rig *rig = arg;

	rig->finished++;
	rig->record = *record;
	copy(rig->subject, sizeof(rig->subject), record->subject);
	copy(rig->serial, sizeof(rig->serial), record->serial);
	copy(rig->target, sizeof(rig->target), record->target);
}

static void on_refused(void *arg, const char *reason, const char *subject)
{
	struct proxy_rig *rig = arg;

	rig->refused++;
	copy(rig->reason, sizeof(rig->reason), slice_str(reason));
	copy(rig->subject, sizeof(rig->subject), slice_str(subject));
}

static void print_problems(struct config_problems *problems)
{
	struct buf out = {0};

	if (!config_problems_errors(problems))
		return;
	assert_true(config_problems_print(problems, &out));
	print_message("%.*s", SLICE_FMT(buf_bytes(&out)));
	buf_fini(&out);
}

static void load(struct proxy_rig *rig, const char *more)
{
	struct config_problems *problems = config_problems_new();
	struct buf yaml = {0};
	char origin[ADDR_TEXT];

	addr_print(&rig->origin_addr, origin);
	assert_true(buf_printf(&yaml,
		"%s"
		"tls: {cert: %s, key: %s}\n"
		"%s"
		"origin: http://%s\n",
		more && strstr(more, "listeners:") ? ""
						   : "listen: 127.0.0.1:0\n",
		rig->files.cert, rig->files.key, more ? more : "", origin));
	if (!more || !strstr(more, "client_auth"))
		assert_true(buf_printf(
			&yaml, "client_auth: {ca: %s}\n", rig->files.ca_path));
	rig->config =
		config_load_text(buf_bytes(&yaml), "/tmp/rig.yaml", problems);
	buf_fini(&yaml);
	print_problems(problems);
	assert_non_null(rig->config);
	rig->context = tls_context_new(
		&(struct tls_context_setup){
			.listener = &rig->config->listeners[0]},
		problems);
	print_problems(problems);
	assert_non_null(rig->context);
	rig->rules = rulebook_new(rig->config, problems);
	print_problems(problems);
	assert_non_null(rig->rules);
	config_problems_free(problems);
}

static void listen_for_proxy(struct proxy_rig *rig)
{
	const struct sock_listen how = {.backlog = 16};
	struct addr any;
	struct err err;

	assert_true(addr_parse(SLICE("127.0.0.1:0"), &any));
	rig->origin_fd = sock_listen(&any, &how, &rig->origin_addr, &err);
	assert_true(rig->origin_fd >= 0);
}

/* As the shared memory of the daemon: zeroed, on a boundary of 64 bytes. */
static void *zeroed(size_t bytes)
{
	size_t size = (bytes + 63) / 64 * 64;
	void *memory = aligned_alloc(64, size);

	assert_non_null(memory);
	memset(memory, 0, size);
	return memory;
}

struct proxy_rig *proxy_rig_new(const char *more)
{
	struct proxy_rig *rig = calloc(1, sizeof(*rig));
	struct err err;

	assert_non_null(rig);
	bench_init(&rig->bench);
	tls_files_init(&rig->files);
	rig->good = mint_client("alice", rig->files.ca);
	listen_for_proxy(rig);
	load(rig, more);
	rig->admission = admission_init(zeroed(admission_size(1, 64)), 1, 64);
	rig->refusals = refusals_init(zeroed(refusals_size(16)), 16);
	rig->observer = (struct proxy_observer){
		.finished = on_finished, .refused = on_refused, .arg = rig};
	const struct proxy_setup setup = {.loop = rig->bench.loop,
		.config = rig->config,
		.rules = rig->rules,
		.contexts = &rig->context,
		.metrics = &rig->metrics,
		.admission = rig->admission,
		.refusals = rig->refusals,
		.access_fd = -1,
		.observer = &rig->observer};

	rig->proxy = proxy_new(&setup, &err);
	assert_non_null(rig->proxy);
	return rig;
}

void proxy_rig_free(struct proxy_rig *rig)
{
	proxy_free(rig->proxy);
	bench_settle(&rig->bench);
	assert_int_equal(proxy_rig_metric(rig, METRIC_GAUGE_CONNECTIONS), 0);
	assert_int_equal(
		proxy_rig_metric(rig, METRIC_GAUGE_HANDSHAKES_PENDING), 0);
	assert_int_equal(proxy_rig_metric(rig, METRIC_GAUGE_EXCHANGES), 0);
	assert_int_equal(proxy_rig_metric(rig, METRIC_GAUGE_ORIGIN_IDLE), 0);
	assert_int_equal(admission_connections(rig->admission), 0);
	for (size_t i = 0; i < rig->client_count; i++) {
		peer_close(&rig->clients[i]);
		SSL_CTX_free(rig->contexts[i]);
	}
	for (size_t i = 0; i < rig->origin_count; i++)
		peer_close(&rig->origins[i]);
	proxy_rig_close_origin(rig);
	bench_fini(&rig->bench);
	tls_context_free(rig->context);
	rulebook_free(rig->rules);
	config_free(rig->config);
	mint_free(rig->good);
	tls_files_fini(&rig->files);
	free(rig->admission);
	free(rig->refusals);
	free(rig);
}

struct peer *proxy_rig_plain(struct proxy_rig *rig)
{
	struct peer *peer = &rig->clients[rig->client_count++];
	struct addr addr;
	int fds[2];

	assert_true(rig->client_count <= RIG_ENDS);
	bench_tcp_pair(fds);
	peer_init(peer, fds[1]);
	bench_add(&rig->bench, peer);
	assert_true(addr_parse(SLICE("192.0.2.7:4711"), &addr));
	proxy_accept(rig->proxy, 0, fds[0], &addr);
	return peer;
}

struct peer *proxy_rig_client(
	struct proxy_rig *rig, const struct tls_show *show)
{
	const struct tls_show good = {.leaf = rig->good};
	struct peer *peer = proxy_rig_plain(rig);
	struct ssl_ctx_st **ctx = &rig->contexts[rig->client_count - 1];

	*ctx = tls_client_new(0x0304, show ? show : &good);
	peer_tls(peer, *ctx);
	return peer;
}

struct peer *proxy_rig_origin(struct proxy_rig *rig)
{
	struct peer *peer = &rig->origins[rig->origin_count++];
	enum sock_accept how = SOCK_NONE;
	struct addr addr;
	int fd;

	assert_true(rig->origin_count <= RIG_ENDS);
	BENCH_UNTIL(&rig->bench,
		(how = sock_accept(rig->origin_fd, &fd, &addr)) != SOCK_NONE);
	assert_int_equal(how, SOCK_ACCEPTED);
	peer_init(peer, fd);
	bench_add(&rig->bench, peer);
	return peer;
}

void proxy_rig_close_origin(struct proxy_rig *rig)
{
	if (rig->origin_fd >= 0)
		close(rig->origin_fd);
	rig->origin_fd = -1;
}

void peer_say_text(struct peer *peer, const char *text)
{
	peer_say(peer, slice_str(text));
}

bool peer_has(const struct peer *peer, const char *text)
{
	struct slice in = buf_bytes(&peer->in);

	return in.len && memmem(in.ptr, in.len, text, strlen(text));
}

void peer_forget(struct peer *peer)
{
	if (peer->in.len)
		buf_consume(&peer->in, peer->in.len);
}

uint64_t proxy_rig_metric(const struct proxy_rig *rig, enum metric metric)
{
	return rig->metrics.value[metric];
}
