/* R12, R23: the master's ticket keys: rotated, shared, read-only, wiped. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "tls/ticket_ring.h"

static struct ticket_ring *new_ring(void)
{
	struct err err;
	struct ticket_ring *ring = ticket_ring_new(&err);

	if (!ring)
		fail_msg("%s", err.text);
	return ring;
}

static struct ticket_keys read_ring(const struct ticket_ring *ring)
{
	struct ticket_keys keys;

	assert_true(ticket_ring_read(ring, &keys));
	assert_int_equal(keys.count, 3);
	return keys;
}

static void assert_same(const struct ticket_key *a, const struct ticket_key *b)
{
	assert_memory_equal(a->name, b->name, sizeof(a->name));
	assert_memory_equal(a->mac, b->mac, sizeof(a->mac));
	assert_memory_equal(a->cipher, b->cipher, sizeof(a->cipher));
}

static void three_keys_differ_in_every_part(void **state)
{
	struct ticket_ring *ring = new_ring();
	struct ticket_keys keys = read_ring(ring);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		const struct ticket_key *a = &keys.items[i];
		const struct ticket_key *b = &keys.items[(i + 1) % 3];

		assert_int_equal(a->secret, TICKET_KEY_SECRET);
		assert_memory_not_equal(a->name, b->name, 16);
		assert_memory_not_equal(a->mac, b->mac, 32);
		assert_memory_not_equal(a->cipher, b->cipher, 32);
		assert_memory_not_equal(a->mac, a->cipher, 32);
	}
	ticket_ring_free(ring);
}

/* The order is current, previous, next. */
static void a_key_is_next_then_current_then_previous_then_gone(void **state)
{
	struct ticket_ring *ring = new_ring();
	struct ticket_keys before = read_ring(ring), after;
	const struct ticket_key next = before.items[2];

	(void)state;
	assert_true(ticket_ring_rotate(ring));
	after = read_ring(ring);
	assert_same(&after.items[0], &next);
	assert_same(&after.items[1], &before.items[0]);
	assert_null(ticket_keys_find(&after, before.items[1].name));
	assert_true(ticket_ring_rotate(ring));
	after = read_ring(ring);
	assert_same(&after.items[1], &next);
	assert_true(ticket_ring_rotate(ring));
	after = read_ring(ring);
	assert_null(ticket_keys_find(&after, next.name));
	ticket_ring_free(ring);
}

/* Runs in a child; its exit code. */
static int in_child(
	struct ticket_ring *ring, int (*what)(struct ticket_ring *ring))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		ticket_ring_inherit(ring);
		_exit(what(ring));
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static int sees_and_lets_go(struct ticket_ring *ring)
{
	struct ticket_keys keys;
	bool seen = ticket_ring_read(ring, &keys);

	ticket_ring_free(ring);
	return seen ? keys.items[0].name[0] % 100 : 100;
}

static void a_child_reads_and_wipes_nothing(void **state)
{
	struct ticket_ring *ring = new_ring();
	struct ticket_keys keys = read_ring(ring), again;
	int status = in_child(ring, sees_and_lets_go);

	(void)state;
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), keys.items[0].name[0] % 100);
	again = read_ring(ring);
	for (size_t i = 0; i < 3; i++)
		assert_same(&keys.items[i], &again.items[i]);
	ticket_ring_free(ring);
}

/* The pages of this process that are our memfd, by permission. */
static size_t find_pages(const char *permissions, void **at)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512], found[8];
	unsigned long from, to;
	size_t count = 0;

	if (!maps)
		return 0;
	while (fgets(line, sizeof(line), maps)) {
		if (!strstr(line, "mtlsgate-ticket-keys") ||
			sscanf(line, "%lx-%lx %7s", &from, &to, found) != 3 ||
			strcmp(found, permissions) != 0)
			continue;
		count++;
		*at = (void *)from;
	}
	fclose(maps);
	return count;
}

static int cannot_write(struct ticket_ring *ring)
{
	void *at = NULL;

	(void)ring;
	if (find_pages("rw-s", &at) != 0)
		return 1; /* the master's mapping came along */
	if (find_pages("r--s", &at) != 1)
		return 2;
	if (mprotect(at, 1, PROT_READ | PROT_WRITE) == 0)
		return 3;
	return 0;
}

static void a_child_cannot_write(void **state)
{
	struct ticket_ring *ring = new_ring();
	int status = in_child(ring, cannot_write);
	void *at;

	(void)state;
	assert_int_equal(find_pages("rw-s", &at), 1);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	ticket_ring_free(ring);
}

static bool same(const struct ticket_key *a, const struct ticket_key *b)
{
	return !memcmp(a->name, b->name, sizeof(a->name)) ||
	       !memcmp(a->mac, b->mac, sizeof(a->mac)) ||
	       !memcmp(a->cipher, b->cipher, sizeof(a->cipher));
}

static int reads_while_it_turns(struct ticket_ring *ring)
{
	struct ticket_key last = {.secret = 0};

	alarm(60); /* whatever becomes of the writer */
	for (unsigned turns = 0; turns < 5000;) {
		struct ticket_keys keys;

		/* the writer may have lost its processor in the middle */
		if (!ticket_ring_read(ring, &keys))
			continue;
		if (same(&keys.items[0], &keys.items[1]) ||
			same(&keys.items[0], &keys.items[2]) ||
			same(&keys.items[1], &keys.items[2]))
			return 2;
		turns += !same(&keys.items[0], &last);
		last = keys.items[0];
	}
	return 0;
}

/* Half of a move would show one key in two places. */
static void a_reader_never_sees_half_a_rotation(void **state)
{
	struct ticket_ring *ring = new_ring();
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		ticket_ring_inherit(ring);
		_exit(reads_while_it_turns(ring));
	}
	assert_true(pid > 0);
	while (waitpid(pid, &status, WNOHANG) == 0)
		assert_true(ticket_ring_rotate(ring));
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	ticket_ring_free(ring);
}

static void at_the_end_a_child_finds_no_keys(void **state)
{
	struct ticket_ring *ring = new_ring();
	int go[2], status;
	char byte;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		struct ticket_keys keys;

		ticket_ring_inherit(ring);
		close(go[1]);
		if (read(go[0], &byte, 1) != 0)
			_exit(2);
		_exit(ticket_ring_read(ring, &keys));
	}
	assert_true(pid > 0);
	ticket_ring_free(ring);
	close(go[0]);
	close(go[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_keys_differ_in_every_part),
		cmocka_unit_test(
			a_key_is_next_then_current_then_previous_then_gone),
		cmocka_unit_test(a_child_reads_and_wipes_nothing),
		cmocka_unit_test(a_child_cannot_write),
		cmocka_unit_test(a_reader_never_sees_half_a_rotation),
		cmocka_unit_test(at_the_end_a_child_finds_no_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
