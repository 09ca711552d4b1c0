/* admission: R17, bounds before work. */
#include "proxy/admission.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "net/addr.h"

enum { SLOTS = 3, PEERS = 64 };

static const struct config_limits limits = {
	.connections = 10, .connections_per_ip = 3, .handshakes_pending = 6};

static struct admission *make(size_t peers)
{
	size_t size = admission_size(SLOTS, peers);
	void *memory = aligned_alloc(64, (size + 63) / 64 * 64);

	assert_non_null(memory);
	memset(memory, 0, size);
	return admission_init(memory, SLOTS, peers);
}

static struct addr address(unsigned host)
{
	struct addr addr;
	char text[64];
	int len = snprintf(text, sizeof(text), "10.0.%u.%u:999", host / 250,
		host % 250 + 1);

	assert_true(addr_parse(slice_of(text, (size_t)len), &addr));
	return addr;
}

static void connections_are_counted_over_all_slots(void **state)
{
	struct admission *a = make(PEERS);

	(void)state;
	for (unsigned i = 0; i < 10; i++) {
		struct addr peer = address(i);

		assert_int_equal(admission_enter(a, i % SLOTS, &limits, &peer),
			ADMISSION_OK);
		admission_handshake_done(a, i % SLOTS);
	}
	for (unsigned slot = 0; slot < SLOTS; slot++) {
		struct addr peer = address(99);

		assert_int_equal(admission_enter(a, slot, &limits, &peer),
			ADMISSION_CONNECTIONS);
	}
	struct addr first = address(0);

	admission_leave(a, 0, &first);
	assert_int_equal(admission_connections(a), 9);
	assert_int_equal(admission_enter(a, 2, &limits, &first), ADMISSION_OK);
	free(a);
}

static void pending_handshakes_have_their_own_limit(void **state)
{
	struct admission *a = make(PEERS);
	struct addr peer;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		peer = address(i);
		assert_int_equal(admission_enter(a, i % SLOTS, &limits, &peer),
			ADMISSION_OK);
	}
	peer = address(7);
	assert_int_equal(
		admission_enter(a, 0, &limits, &peer), ADMISSION_HANDSHAKES);
	admission_handshake_done(a, 1);
	assert_int_equal(admission_enter(a, 0, &limits, &peer), ADMISSION_OK);
	free(a);
}

static void an_address_is_counted_over_all_slots(void **state)
{
	struct admission *a = make(PEERS);
	struct addr peer = address(5);
	struct addr other = address(6);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
			admission_enter(a, i, &limits, &peer), ADMISSION_OK);
	assert_int_equal(
		admission_enter(a, 1, &limits, &peer), ADMISSION_PER_IP);
	assert_int_equal(admission_enter(a, 1, &limits, &other), ADMISSION_OK);
	admission_leave(a, 2, &peer);
	assert_int_equal(admission_enter(a, 1, &limits, &peer), ADMISSION_OK);
	free(a);
}

static void a_full_table_counts_the_rest_as_one_address(void **state)
{
	struct admission *a = make(2);
	struct config_limits many = {.connections = 100,
		.connections_per_ip = 2,
		.handshakes_pending = 100};
	unsigned admitted = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct addr peer = address(i);

		if (admission_enter(a, 0, &many, &peer) == ADMISSION_OK)
			admitted++;
	}
	assert_int_equal(admitted, 2 + 2); /* two in the table, two besides */
	free(a);
}

static void a_dead_worker_takes_nothing_with_it(void **state)
{
	struct admission *a = make(PEERS);
	struct addr peer = address(1);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(
			admission_enter(a, 1, &limits, &peer), ADMISSION_OK);
	admission_clear_slot(a, 1);
	assert_int_equal(admission_connections(a), 0);
	assert_int_equal(admission_enter(a, 0, &limits, &peer), ADMISSION_OK);
	free(a);
}

static void a_unix_peer_has_no_address(void **state)
{
	struct admission *a = make(PEERS);
	struct addr peer;

	(void)state;
	assert_true(addr_parse(SLICE("unix:/x"), &peer));
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(
			admission_enter(a, 0, &limits, &peer), ADMISSION_OK);
	for (unsigned i = 0; i < 5; i++)
		admission_leave(a, 0, &peer);
	assert_int_equal(admission_connections(a), 0);
	free(a);
}

/* Whatever comes and goes, when all have left nothing is counted. */
static void counts_return_to_zero(void **state)
{
	struct config_limits many = {.connections = 1000,
		.connections_per_ip = 4,
		.handshakes_pending = 1000};
	struct admission *a = make(8);
	struct addr inside[200];
	unsigned slots[200];
	unsigned count = 0;

	(void)state;
	srand(7);
	for (unsigned i = 0; i < 20000; i++) {
		if (rand() % 2 && count < 200) {
			inside[count] = address((unsigned)rand() % 40);
			slots[count] = (unsigned)rand() % SLOTS;
			if (admission_enter(a, slots[count], &many,
				    &inside[count]) == ADMISSION_OK)
				admission_handshake_done(a, slots[count++]);
		} else if (count) {
			unsigned k = (unsigned)rand() % count;

			admission_leave(a, slots[k], &inside[k]);
			inside[k] = inside[--count];
			slots[k] = slots[count];
		}
	}
	while (count--)
		admission_leave(a, slots[count], &inside[count]);
	assert_int_equal(admission_connections(a), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct addr peer = address(3);

		assert_int_equal(
			admission_enter(a, 0, &many, &peer), ADMISSION_OK);
	}
	free(a);
}

/* A proxy's connections count for those whom it announces. */
static void who_is_announced_counts_from_then_on(void **state)
{
	struct admission *a = make(PEERS);
	const struct addr nobody = {0};
	struct addr peer = address(1);

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(
			admission_enter(a, i % SLOTS, &limits, &nobody),
			ADMISSION_OK);
		assert_int_equal(
			admission_announce(a, i % SLOTS, &limits, &peer),
			i < 3 ? ADMISSION_OK : ADMISSION_PER_IP);
	}
	admission_leave(a, 0, &nobody); /* the fourth */
	admission_leave(a, 0, &peer);
	assert_int_equal(
		admission_announce(a, 1, &limits, &peer), ADMISSION_OK);
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connections_are_counted_over_all_slots),
		cmocka_unit_test(pending_handshakes_have_their_own_limit),
		cmocka_unit_test(an_address_is_counted_over_all_slots),
		cmocka_unit_test(a_full_table_counts_the_rest_as_one_address),
		cmocka_unit_test(a_dead_worker_takes_nothing_with_it),
		cmocka_unit_test(a_unix_peer_has_no_address),
		cmocka_unit_test(who_is_announced_counts_from_then_on),
		cmocka_unit_test(counts_return_to_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
