/*
 * R23: whatever allocation fails, nothing crashes, leaks (ASan) or hangs; the
 * connection concerned may die, no other does.
 */
#include "fake/alloc_fail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "config/config_load.h"
#include "config/config_problem.h"
#include "daemon/admin.h"
#include "daemon/shared.h"
#include "daemon/sockets.h"
#include "fake/proxy_rig.h"
#include "net/sock.h"
#include "tls/ticket_keys.h"
#include "tls/ticket_ring.h"
#include "tls/tls_context.h"

enum { MOST = 2000, TURNS = 400, BODY = 200000 };

/* Runs `once` with the n-th allocation failing, n from 1 until none fails;
 * then with all from the n-th on. */
static void for_each_failure(void (*once)(void *arg), void *arg)
{
	for (unsigned lasting = 0; lasting < 2; lasting++) {
		size_t n = 0;
		bool failed;

		do {
			alloc_fail_arm(++n, lasting);
			once(arg);
			failed = alloc_fail_disarm();
			assert_true(n < MOST);
		} while (failed);
		print_message("%zu allocations\n", n - 1);
		assert_true(n > 1); /* else the test tests nothing */
	}
}

/* ---- the path of a request ---- */

struct trial {
	struct proxy_rig *rig;
	struct peer *bystander;
	const char *request;
	const char *expected; /* when nothing fails */
	size_t body;          /* bytes of a chunk behind the request */
	size_t answer;        /* bytes of the answer's body */
	bool slow;            /* the client reads nothing at first */
};

static void say_many(struct peer *peer, size_t len)
{
	char piece[1000];

	memset(piece, 'x', sizeof(piece));
	for (; len; len -= len < sizeof(piece) ? len : sizeof(piece))
		peer_say(peer,
			slice_of(piece,
				len < sizeof(piece) ? len : sizeof(piece)));
}

static void ask(struct peer *client, const struct trial *t)
{
	char size[32];

	peer_say_text(client, t->request);
	if (!t->body)
		return;
	snprintf(size, sizeof(size), "%zx\r\n", t->body);
	peer_say_text(client, size);
	say_many(client, t->body);
	peer_say_text(client, "\r\n0\r\nX-Late: yes\r\n\r\n");
}

static void answer(struct peer *origin, size_t len, const char *more)
{
	char head[128];

	snprintf(head, sizeof(head),
		"HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n%s\r\n", len, more);
	peer_say_text(origin, head);
	say_many(origin, len);
}

static void accept_at_origin(struct proxy_rig *rig)
{
	struct peer *peer = &rig->origins[rig->origin_count];
	struct addr addr;
	int fd;

	if (rig->origin_count == RIG_ENDS ||
		sock_accept(rig->origin_fd, &fd, &addr) != SOCK_ACCEPTED)
		return;
	peer_init(peer, fd);
	bench_add(&rig->bench, peer);
	rig->origin_count++;
}

/* Every end but those of the bystander. */
static void forget_ends(struct proxy_rig *rig)
{
	while (rig->client_count > 1) {
		peer_close(&rig->clients[--rig->client_count]);
		SSL_CTX_free(rig->contexts[rig->client_count]);
	}
	while (rig->origin_count)
		peer_close(&rig->origins[--rig->origin_count]);
	rig->bench.peer_count = 1;
}

/* The connection died, or an answer came: ours, or all of the origin's. */
static bool is_over(const struct trial *t, const struct peer *client)
{
	return client->eof || client->error || client->alert >= 0 ||
	       peer_has(client, "HTTP/1.1 4") ||
	       peer_has(client, "HTTP/1.1 5") ||
	       (t->answer && client->got >= t->answer &&
		       peer_has(client, "xx"));
}

static void serve(const struct trial *t, struct peer *client)
{
	struct proxy_rig *rig = t->rig;
	size_t answered = 0;
	const char *end = t->body ? "\r\n0\r\n" : "\r\n\r\n";

	client->reading = !t->slow;
	for (int i = 0; i < TURNS && !is_over(t, client); i++) {
		bench_turn(&rig->bench);
		accept_at_origin(rig);
		if (answered < rig->origin_count &&
			peer_has(&rig->origins[answered], end))
			answer(&rig->origins[answered++], t->answer,
				"Connection: close\r\n");
		/* a handshake has to be read in any case */
		client->reading = !t->slow || !client->shaken || i > TURNS / 10;
	}
}

/* A request on the old connection is answered as ever. */
static void look_at_bystander(struct trial *t)
{
	struct proxy_rig *rig = t->rig;
	struct peer *origin;

	assert_false(t->bystander->eof || t->bystander->error);
	peer_forget(t->bystander);
	peer_say_text(t->bystander, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
	origin = proxy_rig_origin(rig);
	BENCH_UNTIL(&rig->bench, peer_has(origin, "\r\n\r\n"));
	answer(origin, 3, "Connection: close\r\n");
	BENCH_UNTIL(&rig->bench, peer_has(t->bystander, "xxx"));
}

static void one_request(void *arg)
{
	struct trial *t = arg;
	struct proxy_rig *rig = t->rig;
	struct peer *client;

	alloc_fail_in_loop(true);
	client = proxy_rig_client(rig, NULL);
	ask(client, t);
	serve(t, client);
	alloc_fail_in_loop(false);
	assert_true(is_over(t, client)); /* nobody hangs */
	if (!alloc_fail_seen())
		assert_true(peer_has(client, t->expected));
	peer_reset(client);
	bench_settle(&rig->bench);
	assert_int_equal(proxy_clients(rig->proxy), 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_GAUGE_EXCHANGES), 0);
	assert_int_equal(
		proxy_rig_metric(rig, METRIC_GAUGE_HANDSHAKES_PENDING), 0);
	assert_int_equal(proxy_rig_metric(rig, METRIC_GAUGE_ORIGIN_IDLE), 0);
	forget_ends(rig);
	look_at_bystander(t);
	forget_ends(rig);
}

static void try_requests(struct trial *t)
{
	t->rig = proxy_rig_new(NULL);
	t->bystander = proxy_rig_client(t->rig, NULL);
	BENCH_UNTIL(&t->rig->bench,
		proxy_rig_metric(t->rig, METRIC_HANDSHAKES_OK) == 1);
	for_each_failure(one_request, t);
	proxy_rig_free(t->rig);
}

static void a_request_costs_its_own_connection_at_most(void **state)
{
	struct trial t = {.request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
		.expected = "200 OK",
		.answer = 2};

	(void)state;
	try_requests(&t);
}

static void so_does_one_with_bodies_that_do_not_fit(void **state)
{
	struct trial t = {.request = "POST / HTTP/1.1\r\nHost: a\r\n"
				     "Trailer: X-Late\r\n"
				     "Transfer-Encoding: chunked\r\n\r\n",
		.expected = "200 OK",
		.body = BODY,
		.answer = BODY * 8,
		.slow = true};

	(void)state;
	try_requests(&t);
}

/* A head that no arena holds in one piece. */
static void so_does_one_with_a_large_head(void **state)
{
	char request[16384];
	struct trial t = {
		.request = request, .expected = "200 OK", .answer = 2};
	size_t len = (size_t)snprintf(
		request, sizeof(request), "GET / HTTP/1.1\r\nHost: a\r\n");

	(void)state;
	for (unsigned i = 0; i < 60; i++)
		len += (size_t)snprintf(request + len, sizeof(request) - len,
			"X-Field-%u: %0100u\r\n", i, i);
	snprintf(request + len, sizeof(request) - len, "\r\n");
	try_requests(&t);
}

/* Our own answer needs memory, too. */
static void so_does_one_that_is_refused(void **state)
{
	struct trial t = {.request = "GET / HTTP/1.1\r\nHost: a\r\n"
				     "Accept: application/json\r\n"
				     "Bad Name: x\r\n\r\n",
		.expected = "400 Bad Request"};

	(void)state;
	try_requests(&t);
}

/* ---- accepting ---- */

static void one_accept(void *arg)
{
	struct trial *t = arg;
	struct proxy_rig *rig = t->rig;
	struct addr addr;
	int fds[2];

	bench_tcp_pair(fds);
	assert_true(addr_parse(SLICE("192.0.2.7:4711"), &addr));
	alloc_fail_begin();
	proxy_accept(rig->proxy, 0, fds[0], &addr);
	alloc_fail_end();
	close(fds[1]);
	bench_settle(&rig->bench);
	assert_int_equal(proxy_clients(rig->proxy), 1);
	look_at_bystander(t);
	forget_ends(rig);
}

static void a_client_that_cannot_be_taken_is_let_go(void **state)
{
	struct trial t = {.rig = proxy_rig_new(NULL)};

	(void)state;
	t.bystander = proxy_rig_client(t.rig, NULL);
	BENCH_UNTIL(&t.rig->bench,
		proxy_rig_metric(t.rig, METRIC_HANDSHAKES_OK) == 1);
	for_each_failure(one_accept, &t);
	proxy_rig_free(t.rig);
}

/* ---- start-up ---- */

static const char refused[] = "listen: 127.0.0.1:0\n"
			      "tls: {cert: /dev/null, key: /dev/null}\n"
			      "client_auth: {ca: [/dev/null, /dev/null]}\n"
			      "nonsense: yes\n"
			      "origin: http://127.0.0.1:1\n";

/* Without memory it is refused, never half of it taken. */
static void one_load(void *arg)
{
	struct slice text = slice_str(arg);
	struct config_problems *problems;
	struct config *config;
	struct buf out = {0};

	alloc_fail_begin();
	problems = config_problems_new();
	if (problems) {
		config = config_load_text(text, "/tmp/a.yaml", problems);
		assert_true(!config == (config_problems_errors(problems) > 0));
		config_free(config);
		(void)!config_problems_print(problems, &out);
	}
	config_problems_free(problems);
	buf_fini(&out);
	alloc_fail_end();
}

static void a_configuration_is_read_whole_or_refused(void **state)
{
	struct tls_files files;
	char good[1024];

	(void)state;
	tls_files_init(&files);
	snprintf(good, sizeof(good),
		"listen: 127.0.0.1:0\n"
		"tls: {cert: %s, key: %s}\n"
		"client_auth: {ca: %s}\n"
		"origin: http://127.0.0.1:1\n",
		files.cert, files.key, files.ca_path);
	for_each_failure(one_load, good);
	for_each_failure(one_load, (void *)(uintptr_t)refused);
	tls_files_fini(&files);
}

static void one_ring(void *arg)
{
	struct ticket_ring *ring;
	struct err err = {0};

	(void)arg;
	alloc_fail_begin();
	ring = ticket_ring_new(&err);
	alloc_fail_end();
	assert_true(!ring == (strlen(err.text) > 0));
	ticket_ring_free(ring);
}

static void a_ring_of_keys_is_made_whole_or_not(void **state)
{
	(void)state;
	for_each_failure(one_ring, NULL);
}

static void one_context(void *arg)
{
	const struct tls_files *files = arg;
	struct config_problems *problems = config_problems_new();
	struct tls_context *context;

	alloc_fail_begin();
	context = tls_context_new(
		&(struct tls_context_setup){.listener = &files->listener},
		problems);
	alloc_fail_end();
	assert_true(!context == (config_problems_errors(problems) > 0));
	tls_context_free(context);
	config_problems_free(problems);
}

static void a_context_is_made_whole_or_refused(void **state)
{
	struct tls_files files;

	char keys[160];
	char octets[TICKET_KEY_LONG + 1];

	(void)state;
	tls_files_init(&files);
	for_each_failure(one_context, &files);
	for (size_t i = 0; i < TICKET_KEY_LONG; i++)
		octets[i] = (char)(i + 1);
	octets[TICKET_KEY_LONG] = '\0';
	mint_write(files.directory, "ticket.keys", octets);
	snprintf(keys, sizeof(keys), "%s/ticket.keys", files.directory);
	assert_int_equal(chmod(keys, 0600), 0);
	files.listener.tls.ticket_keys.text = keys;
	for_each_failure(one_context, &files);
	tls_files_fini(&files);
}

static void one_proxy(void *arg)
{
	const struct proxy_rig *rig = arg;
	struct metrics metrics = {0};
	struct tls_context *context = rig->context;
	struct proxy *proxy = NULL;
	struct loop *loop;
	struct err err;

	alloc_fail_begin();
	loop = loop_new();
	if (loop) {
		const struct proxy_setup setup = {.loop = loop,
			.config = rig->config,
			.rules = rig->rules,
			.contexts = &context,
			.metrics = &metrics,
			.admission = rig->admission,
			.access_fd = -1};

		proxy = proxy_new(&setup, &err);
	}
	proxy_free(proxy);
	loop_free(loop);
	alloc_fail_end();
}

static void a_proxy_is_made_whole_or_not_at_all(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(NULL);

	(void)state;
	for_each_failure(one_proxy, rig);
	proxy_rig_free(rig);
}

static void one_set_of_sockets(void *arg)
{
	struct socket_wish wish = {.count = 3, .backlog = 4};
	struct sockets *sockets;
	struct err err;

	(void)arg;
	assert_true(addr_parse(SLICE("127.0.0.1:0"), &wish.addr));
	alloc_fail_begin();
	sockets = sockets_new();
	if (sockets) {
		sockets_begin(sockets);
		if (sockets_want(sockets, &wish, &err))
			sockets_commit(sockets);
		else
			sockets_abort(sockets);
	}
	sockets_free(sockets);
	alloc_fail_end();
}

static void sockets_are_opened_all_or_none(void **state)
{
	(void)state;
	for_each_failure(one_set_of_sockets, NULL);
}

/* ---- the operator's door ---- */

static void one_answer(void *arg)
{
	struct shared *shared = arg;
	struct bench bench;
	struct admin_setup how;
	struct admin *admin;
	struct peer peer;
	int fds[2];

	bench_init(&bench);
	how = (struct admin_setup){bench.loop, bench.io, shared};
	admin = admin_new(&how);
	bench_unix_pair(fds);
	peer_init(&peer, fds[1]);
	bench_add(&bench, &peer);
	peer_say_text(&peer, "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
	alloc_fail_begin();
	admin_accept(admin, fds[0]);
	alloc_fail_end();
	alloc_fail_in_loop(true);
	for (int i = 0; i < TURNS && !peer.eof && !peer.error; i++)
		bench_turn(&bench);
	alloc_fail_in_loop(false);
	assert_true(peer.eof || peer.error);
	assert_int_equal(admin_clients(admin), 0);
	admin_free(admin);
	peer_close(&peer);
	bench_fini(&bench);
}

static void metrics_are_answered_or_the_door_closes(void **state)
{
	struct err err;
	struct shared *shared = shared_new(1, 4, &err);

	(void)state;
	assert_non_null(shared);
	for_each_failure(one_answer, shared);
	shared_free(shared);
}

/* ---- timers ---- */

static void count_up(void *arg)
{
	++*(unsigned *)arg;
}

/* Else whoever asks whether it is set would never set it again. */
static void a_timer_that_cannot_be_set_is_off(void **state)
{
	enum { HEAP = 8 }; /* timers that libevent has room for at first */
	struct loop *loop = loop_new();
	struct loop_timer timer, others[HEAP];
	unsigned fired = 0;
	bool set;

	(void)state;
	loop_timer_init(loop, &timer, count_up, &fired);
	assert_true(loop_timer_set(&timer, 0));
	assert_true(loop_run(loop));
	assert_int_equal(fired, 1);
	for (unsigned i = 0; i < HEAP; i++) {
		loop_timer_init(loop, &others[i], count_up, &fired);
		assert_true(loop_timer_set(&others[i], 1000));
	}
	alloc_fail_arm(1, false);
	alloc_fail_begin();
	set = loop_timer_set(&timer, 1000);
	alloc_fail_end();
	assert_true(alloc_fail_disarm());
	assert_false(set);
	assert_int_equal(timer.deadline_ms, 0);
	for (unsigned i = 0; i < HEAP; i++)
		loop_timer_fini(&others[i]);
	loop_timer_fini(&timer);
	loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timer_that_cannot_be_set_is_off),
		cmocka_unit_test(a_configuration_is_read_whole_or_refused),
		cmocka_unit_test(a_ring_of_keys_is_made_whole_or_not),
		cmocka_unit_test(a_context_is_made_whole_or_refused),
		cmocka_unit_test(a_proxy_is_made_whole_or_not_at_all),
		cmocka_unit_test(sockets_are_opened_all_or_none),
		cmocka_unit_test(metrics_are_answered_or_the_door_closes),
		cmocka_unit_test(a_client_that_cannot_be_taken_is_let_go),
		cmocka_unit_test(a_request_costs_its_own_connection_at_most),
		cmocka_unit_test(so_does_one_with_a_large_head),
		cmocka_unit_test(so_does_one_that_is_refused),
		cmocka_unit_test(so_does_one_with_bodies_that_do_not_fit),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
