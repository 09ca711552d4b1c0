/* client_preface: a PROXY header before TLS, and memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "fake/alloc_fail.h"
#include "fake/proxy_rig.h"

/* The rig's clients come from 192.0.2.7. */
static const char listed[] =
	"listeners: [{address: '127.0.0.1:0', "
	"proxy_protocol: {accept_from: [192.0.2.0/24]}}]\n";
static const char header[] = "PROXY TCP4 203.0.113.9 198.51.100.9 4712 443\r\n";

static bool is_gone(const struct peer *peer)
{
	return peer->eof || peer->fin || peer->error;
}

static void a_header_is_required_of_a_listed_peer(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(listed);
	struct peer *client = proxy_rig_client(rig, NULL);

	(void)state;
	BENCH_UNTIL(&rig->bench, is_gone(client));
	assert_int_equal(rig->metrics.proxy[PROXY_RULE_SIGNATURE], 1);
	assert_int_equal(proxy_rig_metric(rig, METRIC_PROXY_HEADERS), 0);
	proxy_rig_free(rig);
}

/* It waits without a session of TLS, and is gone when the proxy closes all. */
static void one_that_waits_is_closed_with_the_rest(void **state)
{
	struct proxy_rig *rig = proxy_rig_new(listed);
	struct peer *client = proxy_rig_plain(rig);

	(void)state;
	peer_say_text(client, "PROXY TCP4 ");
	for (unsigned i = 0; i < 20; i++)
		bench_turn(&rig->bench);
	assert_int_equal(
		proxy_rig_metric(rig, METRIC_GAUGE_HANDSHAKES_PENDING), 1);
	assert_false(is_gone(client));
	proxy_rig_free(rig);
}

/* R23: whichever allocation fails, the client goes and nothing stays. */
static void memory_that_runs_out_ends_the_client(void **state)
{
	size_t n = 0;
	bool failed;

	(void)state;
	do {
		struct proxy_rig *rig = proxy_rig_new(listed);
		struct peer *client;

		alloc_fail_arm(++n, false);
		alloc_fail_begin();
		client = proxy_rig_plain(rig);
		alloc_fail_end();
		alloc_fail_in_loop(true);
		/* what follows is no hello: the handshake fails, too */
		peer_say_text(client, header);
		peer_say_text(client, "no hello\r\n");
		BENCH_UNTIL(&rig->bench, is_gone(client));
		alloc_fail_in_loop(false);
		failed = alloc_fail_disarm();
		if (!failed)
			assert_int_equal(
				proxy_rig_metric(rig, METRIC_PROXY_HEADERS), 1);
		proxy_rig_free(rig);
	} while (failed);
	assert_true(n > 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_header_is_required_of_a_listed_peer),
		cmocka_unit_test(one_that_waits_is_closed_with_the_rest),
		cmocka_unit_test(memory_that_runs_out_ends_the_client),
	};

	alloc_fail_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
